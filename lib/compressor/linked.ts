/**
 * Several channels through compressors: a unit for each, and linked, all of these
 * hear the loudest channel, so that they have one gain.
 *
 * The player has this very text in its page, so that it does as the command line.
 *
 * @module
 */

import type { Signal } from "../sound/signal.ts";
import type { Processor, SideChainProcessor } from "./compressor.ts";

/** Sends blocks of several channels through, keeping its state between them. */
export interface ChannelProcessor {
  /** Processes `inputs` into `outputs`, channel by channel; they may be the same. */
  process(inputs: readonly Signal[], outputs: readonly Signal[]): void;
}

/** Each channel through the unit of its own. */
export function unlinked(units: readonly Processor[]): ChannelProcessor {
  return {
    process(inputs, outputs) {
      units.forEach((unit, c) => unit.process(inputs[c], outputs[c]));
    },
  };
}

/** Each channel through its own unit, all of which hear the loudest of them. */
export function linked(units: readonly SideChainProcessor[]): ChannelProcessor {
  let most = new Float32Array(0);
  return {
    process(inputs, outputs) {
      const { length } = inputs[0];
      if (most.length < length) most = new Float32Array(length);
      const heard = loudest(inputs, most.subarray(0, length));
      units.forEach((unit, c) => unit.process(inputs[c], outputs[c], heard));
    },
  };
}

/**
 * What a linked detector hears: at each moment the loudest of `channels`, as a
 * magnitude, written into `output`.
 */
export function loudest<To extends Signal>(
  channels: readonly Signal[],
  output: To,
): To {
  for (let n = 0; n < output.length; n++) {
    let most = 0;
    for (let c = 0; c < channels.length; c++) {
      const size = Math.abs(channels[c][n]);
      if (size > most) most = size;
    }
    output[n] = most;
  }
  return output;
}

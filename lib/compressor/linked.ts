/**
 * Several channels through compressors: a unit for each, or one that hears the
 * loudest of them and whose gain they all get.
 *
 * The player has this very text in its page, so that it does as the command line.
 *
 * @module
 */

import type { Signal } from "../sound/signal.ts";
import type { Processor } from "./compressor.ts";

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

/**
 * All channels with the gain that `unit` has on the loudest of them. The unit may
 * do nothing but multiply each sample by a gain.
 */
export function linked(unit: Processor): ChannelProcessor {
  let heard = new Float32Array(0);
  let made = heard;
  return {
    process(inputs, outputs) {
      const { length } = inputs[0];
      if (heard.length < length) {
        heard = new Float32Array(length);
        made = new Float32Array(length);
      }
      const louder = loudest(inputs, heard.subarray(0, length));
      const gained = made.subarray(0, length);
      unit.process(louder, gained);
      for (let c = 0; c < inputs.length; c++) {
        const input = inputs[c];
        const output = outputs[c];
        for (let n = 0; n < length; n++) {
          output[n] = louder[n] > 0 ? input[n] * (gained[n] / louder[n]) : 0;
        }
      }
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

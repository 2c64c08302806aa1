/**
 * The recordings of a setting as takes that can be fitted together.
 *
 * @module
 */

import { join } from "node:path";
import { findClipping } from "../data/clipping.ts";
import { MOST_CLIPPED } from "../data/pair_check.ts";
import { type RecordedTake, recordedTakes } from "../data/recorded_takes.ts";
import { recordingWarnings } from "../data/recording_warnings.ts";
import { formatPercent } from "../base/format.ts";
import type { RecordingInUnit } from "../data/unit_file.ts";
import { align } from "../sound/alignment.ts";
import { takesOf } from "../sound/channels.ts";
import { RecordingError } from "../sound/recording_error.ts";
import { type Channels, readChannels } from "../sound/wav.ts";
import { takesInStep } from "./in_step.ts";
import type { Capture, CaptureSetting } from "./manifest.ts";

/** The recordings of a setting. */
export interface OpenSetting {
  takes: RecordedTake[];
  /** What the unit file says of each take, its lag aside. */
  recordings: RecordingInUnit[];
  isSwapped: boolean;
  warnings: string[];
  /** Seconds of sound. */
  seconds: number;
}

/**
 * Reads settings of one capture; keeps the dry sound that was read last. What comes of
 * it may be told the one steady lag that an earlier reading found.
 */
export function openReader(
  { folder, manifest }: Capture,
  { enabled, max_lag }: { enabled: boolean; max_lag: number },
): (setting: CaptureSetting, known?: number) => Promise<OpenSetting> {
  let kept: { name: string; sound: Channels } | undefined;
  const dryOf = async (name: string) => {
    const file = name === manifest.dry ? manifest.loop ?? name : name;
    if (kept?.name !== file) {
      kept = { name: file, sound: await readChannels(join(folder, file)) };
    }
    return kept;
  };
  return async ({ takes: named }, known) => {
    const all: OpenSetting = {
      takes: [],
      recordings: [],
      isSwapped: false,
      warnings: [],
      seconds: 0,
    };
    for (const { dry: dryName, wet: wetName } of named) {
      const { name, sound: dry } = await dryOf(dryName);
      const wet = await readChannels(join(folder, wetName));
      const sides = takesOf(
        { file: name, channels: dry.channels },
        { file: wetName, channels: wet.channels },
        {},
      );
      for (const side of sides) {
        const clipping = findClipping(side.wet, wet.format.bits);
        if (clipping.samples > MOST_CLIPPED * side.wet.length) {
          throw new RecordingError(
            `${wetName} is clipped, ${
              formatPercent(clipping.samples / side.wet.length, 2)
            } of it: record it again at a lower level`,
          );
        }
        const pair = { ...side, sampleRate: dry.sampleRate };
        const { dry: input, wet: output, sampleRate } = pair;
        const raw = { dry: input, wet: output, sampleRate };
        const found = enabled
          ? takesInStep(raw, max_lag, known)
          : recordedTakes(raw, { enabled, max_lag });
        const [{ lag }] = found.takes;
        const said = [
          ...recordingWarnings(
            { ...dry, samples: input },
            { ...wet, samples: output },
            align(raw, Math.round(lag)),
          ),
          ...found.warnings,
        ];
        all.takes.push(...found.takes);
        all.isSwapped ||= found.isSwapped;
        all.warnings.push(
          ...said.map((warning) =>
            named.length > 1 ? `${wetName}: ${warning}` : warning
          ),
        );
        all.recordings.push(...found.takes.map(({ driftPpm }) => ({
          dry: name,
          wet: wetName,
          ...(side.channel > 1 && { channel: side.channel }),
          ...(found.polarity !== undefined && { polarity: found.polarity }),
          ...(driftPpm !== 0 && { drift_ppm: driftPpm }),
          ...(found.slips.length > 0 && { slips: found.slips }),
        })));
        all.seconds += found.takes.reduce(
          (sum, { from, to }) => sum + to - from,
          0,
        );
      }
    }
    return all;
  };
}

/**
 * `deno task capture:signal OUT.wav`: the sound to send through a unit.
 *
 * @module
 */

import {
  Command,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import { makeCaptureSignal } from "../capture/signal.ts";
import { openDry } from "../data/source.ts";
import { formatBytes, formatDuration } from "../base/format.ts";
import {
  createWav,
  SAMPLE_FORMAT_NAMES,
  SAMPLE_FORMATS,
} from "../sound/wav.ts";
import {
  bold,
  jsonOption,
  liesIn,
  printResult,
  requireDistinctFiles,
  runCommand,
  userPath,
} from "../cli/command_line.ts";

/** A number from `low` to `high`. */
function numberFrom(low: number, high: number, isWhole = false) {
  return (text: string): number => {
    const value = text.trim() === "" ? NaN : Number(text);
    const isAllowed = value >= low && value <= high;
    if (isAllowed && (!isWhole || Number.isInteger(value))) return value;
    throw new InvalidArgumentError(
      `give a ${isWhole ? "whole " : ""}number from ${low} to ${high}.`,
    );
  };
}

/** The command. */
export const command = new Command("deno task capture:signal")
  .description(
    "Writes the sound to send through a unit: blips that tell latency, drift and\n" +
      "lost buffers, a loop-back section, ladders of levels, bursts, sweeps, noise and\n" +
      "varied sound, made to tell a compressor's parameters. Play it through the unit\n" +
      "once for each setting of its knobs and record what comes out.",
  )
  .argument("<OUT.wav>", "where it goes")
  .option(
    "--rate <Hz>",
    "sample rate",
    numberFrom(8000, 384_000, true),
    48_000,
  )
  .addOption(
    new Option("--bits <format>", "samples: PCM of 16 or 24 bits, or float")
      .choices(SAMPLE_FORMAT_NAMES).default("24" as const),
  )
  .option(
    "--minutes <number>",
    "length",
    numberFrom(0.07, 60),
    3,
  )
  .option("--level <dBFS>", "peak", numberFrom(-60, 0), -1)
  .option("--stereo", "the same on two channels")
  .option("--music <DIR>", "your own music, as WAV files, for half of it")
  .option("--seed <number>", "seed", numberFrom(0, 1e9, true), 0)
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task capture:signal capture.wav
  deno task capture:signal capture.wav --rate 96000 --minutes 1 --level -6
  deno task capture:signal capture.wav --music ~/Music/dry --stereo`,
  )
  .action(async (out, options) => {
    const { rate, bits, minutes, level, seed, music, json } = options;
    if (!/\.wav$/i.test(out)) {
      throw new Error(`${out}: its name must end in .wav`);
    }
    await requireDistinctFiles([music], { "OUT.wav": out, "--json": json });
    if (music !== undefined && await liesIn(out, music)) {
      throw new Error(
        `${out} lies in --music ${music}, and would be music the next time: choose another folder`,
      );
    }
    const played = music === undefined ? undefined : await openDry({
      stimulus: userPath(music),
      duration: 60 * minutes,
      sample_rate: rate,
      seed,
    });
    if (played !== undefined && played.sampleRate !== rate) {
      throw new Error(
        `--music ${music} is at ${played.sampleRate} Hz, the signal at ${rate} Hz: say --rate ${played.sampleRate}, or convert the music`,
      );
    }
    // All that can be known to go wrong comes before the work.
    const channels = options.stereo ? 2 : 1;
    await using writer = await createWav(userPath(out), {
      sampleRate: rate,
      format: SAMPLE_FORMATS[bits],
      channels,
      length: Math.round(60 * minutes * rate),
    });
    const { samples, sections } = makeCaptureSignal({
      seconds: 60 * minutes,
      sampleRate: rate,
      level,
      seed,
      music: (await played?.load())?.samples,
    });
    await writer.write(
      ...Array.from({ length: channels }, () => samples) as [Float32Array],
    );
    await writer.close();
    const { size } = await Deno.stat(userPath(out));
    await printResult(
      [
        `${bold("Signal")}   ${
          formatDuration(samples.length / rate)
        } at ${rate} Hz, peak ${level} dBFS`,
        `${bold("Written")}  ${out}, ${formatBytes(size)}`,
      ].join("\n"),
      {
        out,
        sample_rate: rate,
        seconds: samples.length / rate,
        level_db: level,
        channels,
        sections: sections.map(({ kind, start, length }) => ({
          kind,
          from_seconds: start / rate,
          to_seconds: (start + length) / rate,
        })),
      },
      json,
    );
  });

if (import.meta.main) await runCommand(command);

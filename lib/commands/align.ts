/**
 * `deno task align DRY.wav WET.wav OUT.wav`: the dry sound, delayed and turned in
 * phase by all-pass sections, so that it adds up with the wet one.
 *
 * Both files are read block by block, three times: for the lag, for the phase, and
 * to write the result.
 *
 * @module
 */

import { dirname } from "node:path";
import {
  Command,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import { writeFileWhole } from "../base/atomic_file.ts";
import {
  bold,
  jsonOption,
  note,
  positiveInteger,
  printResult,
  requireDistinctFiles,
  runCommand,
  userPath,
} from "../cli/command_line.ts";
import { CascadeStream } from "../phase/cascade_filter.ts";
import { alignPhase } from "../phase/align_phase.ts";
import type { PhaseSpectra } from "../phase/fit_phase.ts";
import { PairSpectra } from "../phase/pair_spectra.ts";
import { phaseFileOf, phaseYaml } from "../phase/phase_file.ts";
import type { PhaseScore } from "../phase/phase_metrics.ts";
import type { Section } from "../phase/section.ts";
import { isSilent } from "../sound/alignment.ts";
import { RecordingError } from "../sound/recording_error.ts";
import {
  createWav,
  openWav,
  SAMPLE_FORMAT_NAMES,
  SAMPLE_FORMATS,
} from "../sound/wav.ts";
import type { WavFileReader } from "../sound/wav_file.ts";

/** Most sections that `--order` takes. */
const MOST_SECTIONS = 8;

/** Samples of both sides that are read at a time. */
const BLOCK = 65536;

/** Mean cosine of the phase error below which the sides hold different takes. */
const RELATED = 0.5;

function orderOf(text: string): number | "auto" {
  if (text === "auto") return text;
  const order = text.trim() === "" ? NaN : Number(text);
  if (Number.isInteger(order) && order >= 0 && order <= MOST_SECTIONS) {
    return order;
  }
  throw new InvalidArgumentError(
    `give auto, or a number of sections from 0 to ${MOST_SECTIONS}.`,
  );
}

/** Reads both sides to their ends, and adds up their spectra. */
async function spectraOfFiles(
  open: () => Promise<[WavFileReader, WavFileReader]>,
  lag: number,
): Promise<{ sum: PairSpectra; spectra: PhaseSpectra; silent: boolean[] }> {
  const [dry, wet] = await open();
  using _dry = dry;
  using _wet = wet;
  const length = Math.max(dry.length, wet.length);
  const sum = new PairSpectra(dry.sampleRate, length, lag);
  const [x, y] = [dry.allocate(BLOCK), wet.allocate(BLOCK)];
  let silent = [true, true];
  for (;;) {
    const counts = [await dry.readInto(x), await wet.readInto(y)];
    if (counts[0] + counts[1] === 0) break;
    const [a, b] = [x, y].map((block, i) =>
      counts[i] === 0 ? [] : block.map((one) => one.subarray(0, counts[i]))
    );
    silent = [a, b].map((block, i) => silent[i] && block.every(isSilent));
    sum.add(a, b);
  }
  return { sum, spectra: sum.finish(), silent };
}

function sectionText({ cornerHz, q }: Section): string {
  const corner = `${cornerHz.toPrecision(4)} Hz`;
  return q === undefined
    ? `first order, ${corner}`
    : `second order, ${corner}, Q ${q.toPrecision(4)}`;
}

/** The command. */
export const command = new Command("deno task align")
  .description(
    "Writes the dry sound all-passed so that it sums in phase with the wet one.",
  )
  .argument("<DRY.wav>", "what went into the unit")
  .argument("<WET.wav>", "what came out of it")
  .argument("<OUT.wav>", "where the aligned dry sound goes, as long as WET")
  .addOption(
    new Option("--order <auto|n>", "how many all-pass sections")
      .argParser(orderOf).default("auto" as number | "auto"),
  )
  .option("--out <phase.yaml>", "write what was found, for render --phase")
  .addOption(
    new Option("--format <format>", "samples of the result: PCM bits or float")
      .choices(SAMPLE_FORMAT_NAMES).default("32f" as const),
  )
  .option("--channel <n>", "only this channel of both, from 1", positiveInteger)
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
With --order auto sections are added from the low end while they pay on sound that
they were not fitted to; where nothing is to be gained it is "delay only".

Examples:
  deno task align dry.wav wet.wav aligned.wav
  deno task align dry.wav wet.wav aligned.wav --order 2 --out phase.yaml
  deno task render other.wav turned.wav --phase phase.yaml`,
  )
  .action(async (dryPath, wetPath, outPath, options) => {
    await requireDistinctFiles([dryPath, wetPath], {
      "OUT.wav": outPath,
      "--out": options.out,
      "--json": options.json,
    });
    const { channel } = options;
    const open = async (): Promise<[WavFileReader, WavFileReader]> => {
      const dry = await openWav(userPath(dryPath), { channel });
      try {
        return [dry, await openWav(userPath(wetPath), { channel })];
      } catch (error) {
        dry.close();
        throw error;
      }
    };
    const [dry, wet] = await open();
    using _wet = wet;
    using input = dry;
    const { sampleRate } = dry;
    if (wet.sampleRate !== sampleRate) {
      throw new RecordingError(
        `${dryPath} is at ${sampleRate} Hz, ${wetPath} at ${wet.sampleRate} Hz: convert one to the rate of the other`,
      );
    }
    for (
      const [path, { warnings }] of [[dryPath, dry], [wetPath, wet]] as const
    ) {
      for (const warning of warnings) note(`warning: ${path}: ${warning}`);
    }
    const first = await spectraOfFiles(open, 0);
    const nothing = [dryPath, wetPath].find((_, i) => first.silent[i]);
    if (nothing !== undefined) {
      throw new RecordingError(
        `${nothing} is silent: there is nothing to align; check that it is the right file and channel`,
      );
    }
    const { sum, spectra } = await spectraOfFiles(
      open,
      Math.round(first.spectra.lags[0]),
    );
    const found = await alignPhase(spectra, sum, options.order);
    if (found.agreement < RELATED) {
      throw new RecordingError(
        `${wetPath} has no phase in common with ${dryPath} (mean cosine of the error ${
          found.agreement.toFixed(2)
        }): check that both hold the same take`,
      );
    }
    const { cascade, before, delayOnly, after } = found;
    const file = phaseFileOf(cascade, sampleRate);

    await Deno.mkdir(dirname(userPath(outPath)), { recursive: true });
    const { length } = wet;
    await using output = await createWav(userPath(outPath), {
      sampleRate,
      channels: dry.channels.length,
      format: SAMPLE_FORMATS[options.format],
      length,
    });
    const streams = dry.channels.map(() =>
      new CascadeStream(cascade, sampleRate)
    );
    let written = 0;
    const write = async (blocks: Float64Array[]) => {
      const count = Math.min(blocks[0].length, length - written);
      if (count === 0) return;
      await output.write(...blocks.map((block) => block.subarray(0, count)));
      written += count;
    };
    for await (const block of input.blocks()) {
      await write(block.map((samples, c) => streams[c].push(samples)));
    }
    await write(streams.map((stream) => stream.end(length)));
    await output.close();
    if (options.out !== undefined) {
      await writeFileWhole(userPath(options.out), phaseYaml(file));
    }
    if (output.clipped > 0) {
      note(
        `warning: ${output.clipped} samples were clipped: use --format 32f`,
      );
    }
    const { sections } = cascade;
    const db = (value: number) => `${value.toFixed(3).replace("-", "−")} dB`;
    await printResult(
      [
        `${bold("Polarity")}    ${
          cascade.polarity < 0 ? "turned over" : "kept"
        }`,
        `${bold("Delay")}       ${
          cascade.delay.toFixed(3).replace("-", "−")
        } samples (${file.delay_us.toFixed(2).replace("-", "−")} µs)`,
        `${bold("Sections")}    ${
          sections.length === 0
            ? "none: delay only"
            : sections.map(sectionText).join("\n            ")
        }`,
        "",
        `${bold("Mix")}         ${db(before.mixDb)} of the ideal before`,
        `            ${db(delayOnly.mixDb)} with polarity and delay alone`,
        `            ${db(after.mixDb)} after`,
        `${bold("Phase error")} ${before.meanDegrees.toFixed(2)}° before, ${
          after.meanDegrees.toFixed(2)
        }° after, weighted by energy`,
        "",
        `${bold("Written")}     ${outPath}${
          options.out === undefined ? "" : `, ${options.out}`
        }`,
      ].join("\n"),
      {
        ...file,
        delay_samples: cascade.delay,
        delay_only: sections.length === 0,
        sample_rate: sampleRate,
        samples: length,
        channels: dry.channels.length,
        mix_energy_db: {
          before: before.energyDb,
          delay_only: delayOnly.energyDb,
          after: after.energyDb,
        },
        before: jsonOf(before),
        delay_alone: jsonOf(delayOnly),
        after: jsonOf(after),
        out: outPath,
      },
      options.json,
    );
  });

/** A score for `--json`. */
function jsonOf(score: PhaseScore) {
  return {
    mix_db: score.mixDb,
    phase_degrees: score.meanDegrees,
    phase_degrees_95: score.degrees95,
    phase_degrees_by_octaves: score.octaveDegrees,
    notch_db: score.notchDb,
    correlation: score.correlation,
    octaves: score.octaves.map(({ fromHz, part, phaseDegrees, mixDb }) => ({
      from_hz: fromHz,
      part,
      phase_degrees: phaseDegrees,
      mix_db: mixDb,
    })),
  };
}

if (import.meta.main) await runCommand(command);

/**
 * `deno task player`: the fitted amplifier as a page to play sounds through.
 *
 * @module
 */

import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import wavefile from "wavefile";
import { writeFileWhole } from "../base/atomic_file.ts";
import { makeStimulus } from "../data/stimulus.ts";
import type { Model, Values } from "../models/model.ts";
import { parseModel } from "../models/presets.ts";
import { pageLinks, PAPER_LINK } from "../report/references.ts";
import { panelOf } from "../player/knob.ts";
import { type PlayerTake, renderPlayer } from "../player/page.ts";
import { rendererOf } from "../player/renderer.ts";
import { formatBytes } from "../base/format.ts";
import {
  bold,
  CHANNEL_HELP,
  collect,
  jsonOption,
  liesIn,
  note,
  placeOfParameters,
  positiveInteger,
  printResult,
  REPORTS,
  requireDistinctFiles,
  runCommand,
  userPath,
} from "../cli/command_line.ts";
import {
  CURVE_HELP,
  knobOption,
  modelOption,
  type NamedCurve,
  originInWords,
  PARAMS_HELP,
  readCurve,
  readSetting,
  requireNoKnobs,
  unitHeldAt,
} from "./unit_files.ts";

/** The excerpt: seconds of the built-in stimulus. */
const EXCERPT_SECONDS = 8;
const EXCERPT_SEED = 9;
const EXCERPT_RATE = 44100;

/** The beginning of the built-in stimulus as a 16-bit WAVE file. */
function makeExcerpt(): Uint8Array {
  const { samples } = makeStimulus({
    seconds: EXCERPT_SECONDS,
    sampleRate: EXCERPT_RATE,
    seed: EXCERPT_SEED,
  });
  const file = new wavefile.WaveFile();
  const pcm = Int16Array.from(samples, (value) => Math.round(32768 * value));
  file.fromScratch(1, EXCERPT_RATE, "16", pcm);
  return file.toBuffer();
}

/** What the page is to play: a setting, or a unit with knobs. */
async function chosenUnit(options: {
  params?: string;
  curve: string[];
  knob: string[];
  model?: string;
}): Promise<NamedCurve> {
  const { params, curve, model } = options;
  if (params === undefined) {
    const named = await readCurve(curve, model);
    return { ...named, unit: unitHeldAt(named.unit, options) };
  }
  requireNoKnobs(options);
  const { unit } = await readSetting(params, model);
  const [{ params: values }] = unit.settings;
  const alone = { ...unit, knobs: {}, settings: [{ at: {}, params: values }] };
  const place = placeOfParameters(params);
  return place === params
    ? { unit: alone, ...originInWords([unit], [place]) }
    : { unit: alone, origin: "Parameters given by hand.", surrogate: false };
}

/** The recording that the options name, if any. */
function recordingOf(
  { dry, wet, params, channel }: {
    dry?: string;
    wet?: string;
    params?: string;
    channel?: number;
  },
) {
  if (dry === undefined && wet === undefined) return undefined;
  if (dry === undefined || wet === undefined) {
    throw new Error(
      `${
        dry === undefined ? "--wet" : "--dry"
      } is one side of a take: give --dry and --wet`,
    );
  }
  if (params === undefined) {
    throw new Error(
      "--dry and --wet are a take of one setting: give its fit with --params",
    );
  }
  return { dry, wet, channel };
}

/** The take of `recording`, in step for the unit; says what to know of it. */
async function openTake(
  { dry, wet, channel }: { dry: string; wet: string; channel?: number },
  model: Model,
  values: Values,
): Promise<PlayerTake> {
  const [{ openRecordedTakes }, { playerTake }, { alignmentSchema }] =
    await Promise.all([
      import("../cli/recordings.ts"),
      import("../player/take.ts"),
      import("../fitting/fit_config.ts"),
    ]);
  const recorded = await openRecordedTakes(dry, wet, {
    channel,
    alignment: alignmentSchema.parse({}),
  });
  const [first, ...others] = recorded;
  for (const warning of first.warnings) note(`warning: ${warning}`);
  if (others.length > 0) {
    note(
      `Of ${recorded.length} channels the page has the first; see --channel.`,
    );
  }
  return await playerTake(first, model, values);
}

/** Writes the page that plays `unit`, and a take of it, to `path`; tells its length. */
export async function writePlayer(
  path: string,
  { unit, origin, surrogate }: NamedCurve,
  take?: PlayerTake,
): Promise<number> {
  const model = parseModel(unit.model);
  const page = await renderPlayer({
    model,
    unit: unit.unit,
    renderer: await rendererOf(model),
    excerpt: makeExcerpt(),
    excerptName: "built-in-excerpt.wav",
    ...(take && { take }),
    links: await liesIn(path, REPORTS)
      ? pageLinks(path, REPORTS).filter(({ label }) => label !== "Player")
      : [PAPER_LINK],
    panel: panelOf(unit),
    origin,
    surrogate,
    builtAt: new Date(),
    provenance: {
      "Excerpt":
        `the first ${EXCERPT_SECONDS} s of the built-in stimulus, seed ${EXCERPT_SEED}`,
      "Model": model.name,
      ...(unit.settings.length > 1 && {
        "Settings of the curve": unit.settings.length,
      }),
      "Deno": Deno.version.deno,
    },
  });
  await writeFileWhole(path, page);
  return page.length;
}

/** The command. */
export const command = new Command("deno task player")
  .description(
    "Builds a page with a fitted unit in it: load a sound, turn the knob,\n" +
      "listen, and render. It is one file that works offline.",
  )
  .option("--params <JSON or FILE>", PARAMS_HELP)
  .option("--curve <FILE>", CURVE_HELP, collect, [])
  .addOption(knobOption("hold a knob where this says; repeatable"))
  .addOption(modelOption())
  .option(
    "--dry <DRY.wav>",
    "with --params: a take of the fit, to play and compare",
  )
  .option("--wet <WET.wav>", "its wet side, which is put in step as fit does")
  .option("--channel <n>", CHANNEL_HELP, positiveInteger)
  .option(
    "--out <FILE.html>",
    "where the page goes (default: reports/player.html in the project's folder)",
  )
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task player
  deno task player --curve reports/04_la2a_sweep/optical-1234abcd/parameters.yaml
  deno task player --params unit.yaml
  deno task player --params unit.yaml --dry dry.wav --wet wet.wav
  deno task player --curve compress.csv --curve limit.csv --out mine.html`,
  )
  .action(async ({ out, json, ...options }) => {
    if (out !== undefined && !out.endsWith(".html")) {
      throw new Error(`--out ${out}: its name must end in .html`);
    }
    const path = out === undefined
      ? join(REPORTS, "player.html")
      : userPath(out);
    await requireDistinctFiles(
      [options.params, ...options.curve, options.dry, options.wet],
      { "--out": path, "--json": json },
    );
    const recording = recordingOf(options);
    const named = await chosenUnit(options);
    const { unit, origin, surrogate } = named;
    const [{ params }] = unit.settings;
    const take = recording &&
      await openTake(recording, parseModel(unit.model), params);
    const bytes = await writePlayer(path, named, take);
    await printResult(
      [
        `${bold("Unit")}    ${origin}`,
        ...(take ? [`${bold("Target")}  ${options.wet}: ${take.words}`] : []),
        `${bold("Player")}  ${path}, ${formatBytes(bytes)}`,
      ].join("\n"),
      {
        player: path,
        origin,
        surrogate,
        settings: unit.settings.length,
        model: unit.model,
        ...(take && { target: take.words }),
      },
      json,
    );
  });

if (import.meta.main) await runCommand(command);

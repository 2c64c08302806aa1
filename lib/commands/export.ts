/**
 * `deno task export UNIT.yaml`: a fitted unit for other programs, as a Faust file,
 * of which plug-ins are made, or as JSON.
 *
 * @module
 */

import { Command, Option } from "@commander-js/extra-typings";
import { writeFileWhole } from "../base/atomic_file.ts";
import { faustFile } from "../export/faust.ts";
import { jsonFile } from "../export/json.ts";
import { formatBytes } from "../base/format.ts";
import { inLines } from "../data/knob_law.ts";
import { parseModel } from "../models/presets.ts";
import {
  bold,
  jsonOption,
  note,
  printResult,
  requireDistinctFiles,
  runCommand,
  userPath,
} from "../cli/command_line.ts";
import {
  knobOption,
  modelOption,
  readCurve,
  readUnits,
  unitHeldAt,
} from "./unit_files.ts";

/** What writes each format, and how its files end. */
const FORMATS = {
  faust: { write: faustFile, ending: ".dsp" },
  json: { write: jsonFile, ending: ".json" },
};

/** The command. */
export const command = new Command("deno task export")
  .description(
    "Writes a fitted unit for other programs: its knobs, the map from them to the\n" +
      "parameters, and the model. A Faust file becomes a VST3, AU, LV2, CLAP or Web\n" +
      "plug-in with Faust's own tools; the README tells how.",
  )
  .argument(
    "[UNIT...]",
    "file of the unit, with knobs or of one fit; or a CSV file for each mode " +
      "(default: the published curve)",
  )
  .addOption(
    new Option("--to <format>", "what to write")
      .choices(Object.keys(FORMATS) as (keyof typeof FORMATS)[])
      .default("faust" as const),
  )
  .option(
    "--out <FILE>",
    "where it goes: a name ending in .dsp or .json",
  )
  .addOption(
    new Option(
      "--interpolation <method>",
      "how parameters lie between settings",
    )
      .choices(["linear", "spline"] as const).default("linear" as const),
  )
  .addOption(knobOption("hold a knob where this says; repeatable"))
  .addOption(modelOption())
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task export unit.yaml --to faust --out unit.dsp
  deno task export --out 4a-2a.dsp --interpolation spline
  deno task export compress.csv limit.csv --knob mode=limit --out limiter.dsp
  deno task export unit.yaml --to json --out unit.json`,
  )
  .action(async (files, options) => {
    const { to, out, interpolation, json } = options;
    const { write, ending } = FORMATS[to];
    if (out !== undefined && !out.toLowerCase().endsWith(ending)) {
      const other = to === "faust" ? ", or for JSON say --to json" : "";
      throw new Error(`--out ${out}: its name must end in ${ending}${other}`);
    }
    await requireDistinctFiles(files, { "--out": out, "--json": json });
    const { unit: whole, origin, surrogate } = files.length === 0
      ? await readCurve([], options.model)
      : await readUnits(files, options.model);
    const held = unitHeldAt(whole, options);
    const model = parseModel(held.model);
    // Over several knobs Faust takes minutes for a finer map than the settings.
    const dials = Object.values(held.knobs)
      .filter(({ kind }) => kind === "number");
    const unit = dials.length > 1
      ? inLines(held, model, 1)
      : inLines(held, model);
    // After what is wrong with the rest, which it would hide.
    if (out === undefined) {
      throw new Error(
        `--out is missing: say where it goes, a name ending in ${ending}`,
      );
    }
    const title = unit.unit.trim() || model.name.toUpperCase();
    const text = write({ unit, model, title, origin, interpolation });
    await writeFileWhole(userPath(out), text);
    if (surrogate) {
      note(
        "The unit was fitted to surrogate data, not measured on a real unit.",
      );
    }
    const knobs = Object.keys(unit.knobs);
    await printResult(
      [
        `${bold("Unit")}     ${title}, model ${model.name}`,
        `${bold("Knobs")}    ${knobs.join(", ") || "none"}`,
        `${bold("Written")}  ${out}, ${formatBytes(text.length)}`,
      ].join("\n"),
      {
        out,
        to,
        unit: title,
        model: model.name,
        knobs,
        interpolation,
        surrogate,
      },
      json,
    );
  });

if (import.meta.main) await runCommand(command);

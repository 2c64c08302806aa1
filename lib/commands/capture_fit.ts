/**
 * `deno task capture:fit DIR`: a unit, from the recordings of its settings.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { Command, Option } from "@commander-js/extra-typings";
import * as z from "zod";
import { writeFileWhole } from "../base/atomic_file.ts";
import { ConfigError } from "../base/config.ts";
import { formatCount, formatDuration, formatNumber } from "../base/format.ts";
import { openResultStore } from "../base/result_store.ts";
import { wavFilesIn } from "../capture/files.ts";
import { fitCapture, identityOfCapture } from "../capture/fit_capture.ts";
import { manifestOf } from "../capture/init.ts";
import {
  type Capture,
  MANIFEST_NAME,
  openCapture,
  readManifest,
} from "../capture/manifest.ts";
import { capturedUnit } from "../capture/unit.ts";
import { nameOfPositions, unitToYaml } from "../data/unit_file.ts";
import { jsonValues } from "../data/values_schema.ts";
import {
  chunkOptions,
  fitSchema,
  modelSchema,
  requireParameters,
  RICHEST,
} from "../fitting/fit_config.ts";
import { MODEL_HELP, parseModel } from "../models/presets.ts";
import {
  bold,
  configOf,
  configOption,
  engineOption,
  exists,
  jsonOption,
  note,
  outOption,
  printResult,
  requireDistinctFiles,
  resultsFolder,
  runCommand,
  setOption,
  startProgress,
  userPath,
  withEngine,
} from "../cli/command_line.ts";
import { partOption } from "../cli/part_option.ts";
import { rangeOption } from "../cli/model_options.ts";
import { writePlayer } from "./player.ts";

/** Name of the config and of the folder of results. */
const NAME = "capture";

/** The config, `configs/capture.yaml`. */
const schema = z.strictObject({
  ...fitSchema.shape,
  model: z.union([z.literal("auto"), modelSchema]).default("auto"),
}).superRefine(({ model, ...rest }, context) =>
  requireParameters({
    ...rest,
    model: model === "auto" ? parseModel(RICHEST) : model,
  }, context)
);

/** The recordings that a person named: a folder, or a manifest. */
async function openNamed(named: string): Promise<Capture> {
  const path = userPath(named);
  const isFolder = (await Deno.stat(path).catch(() => {
    throw new ConfigError(`${named}: no such file or folder. Check the path`);
  })).isDirectory;
  const folder = isFolder ? path : dirname(path);
  const file = isFolder ? join(path, MANIFEST_NAME) : path;
  if (!isFolder || await exists(file)) {
    const name = isFolder ? join(named, MANIFEST_NAME) : named;
    return await openCapture(await readManifest(file, name), folder, name);
  }
  try {
    const manifest = manifestOf(await wavFilesIn(folder), basename(folder));
    note(
      `${named} has no ${MANIFEST_NAME}: its settings are told by the files' names. capture:init writes one to look over.`,
    );
    return await openCapture(manifest, folder, named);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      `${named} has no ${MANIFEST_NAME}, and without it: ${error.message}. Write one with capture:init`,
    );
  }
}

/** The command. */
export const command = new Command("deno task capture:fit")
  .description(
    "Fits every setting of a unit to its recordings, finds the map from its knobs to\n" +
      "the parameters, tests that by leaving settings out, and writes the unit, a report\n" +
      "and a player with these knobs. The recordings are described by capture.yaml,\n" +
      "which capture:init writes.",
  )
  .argument("<DIR|capture.yaml>", "folder of the recordings, or its manifest")
  .option("--out <FILE.yaml>", "write the unit found")
  .option(
    "--model <M>",
    `auto, the best of the family (the default), or ${MODEL_HELP}`,
  )
  .addOption(rangeOption())
  .addOption(partOption())
  .option("--no-align", "leave the lag between the recordings as it is")
  .addOption(engineOption())
  .addOption(configOption(NAME))
  .addOption(setOption())
  .addOption(
    new Option("--results <DIR>", outOption().description),
  )
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
A run that was interrupted takes up where it was. Settings whose recordings cannot be
used are left out: the page lists them, and the exit code is 1.

Examples:
  deno task capture:fit 1176 --out 1176.yaml
  deno task capture:fit 1176/capture.yaml --model opto+coupling --out 1176.yaml
  deno task capture:fit 1176 --part 2/8
  deno task render song.wav out.wav --curve 1176.yaml --knob input=3 --knob ratio=4`,
  )
  .action(async (named, options) => {
    const started = performance.now();
    const { out, json, part } = options;
    if (out !== undefined && !/\.ya?ml$/i.test(out)) {
      throw new Error(`--out ${out}: its name must end in .yaml or .yml`);
    }
    if (out !== undefined && part !== undefined) {
      throw new Error(
        "--out and --part exclude each other: the last run, without --part, writes the unit",
      );
    }
    const asked = await configOf(schema, NAME, options, {
      "alignment.enabled": options.align ? undefined : false,
    });
    const capture = await openNamed(named);
    await requireDistinctFiles([
      options.config,
      join(capture.folder, MANIFEST_NAME),
      ...((await Deno.stat(userPath(named))).isFile ? [named] : []),
      ...capture.settings.flatMap(({ takes }) =>
        takes.flatMap(({ dry, wet }) => [
          join(capture.folder, dry),
          join(capture.folder, wet),
        ])
      ),
    ], { "--out": out, "--json": json });
    const model = asked.model === "auto" ? undefined : asked.model;
    const isDelayed = asked.alignment.enabled &&
      asked.alignment.delay === "fraction";
    const { engine } = await withEngine(
      { ...asked, model: model ?? parseModel(RICHEST) },
      undefined,
      { delayed: isDelayed },
    );
    const config = { ...asked, model: model?.name ?? "auto", engine };
    const store = await openResultStore(
      join(resultsFolder(options.results), NAME),
      labelOf(capture.manifest.unit),
      { config, capture: await identityOfCapture(capture) },
    );
    const progress = await startProgress("Fitting", capture.settings.length);
    let result;
    try {
      result = await fitCapture(capture, {
        model,
        engine,
        solver: config.solver,
        chunks: chunkOptions(config.chunks),
        alignment: config.alignment,
      }, {
        store,
        part,
        onSetting: (name, done) => progress.update(done, name),
        onLeftOut: ({ at, reason }) =>
          note(`left out: ${nameOfPositions(at) || "it"}: ${reason}`),
      });
    } finally {
      progress.stop();
    }
    const { fits, leftOut, tests } = result;
    const seconds = () => (performance.now() - started) / 1000;
    if (part !== undefined) {
      await printResult(
        `Part ${part.index} of ${part.count}: ${
          formatCount(fits.length, "setting")
        } fitted, ${leftOut.length} left out. A run without --part takes them up.`,
        { part, fitted: fits.length, left_out: leftOut, seconds: seconds() },
        json,
      );
      return;
    }
    const unit = capturedUnit(capture, result);
    const text = unitToYaml(unit);
    await writeFileWhole(join(store.folder, "unit.yaml"), text);
    if (out !== undefined) await writeFileWhole(userPath(out), text);
    const page = join(store.folder, "report.html");
    const player = join(store.folder, "player.html");
    await writePlayer(player, {
      unit,
      origin: unit.origin.text!,
      surrogate: unit.origin.surrogate ?? false,
    });
    const { writeCapturePage } = await import("../capture/page.ts");
    await writeCapturePage(page, capture, result, {
      config,
      engine,
      seconds: seconds(),
    });
    const mean = (values: number[]) =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    const esrs = fits.map(({ score }) => score.esr);
    const outside = tests.map(({ smooth }) => smooth);
    await printResult(
      [
        `${
          bold("Unit")
        }      ${capture.manifest.unit}, model ${result.model.name}`,
        `${bold("Settings")}  ${fits.length}, ${
          fits.filter(({ converged }) => converged).length
        } converged${
          leftOut.length === 0 ? "" : `; ${leftOut.length} left out`
        }`,
        `${bold("ESR")}       ${formatNumber(mean(esrs), 3)}, at most ${
          formatNumber(Math.max(...esrs), 3)
        }`,
        ...(outside.length === 0 ? [] : [
          `${bold("Left out")}  ${formatNumber(mean(outside), 3)}, at most ${
            formatNumber(Math.max(...outside), 3)
          }: settings that the map from the knobs did not see`,
        ]),
        `${bold("Time")}      ${formatDuration(seconds())}`,
        `${bold("Report")}    ${page}`,
        `${bold("Player")}    ${player}`,
        ...(out === undefined ? [] : [`${bold("Written")}   ${out}`]),
      ].join("\n"),
      {
        unit: capture.manifest.unit,
        model: result.model.name,
        knobs: capture.manifest.knobs,
        interpolation: unit.interpolation ?? "linear",
        reference: result.reference,
        report: page,
        player,
        seconds: seconds(),
        settings: fits.map((fit) => ({
          at: fit.at,
          params: jsonValues(fit.parameters),
          uncertainty: jsonValues(fit.uncertainty),
          esr: fit.esr,
          whole_esr: fit.score.esr,
          delta_ldr_db: fit.score.deltaLdrDb,
          recordings: fit.recordings,
          iterations: fit.iterations,
          converged: fit.converged,
          stop_reason: fit.stopReason,
          warnings: fit.warnings,
          seconds: fit.fitSeconds,
        })),
        tests,
        left_out: leftOut,
      },
      json,
    );
    if (leftOut.length > 0) {
      throw new Error(
        `${leftOut.length} of ${
          formatCount(capture.settings.length, "setting")
        } left out: ${page} says why; the rest lies beside it`,
      );
    }
  });

/** A word of `title` that is fit for a folder's name. */
function labelOf(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "").slice(0, 40) || "unit";
}

if (import.meta.main) await runCommand(command);

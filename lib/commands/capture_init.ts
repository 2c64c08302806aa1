/**
 * `deno task capture:init DIR`: a manifest of the recordings in a folder.
 *
 * @module
 */

import { basename, join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { writeFileWhole } from "../base/atomic_file.ts";
import { ConfigError } from "../base/config.ts";
import { formatCount } from "../base/format.ts";
import { wavFilesIn } from "../capture/files.ts";
import { manifestOf, manifestText } from "../capture/init.ts";
import {
  MANIFEST_NAME,
  manifestSchema,
  openCapture,
} from "../capture/manifest.ts";
import { parseConfig } from "../base/config.ts";
import {
  bold,
  collect,
  exists,
  jsonOption,
  printResult,
  requireDistinctFiles,
  runCommand,
  userPath,
} from "../cli/command_line.ts";

/** The command. */
export const command = new Command("deno task capture:init")
  .description(
    `Writes ${MANIFEST_NAME} into the folder of a unit's recordings, from the names of\n` +
      "the files: the knobs, their ranges, and what went in. Look it over, then give\n" +
      "the folder to capture:fit.",
  )
  .argument("<DIR>", "folder with the recordings, and what went in")
  .option(
    "--names <pattern>",
    "how the recordings are named, such as 1176_{ratio}_{input}.wav",
  )
  .option(
    "--choice <knob>",
    "a knob that is switched though its positions are numbers; repeatable",
    collect,
    [],
  )
  .option("--unit <title>", "what the unit is (default: the folder's name)")
  .option("--by <name>", "who recorded it")
  .option("--licence <text>", "what others may do with the recordings")
  .option("--force", "replace a manifest that is there")
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task capture:init 1176 --names '1176_{ratio}_{input}.wav' --choice ratio
  deno task capture:init 1176 --unit '1176 rev. D' --by 'Ada Example'`,
  )
  .action(async (dir, options) => {
    const folder = userPath(dir);
    await requireDistinctFiles([join(dir, MANIFEST_NAME)], {
      "--json": options.json,
    });
    const path = join(folder, MANIFEST_NAME);
    if (await exists(path) && !options.force) {
      throw new Error(
        `${
          join(dir, MANIFEST_NAME)
        } is there: change it, or replace it with --force`,
      );
    }
    const names = await wavFilesIn(folder);
    let text: string;
    try {
      const found = manifestOf(names, basename(folder), {
        names: options.names,
        choices: options.choice,
      });
      text = manifestText({
        ...found,
        ...(options.unit !== undefined && { unit: options.unit }),
        ...(options.by !== undefined && { by: options.by }),
        ...(options.licence !== undefined && { licence: options.licence }),
      });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new ConfigError(`${dir}: ${error.message}`);
    }
    // What is written is what capture:fit reads.
    const manifest = parseConfig(manifestSchema, text, MANIFEST_NAME);
    const { settings, others } = await openCapture(
      manifest,
      folder,
      MANIFEST_NAME,
    );
    await writeFileWhole(path, text);
    await printResult(
      [
        `${bold("Unit")}      ${manifest.unit}`,
        `${bold("Knobs")}     ${
          Object.keys(manifest.knobs).join(", ") || "none"
        }`,
        `${bold("Settings")}  ${settings.length}`,
        ...(others.length === 0 ? [] : [
          `${bold("Beside")}    ${
            formatCount(others.length, "file")
          } that it does not name: ${others.slice(0, 5).join(", ")}${
            others.length > 5 ? " …" : ""
          }`,
        ]),
        `${bold("Written")}   ${join(dir, MANIFEST_NAME)}`,
      ].join("\n"),
      {
        manifest,
        settings: settings.map(({ at }) => at),
        others,
      },
      options.json,
    );
  });

if (import.meta.main) await runCommand(command);

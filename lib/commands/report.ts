/**
 * `deno task report`: one page that opens every report, and a server for them on
 * this machine.
 *
 * @module
 */

import { join } from "node:path";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { formatCount } from "../base/format.ts";
import { writeIndex } from "../report/run_index.ts";
import {
  bold,
  jsonOption,
  messageOf,
  note,
  printResult,
  requireDistinctFiles,
  resultsFolder,
  runCommand,
} from "../cli/command_line.ts";

/** A port, 0 for any that is free. */
function portOf(text: string): number {
  const port = Number(text);
  if (
    text.trim() !== "" && Number.isInteger(port) && port >= 0 && port < 65536
  ) {
    return port;
  }
  throw new InvalidArgumentError("give a whole number from 0 to 65535.");
}

/** The command. */
export const command = new Command("deno task report")
  .description(
    "Builds index.html in the folder of the reports: every run, newest first,\n" +
      "and the runs of an experiment side by side.",
  )
  .argument(
    "[DIR]",
    "where the reports are (default: reports/ in the project's folder)",
  )
  .option("--serve", "serve them to this machine, and reload when a run ends")
  .option("--port <n>", "port to serve at; 0 for any", portOf, 8042)
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task report
  deno task report --serve --port 8080`,
  )
  .action(async (dir, { serve, port, json }) => {
    const folder = resultsFolder(dir);
    if (dir !== undefined && !await isFolder(folder)) {
      throw new Error(
        `${dir}: no such folder; give the folder that a run wrote its report to`,
      );
    }
    await requireDistinctFiles([], {
      "the index": join(folder, "index.html"),
      "--json": json,
    });
    if (serve) {
      const { serveReports } = await import("../report/serve.ts");
      const server = await serveReports(folder, port, {
        onIndex: (runs) => note(`${formatCount(runs, "run")}`),
        onError: (error) => note(`warning: ${messageOf(error)}`),
      });
      console.log(`${bold("Reports")}  ${server.url}  (Ctrl+C ends it)`);
      await new Promise<void>((resolve) =>
        Deno.addSignalListener("SIGINT", resolve)
      );
      await server.close();
      return;
    }
    const { runs, warnings, path } = await writeIndex(folder);
    for (const warning of warnings) note(`warning: ${warning}`);
    const experiments = new Set(runs.map(({ card }) => card.experiment)).size;
    await printResult(
      [
        `${bold("Runs")}   ${runs.length}, of ${
          formatCount(experiments, "experiment")
        }`,
        `${bold("Index")}  ${path}`,
      ].join("\n"),
      {
        index: path,
        runs: runs.map(({ card, folders }) => ({
          experiment: card.experiment,
          report: [...folders, card.report].join("/"),
          generated_at: card.generated_at,
          source: card.source,
          figures: card.figures,
        })),
        warnings,
      },
      json,
    );
  });

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) await runCommand(command);

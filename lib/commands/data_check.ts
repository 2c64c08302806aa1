/**
 * `deno task data:check DIR`: what a data set in SignalTrain's layout holds, and
 * which of its pairs a fit had better leave out.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import {
  CHECK_PARTS,
  checkPair,
  type CheckRecord,
  recordOfCheck,
} from "../data/pair_check.ts";
import { isPairList, pairListToYaml } from "../data/pair_list.ts";
import { listEntries, type SignalTrainListing } from "../data/signaltrain.ts";
import { isSurrogate } from "../data/source.ts";
import { writeFileWhole } from "../base/atomic_file.ts";
import { reasonOf, remedyOf } from "../base/file_error.ts";
import type { Column } from "../report/cells.ts";
import {
  formatCount,
  formatFixed,
  formatInteger,
  NO_VALUE,
} from "../base/format.ts";
import { DEFAULT_MAX_LAG, MATCH_THRESHOLD } from "../sound/alignment.ts";
import {
  bold,
  jsonOption,
  note,
  printResult,
  requireDistinctFiles,
  runCommand,
  startProgress,
  userPath,
} from "../cli/command_line.ts";

/** What the check of a folder found. */
interface Inventory {
  /** The folder as the person named it. */
  dir: string;
  /** Whether `data:make` made it. */
  surrogate: boolean;
  /** Every target, checked. */
  pairs: CheckRecord[];
  /** Inputs that no target belongs to. */
  unpaired_inputs: string[];
  /** Files whose names say nothing. */
  unrecognised: string[];
}

/** Columns of the table on the page; the terminal has the first of them. */
const COLUMNS: Column[] = [
  { key: "target", title: "Target" },
  { key: "mode", title: "Mode" },
  { key: "peak_reduction", title: "Peak reduction" },
  { key: "seconds", title: "Length", unit: "s", decimals: 1 },
  { key: "sample_rate", title: "Rate", unit: "Hz", decimals: 0 },
  { key: "lag_samples", title: "Lag", unit: "samples", decimals: 0 },
  { key: "polarity", title: "Polarity" },
  { key: "match", title: "Match", decimals: 3 },
  { key: "verdict", title: "Verdict" },
  { key: "remarks", title: "Why, and what else" },
  { key: "format", title: "Format" },
  { key: "input_peak_db", title: "Input peak", unit: "dBFS", decimals: 1 },
  { key: "target_peak_db", title: "Target peak", unit: "dBFS", decimals: 1 },
  { key: "input_clipped_runs", title: "Input clipped", unit: "runs" },
  { key: "target_clipped_runs", title: "Target clipped", unit: "runs" },
  { key: "confidence", title: "Lag's confidence", decimals: 2 },
];

/** Columns on the terminal, without the remarks, which have lines of their own. */
const NARROW = COLUMNS.slice(0, 9);

/** A cell of a row of either table. */
type Row = Record<string, string | number | null>;

/** A pair as a row of {@linkcode COLUMNS}. */
function rowOf(pair: CheckRecord): Row {
  // Of other material, neither the lag nor the polarity means anything.
  const isMatch = (pair.match ?? 0) >= MATCH_THRESHOLD;
  const inverted = isMatch ? pair.inverted : null;
  return {
    target: `${pair.split}/${basename(pair.target)}`,
    mode: pair.mode,
    peak_reduction: pair.peak_reduction,
    seconds: pair.target_seconds,
    sample_rate: pair.sample_rate,
    lag_samples: isMatch ? pair.lag_samples : null,
    polarity: inverted === null ? null : inverted ? "opposite" : "same",
    match: pair.match,
    verdict: pair.leave_out ? "leave out" : "good",
    remarks: [...pair.reasons, ...pair.notes].join("; "),
    format: pair.format,
    input_peak_db: pair.input_peak_db,
    target_peak_db: pair.target_peak_db,
    input_clipped_runs: pair.input_clipped_runs,
    target_clipped_runs: pair.target_clipped_runs,
    confidence: pair.confidence,
  };
}

/** Looks every pair of `listing` over, which is of the folder `dir`. */
async function takeInventory(
  { entries, unpairedInputs, unrecognised }: SignalTrainListing,
  dir: string,
  maxLag: number,
): Promise<Inventory> {
  const progress = await startProgress(
    "Checking",
    entries.length * CHECK_PARTS,
  );
  const pairs: CheckRecord[] = [];
  try {
    for (const entry of entries) {
      const show = (part: number) =>
        progress.update(
          pairs.length * CHECK_PARTS + part,
          `pair ${pairs.length + 1} of ${entries.length}`,
        );
      show(0);
      pairs.push(recordOfCheck(await checkPair(entry, maxLag, show)));
    }
  } finally {
    progress.stop();
  }
  return {
    dir,
    surrogate: await isSurrogate(userPath(dir)),
    pairs,
    unpaired_inputs: unpairedInputs,
    unrecognised,
  };
}

/** The rows in columns, numbers to the right. */
function textTable(columns: Column[], rows: Row[]): string {
  const cells = [
    columns.map(({ title, key }) => title ?? key),
    ...rows.map((row) =>
      columns.map(({ key, decimals }) => {
        const value = row[key];
        if (value === null) return NO_VALUE;
        return typeof value === "string" || !decimals
          ? String(value)
          : formatFixed(value, decimals);
      })
    ),
  ];
  const isNumber = columns.map(({ key }) =>
    rows.some((row) => typeof row[key] === "number")
  );
  const widths = columns.map((_, i) =>
    Math.max(...cells.map((line) => line[i].length))
  );
  return cells.map((line, l) => {
    const text = line.map((cell, i) =>
      isNumber[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])
    ).join("  ").trimEnd();
    return l === 0 ? bold(text) : text;
  }).join("\n");
}

/** The inventory as text for the terminal. */
function describe(inventory: Inventory): string {
  const { pairs, unpaired_inputs, unrecognised, surrogate, dir } = inventory;
  const lines: string[] = [];
  if (surrogate) {
    lines.push(
      `${
        bold("Surrogate data")
      }, made by Optofit, not measured on a real LA-2A.`,
      "",
    );
  }
  if (pairs.length > 0) lines.push(textTable(NARROW, pairs.map(rowOf)), "");
  const list = (title: string, items: string[]) => {
    if (items.length === 0) return;
    lines.push(bold(title), ...items.map((item) => `  ${item}`), "");
  };
  const remarks = (pair: CheckRecord, what: string[]) =>
    what.map((remark) => `${pair.split}/${basename(pair.target)}: ${remark}`);
  list("To be left out", pairs.flatMap((pair) => remarks(pair, pair.reasons)));
  list("Worth knowing", pairs.flatMap((pair) => remarks(pair, pair.notes)));
  list("Inputs without a target", unpaired_inputs);
  list("Files whose names say nothing", unrecognised);
  const out = pairs.filter((pair) => pair.leave_out).length;
  const good = pairs.length - out;
  lines.push(
    `${bold(dir)}: ${formatCount(pairs.length, "target")}, ${
      formatCount(good, "good pair")
    }, ${out} to be left out`,
  );
  return lines.join("\n");
}

/** The inventory as a page. */
async function writePage(
  path: string,
  inventory: Inventory,
  maxLag: number,
): Promise<void> {
  const { figures, prose, table } = await import("../report/cells.ts");
  const { md } = await import("../report/markdown.ts");
  const { runtimeFacts, writeReport } = await import("../report/page.ts");
  const { pairs, unpaired_inputs, unrecognised, surrogate, dir } = inventory;
  const out = pairs.filter((pair) => pair.leave_out);
  const rows = pairs.map(rowOf);
  const late = rows.filter((row) => (row.lag_samples ?? 0) !== 0);
  const others = [
    ...unpaired_inputs.map((file) => ({
      file,
      what: "input without a target",
    })),
    ...unrecognised.map((file) => ({ file, what: "name says nothing" })),
  ];
  await writeReport(path, {
    experiment: "data:check",
    title: `Check of ${dir}`,
    subtitle: "Which pairs belong together, and which to leave out.",
    source: { name: dir, surrogate },
    generatedAt: new Date(),
    provenance: {
      "Largest lag looked for at first": maxLag,
      ...runtimeFacts(),
    },
  }, [
    figures([
      { label: "Targets", value: pairs.length },
      { label: "Good pairs", value: pairs.length - out.length },
      { label: "To be left out", value: out.length },
      { label: "Not in step", value: late.length, note: "a lag other than 0" },
    ]),
    prose(
      md`The lag is where the cross-correlation of input and target is highest,
up to ${
        formatInteger(maxLag)
      } samples; positive where the target is late. The match is
their normalised correlation there, taken in short blocks so that compression
does not lower it; below ${MATCH_THRESHOLD} the target is taken to be of other
material. A fit removes a constant lag and turns over the opposite polarity; it
cannot make good what the pairs marked “leave out” have.`,
    ),
    table("Every pair", COLUMNS, rows),
    ...(others.length === 0 ? [] : [
      table("Other files", [
        { key: "file", title: "File" },
        { key: "what", title: "What" },
      ], others),
    ]),
  ]);
}

/** Makes sure, before the long work, that the page `report` has a place. */
async function requirePlace(report: string): Promise<void> {
  const folder = dirname(userPath(report));
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.remove(await Deno.makeTempFile({ dir: folder }));
  } catch (error) {
    throw new Error(
      `--report ${report}: cannot be written (${reasonOf(error)}): ${
        remedyOf(error)
      }`,
      { cause: error },
    );
  }
}

function lagOf(text: string): number {
  const lag = Number(text);
  if (Number.isInteger(lag) && lag >= 0 && lag <= 1_000_000) return lag;
  throw new InvalidArgumentError("give a whole number from 0 to 1000000.");
}

/** The command. */
export const command = new Command("deno task data:check")
  .description(
    "Looks over a data set in SignalTrain's layout: pairing, rates, lengths,\n" +
      "clipping, lag and polarity; says which pairs to leave out, and why.",
  )
  .argument("<DIR>", "folder with Train/, Val/ and Test/ in it")
  .option(
    "--max-lag <samples>",
    "largest lag looked for at first; further where the match is poor",
    lagOf,
    DEFAULT_MAX_LAG,
  )
  .option(
    "--report <FILE.html>",
    "write the check as a page, with FILE.card.json for the index of reports",
  )
  .option("--strict", "exit with 1 where a pair would be left out")
  .option(
    "--write-list <FILE.yaml>",
    "write the list of good pairs, for exp:sweep --data",
  )
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task data:check SignalTrain_LA2A_Dataset_1.1 --report check.html
  deno task data:check my-recordings --max-lag 20000 --json -
  deno task data:check my-recordings --strict --write-list good.yaml`,
  )
  .action(async (dir, { maxLag, report, json, strict, writeList }) => {
    if (writeList !== undefined && !isPairList(writeList)) {
      throw new Error(
        `--write-list ${writeList}: its name must end in .yaml or .yml`,
      );
    }
    if (report !== undefined && !report.endsWith(".html")) {
      throw new Error(`--report ${report}: its name must end in .html`);
    }
    const listing = await listEntries(userPath(dir));
    await requireDistinctFiles([
      dir,
      ...listing.entries.flatMap((entry) => [
        entry.inputPath ?? undefined,
        entry.targetPath,
      ]),
      ...listing.unpairedInputs,
      ...listing.unrecognised,
    ], {
      "--write-list": writeList,
      "--report": report,
      "--report's card": report?.replace(/\.html$/, ".card.json"),
      "--json": json,
    });
    if (report !== undefined) await requirePlace(report);
    const inventory = await takeInventory(listing, dir, maxLag);
    // The result first: the page may have no room on the disk.
    await printResult(describe(inventory), inventory, json);
    if (writeList !== undefined) {
      const path = userPath(writeList);
      await writeFileWhole(
        path,
        pairListToYaml(path, userPath(dir), inventory.pairs),
      );
      note(`List: ${writeList}`);
    }
    if (report !== undefined) {
      await writePage(userPath(report), inventory, maxLag);
      note(`Report: ${report}`);
    }
    const out = inventory.pairs.filter((pair) => pair.leave_out).length;
    if (strict && out > 0) {
      throw new Error(
        `${dir}: ${formatCount(out, "pair")} to be left out. ${
          writeList === undefined
            ? "Record them again, or give exp:sweep --data what --write-list writes"
            : `Record them again, or go on with --data ${writeList}`
        }`,
      );
    }
  });

if (import.meta.main) await runCommand(command);

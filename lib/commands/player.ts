/**
 * `deno task player`: the fitted amplifier as a page to play sounds through.
 *
 * @module
 */

import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import wavefile from "wavefile";
import { writeFileWhole } from "../atomic_file.ts";
import { makeStimulus } from "../data/stimulus.ts";
import { kernelPath } from "../kernels/kernels.ts";
import { knobOf } from "../player/knob.ts";
import { renderPlayer } from "../player/page.ts";
import { formatBytes } from "../format.ts";
import {
  bold,
  collect,
  jsonOption,
  printResult,
  REPORTS,
  requireDistinctFiles,
  runCommand,
  userPath,
} from "./command_line.ts";
import { CURVE_HELP, readCurve } from "./curve_files.ts";

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

/** The command. */
export const command = new Command("deno task player")
  .description(
    "Builds a page with the fitted amplifier in it: load a sound, turn the knob,\n" +
      "listen, and render. It is one file that works offline.",
  )
  .option("--curve <FILE>", CURVE_HELP, collect, [])
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
  deno task player --curve compress.csv --curve limit.csv --out mine.html`,
  )
  .action(async ({ curve, out, json }) => {
    if (out !== undefined && !out.endsWith(".html")) {
      throw new Error(`--out ${out}: its name must end in .html`);
    }
    const path = out === undefined
      ? join(REPORTS, "player.html")
      : userPath(out);
    await requireDistinctFiles(curve, { "--out": path, "--json": json });
    const { points, origin, surrogate } = await readCurve(curve);
    const page = await renderPlayer({
      kernel: await Deno.readFile(kernelPath("render", "plain")),
      excerpt: makeExcerpt(),
      excerptName: "built-in-excerpt.wav",
      knobs: knobOf(points),
      origin,
      surrogate,
      builtAt: new Date(),
      provenance: {
        "Excerpt":
          `the first ${EXCERPT_SECONDS} s of the built-in stimulus, seed ${EXCERPT_SEED}`,
        "Settings of the curve": points.length,
        "Deno": Deno.version.deno,
      },
    });
    await writeFileWhole(path, page);
    await printResult(
      [
        `${bold("Curve")}   ${origin}`,
        `${bold("Player")}  ${path}, ${formatBytes(page.length)}`,
      ].join("\n"),
      { player: path, origin, surrogate, settings: points.length },
      json,
    );
  });

if (import.meta.main) await runCommand(command);

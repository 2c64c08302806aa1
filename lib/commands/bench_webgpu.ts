/**
 * `deno task bench:webgpu`: how fast the GPU engine is on this machine's adapter.
 *
 * @module
 */

import { Command } from "@commander-js/extra-typings";
import { PUBLISHED_BEST, READINGS } from "../bench/published_hessians.ts";
import {
  benchWebGpu,
  RECURRENCES,
  type WebGpuBench,
} from "../bench/webgpu_bench.ts";
import { formatFixed, formatNumber } from "../base/format.ts";
import {
  bold,
  jsonOption,
  note,
  printResult,
  runCommand,
} from "../cli/command_line.ts";

/** The command. */
export const command = new Command("deno task bench:webgpu")
  .description(
    "Measures the GPU engine, with all that is kept from one evaluation to the\n" +
      "next found anew, beside the same recurrences solved one by one and the same\n" +
      "Hessian in operations of TensorFlow.js, on the same adapter.",
  )
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task bench:webgpu
  deno task bench:webgpu --json webgpu.json`,
  )
  .action(async ({ json }) => {
    note("measuring: the GPU engine and what it is compared with");
    const bench = await benchWebGpu();
    await printResult(describe(bench), bench, json);
  });

function describe(bench: WebGpuBench): string {
  const row = (name: string, ms: number, ratio?: number) =>
    `${name.padEnd(34)}${formatFixed(ms, 1).padStart(10)} ms${
      ratio === undefined ? "" : `  ${formatFixed(ratio, 1).padStart(7)} ×`
    }`;
  return [
    bold(
      `${bench.chunks} chunks of ${bench.chunkSeconds} s on ${bench.adapter}`,
    ),
    row("value", bench.valueMs),
    row("value, gradient and Hessian", bench.hessianMs),
    row(
      `${RECURRENCES} plain log-depth scans`,
      bench.plainScansMs,
      bench.plainRatio,
    ),
    row(`${RECURRENCES} scans by blocks`, bench.blockScansMs, bench.blockRatio),
    row("Hessian by TensorFlow.js", bench.frameworkMs, bench.frameworkRatio),
    "",
    `The last two Hessians differ by ${
      formatNumber(bench.frameworkDeviation, 2)
    } of the largest entry.`,
    `Global memory: ${
      formatNumber(bench.bytesPerSample, 3)
    } bytes a sample. A roofline for 16 chunks of 12 s on an RTX 3060 (360 GB/s, 12.7 TFLOP/s): ${
      formatNumber(bench.estimate.ms, 2)
    } ms, an estimate; published: ${PUBLISHED_BEST.ms} ms ${READINGS}.`,
  ].join("\n");
}

if (import.meta.main) await runCommand(command);

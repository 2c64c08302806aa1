/**
 * `deno task bench:webgpu`: how fast the GPU engine is on this machine's adapter.
 *
 * @module
 */

import { Command, Option } from "@commander-js/extra-typings";
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
  positiveInteger,
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
  .addOption(
    new Option("--chunks <n>", "chunks of the batch").default(4)
      .argParser(positiveInteger),
  )
  .addOption(
    new Option("--chunk-seconds <s>", "length of a chunk").default(1)
      .argParser(positiveInteger),
  )
  .addOption(
    new Option("--repetitions <n>", "runs of each, of which the median counts")
      .default(3).argParser(positiveInteger),
  )
  .option(
    "--peer",
    "also time the published library, torchcomp, on the same card (CUDA), with\n" +
      "the Python that OPTOFIT_PEER_PYTHON names",
  )
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task bench:webgpu
  deno task bench:webgpu --json webgpu.json
  deno task bench:webgpu --chunks 16 --chunk-seconds 12
  OPTOFIT_PEER_PYTHON=venv/bin/python deno task bench:webgpu --peer`,
  )
  .action(async ({ json, ...options }) => {
    note("measuring: the GPU engine and what it is compared with");
    const bench = await benchWebGpu(options);
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
    ...bench.peerMs === undefined
      ? []
      : [row("Hessian by torchcomp, CUDA", bench.peerMs, bench.peerRatio)],
    "",
    `The Hessian of TensorFlow.js differs by ${
      formatNumber(bench.frameworkDeviation, 2)
    } of the largest entry.`,
    ...bench.peerMs === undefined ? [] : [
      `That of torchcomp differs by ${
        formatNumber(bench.peerDeviation!, 2)
      } from the engine's (${
        Object.entries(bench.peerVersions!).map((part) => part.join(" "))
          .join(", ")
      }).`,
    ],
    `Global memory: ${
      formatNumber(bench.bytesPerSample, 3)
    } bytes a sample. A roofline for 16 chunks of 12 s on an RTX 3060 (360 GB/s, 12.7 TFLOP/s): ${
      formatNumber(bench.estimate.ms, 2)
    } ms, an estimate; published: ${PUBLISHED_BEST.ms} ms ${READINGS}.`,
  ].join("\n");
}

if (import.meta.main) await runCommand(command);

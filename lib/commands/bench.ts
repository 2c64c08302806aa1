/**
 * `deno task bench`: how fast the CPU engine is on this machine.
 *
 * @module
 */

import { Command, Option } from "@commander-js/extra-typings";
import { benchPair, type CpuBench, runCpuBench } from "../bench/cpu_bench.ts";
import { type PeerBench, runPeerBench } from "../bench/peer.ts";
import { PUBLISHED_BEST, READINGS } from "../bench/published_hessians.ts";
import {
  formatBytes,
  formatFixed,
  formatInteger,
  formatNumber,
} from "../base/format.ts";
import {
  bold,
  jsonOption,
  note,
  printResult,
  runCommand,
} from "../cli/command_line.ts";

const ORDER_NAMES = ["value", "value and gradient", "all three"];

/** The command. */
export const command = new Command("deno task bench")
  .description(
    "Measures the CPU engine on 16 chunks of 12 s at 44.1 kHz, beside the\n" +
      "double-precision engine and a straightforward kernel. Other work on the\n" +
      "machine shows in the times; the ratios are of the same run.",
  )
  .addOption(
    new Option("--seconds <s>", "time to spend on each measurement")
      .default(1)
      .argParser(positive),
  )
  .option(
    "--peer",
    "also run the published library, in the Python with torch and torchcomp " +
      "that OPTOFIT_PEER_PYTHON names (default: python3)",
  )
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task bench
  deno task bench --seconds 5 --json bench.json
  OPTOFIT_PEER_PYTHON=venv/bin/python deno task bench --peer`,
  )
  .action(async ({ seconds, peer, json }) => {
    const cpu = await runCpuBench(
      seconds,
      (what) => note(`measuring: ${what}`),
    );
    let peerBench: PeerBench | undefined;
    if (peer) {
      note("measuring: the published library, half a minute or more");
      peerBench = await runPeerBench(benchPair());
    }
    await printResult(
      [...describeCpu(cpu), ...describePeer(peerBench)].join("\n"),
      { ...cpu, peer: peerBench },
      json,
    );
  });

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--seconds ${text}: give a number above 0`);
}

/** Columns, right-aligned but for the first. */
function table(rows: string[][]): string[] {
  const widths = rows[0].map((_, i) =>
    Math.max(...rows.map((row) => row[i].length))
  );
  return rows.map((row) =>
    row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])
    ).join("  ")
  );
}

function describeCpu(bench: CpuBench): string[] {
  const { setup, orders, one_pass, deviation } = bench;
  const { memory, render, load } = bench;
  const ms = (value: number) => formatFixed(value, 1);
  return [
    bold(
      `${setup.chunks} chunks of ${setup.chunk_seconds} s at ${setup.sample_rate} Hz, ${setup.threads} threads, ${setup.simd} SIMD, Deno ${setup.deno}`,
    ),
    ...table([
      [
        "median ms",
        "1 thread",
        `${setup.threads} threads`,
        "speed-up",
        "ns/sample",
        "double precision",
        "times faster",
      ],
      ...orders.map((time) => [
        ORDER_NAMES[time.order],
        ms(time.one_thread_ms),
        ms(time.all_threads_ms),
        formatFixed(time.one_thread_ms / time.all_threads_ms, 2),
        formatFixed(time.ns_per_sample, 2),
        ms(time.reference_ms),
        formatInteger(Math.round(time.reference_ms / time.all_threads_ms)),
      ]),
    ]),
    `published                ${PUBLISHED_BEST.ms} ms and ${PUBLISHED_BEST.megabytes} MB for all three, on an RTX 3060: ms ${READINGS}`,
    "",
    `straightforward kernel   ${ms(one_pass.one_pass_ms)} ms, engine in turn ${
      ms(one_pass.engine_ms)
    } ms of processor time on one thread: ratio ${
      formatFixed(one_pass.ratio, 3)
    }`,
    `off double precision     loss ${
      formatNumber(deviation.loss, 2)
    }, gradient ${formatNumber(deviation.gradient, 2)}, Hessian ${
      formatNumber(deviation.hessian, 2)
    } (relative)`,
    `memory                   ${formatBytes(memory.data)} of data, ${
      formatBytes(memory.beyond_data_per_thread)
    } beside it for each thread`,
    `render                   ${
      formatInteger(Math.round(render.samples_per_second))
    } samples/s, ${
      formatInteger(Math.round(render.times_real_time))
    } × real time on one core`,
    `load 20 min of WAV       ${ms(load.read_ms)} ms to read, ${
      ms(load.open_ms)
    } ms to lay out`,
    "",
    "Any model, compiled from its definition, beside the tuned kernel of 4a-2a in turn:",
    ...table([
      [
        "model",
        "parameters",
        "all three, ms",
        "times tuned",
        `speed-up by ${setup.threads} threads`,
        "first, ms",
        "render, × real time",
      ],
      ...bench.models.map((time) => [
        time.model,
        String(time.parameters),
        ms(time.one_thread_ms),
        formatFixed(time.ratio, 2),
        formatFixed(time.speed_up, 2),
        ms(time.first_ms),
        formatInteger(Math.round(time.times_real_time)),
      ]),
    ]),
    "",
    ...table([
      ["chunks", ...bench.scaling.map(({ chunks }) => String(chunks))],
      [
        "all three, ms",
        ...bench.scaling.map((entry) => ms(entry.all_threads_ms)),
      ],
      [
        "ns/sample",
        ...bench.scaling.map((entry) => formatFixed(entry.ns_per_sample, 2)),
      ],
    ]),
  ];
}

function describePeer(bench: PeerBench | undefined): string[] {
  if (bench === undefined) return [];
  const versions = Object.entries(bench.versions)
    .map(([name, version]) => `${name} ${version}`).join(", ");
  return [
    "",
    `published library        ${
      bench.peer_ms.map((ms) => formatInteger(Math.round(ms))).join(", ")
    } ms (${versions}), engine ${formatFixed(bench.engine_ms, 1)} ms: ${
      formatInteger(Math.round(bench.times_faster))
    } times faster, compiled engine ${formatFixed(bench.compiled_ms, 1)} ms: ${
      formatInteger(Math.round(bench.compiled_times_faster))
    } times; Hessians differ by ${formatNumber(bench.hessian_deviation, 2)}`,
  ];
}

if (import.meta.main) await runCommand(command);

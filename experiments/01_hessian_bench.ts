/**
 * Experiment 01: what a Hessian costs, and how much the way to it matters.
 *
 * Newton–Raphson needs the Hessian of the loss: 5 × 5 numbers, from minutes of
 * sound. We time all four ways to it that automatic differentiation offers, fused and
 * unfused, beside a framework, and kernels built for nothing but this Hessian.
 *
 *     deno task exp:hessian-bench
 *
 * @module
 */

import { Option } from "@commander-js/extra-typings";
import * as z from "zod";
import {
  formatCount,
  formatDecibels,
  formatNumber,
} from "../lib/base/format.ts";
import { STRATEGIES } from "../lib/autodiff/strategies.ts";
import {
  FAMILIES,
  hessianMethods,
  YARDSTICK,
} from "../lib/bench/hessian_methods.ts";
import {
  compareWith,
  type MeasuredMethod,
  measureRounds,
  ratiosOf,
} from "../lib/bench/measure_rounds.ts";
import {
  PUBLISHED_BEST,
  PUBLISHED_HESSIANS,
  PUBLISHED_SIZE,
  READINGS,
} from "../lib/bench/published_hessians.ts";
import { processorName } from "../lib/bench/timing.ts";
import { runCommand } from "../lib/cli/command_line.ts";
import { PUBLISHED_CITATION } from "../lib/data/published.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { createTwin } from "../lib/data/twin.ts";
import { valuesSchema } from "../lib/data/values_schema.ts";
import { startOf } from "../lib/fitting/fit_config.ts";
import { TENSORFLOW_BACKENDS } from "../lib/frameworks/tensorflow/names.ts";
import { PAPER_MODEL, parseModel } from "../lib/models/presets.ts";
import { type ConfigOf, experiment } from "../lib/notebook/experiment.ts";
import { publishedCoordinates } from "../lib/objective/coordinates.ts";
import { codeOf } from "../lib/report/cells.ts";
import { dotChart, legendOf } from "../lib/report/charts.ts";
import { md } from "../lib/report/markdown.ts";
import { chunk, type ChunkedPair } from "../lib/sound/chunks.ts";
import measureText from "../lib/bench/measure_rounds.ts" with { type: "text" };

const MODEL = parseModel(PAPER_MODEL);
const METHOD_NAMES = hessianMethods().map(({ name }) => name)
  .filter((name) => name !== YARDSTICK);

const shape = {
  chunks: z.int().min(1).max(1000).default(16),
  chunk_seconds: z.number().positive().default(12),
  overlap_seconds: z.number().nonnegative().default(1),
  sample_rate: z.int().min(1000).max(384_000).default(44100),
  seed: z.union([z.int(), z.string()]).default(1),
  peak_reduction: z.int().default(70),
  at: valuesSchema(MODEL).default(startOf(MODEL)),
  rounds: z.int().min(1).max(1000).default(3),
  seconds: z.number().nonnegative().default(1),
  slow_seconds: z.number().nonnegative().default(20),
  tfjs_backend: z.enum(TENSORFLOW_BACKENDS).default("wasm"),
  methods: z.array(z.enum(METHOD_NAMES)).default(METHOD_NAMES),
};

type Config = ConfigOf<typeof shape>;

/** Largest deviation that single precision may have. */
const TOLERANCE = 1e-4;

/** A stimulus, and what a compressor with published parameters makes of it. */
function makePair(config: Config): ChunkedPair {
  const { chunks, chunk_seconds, overlap_seconds, sample_rate } = config;
  const hop = chunk_seconds - overlap_seconds;
  const { samples: dry } = makeStimulus({
    seconds: chunk_seconds + (chunks - 1) * hop + 1,
    sampleRate: sample_rate,
    seed: config.seed,
  });
  const wet = new Float32Array(dry.length);
  const { peak_reduction: peakReduction } = config;
  createTwin({ mode: "compress", peakReduction }, sample_rate)
    .process(dry, wet);
  const pair = chunk({ dry, wet, sampleRate: sample_rate }, {
    chunkSeconds: chunk_seconds,
    overlapSeconds: overlap_seconds,
  });
  return { ...pair, starts: pair.starts.slice(0, chunks) };
}

const FACTS = {
  name: "twin",
  title: "the twin, the published curve played back",
  description: "What a Hessian costs does not depend on what was recorded.",
  surrogate: true,
  identity: null,
};

const PAIRS = [
  ...STRATEGIES.map((name) => [`fused-${name}`, `separate-${name}`] as const),
  ["wasm-1-thread", "fused-forward-over-forward"],
  ["wasm-1-thread", "one-pass"],
  ["wasm-1-thread", "compiled-1-thread"],
  ["fused-reverse-over-reverse", "tensorflow"],
  ["fused-reverse-over-reverse", "torchcomp"],
  ["wasm", "torchcomp"],
] as const;

const MEGABYTES = { unit: "MB", digits: 3 };
const PERCENT = { unit: "%", digits: 2 };

/** The command. */
export const command = experiment({
  url: import.meta.url,
  task: "exp:hessian-bench",
  about: "Times the ways to a Hessian, counts their memory and checks\n" +
    "them against double precision.",
  title: "What a Hessian costs",
  subtitle: "Four strategies of automatic differentiation, a framework and " +
    "purpose-built kernels",
  config: shape,
  options: {
    tfjs_backend: new Option("--tfjs-backend <name>", "TensorFlow.js's own")
      .choices(TENSORFLOW_BACKENDS),
  },
  examples: [
    "deno task exp:hessian-bench --set chunks=4 --set rounds=5",
    "deno task exp:hessian-bench --set methods=[wasm,fused-forward-over-forward]",
    "OPTOFIT_PEER_PYTHON=venv/bin/python deno task exp:hessian-bench",
  ],
  keeps: false,
  open: () => Promise.resolve({ facts: FACTS, data: undefined }),
}, async ({ config, say, step, show, table, claim, ...book }) => {
  const { chunks, chunk_seconds, sample_rate, at, rounds, seconds } = config;
  const size = `${formatCount(chunks, "chunk")} of ${chunk_seconds} s at ${
    sample_rate / 1000
  } kHz`;
  say(
    md`Newton–Raphson needs the Hessian of the loss: 5 × 5 numbers, from ${size}.
Automatic differentiation offers four ways to it, since each of the two derivatives can
be taken forward or in reverse. They agree in what they compute and differ in what they
must remember. Published are figures of PyTorch on an RTX 3060 (${PUBLISHED_CITATION});
here are ours, on ${processorName()}.`,
  );

  step("The sound", makePair);
  say(
    md`A built-in stimulus, and what the compressor with the published parameters of
peak reduction ${config.peak_reduction} makes of it. The Hessian is taken at threshold
${
      formatDecibels(at.threshold_db)
    }, ratio ${at.ratio}, attack ${at.attack_ms} ms, release
${at.release_ms} ms, make-up ${formatDecibels(at.make_up_db)}.`,
  );
  const pair = makePair(config);

  step("Time and memory", codeOf(measureText, "measureRounds"));
  say(
    md`In each of the ${rounds} rounds every method has its turn in a process of its own:
${seconds} s of warm-up that is left out, then ${seconds} s of timed evaluations, one at
least each. A turn counts by its median, and so do the rounds. What takes longer than
${config.slow_seconds} s for a turn has no further round. What else the machine does
meets all of them alike.

*Allocated* is what a method's own allocator counts: the bytes that were live at the worst
moment of an evaluation, recording, intermediate signals and work space together. For the
transforms the count is known before anything runs, and it is exactly the size of their
WebAssembly memory. *Process* is the most that the operating system saw.

The transforms record a function as a straight line of primitives. *Unfused* is executed
operation by operation, as a framework does: every result is stored until its last use.
*Fused* is executed in as few passes over time as the data allow, and stores only what
another pass must read. The published milliseconds are ${READINGS}; the lines of the
published points go from the one reading to the other.`,
  );
  const methods = hessianMethods({ tensorflowBackend: config.tfjs_backend })
    .filter(({ name }) => name === YARDSTICK || config.methods.includes(name));
  const bar = await book.progress("Measuring", rounds * methods.length);
  const found = await measureRounds(pair, methods, {
    z: [...publishedCoordinates(sample_rate).coordinates(at)],
    rounds,
    seconds,
    slowSeconds: config.slow_seconds,
    tensorflowBackend: config.tfjs_backend,
  }, bar.update).finally(() => bar.stop());
  for (const { method, not_measured } of found) {
    if (not_measured) book.note(`not measured: ${method}: ${not_measured}`);
  }
  compareWith(YARDSTICK, found);
  const measured = found.filter(({ ms }) => ms !== undefined);
  const points = [
    ...measured.filter(({ method }) => method !== YARDSTICK).map((one) => ({
      ...one,
      strategy: onAxis(one),
      low: Math.min(...one.rounds_ms),
      high: Math.max(...one.rounds_ms),
    })),
    ...PUBLISHED_HESSIANS,
  ];
  const colour = { field: "family", title: "Family" };
  const category = { field: "strategy", title: "Strategy" };
  show([
    dotChart({
      category,
      colour,
      title: "Time of one Hessian",
      caption:
        "Median of the rounds; lines from the fastest round to the slowest. " +
        `Published, 16 chunks of 12 s: ms ${READINGS}.`,
      rows: points,
      x: { field: "ms", title: "Time (ms)", log: true },
      interval: { low: "low", high: "high" },
    }),
    dotChart({
      category,
      colour,
      title: "Memory of one Hessian",
      caption:
        "The most that was allocated at once, by each method's own count; the " +
        "recording is included. Published, 16 chunks of 12 s.",
      rows: points.filter(({ megabytes }) => megabytes !== undefined),
      x: { field: "megabytes", title: "Memory (MB)", log: true },
    }),
  ], legendOf({ rows: points, colour }));
  table("Every way to the Hessian", [
    ...found.map((it) => ({ ...it, remark: it.not_measured ?? it.device })),
    ...PUBLISHED_HESSIANS,
  ], [
    { key: "family", title: "Family" },
    { key: "strategy", title: "Strategy" },
    { key: "variant", title: "Variant" },
    { key: "ms", title: "Time", unit: "ms", digits: 3 },
    { ...MEGABYTES, key: "megabytes", title: "Allocated" },
    { ...MEGABYTES, key: "recording_megabytes", title: "of it recording" },
    { ...MEGABYTES, key: "process_megabytes", title: "Process" },
    { key: "deviation", title: "Deviation", digits: 2 },
    { key: "remark", title: "Remark" },
  ]);

  step("The check", codeOf(measureText, "compareWith"));
  say(
    md`Each is compared with the one in double precision, by the largest deviation
over the largest entry.`,
  );
  const checked = measured.flatMap(({ deviation }) => deviation ?? []);
  const worst = Math.max(0, ...checked);

  step("What one way takes of another");
  say(
    md`Time, allocated memory and that of the process, in per cent of what the other
takes. The kernel \`one-pass\` carries all second derivatives forward, written down
straightforwardly; \`wasm\` has an adjoint. TensorFlow.js has no graph to keep, so each
row of its Hessian runs the function and its gradient again. The published library takes
10 s and a process of 1.7 GB for reverse-over-reverse on a processor of two cores, as we
once measured it (torch 2.15, torchcomp 0.2.1); OPTOFIT\_PEER\_PYTHON adds it to a run.`,
  );
  const ratios = ratiosOf(found, PAIRS);
  table("Time and memory, in per cent of another way", ratios, [
    { key: "method", title: "Way" },
    { key: "of", title: "in per cent of" },
    { ...PERCENT, key: "time_percent", title: "Time" },
    { ...PERCENT, key: "memory_percent", title: "Allocated" },
    { ...PERCENT, key: "process_percent", title: "Process" },
  ]);

  const least = (family: string, key: "ms" | "megabytes") =>
    measured.filter((one) => one.family === family && one[key] !== undefined)
      .toSorted((a, b) => a[key]! - b[key]!)[0] ?? {};
  const fusedOf = ratios.slice(0, STRATEGIES.length);
  const tested = (holds: boolean) =>
    fusedOf.length === STRATEGIES.length ? holds : "untested";
  for (
    const [words, key, unit] of [
      ["takes the least memory of", "megabytes", "MB"],
      ["is the fastest of", "ms", "ms"],
    ] as const
  ) {
    const first = least(FAMILIES.separate, key);
    claim(
      `Reverse-over-reverse ${words} the four strategies`,
      tested(first.strategy === PUBLISHED_BEST.strategy),
      `executed as a framework does: ${first.strategy}, ${
        formatNumber(first[key], 3)
      } ${unit}`,
      "Yu and Fazekas, AES AIMLA 2025",
    );
  }
  claim(
    "Fused, every strategy takes less time and memory than unfused",
    tested(
      fusedOf.every(({ time_percent, memory_percent }) =>
        Math.max(time_percent, memory_percent) < 100
      ),
    ),
    `${
      fusedOf.map((one) => formatNumber(one.time_percent, 2)).join(", ")
    } % of the time`,
  );
  claim(
    `Every Hessian meets double precision to ${formatNumber(TOLERANCE, 1)}`,
    checked.length === 0 ? "untested" : worst <= TOLERANCE,
    `${formatNumber(worst, 2)} of the largest entry at most, of ${
      formatCount(checked.length, "method")
    }`,
  );
  const engine = measured.find(({ method }) => method === "wasm");
  const isPublished = Object.entries(PUBLISHED_SIZE).every(([key, value]) =>
    config[key as keyof typeof PUBLISHED_SIZE] === value
  );
  claim(
    "This processor takes no longer than the published GPU",
    isPublished && engine ? engine.ms! <= PUBLISHED_BEST.ms : "untested",
    `${
      formatNumber(engine?.ms, 3)
    } ms for ${size}; published ${PUBLISHED_BEST.remark}`,
  );
  const fastest = measured.toSorted((a, b) => a.ms! - b.ms!)[0];
  book.headline({
    label: "Fastest Hessian",
    value: fastest.ms,
    unit: "ms",
    digits: 3,
    note: `${fastest.family}: ${fastest.strategy}, ${fastest.variant}`,
  });
  book.headline({
    label: "Published, on a GPU",
    value: PUBLISHED_BEST.ms,
    unit: "ms",
    digits: 3,
    note: READINGS,
  });
  return { chunks, chunk_seconds, rows: found, ratios };
});

/** A strategy's row in the charts; one for each case of the adjoint. */
function onAxis({ strategy, variant }: MeasuredMethod): string {
  return strategy === "adjoint"
    ? `${strategy}, ${variant.split(", ").at(-1)}`
    : strategy;
}

if (import.meta.main) await runCommand(command);

/**
 * Experiment 01: what a Hessian costs, and how much the way to it matters.
 *
 * Newton–Raphson needs the Hessian of the loss: 5 × 5 numbers, from minutes of
 * sound. Automatic differentiation offers four ways to it, since each of the two
 * derivatives can be taken forward or in reverse. We time all four on our own
 * function transforms, with operations executed one by one and fused; beside them
 * a framework, and kernels built for nothing but this Hessian.
 *
 *     deno task exp:hessian-bench
 *     deno task exp:hessian-bench --set chunks=4
 *     deno task exp:hessian-bench --tfjs-backend webgpu
 *     OPTOFIT_PEER_PYTHON=venv/bin/python deno task exp:hessian-bench
 *
 * @module
 */

import { cpus } from "node:os";
import { join } from "node:path";
import { Command, Option } from "@commander-js/extra-typings";
import * as z from "zod";
import { writeFileWhole } from "../lib/base/atomic_file.ts";
import {
  FAMILIES,
  type HessianMethod,
  hessianMethods,
  YARDSTICK,
} from "../lib/bench/hessian_methods.ts";
import {
  MeasureError,
  measureHessian,
  type Measurement,
} from "../lib/bench/measure_hessian.ts";
import {
  bold,
  configOf,
  configOption,
  jsonOption,
  note,
  outOption,
  printResult,
  resultsFolder,
  runCommand,
  setOption,
  startProgress,
} from "../lib/cli/command_line.ts";
import { PUBLISHED_CITATION } from "../lib/data/published.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { createTwin } from "../lib/data/twin.ts";
import { PAPER_MODEL, parseModel } from "../lib/models/presets.ts";
import { valuesSchema } from "../lib/data/values_schema.ts";
import { TENSORFLOW_BACKENDS } from "../lib/frameworks/tensorflow/names.ts";
import { chunk, type ChunkedPair } from "../lib/sound/chunks.ts";
import { coloursOf } from "../lib/report/palette.ts";
import { publishedCoordinates } from "../lib/objective/coordinates.ts";
import {
  formatBytes,
  formatCount,
  formatDecibels,
  formatDuration,
  formatNumber,
} from "../lib/base/format.ts";
import packages from "../deno.json" with { type: "json" };
import source01 from "./01_hessian_bench.ts" with { type: "text" };

const METHOD_NAMES = hessianMethods().map(({ name }) => name)
  .filter((name) => name !== YARDSTICK);

/** Name of this experiment: of its config, and of the folder of its results. */
const EXPERIMENT = "01_hessian_bench";

/** The config of this experiment, `configs/01_hessian_bench.yaml`. */
const schema = z.strictObject({
  chunks: z.int().min(1).max(1000).default(16),
  chunk_seconds: z.number().positive().default(12),
  overlap_seconds: z.number().nonnegative().default(1),
  sample_rate: z.int().min(1000).max(384_000).default(44100),
  seed: z.union([z.int(), z.string()]).default(1),
  peak_reduction: z.int().default(70),
  at: valuesSchema(parseModel(PAPER_MODEL)).default({
    threshold_db: -36,
    ratio: 4,
    attack_ms: 1,
    release_ms: 200,
    make_up_db: 0,
  }),
  rounds: z.int().min(1).max(1000).default(3),
  seconds: z.number().nonnegative().default(1),
  slow_seconds: z.number().nonnegative().default(20),
  tfjs_backend: z.enum(TENSORFLOW_BACKENDS).default("wasm"),
  methods: z.array(z.enum(METHOD_NAMES)).default(METHOD_NAMES),
});

type Config = z.output<typeof schema>;

/** Largest deviation that single precision may have, by the largest entry. */
const TOLERANCE = 1e-4;

/** Published figures: RTX 3060 12 GB, PyTorch, 16 chunks of 12 s. */
const PUBLISHED = ([
  ["reverse-over-reverse", "torch.autograd", 1066, 26.5],
  ["reverse-over-reverse", "torch.func", 2358, 28.1],
  ["forward-over-reverse", "torch.func", 3534, 28.1],
  ["reverse-over-forward", "torch.func", 6306, 64.7],
  ["forward-over-forward", "torch.func", 5364, 38.9],
] as const).map(([strategy, variant, megabytes, ms]) => ({
  strategy,
  variant,
  megabytes,
  ms,
}));
const PUBLISHED_FAMILY = "published (RTX 3060)";

/** The published library on a processor with two cores, as we once measured it. */
const LIBRARY_ON_CPU = { ms: 10_000, bytes: 1.7e9 };

/** Name of the method that is the published library itself. */
const LIBRARY = "torchcomp";

/** What was found of one method. */
interface Row {
  method: HessianMethod;
  /** Median of each round's evaluations, in milliseconds. */
  rounds: number[];
  /** The last measurement, or the reason why there is none. */
  result: Measurement | string;
  /** Whether its turn took so long that one is enough. */
  isSlow: boolean;
  /** Largest deviation from the double-precision Hessian, by its largest entry. */
  deviation?: number;
}

/**
 * Step 1. The sound: a stimulus and what the twin, a compressor with published
 * parameters, makes of it, cut into overlapping chunks.
 */
function makePair(config: Config): ChunkedPair {
  const { chunks, chunk_seconds, overlap_seconds, sample_rate } = config;
  const hop = chunk_seconds - overlap_seconds;
  const stimulus = makeStimulus({
    seconds: chunk_seconds + (chunks - 1) * hop + 1,
    sampleRate: sample_rate,
    seed: config.seed,
  });
  const dry = stimulus.samples;
  const wet = new Float32Array(dry.length);
  const setting = {
    mode: "compress",
    peakReduction: config.peak_reduction,
  } as const;
  createTwin(setting, sample_rate).process(dry, wet);
  const pair = chunk({ dry, wet, sampleRate: sample_rate }, {
    chunkSeconds: chunk_seconds,
    overlapSeconds: overlap_seconds,
  });
  return { ...pair, starts: pair.starts.slice(0, chunks) };
}

/**
 * Step 2. The rounds: in each, every method has its turn, in a process of its own
 * that is warmed up before it is timed. So what the machine does beside this
 * meets all of them alike. One that is slow has a single round.
 */
async function measureAll(
  pair: ChunkedPair,
  methods: HessianMethod[],
  config: Config,
): Promise<Row[]> {
  const { sampleRate, starts, chunkLength, warmUp } = pair;
  const rows = methods.map((method): Row => ({
    method,
    rounds: [],
    result: "not measured",
    isSlow: false,
  }));
  const progress = await startProgress(
    "Measuring",
    config.rounds * methods.length,
  );
  const samples = await Deno.makeTempFile({ prefix: "hessian_bench_" });
  try {
    const both = new Float32Array(2 * pair.dry.length);
    both.set(pair.dry);
    both.set(pair.wet, pair.dry.length);
    await Deno.writeFile(samples, new Uint8Array(both.buffer));
    let turns = 0;
    for (let round = 0; round < config.rounds; round++) {
      for (const row of rows) {
        progress.update(turns++, row.method.name);
        const hasFailed = round > 0 && typeof row.result === "string";
        if (hasFailed || row.isSlow) continue;
        const start = performance.now();
        try {
          row.result = await measureHessian({
            method: row.method.name,
            samples,
            division: { sampleRate, starts, chunkLength, warmUp },
            z: [...publishedCoordinates(sampleRate).coordinates(config.at)],
            seconds: config.seconds,
            tensorflowBackend: config.tfjs_backend,
          });
          row.rounds.push(median(row.result.milliseconds));
        } catch (error) {
          if (!(error instanceof MeasureError)) throw error;
          row.result = error.message;
        }
        const seconds = (performance.now() - start) / 1000;
        row.isSlow = seconds > config.slow_seconds;
      }
    }
  } finally {
    progress.stop();
    await Deno.remove(samples);
  }
  return rows;
}

/**
 * Step 3. The check: a Hessian that is wrong can be had in no time, so each is
 * compared with the one in double precision.
 */
function checkAll(rows: Row[]): void {
  const yardstick = rows.find(({ method }) => method.name === YARDSTICK)!;
  if (typeof yardstick.result === "string") {
    throw new Error(
      `the double-precision Hessian could not be computed: ${yardstick.result}`,
    );
  }
  const expected = yardstick.result.hessian;
  const largest = Math.max(...expected.map(Math.abs));
  for (const row of rows) {
    if (row === yardstick || typeof row.result === "string") continue;
    const distances = row.result.hessian.map((value, i) =>
      Math.abs(value - expected[i])
    );
    row.deviation = Math.max(...distances) / largest;
  }
}

/** Step 4. What it showed, as a page. */
async function writeReportPage(
  path: string,
  rows: Row[],
  config: Config,
  seconds: number,
): Promise<void> {
  const cells = await import("../lib/report/cells.ts");
  const { md } = await import("../lib/report/markdown.ts");
  const { runtimeFacts, writeReport } = await import("../lib/report/page.ts");
  const code = (name: string) => cells.codeOf(source01, name);
  const measured = rows.filter(isMeasured);
  const fastest = measured.reduce((a, b) => timeOf(b) < timeOf(a) ? b : a);
  const fused = measured.filter((row) => row.method.family === FAMILIES.fused);
  const size = `${config.chunks} chunks of ${config.chunk_seconds} s at ${
    config.sample_rate / 1000
  } kHz`;
  const largestDeviation = Math.max(
    ...measured.map(({ deviation }) => deviation ?? 0),
  );

  const body = [
    cells.figures([
      {
        label: "Fastest Hessian",
        value: timeOf(fastest),
        unit: "ms",
        digits: 3,
        note: labelOf(fastest.method),
      },
      ...(fused.length === 0 ? [] : [
        {
          label: "Transforms, fused",
          value: rangeOf(fused.map(timeOf), (ms) => formatNumber(ms, 3)),
          unit: "ms",
          note: `${fused.length} strategies on one thread`,
        },
        {
          label: "Their memory",
          value: rangeOf(
            fused.map((row) => bytesOf(row) / 1e6),
            (megabytes) => formatNumber(megabytes, 3),
          ),
          unit: "MB",
          note: "recording included",
        },
      ]),
      {
        label: "Largest deviation",
        value: largestDeviation,
        digits: 2,
        note: "from double precision, by the largest entry",
      },
    ]),
    cells.prose(
      md`Newton–Raphson needs the Hessian of the loss: 5 × 5 numbers, from ${size}.
Automatic differentiation offers four ways to it, since each of the two
derivatives can be taken forward or in reverse. They agree in what they compute
and differ in what they must remember. Published are figures of PyTorch on a GPU
(${PUBLISHED_CITATION}); here are ours, on ${processor()}.`,
    ),

    cells.step("The sound", code("makePair")),
    cells.prose(
      `A built-in stimulus, and what the compressor with the published parameters of ` +
        `peak reduction ${config.peak_reduction} makes of it. The Hessian is taken at ` +
        `threshold ${
          formatDecibels(config.at.threshold_db)
        }, ratio ${config.at.ratio}, ` +
        `attack ${config.at.attack_ms} ms, release ${config.at.release_ms} ms, make-up ${
          formatDecibels(config.at.make_up_db)
        }.`,
    ),

    cells.step("Time and memory", code("measureAll")),
    cells.prose(whatIsMeasured(measured, config)),
    costCharts(cells, rows, config),
    cells.table(
      "Every way to the Hessian",
      [
        { key: "family", title: "Family" },
        { key: "strategy", title: "Strategy" },
        { key: "variant", title: "Variant" },
        { key: "ms", title: "Time", unit: "ms", digits: 3 },
        { key: "spread", title: "Spread", unit: "%", digits: 2 },
        { key: "rounds", title: "Rounds" },
        { key: "megabytes", title: "Allocated", unit: "MB", digits: 3 },
        {
          key: "beyond_megabytes",
          title: "Beyond the recording",
          unit: "MB",
          digits: 3,
        },
        { key: "process_megabytes", title: "Process", unit: "MB", digits: 3 },
        { key: "deviation", title: "Deviation", digits: 2 },
        { key: "remark", title: "Remark" },
      ],
      tableRows(rows, config),
    ),

    cells.step("The check", code("checkAll")),
    cells.prose(whatTheCheckShows(measured)),

    cells.step("What was learnt"),
    cells.prose(whatWasLearnt(measured, config)),
    cells.config(config),
  ];
  await writeReport(path, {
    experiment: EXPERIMENT,
    title: "What a Hessian costs",
    subtitle: `Four strategies of automatic differentiation, a framework and ` +
      `purpose-built kernels on ${size}`,
    source: {
      name: "the twin, the published curve played back (surrogate data)",
      surrogate: true,
      description:
        "The cost of a Hessian does not depend on what was recorded, only its entries do.",
    },
    generatedAt: new Date(),
    provenance: {
      ...runtimeFacts(),
      "Processor": processor(),
      "GPU": rowOf(measured, "webgpu")?.result.device ?? "none measured",
      "Published library": rowOf(measured, LIBRARY)?.result.device ??
        "not measured",
      "TensorFlow.js": `${
        lastPart(packages.scopes["./"]["@tensorflow/tfjs-core"], "@")
      }, backend ${config.tfjs_backend}`,
      "Rounds": config.rounds,
      "Seed": config.seed,
      "Time": formatDuration(seconds),
    },
  }, body);
}

/** A row with figures. */
type MeasuredRow = Row & { result: Measurement };

function isMeasured(row: Row): row is MeasuredRow {
  return typeof row.result !== "string";
}

function rowOf<R extends Row>(rows: R[], name: string): R | undefined {
  return rows.find(({ method }) => method.name === name);
}

/** Median of the rounds. */
function timeOf({ rounds }: Row): number {
  return median(rounds);
}

/** The most bytes that were live at once. */
function bytesOf({ result }: MeasuredRow): number {
  return result.memory?.peakBytes ?? NaN;
}

/** The same in MB, and how much of it is not the recording. */
function megabytesOf({ result }: MeasuredRow) {
  if (result.memory === undefined) return {};
  const { peakBytes, recordingBytes } = result.memory;
  return {
    megabytes: peakBytes / 1e6,
    beyond_megabytes: (peakBytes - recordingBytes) / 1e6,
  };
}

function labelOf({ family, strategy, variant }: HessianMethod): string {
  return `${family}: ${strategy}, ${variant}`;
}

function isPublishedSize(config: Config): boolean {
  return config.chunks === 16 && config.chunk_seconds === 12 &&
    config.sample_rate === 44100;
}

function processor(): string {
  const all = cpus();
  return `${all[0]?.model.trim() || "an unnamed processor"} (${
    formatCount(all.length, "core")
  })`;
}

function lastPart(text: string, separator: string): string {
  return text.split(separator).at(-1)!;
}

/** "12–18", or "12" where both ends read the same. */
function rangeOf(
  values: number[],
  format: (value: number) => string,
): string {
  const low = format(Math.min(...values));
  const high = format(Math.max(...values));
  return low === high ? low : `${low}–${high}`;
}

function factor(value: number): string {
  return `${formatNumber(value, 2)} ×`;
}

function percentages(fractions: number[]): string {
  return `${rangeOf(fractions, (value) => formatNumber(100 * value, 2))} %`;
}

function tableRows(rows: Row[], config: Config) {
  return [
    ...rows.map((row) => ({
      family: row.method.family,
      strategy: row.method.strategy,
      variant: row.method.variant,
      ...(isMeasured(row)
        ? {
          ms: timeOf(row),
          spread: row.rounds.length > 1
            ? 100 * (Math.max(...row.rounds) - Math.min(...row.rounds)) /
              timeOf(row)
            : undefined,
          rounds: row.rounds.length,
          ...megabytesOf(row),
          process_megabytes: row.result.processBytes / 1e6,
          deviation: row.deviation,
          remark: row.method.name === YARDSTICK
            ? "what the others are checked against"
            : row.result.device,
        }
        : { remark: `not measured: ${row.result}` }),
    })),
    ...(isPublishedSize(config)
      ? PUBLISHED.map(({ strategy, variant, ms, megabytes }) => ({
        family: PUBLISHED_FAMILY,
        strategy,
        variant,
        ms,
        megabytes,
      }))
      : []),
  ];
}

/** Time and memory by strategy, both on log scales; the yardstick is not in them. */
function costCharts(
  cells: typeof import("../lib/report/cells.ts"),
  rows: Row[],
  config: Config,
) {
  const compared = rows.filter(isMeasured)
    .filter(({ method }) => method.name !== YARDSTICK);
  const points = [
    ...compared.map((row) => ({
      family: row.method.family,
      strategy: strategyOnAxis(row.method),
      variant: row.method.variant,
      ms: timeOf(row),
      low: Math.min(...row.rounds),
      high: Math.max(...row.rounds),
      ...megabytesOf(row),
    })),
    ...(isPublishedSize(config)
      ? PUBLISHED.map((published) => ({
        family: PUBLISHED_FAMILY,
        ...published,
        low: published.ms,
        high: published.ms,
      }))
      : []),
  ];
  const published = isPublishedSize(config)
    ? " Published: Yu and Fazekas 2025, PyTorch on an RTX 3060."
    : "";
  const families = [...new Set(points.map(({ family }) => family))];
  const strategies = [...new Set(points.map(({ strategy }) => strategy))];
  const colours = coloursOf(families);
  const chart = (
    title: string,
    field: "ms" | "megabytes",
    axis: string,
    caption: string,
  ) => {
    const encoding = {
      y: {
        field: "strategy",
        type: "nominal" as const,
        title: null,
        sort: strategies,
        axis: { ticks: false },
      },
      yOffset: {
        field: "family",
        type: "nominal" as const,
        sort: families,
      },
      color: {
        field: "family",
        type: "nominal" as const,
        title: "Family",
        scale: { domain: families, range: colours },
      },
    };
    const x = {
      field,
      type: "quantitative" as const,
      title: axis,
      scale: { type: "log" as const, nice: false, padding: 12 },
      axis: { format: "~g", values: ticksFor(points, field) },
    };
    const spec = {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      description: `${title}. ${caption}`,
      width: "container" as const,
      height: 44 * strategies.length,
      data: { values: points.filter((point) => point[field]) },
      layer: [
        ...(field === "ms"
          ? [{
            mark: { type: "rule" as const, aria: false },
            encoding: {
              ...encoding,
              x: { ...x, field: "low" },
              x2: { field: "high" },
            },
          }]
          : []),
        {
          mark: { type: "point" as const, filled: true, size: 70 },
          encoding: {
            ...encoding,
            x,
            tooltip: [
              { field: "family", type: "nominal" as const, title: "Family" },
              {
                field: "strategy",
                type: "nominal" as const,
                title: "Strategy",
              },
              { field: "variant", type: "nominal" as const, title: "Variant" },
              {
                field,
                type: "quantitative" as const,
                title: axis,
                format: ",.4~r",
              },
            ],
          },
        },
      ],
    };
    return { title, spec, caption };
  };
  return cells.charts(
    [
      chart(
        "Time of one Hessian",
        "ms",
        "Time (ms)",
        "Median of the rounds; the line behind a point goes from the fastest to the slowest round." +
          published,
      ),
      chart(
        "Memory of one Hessian",
        "megabytes",
        "Memory (MB)",
        "The most that was allocated at once, by each method's own count; the recording is included." +
          published,
      ),
    ],
    [{
      field: "family",
      title: "Family",
      items: families.map((value, i) => ({ value, colour: colours[i] })),
    }],
  );
}

/** A strategy's row in the charts; one for each case of the adjoint. */
function strategyOnAxis({ strategy, variant }: HessianMethod): string {
  return strategy === "adjoint"
    ? `${strategy}, ${lastPart(variant, ", ")}`
    : strategy;
}

/** The 1 and 3 of every power of ten that a field of `points` extends over. */
function ticksFor<K extends string>(
  points: { [key in K]?: number }[],
  field: K,
): number[] {
  const values = points.map((point) => point[field]).filter((value) =>
    value !== undefined
  );
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const powers = Array.from({ length: 12 }, (_, i) => 10 ** (i - 3));
  return powers.flatMap((power) => [power, 3 * power])
    .filter((tick) => tick >= 0.9 * low && tick <= 1.1 * high);
}

/** How the figures came about. */
function whatIsMeasured(rows: MeasuredRow[], config: Config): string {
  const { rounds, seconds, slow_seconds } = config;
  const slow = rows.filter((row) => row.rounds.length < rounds);
  return `${formatCount(rounds, "round")}; in each, every method has ` +
    `its turn in a process of its own: ${seconds} s of warm-up that is left out, ` +
    `then ${seconds} s of timed evaluations, one at least each. ` +
    `A turn counts by its median, and so do the rounds; *spread* is from the fastest round ` +
    `to the slowest.${
      slow.length === 0
        ? ""
        : ` What took more than ${slow_seconds} s for a turn had no further round: ${
          slow.map(({ method }) => labelOf(method)).join("; ")
        }.`
    }

*Allocated* is what a method's own allocator counts: the bytes that were live at the ` +
    `worst moment of an evaluation, recording, intermediate signals and work space ` +
    `together. *Beyond the recording* is the same without the recording, which every ` +
    `method lays out in its own way: two to four numbers for each sample. For the ` +
    `transforms the count is known before anything runs, and it is exactly the size of ` +
    `their WebAssembly memory. *Process* is the most memory the operating system saw, ` +
    `the runtime and the recording as it was read included.

The transforms record a function as a straight line of primitives, with all five ` +
    `directions in one program, so that what they share is computed once. *Unfused* ` +
    `is executed operation by operation, as a framework does: every result is stored ` +
    `until its last use. *Fused* is executed in passes over time that apply as many operations at once ` +
    `as the data allow, and stores only what another pass must read.`;
}

/** What the comparison with double precision shows. */
function whatTheCheckShows(measured: MeasuredRow[]): string {
  const checked = measured.filter(({ deviation }) => deviation !== undefined);
  const wrong = checked.filter(({ deviation }) => !(deviation! <= TOLERANCE));
  if (checked.length === 0) return "Nothing but the yardstick was measured.";
  const worst = Math.max(...checked.map(({ deviation }) => deviation!));
  if (wrong.length === 0) {
    return `All ${checked.length} agree with double precision: the largest deviation is ${
      formatNumber(worst, 2)
    } of the largest entry, where ${formatNumber(TOLERANCE, 1)} is allowed.`;
  }
  return `${wrong.length} of ${checked.length} deviate by more than ${
    formatNumber(TOLERANCE, 1)
  } of the largest entry: ${
    wrong.map(({ method, deviation }) =>
      `${labelOf(method)} by ${formatNumber(deviation, 2)}`
    ).join("; ")
  }. Their figures are not to be trusted.`;
}

/** What the figures say, in sentences that hold for these figures. */
function whatWasLearnt(measured: MeasuredRow[], config: Config): string {
  const of = (family: string) =>
    measured.filter(({ method }) => method.family === family);
  const spread = (values: number[]) =>
    Math.max(...values) / Math.min(...values);
  const fused = of(FAMILIES.fused);
  const separate = of(FAMILIES.separate);
  const paragraphs: string[] = [];

  if (separate.length > 1) {
    const byMemory = separate.toSorted((a, b) => bytesOf(a) - bytesOf(b));
    paragraphs.push(
      `**The strategy.** Unfused, memory differs by ${
        factor(spread(separate.map(bytesOf)))
      }: from the least to the most, ${
        byMemory.map((row) =>
          `${row.method.strategy} (${formatBytes(bytesOf(row))})`
        ).join(", ")
      }. Time differs by ${factor(spread(separate.map(timeOf)))}.`,
    );
  }
  const pairs = fused.flatMap((row) => {
    const other = separate.find(({ method }) =>
      method.strategy === row.method.strategy
    );
    return other ? [[row, other] as const] : [];
  });
  if (pairs.length > 0) {
    paragraphs.push(
      `**Fusion.** The same programs, executed in as few passes over time as they need, ` +
        `take ${
          percentages(pairs.map(([a, b]) => timeOf(a) / timeOf(b)))
        } of the time and ${
          percentages(pairs.map(([a, b]) => bytesOf(a) / bytesOf(b)))
        } of the memory.${
          fused.some(({ method }) => method.strategy === "forward-over-forward")
            ? " Forward-over-forward needs one pass and then stores no signal but the recording itself; anything with a reverse in it needs two, and stores what the second reads of the first."
            : ""
        }`,
    );
  }
  const kernel = rowOf(measured, "wasm-1-thread");
  if (kernel && fused.length > 0) {
    const best = fused.reduce((a, b) => timeOf(b) < timeOf(a) ? b : a);
    const onePass = rowOf(measured, "one-pass");
    paragraphs.push(
      `**A kernel for one purpose.** On one thread it takes ${
        percentages([timeOf(kernel) / timeOf(best)])
      } of the time of the best of the fused transforms (${best.method.strategy}). It is ` +
        `written for this Hessian alone, with states in single precision where the ` +
        `transforms, for any function, keep them in double.${
          onePass === undefined
            ? ""
            : ` Beside the engine's adjoint stands the same Hessian with all second ` +
              `derivatives carried forward, written down straightforwardly: ${
                formatNumber(timeOf(onePass), 3)
              } ms, of which the adjoint takes ${
                percentages([timeOf(kernel) / timeOf(onePass)])
              }. Beyond the recording they hold ${
                rangeOf(
                  [onePass, kernel].map(({ result }) =>
                    result.memory!.peakBytes - result.memory!.recordingBytes
                  ),
                  formatBytes,
                )
              }.`
        }`,
    );
  }
  const gpu = rowOf(measured, "webgpu");
  if (gpu) {
    paragraphs.push(
      `**A GPU.** The engine that is parallel over time as well takes ${
        formatNumber(timeOf(gpu), 3)
      } ms on ${gpu.result.device}${
        /in software$/.test(gpu.result.device!)
          ? ", which is a program on this processor and shows that the engine is right, not how fast it is"
          : ""
      }.`,
    );
  }
  const [framework] = of(FAMILIES.framework);
  if (framework && fused.length > 0) {
    const same = [...separate, ...fused].filter(({ method }) =>
      method.strategy === framework.method.strategy
    );
    paragraphs.push(
      `**A framework.** TensorFlow.js (${framework.method.variant}) ` +
        `takes ${formatNumber(timeOf(framework) / 1000, 3)} s and ${
          formatBytes(bytesOf(framework))
        } for reverse-over-reverse${
          same.length === 0
            ? ""
            : `; ours ${
              same.map((row) =>
                `${formatNumber(timeOf(row) / 1000, 3)} s and ${
                  formatBytes(bytesOf(row))
                } ${row.method.family === FAMILIES.fused ? "fused" : "unfused"}`
              ).join(", ")
            }`
        }. It has no graph to keep, so each row of the Hessian runs the function and its ` +
        `gradient again.`,
    );
  }
  const ours = [...fused, ...separate];
  const library = rowOf(measured, LIBRARY);
  if (ours.length > 0 && library) {
    const { processBytes, device } = library.result;
    const times = ours.map((row) => timeOf(library) / timeOf(row));
    const processes = ours.map(({ result }) =>
      processBytes / result.processBytes
    );
    paragraphs.push(
      `**Against the published library.** Its reverse-over-reverse (${device}) takes ${
        formatNumber(timeOf(library) / 1000, 3)
      } s on this processor, on all cores, in a process of ${
        formatBytes(processBytes)
      }. That is ${
        rangeOf(times, (value) => formatNumber(value, 2))
      } times the time of our strategies, each on one core, and ${
        rangeOf(processes, (value) => formatNumber(value, 2))
      } times the memory of their processes.${publishedGpu(config)}`,
    );
  } else if (ours.length > 0 && isPublishedSize(config)) {
    const slowest = ours.reduce((a, b) => timeOf(b) > timeOf(a) ? b : a);
    const largest = ours.reduce((a, b) =>
      b.result.processBytes > a.result.processBytes ? b : a
    );
    paragraphs.push(
      `**Against the published library.** Its reverse-over-reverse takes about ${
        formatDuration(LIBRARY_ON_CPU.ms / 1000)
      } and a process of ${
        formatBytes(LIBRARY_ON_CPU.bytes)
      } on a processor with two cores ` +
        `(measured by us, on another day; OPTOFIT_PEER_PYTHON adds it to this run). The ` +
        `slowest of our strategies takes ${
          formatDuration(timeOf(slowest) / 1000)
        } on one core, the largest a process of ${
          formatBytes(largest.result.processBytes)
        }.${publishedGpu(config)}`,
    );
  }
  return paragraphs.join("\n\n") ||
    "Too little was measured for a comparison.";
}

/** The published times, where the size is theirs. */
function publishedGpu(config: Config): string {
  if (!isPublishedSize(config)) return "";
  const times = rangeOf(
    PUBLISHED.map(({ ms }) => ms),
    (ms) => formatNumber(ms, 3),
  );
  return ` The published GPU takes ${times} ms (${PUBLISHED_CITATION}).`;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/** The command. */
export const command = new Command("deno task exp:hessian-bench")
  .description(
    "Experiment 01: times the ways to a Hessian, counts their memory and checks\n" +
      "them against double precision.",
  )
  .addOption(
    new Option("--tfjs-backend <name>", "where TensorFlow.js computes")
      .choices(TENSORFLOW_BACKENDS),
  )
  .addOption(configOption(EXPERIMENT))
  .addOption(setOption())
  .addOption(outOption())
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task exp:hessian-bench
  deno task exp:hessian-bench --set chunks=4 --set rounds=5
  deno task exp:hessian-bench --set methods=[wasm,fused-forward-over-forward]
  OPTOFIT_PEER_PYTHON=venv/bin/python deno task exp:hessian-bench`,
  )
  .action(async (options) => {
    const started = performance.now();
    const config = await configOf(schema, EXPERIMENT, options, {
      tfjs_backend: options.tfjsBackend,
    });
    const methods = hessianMethods({ tensorflowBackend: config.tfjs_backend })
      .filter(({ name }) =>
        name === YARDSTICK || config.methods.includes(name)
      );
    const rows = await measureAll(makePair(config), methods, config);
    checkAll(rows);
    const seconds = (performance.now() - started) / 1000;
    const folder = join(resultsFolder(options.out), EXPERIMENT);
    const page = join(folder, "report.html");
    await writeReportPage(page, rows, config, seconds);

    const result = {
      seconds,
      report: page,
      chunks: config.chunks,
      chunk_seconds: config.chunk_seconds,
      sample_rate: config.sample_rate,
      rows: rows.map((row) => ({
        method: row.method.name,
        family: row.method.family,
        strategy: row.method.strategy,
        variant: row.method.variant,
        ...(isMeasured(row)
          ? {
            ms: timeOf(row),
            rounds_ms: row.rounds,
            bytes: row.result.memory?.peakBytes,
            recording_bytes: row.result.memory?.recordingBytes,
            process_bytes: row.result.processBytes,
            deviation: row.deviation,
            device: row.result.device,
            hessian: row.result.hessian,
          }
          : { not_measured: row.result }),
      })),
    };
    await writeFileWhole(
      join(folder, "results.json"),
      `${JSON.stringify(result, null, 2)}\n`,
    );
    for (const { method, result } of rows) {
      if (typeof result === "string") {
        note(`not measured: ${method.name}: ${result}`);
      }
    }
    await printResult(textTable(rows, page), result, options.json);
  });

/** The figures, for a terminal. */
function textTable(rows: Row[], page: string): string {
  const width = Math.max(...rows.map(({ method }) => method.name.length));
  const lines = rows.filter(isMeasured).map((row) =>
    [
      row.method.name.padEnd(width),
      `${formatNumber(timeOf(row), 3)} ms`.padStart(10),
      (row.result.memory ? formatBytes(row.result.memory.peakBytes) : "")
        .padStart(9),
      row.deviation === undefined
        ? ""
        : `deviates by ${row.deviation.toExponential(1)}`,
    ].join("  ")
  );
  return [...lines, `${bold("Report")}  ${page}`].join("\n");
}

if (import.meta.main) await runCommand(command);

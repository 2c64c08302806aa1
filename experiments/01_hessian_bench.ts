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
 *
 * @module
 */

import { cpus } from "node:os";
import { join } from "node:path";
import { Command, Option } from "@commander-js/extra-typings";
import * as z from "zod";
import { writeFileWhole } from "../lib/atomic_file.ts";
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
  collect,
  jsonOption,
  note,
  printResult,
  runCommand,
  startProgress,
  userPath,
} from "../lib/commands/command_line.ts";
import { loadConfig } from "../lib/config.ts";
import { PUBLISHED_CITATION } from "../lib/data/published.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { createTwin } from "../lib/data/twin.ts";
import { parametersSchema } from "../lib/fit_config.ts";
import { TENSORFLOW_BACKENDS } from "../lib/frameworks/tensorflow/names.ts";
import { chunk, type ChunkedPair } from "../lib/objective/chunks.ts";
import { coloursOf } from "../lib/report/palette.ts";
import { boundedSpace } from "../lib/objective/parameter_space.ts";
import {
  formatBytes,
  formatDecibels,
  formatDuration,
  formatNumber,
} from "../lib/report/format.ts";
import packages from "../deno.json" with { type: "json" };
import source01 from "./01_hessian_bench.ts" with { type: "text" };

const METHOD_NAMES = hessianMethods().map(({ name }) => name)
  .filter((name) => name !== YARDSTICK);

/** The config of this experiment, `configs/01_hessian_bench.yaml`. */
const schema = z.strictObject({
  chunks: z.int().min(1).max(1000).default(16),
  chunk_seconds: z.number().positive().default(12),
  overlap_seconds: z.number().nonnegative().default(1),
  sample_rate: z.int().min(1000).max(384_000).default(44100),
  seed: z.union([z.int(), z.string()]).default(1),
  peak_reduction: z.int().default(70),
  at: parametersSchema.default({
    threshold_db: -36,
    ratio: 4,
    attack_ms: 1,
    release_ms: 200,
    make_up_db: 0,
  }),
  rounds: z.int().min(1).max(1000).default(3),
  seconds: z.number().nonnegative().default(1),
  software_gpu: z.boolean().default(false),
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

/** The published library on a processor with two cores, as we measured it. */
const LIBRARY_ON_CPU = { ms: 10_000, bytes: 1.7e9 };

/** What was found of one method. */
interface Row {
  method: HessianMethod;
  /** Median of each round's evaluations, in milliseconds. */
  rounds: number[];
  /** The last measurement, or the reason why there is none. */
  result: Measurement | string;
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
 * meets all of them alike.
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
        if (hasFailed) continue;
        try {
          row.result = await measureHessian({
            method: row.method.name,
            samples,
            division: { sampleRate, starts, chunkLength, warmUp },
            z: [...boundedSpace(sampleRate).coordinates(config.at)],
            seconds: config.seconds,
            softwareGpu: config.software_gpu,
            tensorflowBackend: config.tfjs_backend,
          });
          row.rounds.push(median(row.result.milliseconds));
        } catch (error) {
          if (!(error instanceof MeasureError)) throw error;
          row.result = error.message;
        }
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
            fused.map(({ result }) => result.bytes! / 1e6),
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
    cells.prose(whatIsMeasured(config)),
    costCharts(cells, rows, config),
    cells.table(
      "Every way to the Hessian",
      [
        { key: "family", title: "Family" },
        { key: "strategy", title: "Strategy" },
        { key: "variant", title: "Variant" },
        { key: "ms", title: "Time", unit: "ms", digits: 3 },
        { key: "spread", title: "Spread", unit: "%", digits: 2 },
        { key: "megabytes", title: "Allocated", unit: "MB", digits: 3 },
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
    experiment: "01_hessian_bench",
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
      "GPU": measured.find(({ result }) => result.device)?.result.device ??
        "none measured",
      "TensorFlow.js": `${
        lastPart(packages.imports["@tensorflow/tfjs-core"], "@")
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

/** Median of the rounds. */
function timeOf({ rounds }: Row): number {
  return median(rounds);
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
  return `${all[0]?.model.trim() || "an unnamed processor"} (${all.length} ${
    all.length === 1 ? "core" : "cores"
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
          spread: 100 * (Math.max(...row.rounds) - Math.min(...row.rounds)) /
            timeOf(row),
          megabytes: row.result.bytes && row.result.bytes / 1e6,
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

/** Time and memory by strategy, both on log scales. */
function costCharts(
  cells: typeof import("../lib/report/cells.ts"),
  rows: Row[],
  config: Config,
) {
  const points = [
    ...rows.filter(isMeasured).map((row) => ({
      family: row.method.family,
      strategy: row.method.strategy,
      variant: row.method.variant,
      ms: timeOf(row),
      low: Math.min(...row.rounds),
      high: Math.max(...row.rounds),
      megabytes: row.result.bytes && row.result.bytes / 1e6,
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
      axis: { format: "~g" },
    };
    const spec = {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      description: `${title}. ${caption}`,
      width: "container" as const,
      height: 56 * strategies.length,
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
        "Median of the rounds; the line behind a point goes from the fastest to the slowest round.",
      ),
      chart(
        "Memory of one Hessian",
        "megabytes",
        "Memory (MB)",
        "The most that was allocated at once, by each method's own count; the recording is included.",
      ),
    ],
    [{
      field: "family",
      title: "Family",
      items: families.map((value, i) => ({ value, colour: colours[i] })),
    }],
  );
}

/** How the figures came about. */
function whatIsMeasured(config: Config): string {
  const { rounds, seconds } = config;
  return `${rounds} ${
    rounds === 1 ? "round" : "rounds"
  }; in each, every method has ` +
    `its turn in a process of its own: ${seconds} s of warm-up that is left out, ` +
    `then ${seconds} s of timed evaluations, one at least each. ` +
    `A turn counts by its median, and so do the rounds; *spread* is from the fastest round ` +
    `to the slowest.

*Allocated* is what a method's own allocator counts: the bytes that were live at the ` +
    `worst moment, recording, intermediate signals and work space together. For the ` +
    `transforms that is known before anything runs, and it is exactly the size of their ` +
    `WebAssembly memory. *Process* is the most memory the operating system saw, the ` +
    `runtime and the recording as it was read included.

The transforms record a function as a straight line of primitives, with all five ` +
    `directions in one program, so that what they share is computed once. *Operation by ` +
    `operation* executes it as a framework does: every result is stored until its last ` +
    `use. *Fused* executes it in passes over time that apply as many operations at once ` +
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
  const bytesOf = (row: MeasuredRow) => row.result.bytes!;
  const spread = (values: number[]) =>
    Math.max(...values) / Math.min(...values);
  const fused = of(FAMILIES.fused);
  const separate = of(FAMILIES.separate);
  const paragraphs: string[] = [];

  if (separate.length > 1) {
    const byMemory = separate.toSorted((a, b) => bytesOf(a) - bytesOf(b));
    paragraphs.push(
      `**The strategy.** Executed operation by operation, memory differs by ${
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
  const kernel = measured.find(({ method }) => method.name === "wasm-1-thread");
  if (kernel && fused.length > 0) {
    const best = fused.reduce((a, b) => timeOf(b) < timeOf(a) ? b : a);
    paragraphs.push(
      `**A kernel for one purpose.** On one thread it takes ${
        percentages([timeOf(kernel) / timeOf(best)])
      } of the time of the best of the fused transforms (${best.method.strategy}). It is ` +
        `written for this Hessian alone: by the adjoint, with states in single precision ` +
        `where the transforms, for any function, keep them in double.`,
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
  if (isPublishedSize(config) && fused.length > 0) {
    const ours = [...fused, ...separate];
    const slowest = ours.reduce((a, b) => timeOf(b) > timeOf(a) ? b : a);
    const largest = ours.reduce((a, b) => bytesOf(b) > bytesOf(a) ? b : a);
    paragraphs.push(
      `**Against the published library.** Its reverse-over-reverse takes about ${
        formatDuration(LIBRARY_ON_CPU.ms / 1000)
      } and ${
        formatBytes(LIBRARY_ON_CPU.bytes)
      } on a processor with two cores ` +
        `(measured by us, on another day). The slowest of our strategies takes ${
          formatDuration(timeOf(slowest) / 1000)
        } on one core, the largest ${
          formatBytes(bytesOf(largest))
        }. The published GPU takes ${
          rangeOf(PUBLISHED.map(({ ms }) => ms), (ms) => formatNumber(ms, 3))
        } ms.`,
    );
  }
  return paragraphs.join("\n\n") ||
    "Too little was measured for a comparison.";
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

export const command = new Command("deno task exp:hessian-bench")
  .description(
    "Experiment 01: times the ways to a Hessian, counts their memory and checks\n" +
      "them against double precision.",
  )
  .addOption(
    new Option("--tfjs-backend <name>", "where TensorFlow.js computes")
      .choices(TENSORFLOW_BACKENDS),
  )
  .option(
    "--config <FILE.yaml>",
    "settings (default: configs/01_hessian_bench.yaml)",
  )
  .option("--set <key=value>", "change one setting; repeatable", collect, [])
  .option("--out <DIR>", "where results go", "reports")
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task exp:hessian-bench
  deno task exp:hessian-bench --set chunks=4 --set rounds=5
  deno task exp:hessian-bench --set methods=[wasm,fused-forward-over-forward]`,
  )
  .action(async (options) => {
    const started = performance.now();
    const overrides = [...options.set];
    if (options.tfjsBackend) {
      overrides.push(`tfjs_backend=${options.tfjsBackend}`);
    }
    const config = await loadConfig(
      schema,
      options.config
        ? userPath(options.config)
        : new URL("../configs/01_hessian_bench.yaml", import.meta.url),
      overrides,
    );
    const methods = hessianMethods({ tensorflowBackend: config.tfjs_backend })
      .filter(({ name }) =>
        name === YARDSTICK || config.methods.includes(name)
      );
    const rows = await measureAll(makePair(config), methods, config);
    checkAll(rows);
    const seconds = (performance.now() - started) / 1000;
    const folder = join(userPath(options.out), "01_hessian_bench");
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
            bytes: row.result.bytes,
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
      (row.result.bytes === undefined ? "" : formatBytes(row.result.bytes))
        .padStart(9),
      row.deviation === undefined
        ? ""
        : `deviates by ${row.deviation.toExponential(1)}`,
    ].join("  ")
  );
  return [...lines, `${bold("Report")}  ${page}`].join("\n");
}

if (import.meta.main) await runCommand(command);

/**
 * Part of a batch of chunks on the GPU: as many as the adapter's buffers hold,
 * with the buffers and bindings of every kernel.
 *
 * @module
 */

import type { ChunkedPair } from "../../sound/chunks.ts";
import {
  chunkOf,
  chunkTarget,
  plusEnergy,
} from "../../objective/chunk_signals.ts";
import type { Order } from "../../objective/evaluation.ts";
import { bind, type Gpu, GpuError } from "./gpu.ts";
import {
  ENTERINGS,
  GROUP,
  type Kernels,
  LOCALS,
  QUANTITIES,
  SEGMENT,
  STRETCH,
  SUM,
  TILE,
} from "./kernels.ts";

/** Workgroups along one dimension of a dispatch, as every adapter allows. */
const MAX_WORKGROUPS = 65535;

/** Bytes of `Parameters` in parameters.wgsl. */
const PARAMETER_BYTES = 64;

/** Words of `Progress` in parameters.wgsl. */
const PROGRESS_WORDS = 6;

/** Quantities that an evaluation of each order adds up. */
const QUANTITIES_OF_ORDER = [SUM.ERROR_MODEL, SUM.MODEL_BY, QUANTITIES];

/** Buffers of a part, by the name that the kernels give them. */
type Buffers = Record<
  | "parameters"
  | "dry"
  | "wet"
  | "enter"
  | "leave"
  | "reach"
  | "progress"
  | "local"
  | "entering"
  | "sums"
  | "totals"
  | "readback",
  GPUBuffer
>;

/** Segments in a chunk of `samples` samples: whole tiles. */
function segmentsOf(samples: number): number {
  return Math.ceil(samples / (SEGMENT * TILE)) * TILE;
}

/** Chunks that are evaluated together. */
export interface Part {
  /** Number of chunks. */
  readonly chunks: number;
  /** Segments in a chunk. */
  readonly segments: number;
  /** Segments of all chunks, rounded up to whole groups. */
  readonly stride: number;
  /** Σ y² over the counted samples. */
  readonly targetEnergy: number;
  /** The buffers, for counting and for reading the states back. */
  readonly buffers: Buffers;
  /** The bindings of each kernel. */
  readonly bindings: Record<keyof Kernels, GPUBindGroup>;
}

/** How the Newton iteration of a chunk went. */
export interface ChunkProgress {
  /** Rounds taken. */
  rounds: number;
  /** Whether the rounds were not enough, and it was run sequentially. */
  repaired: boolean;
  /** Tiles in which a segment was run, over all rounds. */
  runs: number;
  /** Segments whose entering state was moved, over all rounds. */
  moves: number;
}

/** What an evaluation of a part gives. */
export interface PartResult {
  /** Progress of every chunk. */
  progress: ChunkProgress[];
  /** Sums over all chunks, by `SUM`; those of higher orders are 0. */
  sums: Float64Array;
}

/**
 * Chunks of `pair` that one part can hold when no buffer may have more than
 * `maxBytes`.
 *
 * @throws {GpuError} where not even one fits.
 */
export function chunksPerPart(pair: ChunkedPair, maxBytes: number): number {
  const segments = segmentsOf(pair.chunkLength);
  const bytesOfGroup = 4 * GROUP * Math.max(SEGMENT, QUANTITIES);
  const groups = Math.min(Math.floor(maxBytes / bytesOfGroup), MAX_WORKGROUPS);
  const chunks = Math.min(
    Math.floor(groups * GROUP / segments),
    MAX_WORKGROUPS,
  );
  if (chunks < 1) {
    throw new GpuError(
      `a chunk of ${pair.chunkLength} samples needs ${
        Math.ceil(segments / GROUP) * bytesOfGroup
      } bytes in one GPU buffer, which may have ${maxBytes}: use shorter chunks, or --engine wasm`,
    );
  }
  return chunks;
}

/** Puts the chunks of `pair` that begin at `starts` on the GPU. */
export function createPart(
  { device }: Gpu,
  kernels: Kernels,
  pair: ChunkedPair,
  starts: number[],
): Part {
  const chunks = starts.length;
  const segments = segmentsOf(pair.chunkLength);
  const stride = Math.ceil(chunks * segments / GROUP) * GROUP;
  const buffer = (
    label: string,
    words: number,
    usage: number,
    filled = false,
  ) =>
    device.createBuffer({
      label,
      size: 4 * words,
      usage,
      mappedAtCreation: filled,
    });
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const samples = stride * SEGMENT;
  const inside = STORAGE | COPY_SRC | COPY_DST;
  const progressWords = chunks * PROGRESS_WORDS;
  const totalWords = chunks * QUANTITIES;
  const buffers: Buffers = {
    parameters: buffer("parameters", PARAMETER_BYTES / 4, UNIFORM | COPY_DST),
    dry: buffer("dry", samples, inside, true),
    wet: buffer("wet", samples, inside, true),
    enter: buffer("enter", 2 * stride, inside),
    leave: buffer("leave", 4 * stride, inside),
    reach: buffer("reach", 2 * stride, inside),
    progress: buffer("progress", progressWords, inside),
    local: buffer("local", LOCALS * stride, inside),
    entering: buffer("entering", ENTERINGS * stride, inside),
    sums: buffer("sums", QUANTITIES * stride, inside),
    totals: buffer("totals", totalWords, inside),
    readback: buffer(
      "readback",
      progressWords + totalWords,
      MAP_READ | COPY_DST,
    ),
  };

  const dry = new Float32Array(buffers.dry.getMappedRange());
  const wet = new Float32Array(buffers.wet.getMappedRange());
  const target = new Float64Array(pair.chunkLength);
  let targetEnergy = 0;
  starts.forEach((start, chunk) => {
    interleave(chunkOf(pair, pair.dry, start), chunk * segments, dry);
    interleave(chunkTarget(pair, start, target), chunk * segments, wet);
    targetEnergy = plusEnergy(targetEnergy, target, pair.warmUp);
  });
  buffers.dry.unmap();
  buffers.wet.unmap();

  const bound = (kernel: keyof Kernels, ...names: (keyof Buffers)[]) =>
    bind(
      device,
      kernels[kernel],
      ["parameters" as const, ...names].map((name) => buffers[name]),
    );
  const pass = ["dry", "wet", "enter", "entering"] as const;
  return {
    chunks,
    segments,
    stride,
    targetEnergy,
    buffers,
    bindings: {
      begin: bound("begin", "enter", "reach", "progress", "entering"),
      round: bound("round", "dry", "enter", "leave", "reach", "progress"),
      settle: bound("settle", "enter", "leave", "reach", "progress"),
      repair: bound("repair", "dry", "enter", "leave", "reach", "progress"),
      filterLink: bound("filterLink", "leave", "entering"),
      value: bound("value", ...pass, "local", "sums"),
      linearise: bound("linearise", ...pass, "local", "sums"),
      linkForward: bound("linkForward", "local", "entering"),
      linkReverse: bound("linkReverse", "local", "entering", "sums"),
      curvature: bound("curvature", ...pass, "local", "sums"),
      reduce: bound("reduce", "sums", "totals"),
    },
  };
}

/** Writes `signal` to the segments from `first` on, as parameters.wgsl has it. */
function interleave(
  signal: ArrayLike<number>,
  first: number,
  tiles: Float32Array,
): void {
  for (let from = 0, k = first; from < signal.length; from += SEGMENT, k++) {
    const to = Math.min(from + SEGMENT, signal.length);
    let at = Math.floor(k / TILE) * SEGMENT * TILE + 4 * (k % TILE);
    for (let n = from; n < to; n += 4, at += 4 * TILE) {
      const end = Math.min(4, to - n);
      for (let i = 0; i < end; i++) tiles[at + i] = signal[n + i];
    }
  }
}

/**
 * Tells the kernels θ. `cold` forgets the boundary states; else they are carried
 * along by their derivatives and the `change` of (ψ, s', a, r).
 */
export function writeParameters(
  { device }: Gpu,
  part: Part,
  pair: ChunkedPair,
  theta: Float64Array,
  cold: boolean,
  change: number[],
): void {
  const [thresholdDb, slope, attack, release, makeUpDb] = theta;
  const data = new ArrayBuffer(PARAMETER_BYTES);
  new Float32Array(data).set([
    thresholdDb / (20 * Math.log10(2)),
    slope,
    attack,
    release,
    10 ** (makeUpDb / 20),
  ]);
  new Uint32Array(data, 20).set([
    part.segments,
    pair.chunkLength,
    pair.warmUp,
    part.chunks * part.segments,
    part.stride,
    cold ? 1 : 0,
  ]);
  new Float32Array(data, 48).set(change);
  device.queue.writeBuffer(part.buffers.parameters, 0, data);
}

/**
 * Evaluates `part` up to derivatives of `order`. The boundary states are found in
 * at most `rounds` Newton rounds, and sequentially where those are not enough;
 * without `rounds` they are taken as they are.
 */
export async function run(
  { device }: Gpu,
  kernels: Kernels,
  part: Part,
  rounds: number | undefined,
  order: Order,
): Promise<PartResult> {
  const { chunks, stride, buffers, bindings } = part;
  const quantities = QUANTITIES_OF_ORDER[order];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  const dispatch = (kernel: keyof Kernels, width: number, height = 1) => {
    pass.setPipeline(kernels[kernel]);
    pass.setBindGroup(0, bindings[kernel]);
    pass.dispatchWorkgroups(width, height);
  };
  const groups = stride / GROUP;
  if (rounds !== undefined) {
    dispatch("begin", groups);
    for (let i = 0; i < rounds; i++) {
      dispatch("round", groups);
      dispatch("settle", chunks);
    }
    for (let at = 0; at < part.segments; at += STRETCH) {
      dispatch("repair", chunks);
    }
  }
  dispatch("filterLink", chunks);
  dispatch(order === 0 ? "value" : "linearise", groups);
  if (order > 0) {
    dispatch("linkForward", chunks);
    dispatch("linkReverse", chunks);
  }
  if (order > 1) dispatch("curvature", groups);
  dispatch("reduce", chunks, quantities);
  pass.end();
  const { progress, totals, readback } = buffers;
  encoder.copyBufferToBuffer(progress, 0, readback, 0, progress.size);
  encoder.copyBufferToBuffer(totals, 0, readback, progress.size, totals.size);
  device.queue.submit([encoder.finish()]);

  await readback.mapAsync(GPUMapMode.READ);
  const bytes = readback.getMappedRange();
  const words = new Uint32Array(bytes, 0, chunks * PROGRESS_WORDS);
  const values = new Float32Array(bytes, progress.size);
  const sums = new Float64Array(QUANTITIES);
  const chunkProgress: ChunkProgress[] = [];
  for (let chunk = 0; chunk < chunks; chunk++) {
    const at = chunk * PROGRESS_WORDS;
    const [rounds, settled, runs, moves] = words.subarray(
      at,
      at + PROGRESS_WORDS,
    );
    chunkProgress.push({ rounds, repaired: settled === 2, runs, moves });
    for (let quantity = 0; quantity < quantities; quantity++) {
      sums[quantity] += values[chunk * QUANTITIES + quantity];
    }
  }
  readback.unmap();
  return { progress: chunkProgress, sums };
}

/** The contents of `buffer` as floats. */
export async function readFloats(
  { device }: Gpu,
  buffer: GPUBuffer,
): Promise<Float32Array> {
  const { size } = buffer;
  const { MAP_READ, COPY_DST } = GPUBufferUsage;
  const copy = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, copy, 0, size);
  device.queue.submit([encoder.finish()]);
  await copy.mapAsync(GPUMapMode.READ);
  const values = new Float32Array(copy.getMappedRange().slice(0));
  copy.destroy();
  return values;
}

/** Gives the buffers back. */
export function destroyPart(part: Part): void {
  for (const buffer of Object.values(part.buffers)) buffer.destroy();
}

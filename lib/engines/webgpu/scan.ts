/**
 * Linear recurrences on the GPU, parallel over time:
 *
 *     y[n] = β[n] y[n−1] + u[n],  y[−1] = 0
 *
 * over rows of any length, for several right-hand sides u that share one β,
 * forward or reversed in time. A recurrence is a scan over the maps (β, u)
 * (Blelloch 1990; Martin and Cundy, ICLR 2018): blocks of samples are reduced to
 * their maps, the maps of a row are scanned, and every block is replayed from
 * its entering state. Samples are read twice and written once; beyond them a map
 * is kept for each {@linkcode BLOCK} samples. y takes the place of u.
 *
 * Where derivatives are wanted: with ȳ = ∂𝓛/∂y, ∂𝓛/∂u is the reversed recurrence
 * with β one sample later, ū[n] = ȳ[n] + β[n+1] ū[n+1], and
 * ∂𝓛/∂β[n] = ū[n] y[n−1]. The engine's kernels do not go through this module, as
 * they never write a signal; they share its scan over a workgroup.
 *
 * @module
 */

import betaMapCode from "./beta_map.wgsl" with { type: "text" };
import { bind, computePipeline, type Gpu, guarded } from "./gpu.ts";
import blocksCode from "./scan_blocks.wgsl" with { type: "text" };
import rowsCode from "./scan_rows.wgsl" with { type: "text" };
import workgroupScanCode from "./workgroup_scan.wgsl" with { type: "text" };

const LANES = 64;
const RUN = 16;

/** Samples in a block. */
export const BLOCK = LANES * RUN;

/** Workgroups along one dimension of a dispatch, as every adapter allows. */
const MAX_WORKGROUPS = 65535;

/** The extents of a scan, and which way it runs. */
export interface ScanShape {
  /** Samples in a row. */
  time: number;
  /** Rows (default 1). */
  batch?: number;
  /** Right-hand sides that share β (default 1). */
  rightHandSides?: number;
  /** Whether y[n] follows from y[n+1] (default false). */
  reversed?: boolean;
}

/** The buffers that a scan works on. */
export interface ScanBuffers {
  /** β as float32. */
  beta: GPUBuffer;
  /** Step in `beta` from a row to the next (default `time`). */
  betaRow?: number;
  /** Step in `beta` from a sample to the next (default 1; 0 for a constant). */
  betaTime?: number;
  /** u as float32, [rightHandSides, batch, time]; becomes y. */
  u: GPUBuffer;
}

/** A scan that is ready to run. */
export interface Scan {
  /** Adds the scan to a compute pass. */
  encode(pass: GPUComputePassEncoder): void;
  /** Gives back the block maps; the scan cannot be used afterwards. */
  destroy(): void;
}

interface Pipelines {
  reduce: GPUComputePipeline;
  rows: GPUComputePipeline;
  replay: GPUComputePipeline;
}

const pipelinesOf = new WeakMap<Gpu, Promise<Pipelines>>();

function pipelinesOn(gpu: Gpu): Promise<Pipelines> {
  let pipelines = pipelinesOf.get(gpu);
  if (pipelines === undefined) {
    pipelines = build(gpu.device);
    pipelinesOf.set(gpu, pipelines);
  }
  return pipelines;
}

async function build(device: GPUDevice): Promise<Pipelines> {
  const head = `const LANES = ${LANES}u;\nconst RUN = ${RUN}u;\n` +
    betaMapCode + workgroupScanCode;
  const blocks = head + blocksCode;
  const [reduce, rows, replay] = await Promise.all([
    computePipeline(device, "scan, reduce", blocks, { REPLAY: 0 }),
    computePipeline(device, "scan, rows", head + rowsCode),
    computePipeline(device, "scan, replay", blocks, { REPLAY: 1 }),
  ]);
  return { reduce, rows, replay };
}

/**
 * Prepares a scan over `buffers`, to be run as often as one likes.
 *
 * @throws {RangeError} where an extent is out of range.
 */
export async function createScan(
  gpu: Gpu,
  shape: ScanShape,
  buffers: ScanBuffers,
): Promise<Scan> {
  const { time, batch = 1, rightHandSides = 1, reversed = false } = shape;
  const { beta, betaRow = time, betaTime = 1, u } = buffers;
  const blocks = Math.ceil(time / BLOCK);
  checkExtent("time", time, MAX_WORKGROUPS * BLOCK);
  checkExtent("batch", batch, MAX_WORKGROUPS);
  checkExtent("rightHandSides", rightHandSides, MAX_WORKGROUPS);
  checkSize("u", u, time * batch * rightHandSides);
  checkSize("beta", beta, (batch - 1) * betaRow + (time - 1) * betaTime + 1);

  const pipelines = await pipelinesOn(gpu);
  const { device } = gpu;
  return guarded(gpu, "a scan", () => {
    const uniform = device.createBuffer({
      label: "scan, shape",
      size: 32,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(
      uniform,
      0,
      Uint32Array.of(
        batch,
        time,
        rightHandSides,
        blocks,
        betaRow,
        betaTime,
        reversed ? 1 : 0,
        0,
      ),
    );
    const maps = device.createBuffer({
      label: "scan, maps",
      size: 8 * blocks * batch * rightHandSides,
      usage: GPUBufferUsage.STORAGE,
    });
    const { reduce, rows, replay } = pipelines;
    const samples = [uniform, beta, u, maps];
    const reduceBinding = bind(device, reduce, samples);
    const rowsBinding = bind(device, rows, [uniform, maps]);
    const replayBinding = bind(device, replay, samples);
    return {
      encode(pass) {
        pass.setPipeline(reduce);
        pass.setBindGroup(0, reduceBinding);
        pass.dispatchWorkgroups(blocks, batch);
        pass.setPipeline(rows);
        pass.setBindGroup(0, rowsBinding);
        pass.dispatchWorkgroups(batch, rightHandSides);
        pass.setPipeline(replay);
        pass.setBindGroup(0, replayBinding);
        pass.dispatchWorkgroups(blocks, batch);
      },
      destroy() {
        uniform.destroy();
        maps.destroy();
      },
    };
  });
}

/**
 * The recurrence on arrays: y for `u` of [rightHandSides, batch, time], with
 * `beta` of [batch, time] or one number.
 *
 * @throws {RangeError} where the lengths do not fit together.
 */
export async function scan(
  gpu: Gpu,
  shape: ScanShape,
  beta: Float32Array | number,
  u: Float32Array,
): Promise<Float32Array> {
  const { time, batch = 1 } = shape;
  const isConstant = typeof beta === "number";
  const { device } = gpu;
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const upload = (label: string, values: Float32Array, usage: number) => {
    const buffer = device.createBuffer({
      label,
      size: values.byteLength,
      usage,
      mappedAtCreation: true,
    });
    new Float32Array(buffer.getMappedRange()).set(values);
    buffer.unmap();
    return buffer;
  };
  if (!isConstant && beta.length !== batch * time) {
    throw new RangeError(
      `β has ${beta.length} values: the shape asks for ${
        batch * time
      }, or one number`,
    );
  }
  const [betaBuffer, uBuffer, result] = await guarded(gpu, "a scan", () => [
    upload("beta", isConstant ? Float32Array.of(beta) : beta, STORAGE),
    upload("u", u, STORAGE | COPY_SRC),
    device.createBuffer({ size: u.byteLength, usage: MAP_READ | COPY_DST }),
  ]);
  const buffers: ScanBuffers = { beta: betaBuffer, u: uBuffer };
  if (isConstant) buffers.betaRow = buffers.betaTime = 0;
  try {
    const prepared = await createScan(gpu, shape, buffers);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    prepared.encode(pass);
    pass.end();
    encoder.copyBufferToBuffer(uBuffer, 0, result, 0, u.byteLength);
    device.queue.submit([encoder.finish()]);
    await result.mapAsync(GPUMapMode.READ);
    prepared.destroy();
    return new Float32Array(result.getMappedRange().slice(0));
  } finally {
    for (const buffer of [betaBuffer, uBuffer, result]) buffer.destroy();
  }
}

function checkExtent(name: string, value: number, most: number): void {
  if (!(Number.isInteger(value) && value >= 1 && value <= most)) {
    throw new RangeError(
      `scan with ${name} ${value}: must be a whole number from 1 to ${most}`,
    );
  }
}

function checkSize(name: string, buffer: GPUBuffer, words: number): void {
  if (buffer.size < 4 * words) {
    throw new RangeError(
      `scan's ${name} has ${buffer.size} bytes: the shape asks for ${
        4 * words
      }`,
    );
  }
}

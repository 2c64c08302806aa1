/**
 * The engine's compute pipelines, and the numbers that they and the program must
 * agree on: the cut into segments and tiles, and the planes of their buffers.
 *
 * @module
 */

import { PRE_EMPHASIS_POLE } from "../../sound/pre_emphasis.ts";
import ballisticsCode from "./ballistics.wgsl" with { type: "text" };
import beginCode from "./begin.wgsl" with { type: "text" };
import boundaryCode from "./boundary.wgsl" with { type: "text" };
import curvatureCode from "./curvature.wgsl" with { type: "text" };
import decayMapCode from "./decay_map.wgsl" with { type: "text" };
import filterLinkCode from "./filter_link.wgsl" with { type: "text" };
import { computePipeline, type Gpu } from "./gpu.ts";
import lineariseCode from "./linearise.wgsl" with { type: "text" };
import linkForwardCode from "./link_forward.wgsl" with { type: "text" };
import linkReverseCode from "./link_reverse.wgsl" with { type: "text" };
import parametersCode from "./parameters.wgsl" with { type: "text" };
import reduceCode from "./reduce.wgsl" with { type: "text" };
import repairCode from "./repair.wgsl" with { type: "text" };
import roundCode from "./round.wgsl" with { type: "text" };
import settleCode from "./settle.wgsl" with { type: "text" };
import staticGainCode from "./static_gain.wgsl" with { type: "text" };
import workgroupScanCode from "./workgroup_scan.wgsl" with { type: "text" };

/** Samples in a segment. */
export const SEGMENT = 256;

/** Segments whose samples are interleaved. */
export const TILE = 8;

/** Invocations in a workgroup that takes a segment each. */
export const GROUP = 64;

/** Invocations that share a chunk's segments in a scan. */
const LANES = 256;

/** Segments that the repair takes in one dispatch. */
export const STRETCH = 2048;

/** Largest step of a boundary gain that counts as standing still. */
export const TOLERANCE = 2 ** -23;

/** Planes of `sums`: what is added up over segments. */
export const SUM = {
  LOSS: 0,
  ENERGY: 1,
  ERROR_MODEL: 2,
  ERROR_BY: 3,
  MODEL_BY: 7,
  PRODUCTS: 11,
  ERROR_ATTACK_BY: 21,
  ERROR_RELEASE_BY: 25,
} as const;

/** Number of planes of `sums`. */
export const QUANTITIES = 29;

/** Planes of `local`: what a segment does from zero. */
export const LOCAL = {
  DECAY: 0,
  FILTER_PRODUCT: 1,
  ERROR_POWER: 2,
  ERROR_PRODUCT: 3,
  GAIN_BY: 4,
  FILTER_BY: 8,
} as const;

/** Number of planes of `local`. */
export const LOCALS = 12;

/** Planes of `entering`: states that enter a segment, and adjoints behind it. */
export const ENTERING = {
  FILTER: 0,
  GAIN_ADJOINT: 1,
  FILTER_ADJOINT: 2,
  GAIN_STATE: 3,
  FILTER_STATE: 7,
} as const;

/** Number of planes of `entering`. */
export const ENTERINGS = 11;

/** The engine's pipelines, by the name of the kernel. */
export interface Kernels {
  begin: GPUComputePipeline;
  round: GPUComputePipeline;
  settle: GPUComputePipeline;
  repair: GPUComputePipeline;
  filterLink: GPUComputePipeline;
  /** `linearise.wgsl` for the value alone. */
  value: GPUComputePipeline;
  linearise: GPUComputePipeline;
  linkForward: GPUComputePipeline;
  linkReverse: GPUComputePipeline;
  curvature: GPUComputePipeline;
  reduce: GPUComputePipeline;
}

const kernelsOf = new WeakMap<Gpu, Promise<Kernels>>();

/** The kernels on `gpu`; built once. */
export function kernelsOn(gpu: Gpu): Promise<Kernels> {
  let kernels = kernelsOf.get(gpu);
  if (kernels === undefined) {
    kernels = build(gpu.device);
    kernelsOf.set(gpu, kernels);
  }
  return kernels;
}

async function build(device: GPUDevice): Promise<Kernels> {
  const head = numbers() + parametersCode;
  const segment = head + staticGainCode + ballisticsCode;
  const pass = head + staticGainCode;
  const scan = head + decayMapCode + workgroupScanCode;
  const codes: Record<keyof Kernels, string> = {
    begin: head + beginCode,
    round: segment + roundCode,
    settle: scan + boundaryCode + settleCode,
    repair: segment + boundaryCode + repairCode,
    filterLink: scan + filterLinkCode,
    value: pass + lineariseCode,
    linearise: pass + lineariseCode,
    linkForward: scan + linkForwardCode,
    linkReverse: scan + linkReverseCode,
    curvature: pass + curvatureCode,
    reduce: head + reduceCode,
  };
  const constants: Record<string, Record<string, number>> = {
    value: { ORDER: 0 },
    linearise: { ORDER: 1 },
  };
  const built = await Promise.all(
    Object.entries(codes).map(async ([name, code]) => [
      name,
      await computePipeline(device, name, code, constants[name]),
    ]),
  );
  return Object.fromEntries(built);
}

/** Declarations of the shared numbers, in WGSL. */
function numbers(): string {
  const counts = {
    SEGMENT,
    TILE,
    GROUP,
    LANES,
    STRETCH,
    QUANTITIES,
    ...SUM,
    ...LOCAL,
    ...ENTERING,
  };
  const reals = {
    POLE_DECAY: 1 - PRE_EMPHASIS_POLE,
    POLE_INVERSE: 1 / PRE_EMPHASIS_POLE,
    POLE_SEGMENT: PRE_EMPHASIS_POLE ** SEGMENT,
    TOLERANCE,
  };
  return Object.entries(counts)
    .map(([name, value]) => `const ${name} = ${value}u;\n`)
    .concat(
      Object.entries(reals)
        .map(([name, value]) => `const ${name} = ${value.toPrecision(12)}f;\n`),
    ).join("");
}

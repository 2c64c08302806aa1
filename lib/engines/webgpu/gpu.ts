/**
 * The GPU: adapter, device and its compute pipelines, behind the WebGPU standard
 * (Deno and browsers alike).
 *
 * Deno can reach an adapter through OpenGL too, and opens that whether it is wanted
 * or not; its handlers at the end of the process (libEGL's) crash now and then. So
 * the tasks in deno.json name the other ways in DENO_WEBGPU_BACKEND: Vulkan, Metal
 * and Direct3D 12. Mesa's Vulkan asks the Wayland display which GPU comes first, and
 * complains on the terminal where there is none; WAYLAND_DISPLAY=/ in the tasks names
 * none, without a word. It does not matter here: the fastest adapter is asked for.
 *
 * @module
 */

/** A device, and what is to be said about it. */
export interface Gpu {
  /** The device, with the adapter's own buffer limits. */
  readonly device: GPUDevice;
  /** Name of the adapter; a software adapter is called that. */
  readonly adapterName: string;
  /** True where the adapter is a program on the CPU, not a graphics processor. */
  readonly software: boolean;
  /**
   * Throws where the device has been lost.
   *
   * @throws {GpuError} saying why.
   */
  check(): void;
}

/** No adapter, a lost device, or memory run out; the message names the remedy. */
export class GpuError extends Error {
  override name = "GpuError";
}

let shared: Promise<Gpu> | undefined;

/**
 * The device that all engines share; asked for once, and again after a loss.
 *
 * @throws {GpuError} where there is no adapter or it gives no device.
 */
export function requestGpu(): Promise<Gpu> {
  if (shared === undefined) {
    const request = openGpu(() => {
      if (shared === request) shared = undefined;
    });
    shared = request;
    request.catch(() => {
      if (shared === request) shared = undefined;
    });
  }
  return shared;
}

async function openGpu(forget: () => void): Promise<Gpu> {
  const gpu = globalThis.navigator?.gpu;
  const adapter = await gpu?.requestAdapter({
    powerPreference: "high-performance",
  });
  if (!adapter) {
    throw new GpuError(
      "no WebGPU adapter: install a Vulkan, Metal or Direct3D 12 driver (mesa-vulkan-drivers has one in software), or use --engine wasm",
    );
  }
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({
      requiredLimits: { maxStorageBufferBindingSize, maxBufferSize },
    });
  } catch (error) {
    throw new GpuError(
      `adapter ${
        describe(adapter)
      } gives no device (${error}): use --engine wasm`,
    );
  }
  let loss: string | undefined;
  device.lost.then(({ reason, message }) => {
    loss = message || reason || "no reason given";
    forget();
  });
  return {
    device,
    adapterName: describe(adapter),
    software: isSoftware(adapter),
    check() {
      if (loss !== undefined) {
        throw new GpuError(
          `the GPU device was lost (${loss}): run again, or use --engine wasm`,
        );
      }
    },
  };
}

function isSoftware(adapter: GPUAdapter): boolean {
  const { info } = adapter;
  return info.isFallbackAdapter ||
    /llvmpipe|lavapipe|swiftshader|basic render/i.test(
      `${info.description} ${info.device} ${info.architecture}`,
    );
}

function describe(adapter: GPUAdapter): string {
  const { description, vendor, architecture } = adapter.info;
  const name = description || `${vendor} ${architecture}`.trim() || "unnamed";
  return isSoftware(adapter) ? `${name}, in software` : name;
}

/**
 * Runs `work`, which makes buffers or bindings, and turns the device's own errors
 * into one of ours. The error scopes close before anything else can open one.
 *
 * @throws {GpuError} where memory runs out or the device refuses.
 */
export async function guarded<T>(
  { device, check }: Gpu,
  what: string,
  work: () => T,
): Promise<T> {
  check();
  device.pushErrorScope("validation");
  device.pushErrorScope("out-of-memory");
  let result: T | undefined;
  let thrown: unknown;
  try {
    result = work();
  } catch (error) {
    thrown = error;
  }
  const [memory, validation] = await Promise.all([
    device.popErrorScope(),
    device.popErrorScope(),
  ]);
  check();
  if (memory) {
    throw new GpuError(
      `out of GPU memory for ${what} (${memory.message}): use shorter or fewer chunks, or --engine wasm`,
    );
  }
  if (validation ?? thrown) {
    throw new GpuError(
      `the GPU refuses ${what}: ${validation?.message ?? thrown}`,
    );
  }
  return result as T;
}

/** A compute pipeline of `code`, whose entry point is `main`. */
export function computePipeline(
  device: GPUDevice,
  label: string,
  code: string,
  constants: Record<string, number> = {},
): Promise<GPUComputePipeline> {
  return device.createComputePipelineAsync({
    label,
    layout: "auto",
    compute: {
      module: device.createShaderModule({ label, code }),
      entryPoint: "main",
      constants,
    },
  });
}

/** Binds `buffers` to a pipeline's bindings 0, 1, … */
export function bind(
  device: GPUDevice,
  pipeline: GPUComputePipeline,
  buffers: GPUBuffer[],
): GPUBindGroup {
  return device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({
      binding,
      resource: { buffer },
    })),
  });
}

/**
 * The compiled kernels: where they are kept and how they are loaded.
 *
 * The sources in `assembly/` are AssemblyScript. Every kernel is compiled twice,
 * for relaxed SIMD (WebAssembly 3: fused multiply-add) and for plain SIMD, and
 * kept in `.kernels/` under a name that carries a hash of its sources, of the
 * compiler's version and of its flags. A kernel that is older than its source is
 * therefore never loaded: it is missing, and the error says how to build it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };

/** Pages of 64 KiB that 32-bit addresses reach: the size of shared memory. */
export const MEMORY_PAGES = 65536;

/** Pages of the kernels `delay` and `render`. */
export const SMALL_PAGES = 2;

/** How a kernel is compiled. */
interface KernelOptions {
  /** Memory it imports: small, its own; or shared by threads; `fixed`: of 4 GiB. */
  memory: "small" | "shared" | "fixed";
  /** Optimisation by the AssemblyScript compiler, before the runtime's. */
  optimisation: "-O1" | "-O3";
}

/**
 * The kernels: files in `assembly/` that export functions.
 *
 * Where memory can grow, the runtime reads its size anew after every store, to
 * check the bounds of the next access: a fixed size saves that, and in `render`, of
 * one size for that reason, most of the checks. It is still taken
 * from the system page by page, as it is written. -O3 moves statements together
 * that the loops of `compressor` keep apart, so as to have no more values at a
 * time than the processor has registers.
 */
export const KERNELS = {
  compressor: { memory: "fixed", optimisation: "-O1" },
  delay: { memory: "small", optimisation: "-O3" },
  gru: { memory: "shared", optimisation: "-O3" },
  one_pass: { memory: "shared", optimisation: "-O3" },
  render: { memory: "small", optimisation: "-O3" },
} satisfies Record<string, KernelOptions>;

const MEMORY_FLAGS = {
  small: flagsOf(SMALL_PAGES, SMALL_PAGES),
  shared: ["--sharedMemory", ...flagsOf(1, MEMORY_PAGES)],
  fixed: ["--sharedMemory", ...flagsOf(MEMORY_PAGES, MEMORY_PAGES)],
};

function flagsOf(initial: number, maximum: number): string[] {
  return ["--initialMemory", `${initial}`, "--maximumMemory", `${maximum}`];
}

/** Name of a kernel. */
export type KernelName = keyof typeof KERNELS;

/** Instruction set a kernel is compiled for. */
export type Variant = "relaxed" | "plain";

/** The variants, best first. */
export const VARIANTS: readonly Variant[] = ["relaxed", "plain"];

/** Folder of the AssemblyScript sources. */
export const SOURCE_FOLDER = fileURLToPath(
  new URL("./assembly/", import.meta.url),
);

/** Folder of the compiled kernels, beside `deno.json`. */
export const KERNEL_FOLDER = fileURLToPath(
  new URL("../../.kernels/", import.meta.url),
);

/** Flags of the AssemblyScript compiler for kernel `name` in `variant`. */
export function compilerFlags(name: KernelName, variant: Variant): string[] {
  const { memory, optimisation } = KERNELS[name];
  return [
    optimisation,
    "--noAssert",
    "--runtime",
    "stub",
    "--importMemory",
    ...MEMORY_FLAGS[memory],
    "--enable",
    variant === "relaxed" ? "simd,threads,relaxed-simd" : "simd,threads",
  ];
}

/** Path of the compiled kernel that belongs to the present sources. */
export function kernelPath(name: KernelName, variant: Variant): string {
  const hash = createHash("sha256");
  hash.update(config.imports["assemblyscript/asc"]);
  hash.update(compilerFlags(name, variant).join(" "));
  for (const source of sourcesOf(name)) {
    hash.update(`\0${source}\0`);
    hash.update(readSource(source));
  }
  const digest = hash.digest("hex").slice(0, 16);
  return `${KERNEL_FOLDER}${name}.${variant}.${digest}.wasm`;
}

/**
 * Loads the kernel `name`, compiled for what this runtime offers unless `variant`
 * is given. The module imports `env.memory`.
 */
export function loadKernel(
  name: KernelName,
  variant: Variant = bestVariant(),
): WebAssembly.Module {
  const path = kernelPath(name, variant);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Deno.readFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      `the kernel ${path} is not there: run \`deno task kernels\``,
      { cause: error },
    );
  }
  return new WebAssembly.Module(bytes);
}

/** The variant that this runtime can run at its best. */
export function bestVariant(): Variant {
  return WebAssembly.validate(RELAXED_PROBE) ? "relaxed" : "plain";
}

/** A module whose one function is f32x4.relaxed_madd. */
const RELAXED_PROBE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x06, 0x01, 0x60, 0x01, 0x7b, 0x01, 0x7b], // v128 → v128
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x0d, 0x01, 0x0b, 0x00],
  ...[0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0xfd, 0x85, 0x02, 0x0b],
);

/** The file of `name` and, after it, what it imports. */
function sourcesOf(name: string): string[] {
  const sources = [name];
  for (const source of sources) {
    for (const [, imported] of readSource(source).matchAll(IMPORT)) {
      if (!sources.includes(imported)) sources.push(imported);
    }
  }
  return sources;
}

const IMPORT = /\bfrom "\.\/([a-z0-9_]+)"/g;

function readSource(source: string): string {
  return Deno.readTextFileSync(`${SOURCE_FOLDER}${source}.ts`);
}

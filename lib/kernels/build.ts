/**
 * `deno task kernels`: compiles the AssemblyScript kernels that are missing in
 * `.kernels/`, and removes those whose sources have changed.
 *
 * @module
 */

import { writeFileWhole } from "../atomic_file.ts";
import {
  compilerFlags,
  KERNEL_FOLDER,
  type KernelName,
  kernelPath,
  KERNELS,
  SOURCE_FOLDER,
  type Variant,
  VARIANTS,
} from "./kernels.ts";

const ALL = Object.keys(KERNELS) as KernelName[];

/** Builds what is missing of `names`, and returns the paths of what was built. */
export async function buildKernels(
  names: readonly KernelName[] = ALL,
): Promise<string[]> {
  const built: string[] = [];
  for (const name of names) {
    for (const variant of VARIANTS) {
      const path = kernelPath(name, variant);
      if (isFile(path)) continue;
      await writeFileWhole(path, await compile(name, variant));
      await removeOutdated(name, variant, path);
      built.push(path);
    }
  }
  return built;
}

const OUTPUT = "kernel.wasm";

async function compile(
  name: KernelName,
  variant: Variant,
): Promise<Uint8Array> {
  // Loaded only where something is to be compiled: it is large.
  const { default: asc } = await import("assemblyscript/asc");
  let bytes: string | Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [`${name}.ts`, "--outFile", OUTPUT, ...compilerFlags(name, variant)],
    {
      readFile: readSource,
      writeFile: (file, content) => {
        if (file === OUTPUT) bytes = content;
      },
      listFiles: () => [],
    },
  );
  if (error || !(bytes instanceof Uint8Array)) {
    throw new Error(
      `${SOURCE_FOLDER}${name}.ts does not compile (${variant} SIMD):\n${stderr}`,
      { cause: error },
    );
  }
  return bytes;
}

function readSource(file: string): string | null {
  try {
    return Deno.readTextFileSync(SOURCE_FOLDER + file);
  } catch {
    return null; // The compiler then looks elsewhere, or reports it.
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Another build may be at work: a file that is already gone is no error. */
async function removeOutdated(
  name: KernelName,
  variant: Variant,
  current: string,
): Promise<void> {
  for (const file of Deno.readDirSync(KERNEL_FOLDER)) {
    const path = KERNEL_FOLDER + file.name;
    if (file.name.startsWith(`${name}.${variant}.`) && path !== current) {
      await Deno.remove(path).catch(() => {});
    }
  }
}

if (import.meta.main) {
  const start = performance.now();
  const built = await buildKernels().catch((error: Error) => {
    console.error(`error: ${error.message}`);
    Deno.exit(1);
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (built.length > 0) {
    console.error(`kernels: ${built.length} compiled in ${seconds} s`);
  }
}

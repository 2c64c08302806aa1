/**
 * `deno task kernels`: compiles the AssemblyScript kernels that are missing in
 * `.kernels/`, and removes those whose sources have changed.
 *
 * @module
 */

import { writeFileWhole } from "../base/atomic_file.ts";
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

/**
 * Builds what is missing of `names`, and returns the paths of what was built.
 *
 * @param onStart Told how many are to be built, where there are any.
 */
export async function buildKernels(
  names: readonly KernelName[] = ALL,
  onStart: (count: number) => void = () => {},
): Promise<string[]> {
  const missing = names.flatMap((name) =>
    VARIANTS.map((variant) => ({
      name,
      variant,
      path: kernelPath(name, variant),
    }))
  ).filter(({ path }) => !isFile(path));
  if (missing.length > 0) onStart(missing.length);
  for (const { name, variant, path } of missing) {
    await writeFileWhole(path, await compile(name, variant));
    await removeOutdated(name, variant, path);
  }
  return missing.map(({ path }) => path);
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

const HELP = `Usage: deno task kernels

Compiles the WebAssembly kernels of the CPU engine, of render and of the small
recurrent network into .kernels/: those that are missing, or whose sources have
changed. The tasks that need them do this first.

Options:
  -h, --help  display help for command`;

// Nearly every task begins with this, so that it does without what the commands
// share. What it says goes to the terminal, never into a task's result.
if (import.meta.main) {
  const [word] = Deno.args.filter((arg) => arg !== "--");
  if (word === "--help" || word === "-h") {
    console.log(HELP);
    Deno.exit();
  }
  if (word !== undefined) {
    console.error(`error: ${word}: deno task kernels takes no arguments`);
    Deno.exit(1);
  }
  const start = performance.now();
  const built = await buildKernels(ALL, (count) => {
    if (!Deno.stderr.isTerminal()) return;
    const what = count === 1 ? "kernel" : "kernels";
    console.error(`compiling ${count} WebAssembly ${what} …`);
  }).catch((error: Error) => {
    console.error(`error: ${error.message}`);
    Deno.exit(1);
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (built.length > 0) {
    console.error(`kernels: ${built.length} compiled in ${seconds} s`);
  }
}

/**
 * What runs a model in the page and in its AudioWorklet: a WebAssembly module, and
 * the script that drives it. The script defines `createRenderer(module,
 * parameters, sampleRate)`, one channel at rest, with `set(parameters)`,
 * `process(from, to, heard)` and `gain()`: renderer.js for the tuned kernel,
 * compiled_renderer.js for a compiled model.
 *
 * @module
 */

import { type ExportedModel, exportModel } from "../engines/compiled/stream.ts";
import { kernelPath } from "../kernels/kernels.ts";
import type { Model } from "../models/model.ts";
import { PAPER_MODEL } from "../models/presets.ts";
import compiled from "./compiled_renderer.js" with { type: "text" };
import tuned from "./renderer.js" with { type: "text" };

/** What runs a model in the page. */
export interface PageRenderer {
  /** The module. */
  wasm: Uint8Array<ArrayBuffer>;
  /** The script. */
  code: string;
}

/** Chooses what runs `model`: here, and nowhere else. */
export async function rendererOf(model: Model): Promise<PageRenderer> {
  if (model.name === PAPER_MODEL) {
    return {
      wasm: await Deno.readFile(kernelPath("render", "plain")),
      code: tuned,
    };
  }
  const { wasm, ...exported } = exportModel(model);
  return { wasm, code: `${scriptOf(exported)}\n${compiled}` };
}

/** `exported` as a script that sets `compiledModel` to it. */
function scriptOf({ operations, ...plain }: Omit<ExportedModel, "wasm">) {
  const functions = Object.entries(operations)
    .map(([name, text]) => `${name}: ${text}`);
  return `const compiledModel = {
...${JSON.stringify(plain)},
operations: { ${functions.join(", ")} },
};`;
}

/**
 * What runs a model in the page and in its AudioWorklet: a WebAssembly module, and
 * the script that drives it. The script defines `createRenderer(module,
 * parameters, sampleRate)`, one channel at rest, with `set(parameters)`,
 * `process(from, to)` and `gain()`, as renderer.js does for the tuned kernel.
 *
 * @module
 */

import { kernelPath } from "../kernels/kernels.ts";
import type { Model } from "../models/model.ts";
import { PAPER_MODEL } from "../models/presets.ts";
import tuned from "./renderer.js" with { type: "text" };

/** What runs a model in the page. */
export interface PageRenderer {
  /** The module. */
  wasm: Uint8Array;
  /** The script. */
  code: string;
}

/**
 * Chooses what runs `model`: here, and nowhere else.
 *
 * @throws {Error} where nothing does yet, naming what does it instead.
 */
export async function rendererOf(model: Model): Promise<PageRenderer> {
  if (model.name === PAPER_MODEL) {
    return {
      wasm: await Deno.readFile(kernelPath("render", "plain")),
      code: tuned,
    };
  }
  throw new Error(
    `the player runs ${PAPER_MODEL} alone so far, not ${model.name}: use deno task render`,
  );
}

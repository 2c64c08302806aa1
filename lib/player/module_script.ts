/**
 * Modules of the project as scripts for the player's page, which so reads files
 * and links channels by the very text that the command line runs.
 *
 * @module
 */

import { stripTypeScriptTypes } from "node:module";
import fft from "fft.js" with { type: "text" };
import statistics from "../base/statistics.ts" with { type: "text" };
import linked from "../compressor/linked.ts" with { type: "text" };
import { kernelPath, SMALL_PAGES } from "../kernels/kernels.ts";
import esr from "../metrics/esr.ts" with { type: "text" };
import alignment from "../sound/alignment.ts" with { type: "text" };
import constantOffset from "../sound/constant_offset.ts" with { type: "text" };
import fractionalDelay from "../sound/fractional_delay.ts" with {
  type: "text",
};
import preEmphasis from "../sound/pre_emphasis.ts" with { type: "text" };
import soundFile from "../sound/sound_file.ts" with { type: "text" };
import wavLayout from "../sound/wav_layout.ts" with { type: "text" };
import wavReader from "../sound/wav_reader.ts" with { type: "text" };

/**
 * `modules`, in the order in which they need one another, as a script that sets
 * the constant `name` to an object of what is `offered`. A module may import from
 * those before it, and types.
 */
function moduleScript(
  name: string,
  modules: readonly string[],
  offered: readonly string[],
): string {
  const plain = modules.map((module) =>
    stripTypeScriptTypes(module)
      .replace(/^import [^;]*;\n/gm, "")
      .replace(/^export (?=(async )?(function|class|const)\b)/gm, "")
  );
  return `const ${name} = (() => {
"use strict";
${plain.join("\n")}
return { ${offered.join(", ")} };
})();
`;
}

/** The WAV reader of `lib/sound`, as `waveReader`. */
export function waveReaderScript(): string {
  return moduleScript("waveReader", [soundFile, wavLayout, wavReader], [
    "readSource",
    "isWave",
    "conversionOf",
    "convertedName",
    "quoted",
  ]);
}

/** What puts a target in step and compares it, as `targets`. */
export function targetsScript(): string {
  const package_ = `const FFT = (() => {
const module = {};
${fft}
return module.exports;
})();`;
  const bytes = Deno.readFileSync(kernelPath("delay", "plain"));
  const kernel = `const SMALL_PAGES = ${SMALL_PAGES};
const loadKernel = () => new WebAssembly.Module(
  Uint8Array.from(atob("${bytes.toBase64()}"), (c) => c.charCodeAt(0)),
);`;
  return moduleScript("targets", [
    package_,
    kernel,
    statistics,
    preEmphasis,
    esr,
    alignment,
    constantOffset,
    fractionalDelay,
  ], [
    "EsrMeter",
    "esr",
    "preEmphasise",
    "searchAlignment",
    "MATCH_THRESHOLD",
    "SilentSideError",
    "constantOffset",
    "withoutOffset",
    "delayed",
  ]);
}

/** Several channels through compressors, as `channelUnits`. */
export function channelUnitsScript(): string {
  return moduleScript("channelUnits", [linked], ["linked", "unlinked"]);
}

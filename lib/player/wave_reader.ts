/**
 * The WAV reader of `lib/sound`, the very same, as a script for the player's page.
 *
 * @module
 */

import { stripTypeScriptTypes } from "node:module";
import soundFile from "../sound/sound_file.ts" with { type: "text" };
import wavLayout from "../sound/wav_layout.ts" with { type: "text" };
import wavReader from "../sound/wav_reader.ts" with { type: "text" };

/** Modules in the order in which they need one another. */
const MODULES = [soundFile, wavLayout, wavReader];

/** What the script's `waveReader` offers. */
const OFFERED = ["readSource", "conversionOf", "convertedName", "quoted"];

/** `module` without its types, its imports and the word `export`. */
function plainScript(module: string): string {
  return stripTypeScriptTypes(module)
    .replace(/^import [^;]*;\n/gm, "")
    .replace(/^export (?=(async )?(function|class|const)\b)/gm, "");
}

/** The script: it sets the constant `waveReader`. */
export function waveReaderScript(): string {
  return `const waveReader = (() => {
"use strict";
${MODULES.map(plainScript).join("\n")}
return { ${OFFERED.join(", ")} };
})();
`;
}

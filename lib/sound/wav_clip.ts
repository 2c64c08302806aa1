/**
 * A short mono sound as the bytes of a WAVE file, 16-bit PCM, for players in a
 * page.
 *
 * @module
 */

import wavefile from "wavefile";
import type { Signal } from "./signal.ts";

/** `samples` as a WAVE file; what lies beyond full scale is clipped. */
export function wavClip(samples: Signal, sampleRate: number): Uint8Array {
  const levels = Int16Array.from(
    samples,
    (sample) => Math.max(-32768, Math.min(32767, Math.round(32768 * sample))),
  );
  const file = new wavefile.WaveFile();
  file.fromScratch(1, sampleRate, "16", levels);
  return file.toBuffer();
}

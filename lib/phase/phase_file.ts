/**
 * `phase.yaml`: a cascade in the units people use, whatever the sample rate.
 *
 *     polarity: 1
 *     delay_us: 4.9
 *     sections:
 *       - corner_hz: 120
 *         q: 0.7            # a section of first order has none
 *
 * @module
 */

import { stringify } from "yaml";
import * as z from "zod";
import { parseConfig, readTextFile } from "../base/config.ts";
import { userPath } from "../base/user_path.ts";
import type { Cascade } from "./phase_loss.ts";

/** A corner above what any recording holds, and a delay longer than any, are slips. */
const schema = z.strictObject({
  polarity: z.union([z.literal(1), z.literal(-1)]).default(1),
  delay_us: z.number().min(-1e7).max(1e7).default(0),
  sections: z.array(z.strictObject({
    corner_hz: z.number().positive().max(1e6),
    q: z.number().positive().max(1e6).optional(),
  })).max(100).default([]),
});

/** What a `phase.yaml` holds. */
export type PhaseFile = z.output<typeof schema>;

/** `cascade`, found at `sampleRate`, for any rate. */
export function phaseFileOf(
  { polarity, delay, sections }: Cascade,
  sampleRate: number,
): PhaseFile {
  return {
    polarity,
    delay_us: 1e6 * delay / sampleRate,
    sections: sections.map(({ cornerHz, q }) => ({
      corner_hz: cornerHz,
      ...(q !== undefined && { q }),
    })),
  };
}

/** `file` as text. */
export function phaseYaml(file: PhaseFile): string {
  return `# All-pass: deno task render IN.wav OUT.wav --phase with this file\n${
    stringify(file)
  }`;
}

/** The cascade of `file` at `sampleRate`. */
export function cascadeOf(
  { polarity, delay_us, sections }: PhaseFile,
  sampleRate: number,
): Cascade {
  return {
    polarity,
    delay: 1e-6 * delay_us * sampleRate,
    sections: sections.map(({ corner_hz, q }) => ({
      cornerHz: corner_hz,
      ...(q !== undefined && { q }),
    })),
  };
}

/**
 * Reads the file that a person calls `name`.
 *
 * @throws {ConfigError} naming the key that is missing or wrong.
 */
export async function readPhaseFile(name: string): Promise<PhaseFile> {
  return parseConfig(schema, await readTextFile(userPath(name), name), name);
}

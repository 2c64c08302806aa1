/**
 * Recordings on disk, for commands that read them.
 *
 * @module
 */

import { join } from "node:path";
import type { Signal } from "../lib/sound/signal.ts";
import { createWav, writeWav } from "../lib/sound/wav.ts";

/** Writes dry.wav and wet.wav into `folder`, and gives their paths. */
export async function writeRecordings(
  folder: string,
  dry: Signal,
  wet: Signal,
  sampleRate: number,
): Promise<[string, string]> {
  const paths: [string, string] = [
    join(folder, "dry.wav"),
    join(folder, "wet.wav"),
  ];
  await writeWav(paths[0], dry, { sampleRate });
  await writeWav(paths[1], wet, { sampleRate });
  return paths;
}

/** Writes a sound of several channels. */
export async function writeChannels(
  path: string,
  channels: readonly Signal[],
  sampleRate: number,
): Promise<void> {
  await using file = await createWav(path, {
    sampleRate,
    channels: channels.length,
  });
  await file.write(...channels);
  await file.close();
}

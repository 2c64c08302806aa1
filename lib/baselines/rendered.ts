/**
 * Renderings by any other emulation of the unit, a plug-in's output say: a folder
 * of sound files in the data set's names, and how each is brought into step with
 * the recording before it is scored.
 *
 * A rendering is trimmed or cut to the recording's length, and the lag that it
 * has to it is removed; both are reported. Its level is left alone, since it is
 * part of what is scored; the gain that would bring it nearest is reported.
 *
 * @module
 */

import { join } from "node:path";
import { Option } from "@commander-js/extra-typings";
import { ConfigError } from "../base/config.ts";
import { userPath } from "../base/user_path.ts";
import { collect } from "../cli/command_line.ts";
import { MODES, nameOfSetting, type Setting } from "../data/setting.ts";
import { parseTargetName, SPLITS } from "../data/signaltrain.ts";
import { bestGain } from "../metrics/gain.ts";
import { findAlignment } from "../sound/alignment.ts";
import type { Signal } from "../sound/signal.ts";
import { readWav } from "../sound/wav.ts";

/** One file of a folder of renderings. */
export interface Rendering extends Setting {
  /** Where it is. */
  path: string;
}

/** A folder of renderings, and what to call them. */
export interface RenderedFolder {
  /** Name of the emulation. */
  name: string;
  /** The folder, as given. */
  folder: string;
  /** Its files. */
  renderings: Rendering[];
}

/** A rendering in step with its recording. */
export interface AlignedRendering {
  /** As long as the recording; zero where the rendering does not reach. */
  samples: Float32Array;
  /** First and last (exclusive) sample that the rendering reaches. */
  from: number;
  /** See `from`. */
  to: number;
  /** Samples by which it was late, now removed. */
  lag: number;
  /** Gain in dB that would bring it nearest to the recording; not applied. */
  gainDb: number;
  /** Samples by which its length differed from the recording's. */
  extraSamples: number;
}

/**
 * The renderings in `folder` and in its Train/, Val/ and Test/, if it has them.
 *
 * @throws {Error} where there are none, or two of the same setting.
 */
export async function listRenderings(
  name: string,
  folder: string,
): Promise<RenderedFolder> {
  const renderings: Rendering[] = [];
  for (const place of [folder, ...SPLITS.map((split) => join(folder, split))]) {
    for (const file of await namesOf(place, place === folder)) {
      const target = parseTargetName(file);
      if (target === null) continue;
      const setting: Setting = {
        mode: MODES[target.mode],
        peakReduction: target.peakReduction,
      };
      const other = renderings.find((one) =>
        one.mode === setting.mode &&
        one.peakReduction === setting.peakReduction
      );
      if (other !== undefined) {
        throw new Error(
          `${folder}: two renderings of ${
            nameOfSetting(setting)
          }, ${other.path} and ${join(place, file)}. Leave one of them`,
        );
      }
      renderings.push({ ...setting, path: join(place, file) });
    }
  }
  if (renderings.length === 0) {
    throw new Error(
      `${folder}: no rendering in it. Name the files as the data set names its targets, such as target_1_LA2A_3c__0__65.wav for compress 65`,
    );
  }
  return { name, folder, renderings };
}

/** The option that names folders of renderings. */
export const renderedOption = () =>
  new Option(
    "--rendered <NAME=DIR>",
    "renderings of another emulation, named as the data set names its targets; repeatable",
  ).argParser(collect).default([]);

/** Most folders: a chart tells no more apart beside the project's own methods. */
const MOST_FOLDERS = 2;

/**
 * The folders that `given` names, each as NAME=DIR.
 *
 * @param taken Names that mean something else already.
 * @throws {ConfigError} where one is written otherwise, or its name is taken.
 */
export async function openRendered(
  given: readonly string[],
  taken: readonly string[],
): Promise<RenderedFolder[]> {
  const folders: RenderedFolder[] = [];
  for (const text of given) {
    const cut = text.indexOf("=");
    if (cut <= 0 || cut === text.length - 1) {
      throw new ConfigError(
        `--rendered ${text}: write it as NAME=DIR, for example --rendered "CA-2A=renderings/ca2a"`,
      );
    }
    const name = text.slice(0, cut);
    if (
      taken.includes(name) || folders.some((folder) => folder.name === name)
    ) {
      throw new ConfigError(
        `--rendered ${text}: there is a method called ${name} already, choose another name`,
      );
    }
    folders.push(await listRenderings(name, userPath(text.slice(cut + 1))));
  }
  if (folders.length > MOST_FOLDERS) {
    throw new ConfigError(
      `--rendered: ${folders.length} folders; a chart tells at most ${MOST_FOLDERS} apart beside the project's own methods, so give ${MOST_FOLDERS} at a time`,
    );
  }
  return folders;
}

async function namesOf(folder: string, isRequired: boolean): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (isRequired) {
      throw new Error(`${folder}: no such folder. Check the path`);
    }
  }
  return names.sort();
}

/**
 * Reads `rendering` and brings it into step with `target`.
 *
 * @throws {Error} where its rate differs, or it cannot be read.
 */
export async function readRendering(
  { path }: Rendering,
  target: Signal,
  sampleRate: number,
): Promise<AlignedRendering> {
  const sound = await readWav(path, { channel: 1 });
  if (sound.sampleRate !== sampleRate) {
    throw new Error(
      `${path} is at ${sound.sampleRate} Hz, the recording at ${sampleRate} Hz: render it at the recording's rate`,
    );
  }
  return alignRendering(sound.samples, target);
}

/** As {@linkcode readRendering}, of a rendering that was read already. */
export function alignRendering(
  rendering: Signal,
  target: Signal,
): AlignedRendering {
  const { lag } = findAlignment(target, rendering);
  const samples = new Float32Array(target.length);
  const from = Math.max(0, -lag);
  const to = Math.min(target.length, rendering.length - lag);
  samples.set(rendering.subarray(from + lag, to + lag), from);
  const gain = bestGain(samples.subarray(from, to), target.subarray(from, to));
  return {
    samples,
    from,
    to,
    lag,
    gainDb: 20 * Math.log10(Math.abs(gain)),
    extraSamples: rendering.length - target.length,
  };
}

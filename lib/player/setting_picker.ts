/**
 * Choose a setting, see and hear it: gain reduction of target and model over time,
 * the static curve with the density of the recording's levels, the spectrogram of
 * what is left, and dry, target, model and difference to switch between in step.
 *
 * The curves lie in the page; a setting's sounds are a script beside it, which the page
 * loads when they are wanted, since a page from disk may read no other file. The
 * model's sound is made by the kernel in the page, from some seconds before the
 * excerpt, so that its gain has settled.
 *
 * @module
 */

import { nameOfSetting, sameSetting, type Setting } from "../data/setting.ts";
import { jsonValues } from "../data/values_schema.ts";
import { openProcessor } from "../engines/open_processor.ts";
import { levelDb } from "../metrics/gain.ts";
import { spectrogram } from "../metrics/spectrogram.ts";
import type { Model, Values } from "../models/model.ts";
import type { WidgetCell } from "../report/cells.ts";
import { escapeHtml } from "../report/html.ts";
import { shade } from "../report/spectrogram_chart.ts";
import type { Pair, Signal } from "../sound/signal.ts";
import {
  hearing,
  laneFrame,
  pcm,
  REACH_DB,
  staged,
  transferFrame,
} from "./frames.ts";
import { rendererOf } from "./renderer.ts";
import script from "./setting_picker.js" with { type: "text" };

/** Seconds that are heard, and before them seconds in which the gain settles. */
const HEARD = 6;
const LEAD = 2;

/** Windows that levels are taken in, in seconds. */
const WINDOW = 0.02;

/** Levels below this show no gain and no density, in dBFS. */
const QUIET_DB = -60;

/** Cells of the density: 1.5 dB each, from −60 to 0 dBFS in and to +6 out. */
const GRID = [40, 44] as const;
const CELL_DB = 1.5;

/** Levels that the spectrogram's colours span, in dBFS. */
const SPECTRUM_DB = [-110, -20] as const;

/** A setting that can be chosen: its parameters, and the score of the whole recording. */
export interface PickedSetting extends Setting {
  parameters: Values;
  score: { esr: number };
}

/** What is taken from the pair of a setting. */
type Taken = Setting & ReturnType<typeof excerpt> & { density: string };

/** What the page holds of one setting, in plain JSON. */
type Shown = {
  name: string;
  esr: number;
  params: ReturnType<typeof jsonValues>;
  gains: { target: string; model: string };
  density: string;
  residual: string;
  dry: string;
  target: string;
};

/** Collects the settings of a picker. */
export interface SettingPicker {
  /**
   * Takes from the pair of a setting, as copies, what is shown and heard of it; the
   * place of the excerpt is where the first one is liveliest.
   */
  take(setting: Setting, pair: Pair): void;
  /**
   * Whether the pairs of `settings` were taken, no others, in that order. They were not
   * where an earlier run has fitted some.
   */
  hasTaken(settings: readonly Setting[]): boolean;
  /** Takes `pairs` in place of those that were taken. */
  retake(pairs: AsyncIterable<[Setting, Pair]>): Promise<void>;
  /** Adds a setting whose pair was taken; its sounds go to `write`. */
  add(setting: PickedSetting): Promise<void>;
  /** The cell, once all have been added. */
  cell(title: string, caption: string): Promise<WidgetCell>;
}

/** A picker of settings of `model`; `write` puts a file beside the page. */
export function openSettingPicker(
  model: Model,
  write: (name: string, content: string) => Promise<unknown>,
): SettingPicker {
  const taken: Taken[] = [];
  const settings: Shown[] = [];
  const written = new Map<string, string>();
  let start: number | undefined;
  let sampleRate = 0;
  let spectrum = { columns: 0, rows: 0 };

  /** Writes a sound as a script that a page from disk may load. */
  const writeSound = async (name: string, samples: Signal) => {
    const sound = pcm(samples);
    // What is the same in all settings, as the dry sound may be, is written once.
    const before = written.get(sound);
    if (before !== undefined) return before;
    const file = `sounds/${name}.js`;
    await write(
      file,
      `(globalThis.optofitSounds ??= {})[${
        JSON.stringify(file)
      }] = "${sound}";\n`,
    );
    written.set(sound, file);
    return file;
  };

  const take = ({ mode, peakReduction }: Setting, pair: Pair) => {
    sampleRate = pair.sampleRate;
    start ??= liveliest(pair);
    taken.push({
      mode,
      peakReduction,
      ...excerpt(pair, start),
      density: density(pair),
    });
  };

  return {
    take,
    hasTaken: (settings) =>
      taken.length === settings.length &&
      taken.every((one, i) => sameSetting(one, settings[i])),
    async retake(pairs) {
      taken.length = 0;
      start = undefined;
      for await (const [setting, pair] of pairs) take(setting, pair);
    },
    async add(setting) {
      const { mode, peakReduction, parameters, score: { esr } } = setting;
      const name = nameOfSetting(setting);
      const key = `${mode}_${peakReduction}`;
      const { dry, wet, density } = taken.find((one) =>
        sameSetting(one, setting)
      )!;
      const lead = dry.length - wet.length;
      const output = new Float32Array(dry.length);
      (await openProcessor(model, parameters, sampleRate)).process(dry, output);
      const heard = dry.subarray(lead);
      const made = output.subarray(lead);
      const left = Float32Array.from(wet, (value, n) => value - made[n]);
      const levels = spectrogram(left, sampleRate, {
        frame: 2048,
        hop: 2048,
        rows: 64,
      });
      spectrum = levels;
      settings.push({
        name,
        esr,
        params: jsonValues(parameters),
        gains: {
          target: reductions(heard, wet, parameters.make_up_db, sampleRate),
          model: reductions(heard, made, parameters.make_up_db, sampleRate),
        },
        density,
        residual: picture(levels),
        dry: await writeSound(`dry_${key}`, dry),
        target: await writeSound(key, wet),
      });
    },
    async cell(title, caption) {
      const renderer = await rendererOf(model);
      const options = settings.map(({ name }, i) =>
        `<option value="${i}">${escapeHtml(name)}</option>`
      );
      return {
        kind: "widget",
        name: "settings",
        title,
        caption,
        html: `<div class="controls"><label>Setting <select>${
          options.join("")
        }</select></label><button type="button" class="before">Previous</button><button type="button" class="after">Next</button> <span>ESR <span class="esr"></span></span></div>
<div class="views">
<div class="wide"><h4>Gain reduction, make-up left out: <span class="key-target">target</span>, <span class="key-model">model</span></h4>${
          laneFrame(["gain-target", "gain-model"], HEARD)
        }</div>
<div><h4>Static curve, over the density of the recording's levels</h4>${
          transferFrame('<canvas class="density"></canvas>')
        }</div>
<div><h4>What is left: target less model, 30 Hz to 20 kHz upwards, ${
          SPECTRUM_DB.map((db) => String(db).replace("-", "−")).join(" to ")
        } dBFS</h4><div class="frame picture"><canvas class="residual" role="img" aria-label="Spectrogram of target less model"></canvas></div><div class="axis"><span>0 s</span><span>${HEARD} s</span></div></div>
</div>
<div class="controls"><button type="button" class="play">Play</button>${
          hearing(
            "settings",
            ["dry", "target", "model", "difference"],
            "target",
          )
        }<label><input type="checkbox" class="match" checked> Match dry and model to the target's level <output class="levels"></output></label></div>
<p class="trouble" role="alert" hidden></p>`,
        data: {
          kernel: renderer.wasm.toBase64(),
          sampleRate,
          lead: LEAD,
          settings,
          feedback: model.feedback,
          reach: REACH_DB,
          grid: GRID,
          spectrum: {
            columns: spectrum.columns,
            rows: spectrum.rows,
            shades: Array.from({ length: 64 }, (_, i) => shade(i / 63)),
          },
        },
        ...staged(renderer, "setting_picker.js", script),
        // Sounds lie in scripts beside the page.
        scriptSources: ["'wasm-unsafe-eval'", "'self'", "file:"],
      };
    },
  };
}

/** Where the level of the wet side varies most, in seconds. */
function liveliest({ wet, sampleRate }: Pair): number {
  const window = Math.round(WINDOW * sampleRate);
  const levels: number[] = [];
  for (let at = 0; at + window <= wet.length; at += window) {
    levels.push(Math.max(QUIET_DB, levelDb(wet.subarray(at, at + window))));
  }
  const [heard, lead] = [HEARD, LEAD].map((s) => Math.round(s / WINDOW));
  let best = { at: 0, spread: -1 };
  for (let at = lead; at + heard <= levels.length; at += 25) {
    const part = levels.slice(at, at + heard);
    const mean = part.reduce((a, b) => a + b) / heard;
    const spread = part.reduce((sum, db) => sum + (db - mean) ** 2, 0);
    if (spread > best.spread) best = { at, spread };
  }
  return best.at * WINDOW;
}

/** What is heard of `pair` from `start` on, and of its dry side the lead before it. */
function excerpt({ dry, wet, sampleRate }: Pair, start: number) {
  const length = Math.min(wet.length, Math.round(HEARD * sampleRate));
  const lead = Math.round(LEAD * sampleRate);
  const from = Math.min(Math.round(start * sampleRate), wet.length - length);
  const before = new Float32Array(lead + length);
  const first = Math.max(0, from - lead);
  before.set(dry.subarray(first, from + length), lead - (from - first));
  return { dry: before, wet: wet.slice(from, from + length) };
}

/** Reduction from `input` to `output` in tenths of a decibel, 255 where unheard. */
function reductions(
  input: Signal,
  output: Signal,
  makeUpDb: number,
  sampleRate: number,
): string {
  const window = Math.round(WINDOW * sampleRate);
  const bytes: number[] = [];
  for (let at = 0; at + window <= input.length; at += window / 2 | 0) {
    const [before, after] = [input, output]
      .map((signal) => levelDb(signal.subarray(at, at + window)));
    const reduction = 10 * (before + makeUpDb - after);
    bytes.push(
      before < QUIET_DB
        ? 255
        : Math.max(0, Math.min(254, Math.round(reduction))),
    );
  }
  return Uint8Array.from(bytes).toBase64();
}

/** Windows that the density is made of; of a longer recording they are spread over it. */
const DENSITY_WINDOWS = 10_000;

/** How often which output level meets which input level, by the root of the count. */
function density({ dry, wet, sampleRate }: Pair): string {
  const window = Math.round(WINDOW * sampleRate);
  const counts = new Float64Array(GRID[0] * GRID[1]);
  const every = Math.ceil(dry.length / window / DENSITY_WINDOWS);
  for (let at = 0; at + window <= dry.length; at += every * window) {
    const [x, y] = [dry, wet].map((signal) =>
      levelDb(signal.subarray(at, at + window))
    );
    const column = Math.floor((x + 60) / CELL_DB);
    const row = Math.floor((6 - y) / CELL_DB);
    if (column < 0 || column >= GRID[0] || row < 0 || row >= GRID[1]) continue;
    counts[row * GRID[0] + column]++;
  }
  const most = Math.max(1, ...counts);
  return Uint8Array.from(counts, (n) => Math.round(255 * Math.sqrt(n / most)))
    .toBase64();
}

/** Levels as bytes, the highest band first, frame after frame across. */
function picture(
  { levels, columns, rows }: ReturnType<typeof spectrogram>,
): string {
  const [low, high] = SPECTRUM_DB;
  const bytes = new Uint8Array(columns * rows);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const part = (levels[column * rows + row] - low) / (high - low);
      bytes[(rows - 1 - row) * columns + column] = Math.round(
        255 * Math.max(0, Math.min(1, part)),
      );
    }
  }
  return bytes.toBase64();
}

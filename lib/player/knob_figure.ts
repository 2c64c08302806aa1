/**
 * A figure with a knob that moves curve, gain and sound together: the parameters
 * along a unit's curve, what they do to a short sound, and the sound itself, made by
 * the kernel in the page at each turn.
 *
 * @module
 */

import { makeStimulus } from "../data/stimulus.ts";
import type { Unit } from "../data/unit_file.ts";
import { jsonValues } from "../data/values_schema.ts";
import type { Model } from "../models/model.ts";
import type { WidgetCell } from "../report/cells.ts";
import { escapeHtml } from "../report/html.ts";
import type { Signal } from "../sound/signal.ts";
import {
  hearing,
  laneFrame,
  pcm,
  REACH_DB,
  staged,
  transferFrame,
} from "./frames.ts";
import { panelOf } from "./knob.ts";
import { rendererOf } from "./renderer.ts";
import script from "./knob_figure.js" with { type: "text" };

/** The sound that the figure plays. */
export interface FigureSound {
  samples: Signal;
  sampleRate: number;
}

/** Seconds of the built-in stimulus that a figure plays. */
const SECONDS = 4;

/** A short part of the built-in stimulus. */
export function playedSound(): FigureSound {
  const sampleRate = 44_100;
  return makeStimulus({ seconds: SECONDS, sampleRate, seed: 9 });
}

/**
 * The figure of `unit`, whose knob is a number; of a unit with no such knob there is
 * none.
 */
export async function knobFigure(
  unit: Unit,
  model: Model,
  { samples, sampleRate }: FigureSound,
  caption: string,
): Promise<WidgetCell | undefined> {
  const { dial, choice, turns } = panelOf(unit);
  if (dial === undefined) return undefined;
  const renderer = await rendererOf(model);
  const seconds = samples.length / sampleRate;
  const modes = Object.keys(turns);
  const start = Math.max(...modes.map((mode) => turns[mode].fitted[1]));
  const html = `<div class="turn">
<svg class="dial" viewBox="0 0 100 100" aria-hidden="true"><circle cx="50" cy="50" r="40"/><path class="pointer" d="M50 16V34"/></svg>
<label>${
    escapeHtml(dial.title)
  } <output class="place"></output><input type="range" min="${
    dial.range[0]
  }" max="${dial.range[1]}" step="1" value="${start}"></label>
${
    choice === undefined || modes.length < 2
      ? ""
      : `<fieldset><legend>${escapeHtml(choice.title)}</legend>${
        modes.map((mode, i) =>
          `<label><input type="radio" name="mode-knob" value="${
            escapeHtml(mode)
          }"${i === 0 ? " checked" : ""}> ${escapeHtml(mode)}</label>`
        ).join("")
      }</fieldset>`
  }</div>
<p class="between" hidden>Beyond the fitted settings.</p>
<div class="views">
<div><h4>The curve</h4>${transferFrame()}</div>
<div><h4>The parameters there</h4><dl class="values">${
    model.parameters.map(({ name, title, unit }) =>
      `<div><dt>${escapeHtml(title)}</dt><dd><span data-parameter="${
        escapeHtml(name)
      }"></span> ${escapeHtml(unit)}</dd></div>`
    ).join("")
  }</dl></div>
<div class="wide"><h4>The gain: at most <span class="most"></span> dB of reduction</h4>${
    laneFrame(["gain"], seconds)
  }</div>
</div>
<div class="controls"><button type="button" class="play">Play</button>${
    hearing("knob", ["dry", "model"], "model")
  }</div>`;
  return {
    kind: "widget",
    name: "knob",
    title: "Turn the knob",
    caption,
    html,
    data: {
      kernel: renderer.wasm.toBase64(),
      dry: pcm(samples),
      sampleRate,
      turns: Object.fromEntries(
        Object.entries(turns).map(([name, turn]) => [
          name,
          { ...turn, positions: turn.positions.map(jsonValues) },
        ]),
      ),
      range: dial.range,
      parameters: model.parameters,
      feedback: model.feedback,
      reach: REACH_DB,
    },
    ...staged(renderer, "knob_figure.js", script),
    scriptSources: ["'wasm-unsafe-eval'"],
  };
}

/**
 * The frames that players inside a report draw in, and what they have in common; the
 * drawing is done by `stage.js`.
 *
 * @module
 */

import { escapeHtml } from "../report/html.ts";
import type { Signal } from "../sound/signal.ts";
import type { PageRenderer } from "./renderer.ts";
import stage from "./stage.js" with { type: "text" };
import style from "./stage.css" with { type: "text" };

/** Most reduction that a lane of gain shows, in dB. */
export const REACH_DB = 30;

/** Scripts of a widget whose own is `code`, its style, and what its policy needs. */
export function staged(renderer: PageRenderer, name: string, code: string) {
  return {
    scripts: [
      { name: "renderer.js", code: renderer.code },
      { name: "stage.js", code: stage },
      { name, code: `(() => {\n"use strict";\n${code}\n})();` },
    ],
    style,
  };
}

/** `samples` as 16 bits in base64, as a page holds sound. */
export function pcm(samples: Signal): string {
  const whole = Int16Array.from(
    samples,
    (x) => Math.max(-32768, Math.min(32767, Math.round(32768 * x))),
  );
  return new Uint8Array(whole.buffer).toBase64();
}

/** A choice of what is heard. */
export function hearing(id: string, names: readonly string[], heard: string) {
  return `<fieldset><legend>Listen to</legend>${
    names.map((name) =>
      `<label><input type="radio" name="hear-${id}" value="${name}"${
        name === heard ? " checked" : ""
      }> ${name}</label>`
    ).join("")
  }</fieldset>`;
}

/** A frame for the static curve, from −60 to 0 dBFS in and to +6 out. */
export function transferFrame(canvas = ""): string {
  return `<div class="graph"><div class="frame square">${canvas}<svg viewBox="0 0 180 198" preserveAspectRatio="none" role="img" aria-label="Static curve: output level over input level"><path class="unity" d="M0 198L180 18"/><path class="curve" d=""/></svg></div>
<div class="axis"><span>−60</span><span>input (dBFS); output −60 to +6</span><span>0</span></div></div>`;
}

/** A frame for gain reduction over `seconds`, growing downwards. */
export function laneFrame(classes: readonly string[], seconds: number): string {
  const lines = [0, 1, 2].map((i) => REACH_DB / 3 * i).slice(1).map((db) =>
    `<path class="unity" d="M0 ${db}H1000"/>`
  );
  return `<div class="frame lane"><svg viewBox="0 0 1000 ${REACH_DB}" preserveAspectRatio="none" role="img" aria-label="Gain reduction over time, downwards from 0 to ${REACH_DB} dB">${
    lines.join("")
  }${
    classes.map((name) => `<path class="${escapeHtml(name)}" d=""/>`).join("")
  }<line class="playhead" x1="0" x2="0" y1="0" y2="${REACH_DB}"/></svg></div>
<div class="axis"><span>0 s</span><span>gain reduction, 0 to ${REACH_DB} dB downwards, a line each ${
    REACH_DB / 3
  } dB</span><span>${seconds} s</span></div>`;
}

/**
 * The player: the fitted amplifier as a page to play sounds through.
 *
 * It is one file that works offline. The WebAssembly of the model, an excerpt to
 * begin with and the knob's parameters are in it; what runs in the AudioWorklet is
 * what `deno task render` runs, so that what it renders is the same.
 *
 * @module
 */

import { jsonValues } from "../data/values_schema.ts";
import type { Model } from "../models/model.ts";
import { PAPER_MODEL } from "../models/presets.ts";
import { codeForScript, escapeHtml, jsonForScript } from "../report/html.ts";
import type { PageLink } from "../report/meta.ts";
import { renderFacts } from "../report/render_cells.ts";
import { renderShell, renderTime } from "../report/shell.ts";
import { DIAL_STEPS, type MoreKnobs, type Panel } from "./knob.ts";
import {
  channelUnitsScript,
  targetsScript,
  waveReaderScript,
} from "./module_script.ts";
import type { PageRenderer } from "./renderer.ts";
import { type Slider, slidersOf } from "./sliders.ts";
import theme from "../report/client.js" with { type: "text" };
import channels from "./channels.js" with { type: "text" };
import client from "./client.js" with { type: "text" };
import moreKnobs from "./more_knobs.js" with { type: "text" };
import processor from "./processor.js" with { type: "text" };
import target from "./target.js" with { type: "text" };
import style from "./style.css" with { type: "text" };
import waveWriter from "./wave_writer.js" with { type: "text" };

/** What a player is made of. */
export interface PlayerOptions {
  /** What the page plays. */
  model: Model;
  /** What it is called; the model's own name where it has none. */
  unit: string;
  /** What runs the model. */
  renderer: PageRenderer;
  /** A WAVE file to begin with. */
  excerpt: Uint8Array;
  /** What the excerpt is, in a few words. */
  excerptName: string;
  /** A take that the unit was fitted to, to begin with in its place. */
  take?: PlayerTake;
  /** The unit's knobs. */
  panel: Panel;
  /** Where the curve comes from. */
  origin: string;
  /** Whether it was fitted to data that stand in for the real unit's. */
  surrogate: boolean;
  /** When the page was built. */
  builtAt: Date;
  /** Versions and the like. */
  provenance: Record<string, string | number>;
  /** Where the page leads to. */
  links?: readonly PageLink[];
}

/** Both sides of a recording, in step. */
export interface PlayerTake {
  /** The sides, of one rate and length. */
  dry: NamedSound;
  wet: NamedSound;
  /** What was done to put them in step, in words. */
  words: string;
}

/** A sound in the page. */
export interface NamedSound {
  /** What it is called. */
  name: string;
  /** A WAVE file. */
  wav: Uint8Array;
}

/** Highest reduction that the meter shows, in dB. */
const METER_DB = 24;

function renderSlider({ key, label, unit }: Slider): string {
  return `<div class="slider"><label for="${key}">${label}</label>
<input type="range" id="${key}" min="0" max="1000" step="1">
<span class="typed"><input type="text" inputmode="decimal" id="${key}-number" aria-label="${label}, a number" autocomplete="off"> <span class="unit">${unit}</span></span></div>`;
}

/** Sentences on where the knob goes beyond the fitted settings. */
function outside({ dial, choice, turns }: Panel): string {
  const named = (name: string) =>
    choice === undefined ? "" : ` at ${choice.title.toLowerCase()} ${name}`;
  const sentences = (choice?.values ?? [])
    .filter((name) => !Object.hasOwn(turns, name))
    .map((name) =>
      `The curve has no ${
        choice!.title.toLowerCase()
      } ${name}: its switch is off.`
    );
  if (dial === undefined) return sentences.join(" ");
  const where = (end: 0 | 1) =>
    Object.entries(turns)
      .filter(([, { fitted }]) => fitted[end] !== dial.range[end])
      .map(([name, { fitted }]) => `${fitted[end]}${named(name)}`)
      .join(" and ");
  if (where(0)) {
    sentences.push(
      `The lowest settings fitted are ${where(0)}: below, ${
        dial.fades
          ? `the threshold rises
in a straight line to 0 dBFS at 0, where nothing is compressed, and the rest stays`
          : "everything stays"
      }.`,
    );
  }
  if (where(1)) {
    sentences.push(
      `The highest settings fitted are ${where(1)}: above, everything stays.`,
    );
  }
  return sentences.join(" ");
}

/** A plain control for each knob beside the dial and the switch. */
function renderMore(more: MoreKnobs | undefined): string {
  if (more === undefined) return "";
  const rows = more.controls.map((control, i) => {
    const id = `more-${i}`;
    const title = escapeHtml(control.title);
    if ("values" in control) {
      const options = control.values.map((value, v) =>
        `<option value="${v}"${v === control.start ? " selected" : ""}>${
          escapeHtml(value)
        }</option>`
      );
      return `<div class="slider"><label for="${id}">${title}</label><select id="${id}">${
        options.join("")
      }</select></div>`;
    }
    const [low, high] = control.range;
    return `<div class="slider"><label for="${id}">${title}</label>
<input type="range" id="${id}" min="${low}" max="${high}" step="${
      (high - low) / DIAL_STEPS
    }" value="${control.start}">
<output for="${id}"><span data-value>${control.start}</span> <span class="unit">${
      escapeHtml(control.unit)
    }</span></output></div>`;
  });
  return `<div class="sliders" id="more-knobs">${rows.join("\n")}</div>\n`;
}

const DECIBELS = [0, -12, -24, -36, -48, -60];

/** The static curve's frame: 60 dB each way, from −60 to 0 in, to +6 out. */
function renderTransfer(): string {
  const x = (db: number) => 34 + (db + 60) * 3;
  const y = (db: number) => 8 + (6 - db) * 3;
  const grid = DECIBELS.map((db) =>
    `<path d="M${x(-60)} ${y(db)}H${x(0)}M${x(db)} ${y(6)}V${y(-60)}"/>`
  );
  const labels = DECIBELS.map((db) => {
    const text = String(db).replace("-", "−");
    return `<text x="${x(-60) - 6}" y="${
      y(db) + 3.5
    }" text-anchor="end">${text}</text><text x="${x(db)}" y="${
      y(-60) + 14
    }" text-anchor="middle">${text}</text>`;
  });
  return `<svg class="transfer" viewBox="0 -10 224 254" role="img" aria-labelledby="transfer-title">
<title id="transfer-title">Output level over input level</title>
<g class="gridlines">${grid.join("")}</g>
<path class="unity" d="M${x(-60)} ${y(-60)}L${x(0)} ${y(0)}"/>
<clipPath id="transfer-frame"><rect x="${x(-60)}" y="${y(6)}" width="${
    x(0) - x(-60)
  }" height="${y(-60) - y(6)}"/></clipPath>
<g clip-path="url(#transfer-frame)"><path class="static" d=""/></g>
<circle class="now" r="4.5" cx="0" cy="0" hidden/>
<g class="labels">${labels.join("")}
<text x="2" y="-1">output (dBFS)</text>
<text x="${x(-30)}" y="${
    y(-60) + 27
  }" text-anchor="middle">input (dBFS)</text></g>
</svg>`;
}

const WAVES = [
  { id: "wave-in", label: "In" },
  { id: "wave-out", label: "Out" },
  { id: "wave-target", label: "Target" },
  { id: "wave-difference", label: "Difference" },
];

/** A scale beside a wave: each label at a part of its height. */
function renderScale(
  marks: readonly (readonly [text: string, part: number])[],
) {
  return `<div class="heights" aria-hidden="true">${
    marks.map(([text, part]) =>
      `<span style="top:${(100 * part).toFixed(1)}%">${text}</span>`
    ).join("")
  }</div>`;
}

/** Of a wave: full scale and half of it, above and below. */
const WAVE_SCALE = renderScale([
  ["0 dB", 0],
  ["−6", 0.25],
  ["−∞", 0.5],
  ["−6", 0.75],
  ["0", 1],
]);

/** What is beneath the amplifier: a slider and a number each. */
const BLEND = [
  { id: "trim", label: "Trim", low: -24, high: 24, step: 0.1, unit: "dB" },
  { id: "mix", label: "Mix", low: 0, high: 100, step: 1, unit: "%" },
];

function renderBlend(
  { id, label, low, high, step, unit }: typeof BLEND[number],
) {
  return `<div class="slider"><label for="${id}">${label}</label>
<input type="range" id="${id}" min="${low}" max="${high}" step="${step}">
<span class="typed"><input type="text" inputmode="decimal" id="${id}-number" aria-label="${label}, a number" autocomplete="off"> <span class="unit">${unit}</span></span></div>`;
}

/** What can be listened to: its name, what it is, the key that chooses it. */
const VERSIONS = [
  ["unit", "the amplifier", "B"],
  ["bypass", "bypass", ""],
  ["target", "the target", "A"],
  ["difference", "the difference", "D"],
] as const;

function renderMain(options: PlayerOptions, sliders: Slider[]): string {
  const { panel, origin } = options;
  const { dial, choice, turns } = panel;
  const [low, high] = dial?.range ?? [0, 0];
  const title = dial?.title ?? choice?.title ?? "";
  const ticks = Array.from({ length: 11 }, (_, i) => {
    const angle = (-150 + 30 * i) * Math.PI / 180;
    const at = (r: number) =>
      `${(70 + r * Math.sin(angle)).toFixed(1)} ${
        (70 - r * Math.cos(angle)).toFixed(1)
      }`;
    return `<path d="M${at(54)}L${at(60)}"/>`;
  });
  const scale = Array.from(
    { length: METER_DB / 6 + 1 },
    (_, i) => `<span>${6 * i}</span>`,
  );
  const hasKnob = title !== "";
  const versions = VERSIONS.map(([value, label, key], i) =>
    `<label><input type="radio" name="listen" value="${value}"${
      i === 0 ? " checked" : i > 1 ? " disabled" : ""
    }> ${label}${
      key === "" ? "" : ` <kbd>${key}</kbd>`
    } <span class="by" data-by="${value}"></span></label>`
  );
  return `<section class="panel deck${
    hasKnob ? "" : " plain"
  }" aria-labelledby="deck-heading">
<h2 id="deck-heading" class="offscreen-label">Play</h2>
<div class="transport">
<button type="button" class="button main" id="play">Play</button>
<label class="seek"><span class="offscreen-label">Position</span><input type="range" id="position" min="0" max="1000" step="1" value="0"></label>
<output id="time" for="position">0:00</output>
<label class="check"><input type="checkbox" id="loop" checked> Loop</label>
</div>
<div class="knob-panel"${hasKnob ? "" : " hidden"}>
<h2 id="knob-heading">${escapeHtml(title)}</h2>
<div class="dial"><div id="knob" role="slider" tabindex="0" aria-labelledby="knob-heading" aria-valuemin="${low}" aria-valuemax="${high}" aria-valuenow="${low}"${
    dial === undefined ? " hidden" : ""
  }>
<svg viewBox="0 0 140 140" aria-hidden="true"><g class="ticks">${
    ticks.join("")
  }</g><circle class="cap" cx="70" cy="70" r="44"/><path class="pointer" d="M70 34V50"/></svg>
</div><p class="typed"${
    dial === undefined ? " hidden" : ""
  }><input type="text" inputmode="decimal" id="knob-number" aria-label="${
    escapeHtml(title)
  }, a number" autocomplete="off"> <span class="unit">${
    escapeHtml(dial?.unit ?? "")
  }</span></p></div>
<fieldset class="switch"${
    choice === undefined ? " hidden" : ""
  }><legend class="offscreen-label">${
    escapeHtml(choice?.title ?? "")
  }</legend>${
    (choice?.values ?? []).map((value) =>
      `<label><input type="radio" name="mode" value="${escapeHtml(value)}"${
        Object.hasOwn(turns, value) ? "" : " disabled"
      }> ${escapeHtml(value)}</label>`
    ).join("\n")
  }</fieldset>
${renderMore(panel.more)}<p id="knob-note" aria-live="polite"></p>
</div>
<div class="listen">
<fieldset class="versions"><legend>Listen to</legend>
${versions.join("\n")}
</fieldset>
<label class="check"><input type="checkbox" id="match" checked> Match the levels: what is louder is turned down by what stands beside it</label>
<label class="check"><input type="checkbox" id="link" disabled> Link the channels</label>
<dl class="levels" id="comparison" hidden><div><dt>ESR, target and what is heard</dt><dd id="esr">–</dd></div></dl>
<div class="blend">${BLEND.map(renderBlend).join("\n")}</div>
<p class="hint">Space plays and stops; B is the amplifier, A the target or bypass, D the difference. Double-click resets a knob or a slider.</p>
</div>
</section>

<section class="panel sound" aria-labelledby="sound-heading">
<h2 id="sound-heading">Sound</h2>
<div class="files">
<label class="pick button">Choose a sound<input type="file" id="sound-file" accept="audio/*,.wav"></label>
<label class="pick button">Choose a target to compare with<input type="file" id="target-file" accept="audio/*,.wav"></label>
<button type="button" class="button" id="take"${
    options.take === undefined ? " hidden" : ""
  }>The recordings of the fit</button>
<button type="button" class="button" id="excerpt">Built-in excerpt</button>
<a class="button" id="save-excerpt" hidden>Save the excerpt</a>
</div>
<p class="hint">Or drop a file on the page. What you choose stays on this machine. A target is put in step with the sound: its lag, in parts of a sample, its polarity, a constant offset.</p>
<p id="sound-name" dir="auto"></p>
<p id="target-name" dir="auto" hidden></p>
<p id="trouble" role="alert" hidden></p>
</section>

<div class="rack">
<section class="panel meter-panel" aria-labelledby="meter-heading">
<h2 id="meter-heading">Gain reduction</h2>
<div id="meter" role="meter" aria-labelledby="meter-heading" aria-valuemin="0" aria-valuemax="${METER_DB}" aria-valuenow="0"><div class="bar"></div></div>
<div class="scale" aria-hidden="true">${scale.join("")}</div>
<p class="big"><span id="reduction">0.0</span> <span class="unit">dB</span></p>
<dl class="levels">
<div><dt>Input peak</dt><dd><span id="level-in">–</span> dBFS</dd></div>
<div><dt>Output peak</dt><dd><span id="level-out">–</span> dBFS</dd></div>
<div><dt>Most reduction, whole sound</dt><dd><span id="most-reduction">–</span> dB</dd></div>
<div><dt>Highest output, whole sound</dt><dd><span id="highest-output">–</span> dBFS</dd></div>
</dl>
</section>
<section class="panel" aria-labelledby="transfer-heading">
<h2 id="transfer-heading">Transfer curve</h2>
${renderTransfer()}
</section>
</div>

<section class="panel" aria-labelledby="sliders-heading">
<div class="bar"><h2 id="sliders-heading">The parameters</h2>
<button type="button" class="button" id="to-curve" hidden>Back to ${
    title === "" ? "what was fitted" : "the knob"
  }</button></div>
<div class="sliders">${sliders.map(renderSlider).join("\n")}</div>
</section>

<section class="panel" aria-labelledby="waves-heading">
<h2 id="waves-heading">Waveforms</h2>
<div class="waves" id="waves">
${
    WAVES.map(({ id, label }) =>
      `<div class="wave" id="${id}"${
        id === "wave-target" || id === "wave-difference" ? " hidden" : ""
      }><span>${label}</span><svg viewBox="0 -1 1000 2" preserveAspectRatio="none" role="img" aria-label="${label}: waveform"><path class="gridlines" d="M0 -0.5H1000M0 0H1000M0 0.5H1000"/><path class="outline" d=""/></svg>${WAVE_SCALE}</div>`
    ).join("\n")
  }
<div class="wave" id="wave-gain"><span>Reduction</span><svg viewBox="0 0 1000 ${METER_DB}" preserveAspectRatio="none" role="img" aria-label="Gain reduction over time, ${METER_DB} dB high"><path class="gridlines" d="${
    [6, 12, 18].map((db) => `M0 ${db}H1000`).join("")
  }"/><path class="outline" d=""/></svg>${
    renderScale(
      Array.from({ length: METER_DB / 6 + 1 }, (_, i) => [
        i === 0 ? "0 dB" : String(6 * i),
        6 * i / METER_DB,
      ]),
    )
  }</div>
<div class="wave-times" id="times" aria-hidden="true"></div>
<div class="playhead"></div>
</div>
<p class="hint">A click goes there.</p>
</section>

<section class="panel" aria-labelledby="render-heading">
<h2 id="render-heading">Render</h2>
<p><button type="button" class="button main" id="render">Render to WAV</button> <span id="rendered" role="status"></span></p>
<p class="hint">The whole sound through the amplifier, 32-bit float, from rest. The command line gives the same samples:</p>
<p class="hint" id="blend-note" hidden>It knows neither trim nor mix, which the file rendered here has in it.</p>
<pre tabindex="0" role="region" aria-label="Command"><code id="command"></code></pre>
</section>

<section class="provenance" aria-labelledby="about-heading">
<h2 id="about-heading">What this is</h2>
<div class="prose">
<p>${escapeHtml(origin)}</p>
<p>The model is ${
    escapeHtml(options.model.name)
  }, a digital compressor with ${sliders.length} parameters.${
    dial === undefined ? "" : ` The knob drives them along that curve, in
straight lines between the fitted settings.`
  } ${escapeHtml(outside(panel))}</p>
<p>The channels of a sound go through a unit each or, linked, all get the gain
that the loudest of them asks for. A WAVE file is read sample by sample; other
formats are decoded by the browser, at 48 kHz.</p>
</div>
${renderFacts(options.provenance)}
</section>`;
}

/** A sound as the page's script takes it. */
function fileOf({ name, wav }: NamedSound): { name: string; bytes: string } {
  return { name, bytes: wav.toBase64() };
}

/** The page. */
export async function renderPlayer(options: PlayerOptions): Promise<string> {
  const { origin, surrogate, panel, model, renderer } = options;
  const sliders = slidersOf(
    model,
    [
      ...Object.values(panel.turns).flatMap(({ positions }) => positions),
      ...panel.more?.tables.flatMap(({ rows }) => rows) ?? [],
    ],
  );
  const isPublished = model.name === PAPER_MODEL;
  const settings = {
    kernel: renderer.wasm.toBase64(),
    excerpt: fileOf({ name: options.excerptName, wav: options.excerpt }),
    take: options.take === undefined ? null : {
      dry: fileOf(options.take.dry),
      wet: fileOf(options.take.wet),
      words: options.take.words,
    },
    dial: panel.dial ?? null,
    dialSteps: DIAL_STEPS,
    turns: Object.fromEntries(
      Object.entries(panel.turns).map(([name, turn]) => [
        name,
        { ...turn, positions: turn.positions.map(jsonValues) },
      ]),
    ),
    more: panel.more === undefined ? null : {
      ...panel.more,
      tables: panel.more.tables.map((table) => ({
        ...table,
        rows: table.rows.map(jsonValues),
      })),
    },
    sliders,
    meterDb: METER_DB,
    // What the command line needs to be told, and what renders are called.
    model: isPublished ? null : model.name,
    ending: model.name.replaceAll("+", "-").replace(PAPER_MODEL, "4a2a"),
    feedback: model.feedback,
  };
  const channelUnits = channelUnitsScript();
  const worklet = codeForScript(
    [channelUnits, renderer.code, channels, processor].join("\n"),
    "processor.js",
  );
  const name = isPublished && panel.dial !== undefined
    ? "4A-2A"
    : options.unit || model.name;
  return await renderShell({
    title: `${name} player`,
    overline: "player",
    heading: isPublished && panel.dial !== undefined
      ? "4A-2A: a levelling amplifier to play with"
      : `${name}: a compressor to play with`,
    subtitle: panel.dial === undefined
      ? "One setting, to listen to and to change."
      : "Turn one knob; the parameters of a compressor follow.",
    facts: [renderTime(options.builtAt)],
    links: options.links,
    surrogate: surrogate
      ? {
        name: "the curve of this player",
        description: `${origin} It does not describe a real unit.`,
      }
      : undefined,
    main: renderMain(options, sliders),
    data: `<script type="application/json" id="settings">${
      jsonForScript(settings)
    }</script>
<script type="text/plain" id="worklet">${worklet}</script>\n`,
    scripts: [
      { name: "report/client.js", code: theme },
      { name: "compressor/linked.ts", code: channelUnits },
      { name: "renderer.js", code: renderer.code },
      { name: "player/channels.js", code: channels },
      { name: "sound/wav_reader.ts", code: waveReaderScript() },
      { name: "sound/alignment.ts", code: targetsScript() },
      { name: "player/target.js", code: target },
      { name: "wave_writer.js", code: waveWriter },
      { name: "player/client.js", code: client },
      ...(panel.more === undefined
        ? []
        : [{ name: "player/more_knobs.js", code: moreKnobs }]),
    ],
    style,
    // The worklet comes by a data URL: browsers take no other from disk.
    scriptSources: ["data:", "'wasm-unsafe-eval'"],
  });
}

/**
 * A model of the family as a block diagram and as formulas, from its name and its
 * parameters: what the detector hears, the static curve, the smoothing, and what
 * comes after the gain. The maths itself stands in `lib/models/`.
 *
 * @module
 */

import type { Model } from "../models/model.ts";
import { PRESETS } from "../models/presets.ts";
import {
  type Block,
  diagram,
  type DiagramCell,
  type Drawing,
  equation,
  type EquationCell,
  type Point,
} from "./cells.ts";

/** Words of a model's name, presets taken apart, and its parameters' names. */
interface Traits {
  feedback: boolean;
  /** Smoothed in decibels. */
  inDecibels: boolean;
  /** SignalTrain's, with a level and times of its own. */
  isComp4c: boolean;
  /** Turned over behind everything. */
  isInverted: boolean;
  /** Parameters of all-pass sections. */
  sections: string[];
  has(parameter: string): boolean;
}

function traitsOf({ name, parameters, feedback }: Model): Traits {
  const words = name.split("+").flatMap((word) => PRESETS[word] ?? [word]);
  const names = new Set(parameters.map((one) => one.name));
  return {
    feedback,
    inDecibels: (words as string[]).includes("decibel"),
    isComp4c: name.split("+").includes("comp-4c"),
    isInverted: name.split("+").includes("inverted"),
    sections: [...names].filter((one) => one.startsWith("allpass_")),
    has: (parameter) => names.has(parameter),
  };
}

/** A part of a model: lines of its box, and the parameters that are in it. */
interface Part {
  lines: string[];
  parameters: string[];
}

/** The side chain of `traits`, in the order of the signal. */
function sideChain({ inDecibels, has }: Traits): Part[] {
  return [
    {
      lines: ["Detector", has("averaging_coefficient") ? "RMS" : "peak"],
      parameters: ["averaging_coefficient"],
    },
    {
      lines: ["Static curve", has("knee_db") ? "soft knee" : "hard knee"],
      parameters: ["threshold_db", "ratio", "knee_db"],
    },
    {
      lines: [
        has("second_release_ms") ? "Attack, releases" : "Attack, release",
        inDecibels ? "in decibels" : "of the gain",
      ],
      parameters: [
        "attack_ms",
        "release_ms",
        "second_release_ms",
        "second_share",
        "initial_gain_db",
      ],
    },
  ];
}

/** What comes after the gain, in order. */
function outputChain({ has, sections, isInverted }: Traits): Part[] {
  const all: Part[] = [
    { lines: ["Make-up"], parameters: ["make_up_db"] },
    { lines: ["Saturation"], parameters: ["square", "cube"] },
    { lines: ["Coupling", "high-pass"], parameters: ["coupling_hz"] },
    { lines: ["Bandwidth", "low-pass"], parameters: ["bandwidth_hz"] },
    {
      lines: ["Shelf", "pole and zero"],
      parameters: ["shelf_pole_us", "shelf_zero_us"],
    },
    { lines: ["Phase", "all-pass"], parameters: sections },
  ];
  return [
    ...all.filter(({ parameters }) => parameters.some(has)),
    ...(isInverted ? [{ lines: ["× −1"], parameters: [] }] : []),
  ];
}

/** Width of a box, its distance from the next, and where the two rows lie. */
const BOX = 122;
const STEP = BOX + 26;
const ROWS = { main: 32, side: 118 };

/** `model` as a drawing. */
function drawingOf(model: Model): { drawing: Drawing; rest: string[] } {
  const traits = traitsOf(model);
  const side = sideChain(traits);
  const after = outputChain(traits);
  const { main, side: low } = ROWS;
  const blocks: Block[] = [];
  const wires: Point[][] = [];
  const box = (at: Point, lines: string[]) =>
    blocks.push({ kind: "box", at, lines });
  // The side chain lies between where it listens and where it multiplies.
  const firstBox = 76 + BOX / 2;
  const sideX = side.map((_, i) => firstBox + STEP * i);
  const [left, right] = [56, sideX.at(-1)! + BOX / 2 + 20];
  const gainX = traits.feedback ? left : right;
  const tapX = traits.feedback ? right : left;
  const y0: Point = [14, main];
  blocks.push({ kind: "text", at: y0, text: "x" });
  blocks.push({ kind: "node", at: [gainX, main], sign: "×" });
  blocks.push({ kind: "tap", at: [tapX, main] });
  wires.push([[26, main], [gainX - 13, main]]);
  const order = traits.feedback ? side.toReversed() : side;
  order.forEach(({ lines }, i) => box([sideX[i], low], lines));
  const edge = BOX / 2;
  const [enter, leave] = traits.feedback
    ? [sideX.at(-1)! + edge, sideX[0] - edge]
    : [sideX[0] - edge, sideX.at(-1)! + edge];
  wires.push([[tapX, main], [tapX, low], [enter, low]]);
  for (let i = 1; i < sideX.length; i++) {
    const [from, to] = [sideX[i - 1] + edge, sideX[i] - edge];
    wires.push(
      traits.feedback ? [[to, low], [from, low]] : [[from, low], [
        to,
        low,
      ]],
    );
  }
  wires.push([[leave, low], [gainX, low], [gainX, main + 13]]);
  blocks.push({
    kind: "text",
    at: [gainX + 14, (main + low) / 2],
    text: "g",
  });
  let from: Point = [gainX + 13, main];
  let x = right + 28 + edge;
  for (const { lines } of after) {
    box([x, main], lines);
    wires.push([from, [x - edge, main]]);
    from = [x + edge, main];
    x += STEP;
  }
  const end = from[0] + 26;
  wires.push([from, [end, main]]);
  blocks.push({ kind: "text", at: [end + 12, main], text: "y" });
  const known = new Set([...side, ...after].flatMap((one) => one.parameters));
  return {
    drawing: { size: [end + 24, low + 32], blocks, wires },
    rest: model.parameters.filter(({ name }) => !known.has(name))
      .map(({ title }) => title.toLowerCase()),
  };
}

/** `model` as a block diagram. */
export function modelDiagram(model: Model): DiagramCell {
  const { drawing, rest } = drawingOf(model);
  const heard = model.feedback
    ? "the output, before make-up: it feeds back"
    : "the input: it feeds forward";
  return diagram(
    `The model ${model.name}`,
    drawing,
    `The detector hears ${heard}. The gain g turns the input x up or down.${
      rest.length === 0 ? "" : ` Not drawn: ${rest.join(", ")}.`
    }`,
  );
}

/** `model` in formulas: level, curve, smoothing and output. */
export function modelEquations(model: Model): EquationCell[] {
  const traits = traitsOf(model);
  const { feedback, inDecibels, isComp4c, has } = traits;
  const heard = feedback ? "g[n-1]\\,x[n]" : "x[n]";
  const slope = feedback ? "R - 1" : "1 - \\tfrac{1}{R}";
  const level = has("averaging_coefficient")
    ? `m[n] = m[n-1] + w\\,\\bigl(v^2[n] - m[n-1]\\bigr), \\quad L[n] = 10 \\log_{10} m[n], \\quad v[n] = ${heard}`
    : isComp4c
    ? `L[n] = \\max\\bigl(20 \\log_{10}(\\lvert x[n] \\rvert + 10^{-8}),\\,-96\\bigr)`
    : `L[n] = 20 \\log_{10} \\lvert ${heard} \\rvert`;
  const curve = has("knee_db")
    ? `G = \\begin{cases} 0 & d \\le -\\frac{W}{2} \\\\ -s\\,\\frac{(d + W/2)^2}{2W} & \\lvert d \\rvert < \\frac{W}{2} \\\\ -s\\,d & d \\ge \\frac{W}{2} \\end{cases} \\qquad d = L[n] - C_T, \\quad s = ${slope}`
    : `G = -s\\,\\max(L[n] - C_T,\\,0), \\qquad s = ${slope}`;
  const state = inDecibels ? "d" : "g";
  const goal = inDecibels ? "G" : "10^{G/20}";
  const stages = has("second_release_ms");
  const follow = (index: string) =>
    `${state}${index}[n] = ${state}${index}[n-1] + \\alpha${index}\\,\\bigl(${goal} - ${state}${index}[n-1]\\bigr)`;
  const mixed = stages
    ? `\\bar ${state} = (1 - m)\\,${state}_1 + m\\,${state}_2`
    : "";
  const asFactor = inDecibels
    ? `g = 10^{${stages ? "\\bar d" : "d"}/20}`
    : stages
    ? "g = \\bar g"
    : "";
  const smoothing = stages
    ? String.raw`\begin{aligned} ${
      follow("_1").replace("=", "&=")
    }, \quad \text{likewise } ${state}_2, \\ ${
      mixed.replace("=", "&=")
    }, \quad ${asFactor} \end{aligned}`
    : [follow(""), asFactor].filter(Boolean).join(", \\quad ");
  return [
    equation(level, "What the detector hears, in decibels."),
    equation(
      curve,
      `The gain that is asked for, in decibels: threshold CT, ratio R${
        has("knee_db") ? ", knee W" : ""
      }.`,
    ),
    equation(
      smoothing,
      `The gain follows: α is the attack’s coefficient where it falls, the release’s where it rises, 1 − exp(−${
        isComp4c ? "ln 9" : "2.2"
      } / N) for a time of N samples.`,
    ),
    equation(
      "y[n] = 10^{\\gamma/20}\\,g[n]\\,x[n]",
      `The output, with make-up γ${
        outputChain(traits).length > 1
          ? ", before what the diagram shows after it"
          : ""
      }.`,
    ),
  ];
}

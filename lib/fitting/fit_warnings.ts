/**
 * What makes the figures of a fit mean little, though it converged.
 *
 * Where a model reduces the gain of a sound's peak by next to nothing, the loss does
 * not depend on threshold, attack and release.
 *
 * @module
 */

import type { Fit } from "./fit.ts";
import { formatDecibels, formatNumber, formatPercent } from "../base/format.ts";
import type { Model, Parameter, Values } from "../models/model.ts";
import {
  domainOf,
  loopTimes,
  type Range,
  shortestLoopTime,
  widened,
} from "../objective/coordinates.ts";
import { type Pair, peakOf, type Signal } from "../sound/signal.ts";

/** ESR above which hardly anything of the wet recording is explained. */
const POOR_ESR = 0.5;

/** Gain reduction, in dB, that is next to nothing. */
const HARDLY = 0.1;

/** Part of a bound within which a parameter stands at it. */
const AT_BOUND = 0.005;

/** How a person widens a range: what to type. */
export type WidenRange = (name: string, range: Range) => string;

/** The option `--range` that searches `range`. */
export function rangeOptionOf(name: string, range: Range): string {
  return `--range ${name}=${range.map(shortly).join("..")}`;
}

/** The option `--set` that searches `range`, where there is no `--range`. */
export function rangeSettingOf(name: string, range: Range): string {
  const ends = range.map((end) =>
    Number.isFinite(end) ? shortly(end) : end > 0 ? ".inf" : "-.inf"
  );
  return `--set solver.ranges.${name}=[${ends.join(",")}]`;
}

/**
 * What a person should know before relying on the `fit` of `model` to `pairs`, which
 * are of one rate.
 *
 * @param widen What to type to search a wider range.
 */
export function fitWarnings(
  pairs: readonly Pair[],
  model: Model,
  { parameters: values, coordinates, esr }: Pick<
    Fit,
    "parameters" | "coordinates" | "esr"
  >,
  widen: WidenRange = rangeOptionOf,
): string[] {
  const [{ sampleRate }] = pairs;
  const sounds = pairs.map(({ dry, heard = dry }) => heard);
  const warnings: string[] = [];
  if (esr > POOR_ESR) {
    warnings.push(
      `the match is poor: ${
        formatPercent(esr, 2)
      } of the wet recording's energy is left unexplained. Is it the same take?`,
    );
  }
  // Most sounds show at once that there is something to compress.
  const least = levelReducedBy(HARDLY, model, values);
  if (!sounds.some((heard) => isAbove(heard, least))) {
    const peakDb = 20 * Math.log10(Math.max(...sounds.map(peakOf)));
    warnings.push(
      levelReducedBy(0, model, values) >= peakDb
        ? `no dry sample exceeds the threshold (the peak is ${
          formatDecibels(peakDb)
        }): nothing is compressed; threshold, ratio, attack and release mean nothing. Start lower, for example with --set solver.start.threshold_db=${
          Math.floor(peakDb - 30)
        }`
        : `the compressor hardly compresses, by less than ${HARDLY} dB: threshold, attack and release mean nothing. Does the unit compress here? Are the dry and the wet recording swapped?`,
    );
    return warnings;
  }
  const inLoops = loopTimes(model, values);
  for (const parameter of model.parameters) {
    const { name, title, unit, isOpen } = parameter;
    const range: Range | undefined = coordinates.ranges[name];
    if (range === undefined) continue; // It was held.
    const value = isOpen ? values[name] : inLoops[name] ?? values[name];
    const end = range.find((end) => isAt(value, end, parameter));
    if (end === undefined) continue;
    const behind = /^\w/.test(unit) ? ` ${unit}` : "";
    const inLoop = value === values[name] ? "" : " in the loop";
    const isShortest = inLoop !== "" && end === shortestLoopTime(sampleRate);
    warnings.push(
      `the ${title.toLowerCase()} of ${
        formatNumber(value)
      }${behind}${inLoop} stands at the end of its range, ${
        range.map(shortly).join("–")
      }${behind}: the best one may lie beyond${
        isShortest
          ? `, where a loop at ${sampleRate} Hz swings. Record at a higher rate`
          : `. Look there with ${widen(name, widened(parameter, range))}`
      }`,
    );
  }
  return warnings;
}

/** Whether `value` stands at `end`, beyond which a parameter can be. */
function isAt(value: number, end: number, parameter: Parameter): boolean {
  if (domainOf(parameter).includes(end)) return false;
  const scale = end === 0 ? 1 : Math.abs(end);
  return Math.abs(value - end) <= AT_BOUND * scale;
}

/** An end of a range with sensible digits. */
function shortly(end: number): string {
  return String(Number(end.toPrecision(3)));
}

/**
 * Level, in dB, of a steady sound that the static curve reduces by `reduction` dB; the
 * detector of a feedback model hears it so much lower.
 */
function levelReducedBy(
  reduction: number,
  { feedback }: Model,
  { threshold_db, ratio, knee_db = 0 }: Values,
): number {
  const slope = feedback ? ratio - 1 : 1 - 1 / ratio;
  const inKnee = Math.sqrt(2 * knee_db * reduction / slope) - knee_db / 2;
  const over = inKnee < knee_db / 2 ? inKnee : reduction / slope;
  return threshold_db + over + (feedback ? reduction : 0);
}

/** Whether a sample of `sound` is louder than `levelDb`. */
function isAbove(sound: Signal, levelDb: number): boolean {
  const level = 10 ** (levelDb / 20);
  for (let n = 0; n < sound.length; n++) {
    if (Math.abs(sound[n]) > level) return true;
  }
  return false;
}

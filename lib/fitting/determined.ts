/**
 * Which parameters the data determine: standard errors, the directions that the loss
 * hardly depends on, and profiles.
 *
 * @module
 */

import { formatPercent } from "../base/format.ts";
import type { RecordedTake } from "../data/recorded_takes.ts";
import { formatParameter } from "../models/parameter_text.ts";
import { nameInTake } from "../objective/takes.ts";
import { spectrumOf } from "../optimise/quadratic_model.ts";
import { fitTakes, type TakesFit } from "./fit_takes.ts";
import { headOf, settled } from "./held_out.ts";
import {
  type StudiedModel,
  type StudyConfig,
  studyModel,
} from "./model_study.ts";

/** What a person should know before reading parameters off a rich model. */
export const CAUTIONS =
  "- **Two minima of equal height.** Which of two release stages comes first makes no " +
  "difference to the sound: t₁ and t₂ changed and m as 1 − m is the same unit. A fit may " +
  "end at either; the faster is written first. Two units compare only then.\n" +
  "- **Knees have kinks.** Where a knee grows narrow, samples pass its edges one by one, " +
  "and the loss has a slope that jumps: a fit can stall a little above the minimum. A " +
  "width of a tenth of a decibel is none.\n" +
  "- **Feedback has a limit.** Above threshold the loop has the factor 1 − αR: beyond " +
  "αR = 1 it swings, beyond 2 it is chaotic, and nothing can be recovered. What is searched " +
  "ends at 1.5, so the shortest attack depends on the sample rate. Times of parts are longer " +
  "than those of the loop, by about the ratio, and a ratio in feedback is not told well: " +
  "a steep loop and a steeper one sound alike.\n" +
  "- **A limiter with all buttons in** is not of this family: there the bias moves with " +
  "the sound, so that threshold, ratio and distortion do too. A fit gives the nearest of " +
  "another kind, and its held-out error tells.\n" +
  "- **Short recordings** do not tell models apart: the richer one wins on what it is " +
  "fitted to, always, and on the rest by chance.";

/** What the data tell of a model's parameters, as rows. */
export interface Determined {
  /** Each parameter, and its standard error. */
  parameters: {
    parameter: string;
    title: string;
    found: number;
    uncertainty: number | null;
    text: string;
  }[];
  /** Eigenvalues, as parts of the largest, and what makes up their directions. */
  directions: { eigenvalue: number; made_of: string }[];
  /** ESR with one parameter held and the others fitted anew. */
  profile: { parameter: string; factor: number; value: number; esr: number }[];
}

/** Part of a value that its range spans where it is held. */
const HELD = 1e-4;

/** What `takes` tell of the parameters of `row`, which was fitted to them. */
export async function determinedBy(
  takes: readonly RecordedTake[],
  row: StudiedModel,
  { profiled, factors }: {
    profiled: readonly string[];
    factors: readonly number[];
  },
  how: StudyConfig,
): Promise<Determined> {
  const { fit } = await studyModel(takes, row.model, how, {
    others: [row.params],
  });
  const { names } = fit.coordinates;
  const titles = new Map(
    fit.model.parameters.map(({ name, title }) => [name, title.toLowerCase()]),
  );
  // What is not the unit's is a take's: its delay, or the gain it begins with.
  const titleOf = (name: string) =>
    titles.get(name) ??
      name.replace(/_(samples|db)/, "").replaceAll("_", " ");
  const { values, vectors } = spectrumOf(fit.minimum.hessian);
  const most = Math.max(...values);
  const directions = Array.from(values, (value, i) => {
    const parts = names.map((name, k) => ({ name, part: vectors[i][k] ** 2 }))
      .sort((a, b) => b.part - a.part).slice(0, 3);
    return {
      eigenvalue: value / most,
      made_of: parts.map(({ name, part }) =>
        `${formatPercent(part, 2)} ${titleOf(name)}`
      ).join(", "),
    };
  });
  const parameters = fit.model.parameters.map((parameter) => {
    const { name, title } = parameter;
    const [found, error] = [fit.parameters[name], fit.uncertainty[name]];
    return {
      parameter: name,
      title,
      found,
      uncertainty: Number.isFinite(error) ? error : null,
      text: formatParameter(parameter, found, error),
    };
  });
  const profile: Determined["profile"] = [];
  for (const parameter of profiled) {
    if (!(parameter in fit.parameters)) continue;
    profile.push(...await profileOf(takes, fit, parameter, factors, how));
  }
  return { parameters, directions, profile };
}

/** The loss over one parameter of `fit`, the others fitted anew at each point. */
export async function profileOf(
  takes: readonly RecordedTake[],
  fit: TakesFit,
  parameter: string,
  factors: readonly number[],
  { engine, solver, chunks, part }: StudyConfig,
): Promise<Determined["profile"]> {
  const found = fit.parameters[parameter];
  const points = [{ parameter, factor: 1, value: found, esr: fit.esr }];
  const placed = takes.map((take, i) => settled(take, fit.takes[i].lag));
  const delays = placed.map(({ lag }, i) => [
    nameInTake("delay_samples", i, takes.length),
    fit.takes[i].lag - lag,
  ]);
  for (const factor of factors) {
    // On the scale that it is searched on, so that it stays what it can be.
    const value = parameter === "second_share"
      ? found * factor / (1 - found + found * factor)
      : parameter === "ratio"
      ? 1 + (found - 1) * factor
      : found * factor;
    const range: [number, number] = [value * (1 - HELD), value * (1 + HELD)];
    const { esr } = await fitTakes(
      placed.map((take) => headOf(take, part)),
      fit.model,
      { ...solver, ranges: { [parameter]: range } },
      engine,
      {
        chunks,
        starts: [{
          ...fit.parameters,
          ...Object.fromEntries(delays),
          [parameter]: value,
        }],
      },
    );
    points.push({ parameter, factor, value, esr });
  }
  return points.sort((a, b) => a.factor - b.factor);
}

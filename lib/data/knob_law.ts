/**
 * A smooth map from a unit's knobs to its parameters, through the settings that were
 * fitted. Choices split: each combination of them has a map of its own.
 *
 * Every parameter goes by itself, in the coordinate that a fit searches in (ln ms,
 * ln Hz, ln(R − 1), logit of a share; decibels as they are), so that a time stays
 * above 0 and a ratio above 1. One that does not go there, such as a ratio of ∞ or a
 * knee of 0, goes by 1/R, or as it is.
 *
 * - **Settings at every crossing** of the knobs' positions: not-a-knot splines, one
 *   knob after the other, which is their tensor product (de Boor, "A Practical Guide
 *   to Splines", 1978, chapter XVII).
 * - **Scattered settings**: the polyharmonic spline Σ w_i |x − x_i|³ + a + b·x over
 *   knobs that go from 0 to 1 (Duchon 1977), which of one knob is the natural spline.
 *
 * @module
 */

import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { interpolant } from "../base/spline.ts";
import type { Model, Scale, Values } from "../models/model.ts";
import type { Positions, Unit } from "./unit_file.ts";

/** What is needed of a unit. */
export type LawUnit = Pick<Unit, "knobs" | "settings">;

/** Parameters wherever the knobs stand, between the settings; beyond they stay. */
export type KnobLaw = (at: Positions) => Values;

/** The coordinate of each scale, there and back. */
const COORDINATES: Record<
  Scale,
  readonly [there: (value: number) => number, back: (u: number) => number]
> = {
  linear: [(value) => value, (u) => u],
  log: [Math.log, Math.exp],
  "log-above-one": [(value) => Math.log(value - 1), (u) => 1 + Math.exp(u)],
  logit: [
    (value) => Math.log(value / (1 - value)),
    (u) => 1 / (1 + Math.exp(-u)),
  ],
};

/** A function of the dials' positions. */
type Surface = (x: readonly number[]) => number;

/**
 * The law of `unit`, whose parameters are those of `model`.
 *
 * @throws {RangeError} from the law, where a choice stands where no setting does.
 */
export function knobLaw(unit: LawUnit, model: Model): KnobLaw {
  const dials = namesOf(unit, "number");
  const choices = namesOf(unit, "choice");
  const keyOf = (at: Positions) => JSON.stringify(choices.map((c) => at[c]));
  const groups = Map.groupBy(unit.settings, ({ at }) => keyOf(at));
  const laws = new Map(
    [...groups].map(([key, settings]) => [key, lawOf(settings, dials, model)]),
  );
  return (at) => {
    const law = laws.get(keyOf(at));
    if (law === undefined) {
      throw new RangeError(
        `no setting was fitted with ${
          choices.map((name) => `${name} ${at[name]}`).join(", ")
        }`,
      );
    }
    return law(dials.map((name) => at[name] as number));
  };
}

/** The knobs of `unit` of one kind. */
export function namesOf(
  { knobs }: Pick<Unit, "knobs">,
  kind: "number" | "choice",
): string[] {
  return Object.entries(knobs).filter(([, knob]) => knob.kind === kind)
    .map(([name]) => name);
}

/** The positions of each dial that settings stand at, ascending. */
export function knotsOf(
  settings: LawUnit["settings"],
  dials: readonly string[],
): number[][] {
  return dials.map((name) =>
    [...new Set(settings.map(({ at }) => at[name] as number))]
      .sort((a, b) => a - b)
  );
}

/** Whether there is a setting at every crossing of `knots`. */
export function isGrid(
  settings: LawUnit["settings"],
  knots: readonly number[][],
): boolean {
  return settings.length === knots.reduce((n, { length }) => n * length, 1);
}

function lawOf(
  settings: LawUnit["settings"],
  dials: readonly string[],
  model: Model,
): (x: readonly number[]) => Values {
  const knots = knotsOf(settings, dials);
  const points = settings.map(({ at }) =>
    dials.map((name) => at[name] as number)
  );
  const surface = isGrid(settings, knots)
    ? (values: number[]) => tensor(knots, points, values)
    : (values: number[]) => scattered(knots, points, values);
  const surfaces = model.parameters.map(({ name, scale }) => {
    const values = settings.map(({ params }) => params[name]);
    const [there, back] = COORDINATES[scale];
    const moved = values.map(there);
    if (moved.every(Number.isFinite)) {
      const along = surface(moved);
      return [name, (x: readonly number[]) => back(along(x))] as const;
    }
    // 1/R goes to 0 where R goes to ∞; a knee or a share of 0 goes as it is.
    const isInfinite = values.includes(Infinity);
    const plain = surface(
      isInfinite ? values.map((value) => 1 / value) : values,
    );
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return [
      name,
      (x: readonly number[]) => {
        const found = isInfinite ? 1 / Math.max(0, plain(x)) : plain(x);
        return Math.min(high, Math.max(low, found));
      },
    ] as const;
  });
  return (x) => {
    const within = x.map((value, d) =>
      Math.min(Math.max(value, knots[d][0]), knots[d].at(-1)!)
    );
    return Object.fromEntries(
      surfaces.map(([name, along]) => [name, along(within)]),
    );
  };
}

/** The tensor product of splines through values at every crossing of `knots`. */
function tensor(
  knots: readonly number[][],
  points: readonly number[][],
  values: readonly number[],
): Surface {
  const [first, ...rest] = knots;
  if (first === undefined) return () => values[0];
  const rows = first.map((knot) => {
    const here = points.flatMap((point, i) => point[0] === knot ? [i] : []);
    return tensor(
      rest,
      here.map((i) => points[i].slice(1)),
      here.map((i) => values[i]),
    );
  });
  return ([x, ...others]) =>
    interpolant(first, rows.map((row) => row(others)), "spline")(x);
}

/** The polyharmonic spline through values at `points`. */
function scattered(
  knots: readonly number[][],
  points: readonly number[][],
  values: readonly number[],
): Surface {
  // A knob that stands at one place alone says nothing.
  const turned = knots.flatMap(({ length }, d) => length > 1 ? [d] : []);
  const scaled = (x: readonly number[]) =>
    turned.map((d) => {
      const [low, high] = [knots[d][0], knots[d].at(-1)!];
      return (x[d] - low) / (high - low);
    });
  const places = points.map(scaled);
  const cube = (a: readonly number[], b: readonly number[]) =>
    Math.hypot(...a.map((value, i) => value - b[i])) ** 3;
  const size = places.length + 1 + turned.length;
  const system = Matrix.zeros(size, size);
  places.forEach((place, i) => {
    places.forEach((other, j) => system.set(i, j, cube(place, other)));
    [1, ...place].forEach((value, k) => {
      system.set(i, places.length + k, value);
      system.set(places.length + k, i, value);
    });
  });
  const right = Matrix.columnVector([
    ...values,
    ...Array.from({ length: 1 + turned.length }, () => 0),
  ]);
  // By singular values: settings may lie on a line of a plane.
  const weights = new SingularValueDecomposition(system, {
    autoTranspose: true,
  })
    .solve(right).to1DArray();
  return (x) => {
    const place = scaled(x);
    return places.reduce(
      (sum, other, i) => sum + weights[i] * cube(place, other),
      [1, ...place].reduce(
        (sum, value, k) => sum + weights[places.length + k] * value,
        0,
      ),
    );
  };
}

/** Steps between two settings, where a smooth map is made of straight lines. */
const STEPS = 4;

/** Most settings that such a map is made of, for each combination of choices. */
const MOST_ROWS = 2500;

/**
 * `unit` with a setting at every crossing of finer positions, between which straight
 * lines are as good as its smooth map; itself where its map is of lines.
 *
 * @param steps Into which what lies between two settings is divided, at most.
 */
export function inLines(unit: Unit, model: Model, steps = STEPS): Unit {
  const dials = namesOf(unit, "number");
  if (unit.interpolation !== "smooth" || dials.length === 0) return unit;
  const law = knobLaw(unit, model);
  const choices = namesOf(unit, "choice");
  const groups = Map.groupBy(
    unit.settings,
    ({ at }) => JSON.stringify(choices.map((name) => at[name])),
  );
  const { interpolation: _, ...rest } = unit;
  return {
    ...rest,
    settings: [...groups.values()].flatMap((settings) => {
      const chosen = Object.fromEntries(
        choices.map((name) => [name, settings[0].at[name]]),
      );
      const knots = knotsOf(settings, dials);
      const rows = () =>
        knots.reduce((n, { length }) => n * ((length - 1) * steps + 1), 1);
      while (steps > 1 && rows() > MOST_ROWS) steps--;
      const finer = knots.map((ofDial) =>
        ofDial.flatMap((knot, i) =>
          i === 0 ? [knot] : Array.from({ length: steps }, (_, k) => {
            const before = ofDial[i - 1];
            return k + 1 === steps
              ? knot
              : before + (knot - before) * (k + 1) / steps;
          })
        )
      );
      return finer.reduce<Positions[]>(
        (all, ofDial, d) =>
          all.flatMap((at) =>
            ofDial.map((knot) => ({ ...at, [dials[d]]: knot }))
          ),
        [chosen],
      ).map((at) => {
        const same = settings.find((setting) =>
          dials.every((name) => setting.at[name] === at[name])
        );
        return same === undefined ? { at, params: law(at) } : same;
      });
    }),
  };
}

/**
 * The loss of several takes of one setting, with what belongs to each recording
 * beside what belongs to the unit (MATH 6).
 *
 *     𝓛(θ, τ, g₀) = Σ over takes of Σ (F f(x; θ, g₀) − F y(· + τ))²
 *
 * The takes share θ. Each may have a delay τ of its own, in fractions of a sample,
 * and a gain g₀ that its first chunk begins with. These are parameters like the
 * others, so the same Newton step finds them: {@linkcode openTakes} opens an engine
 * that has them all.
 *
 * Round the delay τ₀ that a recording is laid out with the target is
 * y + δ y' + ½ δ² y'', δ = τ − τ₀, which is exact in value and both derivatives at
 * δ = 0; where τ has moved by more than {@linkcode REACH} it is laid out anew.
 *
 * @module
 */

import type { Engine, Evaluation, Order } from "./evaluation.ts";
import type { Model, Parameter } from "../models/model.ts";
import { parseModel } from "../models/presets.ts";
import { INITIAL_GAIN } from "../models/smoothing.ts";
import { delayed, EDGE } from "../sound/fractional_delay.ts";
import type { Signal } from "../sound/signal.ts";
import type { ChunkedPair } from "../sound/chunks.ts";

/**
 * Samples that a delay may move by before the target is interpolated anew. At
 * 0.05 what the three terms leave out of a tone of 10 kHz is 1e-4 of it; a fit that
 * is opened again where another ended, to within 1e-3, leaves nothing out.
 */
const REACH = 0.05;

/** A take: its chunks, and what of it is to be found. */
export interface Take {
  /** The recordings, their lag removed to the nearest sample or so. */
  pair: ChunkedPair;
  /** Samples that the wet side is late by, at the start; absent: left as it is. */
  delay?: number;
  /** Whether its first chunk does not begin at rest. */
  isCut?: boolean;
}

/** The delay of a take, as a parameter. */
const DELAY: Parameter = {
  name: "delay_samples",
  title: "Delay",
  unit: "samples",
  decimals: 3,
  start: 0,
  range: [-Infinity, Infinity],
  scale: "linear",
};

/** How an engine is opened on some chunks. */
export type OpenEngine = (pair: ChunkedPair, model: Model) => Promise<Engine>;

/** Name of a parameter of take `index` of `count`. */
export function nameInTake(name: string, index: number, count: number): string {
  return count === 1 ? name : `${name}_${index + 1}`;
}

/** `model` with what belongs to each of `takes` among its parameters. */
export function jointModel(takes: readonly Take[], model: Model): Model {
  const own = takes.flatMap((take, index) =>
    ownParameters(take).map((parameter) => ({
      ...parameter,
      name: nameInTake(parameter.name, index, takes.length),
    }))
  );
  return { ...model, parameters: [...model.parameters, ...own] };
}

/** What of `take` is to be found, by names that another take may have too. */
function ownParameters({ delay, isCut }: Take): Parameter[] {
  return [
    ...(delay === undefined ? [] : [{ ...DELAY, start: delay }]),
    ...(isCut ? [INITIAL_GAIN] : []),
  ];
}

/** Opens `takes` with `model`, by `open`; its parameters are {@linkcode jointModel}'s. */
export async function openTakes(
  takes: readonly Take[],
  model: Model,
  open: OpenEngine,
): Promise<Engine> {
  const { parameters } = jointModel(takes, model);
  const size = parameters.length;
  const places = new Map(parameters.map(({ name }, i) => [name, i]));
  const opened = takes.map((take, index) => {
    const placeOf = ({ name }: Parameter) =>
      places.get(nameInTake(name, index, takes.length));
    return openTake(take, model, open, placeOf);
  });
  const start = Float64Array.from(parameters, ({ start }) => start);
  for (const take of opened) await take.layOut(start);
  const engines = () => opened.flatMap((take) => take.engines());
  const [{ name, precision }] = engines();
  return {
    name,
    precision,
    get targetEnergy() {
      return engines().reduce((sum, one) => sum + one.targetEnergy, 0);
    },
    async evaluate(vector, order) {
      const total = zeroOf(size, order);
      for (const take of opened) await take.addTo(total, vector, order);
      return total;
    },
    async close() {
      for (const take of opened) await take.close();
    },
  };
}

/** A zero to add evaluations to. */
function zeroOf(size: number, order: Order): Evaluation {
  return {
    loss: 0,
    modelEnergy: 0,
    ...(order > 0 && { gradient: new Float64Array(size) }),
    ...(order > 1 && { hessian: new Float64Array(size * size) }),
  };
}

/** What of the wet sides has been moved last: fits begin where others ended. */
const lastMoved = new WeakMap<Signal, { tau: number; sides: MovedSides }>();

type MovedSides = Required<Pick<ChunkedPair, "wet" | "moves">>;

/** `wet` moved by `tau` samples, and its derivatives. */
function movedBy(tau: number, wet: Signal): MovedSides {
  const last = lastMoved.get(wet);
  if (last?.tau === tau) return last.sides;
  const { value, first, second } = delayed(wet, tau, 2);
  const sides: MovedSides = { wet: value, moves: [first!, second!] };
  lastMoved.set(wet, { tau, sides });
  return sides;
}

/** Engines on the parts of one take, laid out with its present delay. */
function openTake(
  { pair, isCut, delay }: Take,
  model: Model,
  open: OpenEngine,
  placeOf: (parameter: Parameter) => number | undefined,
) {
  const delayAt = delay === undefined ? undefined : placeOf(DELAY)!;
  const [head, ...rest] = pair.starts;
  const asked = isCut
    ? [
      { starts: [head], model: parseModel(`${model.name}+fitted-start`) },
      ...(rest.length > 0 ? [{ starts: rest, model }] : []),
    ]
    : [{ starts: pair.starts, model }];
  const unit = new Map(model.parameters.map(({ name }, i) => [name, i]));
  const parts = asked.map((part) => ({
    ...part,
    // Where each of the part's parameters stands among all.
    places: [
      ...part.model.parameters.map((parameter) =>
        unit.get(parameter.name) ?? placeOf(parameter)!
      ),
      ...(delayAt === undefined ? [] : [delayAt]),
    ],
  }));
  let engines: Engine[] = [];
  let laidOut = NaN;

  const close = async () => {
    for (const engine of engines) await engine.close();
    engines = [];
  };
  const layOut = async (vector: Float64Array) => {
    const tau = delayAt === undefined ? 0 : vector[delayAt];
    if (Math.abs(tau - laidOut) <= REACH) return;
    await close();
    let moved = pair;
    if (delayAt !== undefined) {
      moved = { ...pair, ...movedBy(tau, pair.wet) };
    }
    for (const { starts, model } of parts) {
      engines.push(await open({ ...moved, starts }, model));
    }
    laidOut = tau;
  };
  return {
    layOut,
    close,
    engines: () => engines,
    async addTo(total: Evaluation, vector: Float64Array, order: Order) {
      await layOut(vector);
      for (const [i, { places }] of parts.entries()) {
        const at = Float64Array.from(
          places,
          (place) => vector[place] - (place === delayAt ? laidOut : 0),
        );
        const { loss, modelEnergy, gradient, hessian } = await engines[i]
          .evaluate(at, order);
        total.loss += loss;
        total.modelEnergy += modelEnergy;
        gradient?.forEach((value, k) => total.gradient![places[k]] += value);
        hessian?.forEach((value, k) => {
          const row = places[Math.floor(k / places.length)];
          const column = places[k % places.length];
          total.hessian![vector.length * row + column] += value;
        });
      }
    },
  };
}

/** Parts that each take is cut into for {@linkcode gradientsOfParts}. */
const PARTS = 6;

/**
 * Gradients at `vector`, by the parameters of {@linkcode jointModel}, of parts of
 * the takes: of each take, so many rows of its chunks, or where it has fewer chunks, so
 * many stretches of their counted samples.
 */
export async function gradientsOfParts(
  takes: readonly Take[],
  model: Model,
  open: OpenEngine,
  vector: Float64Array,
): Promise<Float64Array[]> {
  const joint = jointModel(takes, model);
  const places = joint.parameters.map(({ name }) => name);
  /** The gradient of what is left of take `index` as `part`. */
  const gradientOf = async (index: number, part: Take) => {
    const own = jointModel([part], model).parameters.map(({ name }, i) =>
      places.indexOf(
        i < model.parameters.length
          ? name
          : nameInTake(name, index, takes.length),
      )
    );
    const at = Float64Array.from(own, (place) => vector[place]);
    const delay = own.at(model.parameters.length);
    const moved = part.delay === undefined || delay === undefined
      ? part
      : { ...part, delay: vector[delay] };
    const engine = await openTakes([moved], model, open);
    try {
      const { gradient } = await engine.evaluate(at, 1);
      const whole = new Float64Array(places.length);
      gradient!.forEach((value, k) => whole[own[k]] = value);
      return whole;
    } finally {
      await engine.close();
    }
  };
  const parts: Float64Array[] = [];
  for (const [index, take] of takes.entries()) {
    let before = new Float64Array(places.length);
    for (let part = 1; part <= PARTS; part++) {
      if (take.pair.starts.length >= PARTS) {
        parts.push(await gradientOf(index, rowOf(take, part)));
        continue;
      }
      const upTo = await gradientOf(index, headOf(take, part));
      parts.push(upTo.map((value, k) => value - before[k]));
      before = upTo;
    }
  }
  return parts;
}

/** Row `part` of {@linkcode PARTS} of the chunks of `take`, and no more sound. */
function rowOf(take: Take, part: number): Take {
  const { pair, isCut } = take;
  const { starts, chunkLength, dry, wet, heard } = pair;
  const [first, end] = [part - 1, part].map((i) =>
    Math.round(starts.length * i / PARTS)
  );
  const row = starts.slice(first, end);
  const from = Math.max(0, row[0] - EDGE);
  const within = (side: Signal) =>
    side.subarray(from, row[row.length - 1] + chunkLength + EDGE);
  return {
    ...take,
    isCut: isCut && first === 0,
    pair: {
      ...pair,
      dry: within(dry),
      wet: within(wet),
      ...(heard && { heard: within(heard) }),
      starts: row.map((start) => start - from),
    },
  };
}

/** The chunks of `take` up to `part` of {@linkcode PARTS} of what they count. */
function headOf(take: Take, part: number): Take {
  const { pair } = take;
  const counted = pair.chunkLength - pair.warmUp;
  const chunkLength = pair.warmUp + Math.round(counted * part / PARTS);
  return { ...take, pair: { ...pair, chunkLength } };
}

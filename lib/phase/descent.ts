/**
 * Adam on the published loss, whatever stands for the coefficients: the nets of
 * `bias_net.ts`, or the coefficients themselves as p = tanh α, c = tanh α and
 * d = (1 + c) tanh β. A descent keeps its state in a file and is taken up again there.
 *
 * As published: batches of shuffled sequences, Adam with 1e-5. It is at its end where 50
 * epochs have gained less than a thousandth.
 *
 * @module
 */

import { writeFileWhole } from "../base/atomic_file.ts";
import { createRandom } from "../base/random.ts";
import {
  adamAtStart,
  type AdamState,
  adamStep,
} from "../optimise/adam_step.ts";
import { multiStft, type Sequences } from "./multi_stft.ts";
import type { Coefficients } from "./section.ts";

/** What Adam moves. */
export interface Way {
  /** What is learnt. */
  readonly weights: Float64Array;
  /** The sections that it stands for. */
  sections(): Coefficients[];
  /** Fills `gradient` by the weights, from `slopes` by the sections' coefficients. */
  backward(slopes: Float64Array, gradient: Float64Array): void;
}

/** An epoch, and where a descent stood at its end. */
export interface Epoch {
  epoch: number;
  /** Seconds of descent so far. */
  seconds: number;
  /** Mean loss of its batches. */
  loss: number;
}

/** How far a descent has come. */
export interface Progress {
  epochs: Epoch[];
  /** Whether the last 50 epochs gained less than a thousandth. */
  isDone: boolean;
}

/** Epochs, and the part of the loss that they must gain. */
const PATIENCE = 50;
const LEAST_GAIN = 1e-3;

/** The coefficients of `start` themselves, as α and β. */
export function coefficientWay(start: readonly Coefficients[]): Way {
  const weights = Float64Array.from(start.flatMap((one) => {
    if (one.length === 1) return [Math.atanh(one[0])];
    const [d, c] = one;
    return [Math.atanh(d / (1 + c)), Math.atanh(c)];
  }));
  const each = <T>(make: (order: number, at: number) => T) => {
    let at = 0;
    return start.map(({ length }) => make(length, (at += length) - length));
  };
  return {
    weights,
    sections: () =>
      each((order, at): Coefficients => {
        if (order === 1) return [Math.tanh(weights[at])];
        const c = Math.tanh(weights[at + 1]);
        return [(1 + c) * Math.tanh(weights[at]), c];
      }),
    backward(slopes, gradient) {
      each((order, at) => {
        if (order === 1) {
          gradient[at] = slopes[at] * (1 - Math.tanh(weights[at]) ** 2);
          return;
        }
        const t = Math.tanh(weights[at]);
        const c = Math.tanh(weights[at + 1]);
        gradient[at] = slopes[at] * (1 + c) * (1 - t * t);
        gradient[at + 1] = (slopes[at + 1] + slopes[at] * t) * (1 - c * c);
      });
    },
  };
}

/** What a descent is run by. */
export interface DescentOptions {
  /** Sequences of a step. */
  batch: number;
  learningRate: number;
  seed: number;
  /** Seconds that this run may take, and epochs (default: any number). */
  seconds: number;
  most?: number;
  /** File that keeps the state; none keeps none. */
  path?: string;
  onEpoch?: (epoch: Epoch) => void;
}

/** Goes on with `way` for some time, or to its end; `way` stands where it came to. */
export async function descend(
  way: Way,
  sequences: Sequences,
  { batch, learningRate, seed, seconds, most = Infinity, path, onEpoch }:
    DescentOptions,
): Promise<Progress> {
  const { weights } = way;
  let adam: AdamState = {
    ...adamAtStart(0),
    mean: new Float64Array(weights.length),
    square: new Float64Array(weights.length),
  };
  let epochs: Epoch[] = [];
  const kept = path === undefined ? undefined : await read(path, weights);
  if (kept !== undefined) ({ adam, epochs } = kept);
  const gradient = new Float64Array(weights.length);
  const before = epochs.at(-1)?.seconds ?? 0;
  const started = performance.now();
  const spent = () => (performance.now() - started) / 1000;
  const size = sequences.dry.length;
  const last = epochs.length + most;
  while (
    !isDone(epochs) && epochs.length < last && spent() < seconds
  ) {
    const epoch = epochs.length + 1;
    const random = createRandom(`${seed}/epoch ${epoch}`);
    const order = random.shuffle([...Array(size).keys()]);
    let loss = 0;
    for (let at = 0; at < size; at += batch) {
      const which = order.slice(at, at + batch);
      const sections = way.sections();
      const slopes = new Float64Array(
        sections.reduce((sum, { length }) => sum + length, 0),
      );
      loss += multiStft(sequences, sections, which, slopes) * which.length /
        size;
      way.backward(slopes, gradient);
      adamStep(weights, gradient, adam, learningRate);
    }
    const one = { epoch, seconds: before + spent(), loss };
    epochs.push(one);
    onEpoch?.(one);
    // So that a program that waits for input is not kept from it.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  if (path !== undefined) await write(path, weights, adam, epochs);
  return { epochs, isDone: isDone(epochs) };
}

function isDone(epochs: readonly Epoch[]): boolean {
  if (epochs.length <= PATIENCE) return false;
  const lowest = (list: readonly Epoch[]) =>
    list.reduce((least, { loss }) => Math.min(least, loss), Infinity);
  const before = lowest(epochs.slice(0, -PATIENCE));
  return lowest(epochs) > (1 - LEAST_GAIN) * before;
}

/** Writes weights and Adam's means as they are in memory, then the epochs as JSON. */
async function write(
  path: string,
  weights: Float64Array,
  { steps, mean, square }: AdamState,
  epochs: readonly Epoch[],
): Promise<void> {
  const tail = new TextEncoder().encode(JSON.stringify({ steps, epochs }));
  const bytes = new Uint8Array(3 * weights.byteLength + tail.length);
  [weights, mean, square].forEach((list, i) => {
    const { buffer, byteOffset, byteLength } = Float64Array.from(list);
    const place = i * weights.byteLength;
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), place);
  });
  bytes.set(tail, 3 * weights.byteLength);
  await writeFileWhole(path, bytes);
}

/** Reads them back, into `weights` as well; nothing where there is no such file. */
async function read(
  path: string,
  weights: Float64Array,
): Promise<{ adam: AdamState; epochs: Epoch[] } | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const size = weights.byteLength;
  const list = (i: number) =>
    new Float64Array(bytes.slice(i * size, (i + 1) * size).buffer);
  const { steps, epochs } = JSON.parse(
    new TextDecoder().decode(bytes.subarray(3 * size)),
  );
  weights.set(list(0));
  return { adam: { steps, mean: list(1), square: list(2) }, epochs };
}

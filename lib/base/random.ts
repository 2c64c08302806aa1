/**
 * Seeded random numbers: the same seed gives the same numbers on every machine.
 *
 * The generator is sfc32 (Doty-Humphrey's "small fast counting" generator, 128
 * bits of state, passes PractRand); a seed of any text or number is hashed to
 * 32 bits (FNV-1a) and spread over the state by splitmix32. Nothing here is fit
 * for secrets.
 *
 * @module
 */

/** A stream of seeded random numbers. */
export interface Random {
  /** Next 32 random bits, as an unsigned integer. */
  bits(): number;
  /** Uniform in [low, high); in [0, 1) without arguments. */
  uniform(low?: number, high?: number): number;
  /** Uniform in its logarithm, in [low, high); both above 0. */
  logUniform(low: number, high: number): number;
  /** Whole number in [low, high], each as likely. */
  integer(low: number, high: number): number;
  /** Normal, of `mean` and standard deviation `deviation` (0 and 1). */
  normal(mean?: number, deviation?: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of `items`, each as likely. */
  pick<T>(items: readonly T[]): T;
  /** `items` in random order, as a new array (Fisher–Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

/** FNV-1a over the UTF-16 code units of `text`, 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    state = Math.imul(state ^ (unit & 0xff), 0x01000193);
    state = Math.imul(state ^ (unit >>> 8), 0x01000193);
  }
  return state >>> 0;
}

/** The splitmix32 sequence from `state`, as a function giving its next value. */
function splitmix32(state: number): () => number {
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}

/**
 * A generator whose whole sequence follows from `seed`. The number 7 and the
 * text "7" are the same seed. For independent streams, seed each with its own
 * text, such as `${seed}/noise`.
 */
export function createRandom(seed: number | string): Random {
  const next = splitmix32(hash(String(seed)));
  // In a typed array: 32-bit numbers in variables of a closure are allocated anew.
  const state = Int32Array.of(next(), next(), next(), 1);

  function bits(): number {
    const a = state[0];
    const b = state[1];
    const c = state[2];
    const counter = state[3];
    const sum = (((a + b) | 0) + counter) | 0;
    state[3] = counter + 1;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  }
  for (let i = 0; i < 12; i++) bits();

  function uniform(low = 0, high = 1): number {
    const unit = bits() * 2 ** -32;
    return low + (high - low) * unit;
  }

  let spare: number | undefined;
  /** Marsaglia's polar method; two numbers a go. */
  function normal(mean = 0, deviation = 1): number {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return mean + deviation * value;
    }
    for (;;) {
      const u = uniform(-1, 1);
      const v = uniform(-1, 1);
      const square = u * u + v * v;
      if (square > 0 && square < 1) {
        const scale = Math.sqrt(-2 * Math.log(square) / square);
        spare = v * scale;
        return mean + deviation * u * scale;
      }
    }
  }

  function integer(low: number, high: number): number {
    return low + Math.floor(uniform() * (high - low + 1));
  }

  return {
    bits,
    uniform,
    logUniform: (low, high) => Math.exp(uniform(Math.log(low), Math.log(high))),
    integer,
    normal,
    chance: (probability) => uniform() < probability,
    pick: (items) => items[integer(0, items.length - 1)],
    shuffle: (items) => {
      const result = items.slice();
      for (let i = result.length - 1; i > 0; i--) {
        const j = integer(0, i);
        [result[i], result[j]] = [result[j], result[i]];
      }
      return result;
    },
  };
}

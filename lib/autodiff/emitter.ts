/**
 * Code of elementary functions on the lanes of a vector, in either format.
 *
 * eˣ = 2ⁿ eʳ with n = x / ln 2 rounded, so that |r| ≤ ln 2 / 2, and eʳ by its
 * Taylor series. ln x = e ln 2 + ln m with m from √½ to √2, and, with s =
 * (m − 1) / (m + 1), ln m = 2 (s + s³/3 + s⁵/5 …). ln 2 is taken in two parts, the
 * first so short that a whole number times it is exact. Arguments of eˣ are limited
 * to where the result is a normal number; those of ln x must be normal and above 0.
 *
 * @module
 */

import {
  type Code,
  f32x4,
  f64x2,
  type FloatLanes,
  get,
  i32,
  i32x4,
  i64,
  i64x2,
  set,
} from "./wasm.ts";

/** Number format of signals. */
export type Precision = "single" | "double";

/** What primitives write their code with. */
export interface Emitter {
  /** Operations on the lanes. */
  float: FloatLanes;
  /** Keeps a value that is used more than once; returns the code that reads it. */
  keep(value: Code): Code;
  /** eˣ. */
  exp(x: Code): Code;
  /** ln x, of x > 0. */
  log(x: Code): Code;
}

/** What differs between the formats. */
interface Format {
  float: FloatLanes;
  least: number;
  most: number;
  ln2: readonly [number, number];
  /** Degree of the series of eʳ. */
  exponentials: number;
  /** Terms of the series of ln m after the first. */
  logarithms: number;
  /** 2ⁿ of whole n, as numbers. */
  power(n: Code): Code;
  /** The exponent of x ≥ 2^−126, as a number, and x without it. */
  parts(x: Code, keep: (value: Code) => Code): [exponent: Code, rest: Code];
}

const SQRT_HALF = Math.SQRT1_2;

/** 3 · 2⁵¹: added to a whole number, it stands in the lowest bits. */
const MAGIC = 3 * 2 ** 51;

function bitsOf(value: number): bigint {
  return new BigInt64Array(Float64Array.of(value).buffer)[0];
}

const FORMATS: Record<Precision, Format> = {
  single: {
    float: f32x4,
    least: -87,
    most: 88,
    ln2: [0.693359375, -2.12194440e-4],
    exponentials: 7,
    logarithms: 4,
    power: (n) =>
      i32x4.shiftLeft(
        i32x4.add(i32x4.truncate(n), i32x4.splat(i32.const(127))),
        i32.const(23),
      ),
    parts(x, keep) {
      const root = new Int32Array(Float32Array.of(SQRT_HALF).buffer)[0];
      const exponent = keep(
        i32x4.shiftRight(
          i32x4.subtract(x, i32x4.splat(i32.const(root))),
          i32.const(23),
        ),
      );
      return [
        i32x4.convert(exponent),
        i32x4.subtract(x, i32x4.shiftLeft(exponent, i32.const(23))),
      ];
    },
  },
  double: {
    float: f64x2,
    least: -708,
    most: 709,
    ln2: [6.93147180369123816490e-1, 1.90821492927058770002e-10],
    exponentials: 13,
    logarithms: 10,
    power: (n) =>
      i64x2.shiftLeft(
        f64x2.add(n, f64x2.splat(MAGIC + 1023)),
        i32.const(52),
      ),
    parts(x, keep) {
      const exponent = keep(
        i64x2.shiftRight(
          i64x2.subtract(x, i64x2.splat(i64.const(bitsOf(SQRT_HALF)))),
          i32.const(52),
        ),
      );
      return [
        f64x2.subtract(
          i64x2.add(exponent, i64x2.splat(i64.const(bitsOf(MAGIC)))),
          f64x2.splat(MAGIC),
        ),
        i64x2.subtract(x, i64x2.shiftLeft(exponent, i32.const(52))),
      ];
    },
  },
};

/** Where an emitter puts what it writes. */
export interface Target {
  /** A new variable for a vector. */
  variable(): number;
  /** Adds code to the loop. */
  write(code: Code): void;
  /** A number in all lanes. */
  numeral(value: number): Code;
}

/** An emitter for `precision`. */
export function createEmitter(
  precision: Precision,
  relaxed: boolean,
  { variable, write, numeral }: Target,
): Emitter {
  const format = FORMATS[precision];
  const float: FloatLanes = { ...format.float, splat: numeral };
  if (!relaxed) {
    float.madd = (a, b, c) => float.add(float.multiply(a, b), c);
    float.nmadd = (a, b, c) => float.subtract(c, float.multiply(a, b));
  }
  const { splat } = float;
  const keep = (value: Code) => {
    const at = variable();
    write(set(at, value));
    return get(at);
  };
  /** Σ terms[i] xⁱ, halves side by side (Estrin's scheme): few steps in a row. */
  const polynomial = (x: Code, terms: number[]): Code => {
    let power = x;
    let sums = terms.map((term) => splat(term));
    while (sums.length > 1) {
      const at = power;
      sums = Array.from({ length: Math.ceil(sums.length / 2) }, (_, i) => {
        const [even, odd] = sums.slice(2 * i, 2 * i + 2);
        return odd === undefined ? even : keep(float.madd(at, odd, even));
      });
      if (sums.length > 1) power = keep(float.multiply(power, power));
    }
    return sums[0];
  };
  const [high, low] = format.ln2;
  return {
    float,
    keep,
    exp(x) {
      const { least, most, exponentials, power } = format;
      const limited = keep(float.min(float.max(x, splat(least)), splat(most)));
      const n = keep(float.nearest(float.multiply(limited, splat(Math.LOG2E))));
      const r = keep(
        float.nmadd(n, splat(low), float.nmadd(n, splat(high), limited)),
      );
      let factorial = 1;
      const terms = [1];
      for (let i = 1; i <= exponentials; i++) terms.push(1 / (factorial *= i));
      return float.multiply(polynomial(r, terms), power(n));
    },
    log(x) {
      const [exponent, rest] = format.parts(x, keep);
      const e = keep(exponent);
      const m = keep(rest);
      const s = keep(
        float.divide(
          float.subtract(m, splat(1)),
          float.add(m, splat(1)),
        ),
      );
      const terms = Array.from(
        { length: format.logarithms + 1 },
        (_, i) => 2 / (2 * i + 1),
      );
      const square = keep(float.multiply(s, s));
      return float.madd(
        e,
        splat(high),
        float.madd(e, splat(low), float.multiply(s, polynomial(square, terms))),
      );
    },
  };
}

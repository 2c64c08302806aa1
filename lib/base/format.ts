/**
 * Numbers as people read them: sensible digits, the unit beside them, a true
 * minus sign, an en dash where there is no number.
 *
 * Significant digits are kept for measured values (`5.86`, `0.00568`,
 * `1.23 × 10⁻⁷`); a column of a table may ask for fixed decimals instead, so
 * that its points align. An exact zero is `0`.
 *
 * @module
 */

/** What stands for a value that is missing or not a number. */
export const NO_VALUE = "–";

/** No-break thin space, between the groups of a long number's digits. */
const THIN = "\u202f";

/** No-break space, before a unit. */
const SPACE = "\u00a0";

const SUPERSCRIPTS: Record<string, string> = {
  "-": "⁻",
  "0": "⁰",
  "1": "¹",
  "2": "²",
  "3": "³",
  "4": "⁴",
  "5": "⁵",
  "6": "⁶",
  "7": "⁷",
  "8": "⁸",
  "9": "⁹",
};

/** A value that may be missing. */
export type MaybeNumber = number | null | undefined;

function unusual(value: MaybeNumber): string | undefined {
  if (value === null || value === undefined || Number.isNaN(value)) {
    return NO_VALUE;
  }
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
}

function grouped(digits: string): string {
  const [whole, fraction] = digits.split(".");
  const parted = whole.length < 5
    ? whole
    : whole.replace(/\B(?=(\d{3})+$)/g, THIN);
  return fraction === undefined ? parted : `${parted}.${fraction}`;
}

/**
 * `value` with `digits` significant digits (default 4), or as many as it has
 * before the point; a power of ten where it is very large or small.
 */
export function formatNumber(value: MaybeNumber, digits = 4): string {
  const odd = unusual(value);
  if (odd !== undefined) return odd;
  const number = value as number;
  if (number === 0) return "0";
  const sign = number < 0 ? "−" : "";
  const size = Math.abs(number);
  const [mantissa, exponent] = size.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  if (power < -4 || power >= Math.max(6, digits)) {
    const raised = String(power).replace(/./g, (c) => SUPERSCRIPTS[c]);
    return `${sign}${mantissa}${THIN}×${THIN}10${raised}`;
  }
  const decimals = Math.max(0, digits - 1 - power);
  return sign + grouped(size.toFixed(decimals));
}

/** `value` with exactly `decimals` digits after the point. */
export function formatFixed(value: MaybeNumber, decimals: number): string {
  const odd = unusual(value);
  if (odd !== undefined) return odd;
  const number = value as number;
  if (Math.abs(number) >= 1e15) return formatNumber(number, decimals + 1);
  const digits = Math.abs(number).toFixed(decimals);
  const sign = number < 0 && Number(digits) !== 0 ? "−" : "";
  return sign + grouped(digits);
}

/** `text` with `unit` after a no-break space; a missing value gets no unit. */
export function withUnit(text: string, unit: string): string {
  return text === NO_VALUE || unit === "" ? text : `${text}${SPACE}${unit}`;
}

/** A whole number, its digits in groups of three. */
export function formatInteger(value: MaybeNumber): string {
  return formatFixed(value, 0);
}

/** So many of a thing: "1 setting", "26 settings". */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A level or gain: two decimals and dB. */
export function formatDecibels(value: MaybeNumber, decimals = 2): string {
  return withUnit(formatFixed(value, decimals), "dB");
}

/** A time constant, in milliseconds. */
export function formatMilliseconds(value: MaybeNumber, digits = 4): string {
  return withUnit(formatNumber(value, digits), "ms");
}

/** A fraction of one as a percentage. */
export function formatPercent(fraction: MaybeNumber, digits = 3): string {
  const value = typeof fraction === "number" ? fraction * 100 : fraction;
  return withUnit(formatNumber(value, digits), "%");
}

/** Fewer than this are told as what they are, not as a percentage. */
const FEW = 20;

/** How many of all: "1 of 3" where there are few, else a percentage of them. */
export function formatShare(count: number, total: number): string {
  return total < FEW
    ? `${formatInteger(count)}${SPACE}of${SPACE}${formatInteger(total)}`
    : formatPercent(count / total);
}

/** A span of time, from seconds: `340 ms`, `12.3 s`, `2 min 14 s`, `1 h 02 min`. */
export function formatDuration(seconds: MaybeNumber): string {
  const odd = unusual(seconds);
  if (odd !== undefined) return odd;
  const span = seconds as number;
  if (span < 0) return "−" + formatDuration(-span);
  if (span === 0) return withUnit("0", "s");
  if (span < 1e-3) return withUnit(formatNumber(span * 1e6, 3), "µs");
  if (span < 0.9995) return withUnit(formatNumber(span * 1e3, 3), "ms");
  if (span < 59.95) return withUnit(formatNumber(span, 3), "s");
  const two = (part: number) => String(part).padStart(2, "0");
  const whole = Math.round(span);
  if (whole < 3600) {
    return `${withUnit(String(Math.floor(whole / 60)), "min")} ${
      withUnit(two(whole % 60), "s")
    }`;
  }
  const minutes = Math.round(span / 60);
  return `${withUnit(grouped(String(Math.floor(minutes / 60))), "h")} ${
    withUnit(two(minutes % 60), "min")
  }`;
}

/** A size in bytes, in decimal units: `532 B`, `1.72 GB`. */
export function formatBytes(bytes: MaybeNumber): string {
  const odd = unusual(bytes);
  if (odd !== undefined) return odd;
  let size = bytes as number;
  if (Math.abs(size) < 1000) return withUnit(formatInteger(size), "B");
  const units = ["kB", "MB", "GB", "TB"];
  let unit = 0;
  size /= 1000;
  while (Math.abs(size) >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return withUnit(formatNumber(size, 3), units[unit]);
}

/**
 * A parameter's value as people read it.
 *
 * @module
 */

import { formatFixed, formatNumber, withUnit } from "../base/format.ts";
import type { Parameter } from "./model.ts";

/**
 * A value of `parameter` as people read it, such as "−19.15 dB", with its standard
 * error if given: two digits, or what it says where there is none.
 */
export function formatParameter(
  { unit, decimals }: Parameter,
  value: number,
  error?: number,
): string {
  const isLevel = unit === "dB";
  const digits = isLevel
    ? formatFixed(value, decimals)
    : formatNumber(value, decimals);
  // What is less than the digits show is no news.
  const least = isLevel
    ? 0.5 * 10 ** -decimals
    : 0.5 * Math.abs(value) * 10 ** (1 - decimals);
  const width = error === undefined || error < least
    ? ""
    : Number.isFinite(error)
    ? ` ± ${isLevel ? formatFixed(error, decimals) : formatNumber(error, 2)}`
    : " ± ∞";
  const number = digits + width;
  return unit.startsWith(":") ? `${number} ${unit}` : withUnit(number, unit);
}

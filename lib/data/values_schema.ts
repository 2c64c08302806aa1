/**
 * Parameters in files and options, checked by the model they belong to.
 *
 * @module
 */

import * as z from "zod";
import type { Model, Parameter, Values } from "../models/model.ts";

/** JSON has no infinity: it stands there as people write it. */
const INFINITE = ["∞", "inf", "Infinity"] as const;

/** Schema of the parameters of `model`: all of them and no others. */
export function valuesSchema(
  { parameters, feedback }: Model,
): z.ZodType<Values> {
  return z.strictObject(Object.fromEntries(
    parameters.map((parameter) => [
      parameter.name,
      parameterSchema(parameter, !feedback),
    ]),
  ));
}

/**
 * What a parameter can be, whatever range it is searched in: a ratio from 1, if
 * `mayLimit`, as in a forward model, also ∞; a share of the whole; a time above 0.
 */
export function parameterSchema(
  { scale, range }: Parameter,
  mayLimit: boolean,
): z.ZodType<number> {
  switch (scale) {
    case "linear":
      return z.number();
    case "logit":
      return z.number().min(0, "must be from 0 to 1")
        .max(1, "must be from 0 to 1");
    case "log":
      return range[0] === 0
        ? z.number().min(0, "must not be below 0")
        : z.number().positive("must be above 0");
    case "log-above-one": {
      const finite = z.number().min(1, "must be at least 1");
      return !mayLimit ? finite : z.union([
        finite,
        z.literal(Infinity),
        z.enum(INFINITE).transform(() => Infinity),
      ], "must be a number from 1, or ∞");
    }
  }
}

/** `values` so that they survive JSON, which has no ∞. */
export function jsonValues(values: Values): Record<string, number | "∞"> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value === Infinity ? "∞" : value,
    ]),
  );
}

/**
 * Which methods run where: trust-region from every start at every setting, the others,
 * which are slower, where and as often as a config says.
 *
 * @module
 */

import * as z from "zod";
import { MODES } from "../data/setting.ts";
import { METHOD_NAMES, type MethodName } from "../optimise/methods.ts";

const methodsSchema = z.array(z.enum(METHOD_NAMES));

/** Schema of where the methods other than trust-region run; null: everywhere. */
export const othersSchema = z.strictObject({
  methods: methodsSchema.default([]),
  modes: z.array(z.enum(MODES)).nullable().default(null),
  settings: z.array(z.number()).nullable().default(null),
  starts: z.int().min(1).nullable().default(null),
});

/** Schema of the setting that the loss is mapped around, and the paths on the maps. */
export const mapSchema = z.strictObject({
  mode: z.enum(MODES).default("compress"),
  setting: z.number().default(70),
  points: z.int().min(2).max(200).default(41),
  starts: z.int().min(0).default(3),
  methods: methodsSchema.default(["trust-region", "damped"]),
});

/** The methods that run at a setting, or on a recording, which has no knob. */
export function methodsFor(
  { mode, peak_reduction: knob }: { mode: string; peak_reduction?: number },
  { methods, modes, settings }: z.output<typeof othersSchema>,
): MethodName[] {
  const isAmongOthers = knob === undefined ||
    (modes?.some((one) => one === mode) ?? true) &&
      (settings?.includes(knob) ?? true);
  return METHOD_NAMES.filter((name) =>
    name === "trust-region" || isAmongOthers && methods.includes(name)
  );
}

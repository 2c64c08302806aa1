/**
 * A setting of the levelling amplifier: the two controls that the data sets
 * vary. The LA-2A's other knob, gain, stays where it is.
 *
 * @module
 */

/** Positions of the compress/limit switch, in the data set's own order. */
export const MODES = ["compress", "limit"] as const;

/** Position of the compress/limit switch. */
export type Mode = typeof MODES[number];

/** Where the unit's controls stood for one recording. */
export interface Setting {
  /** Compress/limit switch; 0 and 1 in SignalTrain's file names. */
  mode: Mode;
  /** Peak-reduction knob, 0 to 100. */
  peakReduction: number;
}

/** A setting in words, such as "compress 65". */
export function nameOfSetting({ mode, peakReduction }: Setting): string {
  return `${mode} ${peakReduction}`;
}

/** Whether two settings are the same. */
export function sameSetting(one: Setting, other: Setting): boolean {
  return one.mode === other.mode && one.peakReduction === other.peakReduction;
}

/** Name of a setting's results, fit for a file, such as "compress_045". */
export function keyOfSetting({ mode, peakReduction }: Setting): string {
  return `${mode}_${String(peakReduction).padStart(3, "0")}`;
}

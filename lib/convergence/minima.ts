/**
 * Tells whether runs ended in one minimum or in several.
 *
 * Two ends belong together where the loss does not rise between them: along the
 * straight line in the coordinates z, no point lies above the higher end by more
 * than `barrier` of it. So the points of a flat valley, which differ in parameters
 * that the data cannot tell apart, are one minimum; two hollows with a ridge
 * between them are two. A valley that bends more than the barrier allows may be
 * counted as several.
 *
 * @module
 */

/** An end of a run. */
export interface RunEnd {
  /** Coordinates. */
  z: ArrayLike<number>;
  /** ESR. */
  esr: number;
}

/** Ends that lie in one hollow. */
export interface DistinctMinimum<End extends RunEnd> {
  /** The lowest of them. */
  best: End;
  /** All of them, the lowest first. */
  ends: End[];
  /** Highest ESR met on the straight way to the lowest minimum of all. */
  ridge: number;
}

/** When ends count as apart. */
export interface BarrierOptions {
  /** Rise above the higher end that parts them, as a part of it (default 0.01). */
  relative?: number;
  /** The same, as an ESR (default 1e-6). */
  absolute?: number;
}

/** Points between two ends that are looked at. */
const POINTS_BETWEEN = 7;

/** The minima among `ends`, the lowest first. `esrAt` evaluates the ESR. */
export async function distinctMinima<End extends RunEnd>(
  ends: readonly End[],
  esrAt: (z: Float64Array) => Promise<number>,
  { relative = 0.01, absolute = 1e-6 }: BarrierOptions = {},
): Promise<DistinctMinimum<End>[]> {
  const minima: DistinctMinimum<End>[] = [];
  const sorted = ends.filter(({ esr }) => Number.isFinite(esr))
    .sort((a, b) => a.esr - b.esr);
  for (const end of sorted) {
    const limit = end.esr * (1 + relative) + absolute;
    let home: DistinctMinimum<End> | undefined;
    let ridge = end.esr;
    for (const minimum of minima) {
      const highest = await highestBetween(minimum.best, end, esrAt);
      if (minimum === minima[0]) ridge = highest;
      // Not "above": a NaN must part them too.
      if (!(highest <= limit)) continue;
      home = minimum;
      break;
    }
    if (home === undefined) minima.push({ best: end, ends: [end], ridge });
    else home.ends.push(end);
  }
  return minima;
}

/** The highest ESR on the line between two ends, both left out. */
async function highestBetween(
  from: RunEnd,
  to: RunEnd,
  esrAt: (z: Float64Array) => Promise<number>,
): Promise<number> {
  let highest = 0;
  for (let k = 1; k <= POINTS_BETWEEN; k++) {
    const part = k / (POINTS_BETWEEN + 1);
    const z = Float64Array.from(
      from.z,
      (value, i) => value + part * (to.z[i] - value),
    );
    highest = Math.max(highest, await esrAt(z));
  }
  return highest;
}

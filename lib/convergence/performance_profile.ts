/**
 * Performance profiles (Dolan and Moré, Mathematical Programming 91, 2002): the
 * share of problems that each method solves at a cost of at most τ times that of
 * the best method for the problem.
 *
 * @module
 */

/** Cost of each method for one problem; Infinity where it failed. */
export type ProblemCosts = Record<string, number>;

/** A step of a profile. */
export interface ProfilePoint {
  /** Method. */
  method: string;
  /** Cost over the best method's, or the cost itself. */
  cost: number;
  /** Share of all problems solved at that cost. */
  share: number;
}

/**
 * The profile of the methods over `problems`. A problem that no method solves
 * counts as unsolved for all.
 */
export function performanceProfile(
  problems: readonly ProblemCosts[],
): ProfilePoint[] {
  return costProfile(problems.map((costs) => {
    const best = Math.min(...Object.values(costs));
    return Object.fromEntries(
      Object.entries(costs).map(([method, cost]) => [
        method,
        // Where nobody solves it, Infinity / Infinity must not count as 1.
        Number.isFinite(cost) ? cost / best : Infinity,
      ]),
    );
  }));
}

/** The share of `problems` that each method solves within a cost. */
export function costProfile(
  problems: readonly ProblemCosts[],
): ProfilePoint[] {
  const methods = [...new Set(problems.flatMap((costs) => Object.keys(costs)))];
  return methods.flatMap((method) => {
    const sorted = problems.map((costs) => costs[method] ?? Infinity)
      .filter(Number.isFinite).sort((a, b) => a - b);
    const points: ProfilePoint[] = [];
    sorted.forEach((cost, i) => {
      // Of equal costs the last counts: all of them are within it.
      if (cost === sorted[i + 1]) return;
      points.push({ method, cost, share: (i + 1) / problems.length });
    });
    return points;
  });
}

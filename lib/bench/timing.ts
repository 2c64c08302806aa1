/**
 * How benches take times: medians of them, and processor times of runs that take turns.
 *
 * @module
 */

import { cpus } from "node:os";
import process from "node:process";
import { formatCount } from "../base/format.ts";
import { median } from "../base/statistics.ts";

/** Median of the times that `run` takes, in ms; it is called until `seconds` are up. */
export async function medianTime(
  run: () => Promise<unknown>,
  seconds: number,
): Promise<number> {
  const times: number[] = [];
  // The runtime optimises a kernel while it runs: the first calls do not count.
  for (let i = 0; i < 3; i++) await run();
  const end = performance.now() + 1000 * seconds;
  while (times.length < 5 || performance.now() < end) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return median(times);
}

/** Processor time of all threads so far, in ms: other work does not add to it. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Processor times of each of `runs`, which take turns, in ms. */
export async function timesInTurn(
  runs: (() => Promise<unknown>)[],
  seconds: number,
): Promise<number[][]> {
  const times: number[][] = runs.map(() => []);
  const end = performance.now() + 2000 * seconds;
  for (let i = 0; i < 8 || performance.now() < end; i++) {
    for (const [k, run] of runs.entries()) {
      const start = processorTime();
      await run();
      // The first are not yet optimised by the runtime.
      if (i >= 3) times[k].push(processorTime() - start);
    }
  }
  return times;
}

/** What this machine computes with, and how many cores of it. */
export function processorName(): string {
  const all = cpus();
  return `${all[0]?.model.trim() || "an unnamed processor"} (${
    formatCount(all.length, "core")
  })`;
}

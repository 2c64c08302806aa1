/**
 * A step for each of several items, with all that a person sees of it: progress,
 * what was kept from an earlier run, what was left out, and warnings.
 *
 * @module
 */

import { formatCount } from "../base/format.ts";
import type { ResultStore } from "../base/result_store.ts";
import { runSteps, type Steps } from "../base/steps.ts";
import { note, startProgress } from "../cli/command_line.ts";
import { isOfRecording } from "../sound/recording_error.ts";
import type { Row } from "./columns.ts";

/** How a step is done for each of several items. */
export interface EachStep<Item, Result, Loaded, Begun>
  extends Steps<Item, Result, Loaded, Begun> {
  /** What a result is called where they are counted (default "step"). */
  noun?: string;
  /**
   * Given where an item whose recording cannot be used is to be left out: how the
   * JSON spells the item, before the reason. The page lists it too, and the exit
   * code is 1. Where all are left out, nothing is written.
   */
  leaveOut?(item: Item): Row;
  /** What a person should know of a result (default: its `warnings`). */
  warnings?(result: Result): readonly string[];
}

/** An item that was left out, and why. */
export interface LeftOut {
  /** What a person calls it. */
  name: string;
  /** What is wrong, where, and the remedy. */
  reason: string;
  /** The same, as the JSON has it. */
  row: Row;
}

/** What became of all items. */
export interface EachOutcome<Result> {
  results: Result[];
  leftOut: LeftOut[];
  /** The warnings, each with the name of its item. */
  warnings: string[];
}

/** Does `steps` for each of `items`, as `what` on the progress bar. */
export async function eachOf<Item, Result, Loaded, Begun>(
  what: string,
  items: readonly Item[],
  steps: EachStep<Item, Result, Loaded, Begun>,
  store: ResultStore,
): Promise<EachOutcome<Result>> {
  const { noun = "step" } = steps;
  const nameOf = (item: Item) => steps.name?.(item) ?? steps.key(item);
  const warningsOf = steps.warnings ??
    ((result: Result) =>
      (result as { warnings?: string[] } | null)?.warnings ?? []);
  const outcome: EachOutcome<Result> = {
    results: [],
    leftOut: [],
    warnings: [],
  };
  const { results, leftOut, warnings } = outcome;
  const onFailure = (item: Item, error: Error) => {
    if (steps.leaveOut === undefined || !isOfRecording(error)) return false;
    const reason = error.message;
    const row = { ...steps.leaveOut(item), reason };
    leftOut.push({ name: nameOf(item), reason, row });
    note(`left out: ${nameOf(item)}: ${error.message}`);
    return true;
  };
  let kept = 0;
  const progress = await startProgress(what, items.length);
  const update = () => {
    const done = results.length + leftOut.length;
    progress.update(done, done < items.length ? nameOf(items[done]) : "");
  };
  try {
    update();
    for await (
      const done of runSteps(items, steps, { store, onFailure })
    ) {
      results.push(done.result);
      for (const text of warningsOf(done.result)) {
        warnings.push(`${nameOf(done.item)}: ${text}`);
        note(`warning: ${warnings.at(-1)}`);
      }
      if (done.isKept) kept++;
      update();
    }
  } finally {
    progress.stop();
  }
  if (kept > 0) {
    note(
      `${kept} of ${
        formatCount(items.length, noun)
      } were kept from an earlier run of the same config.`,
    );
  }
  if (results.length === 0 && leftOut.length > 0) {
    throw new Error(`${leftOut[0].name}: ${leftOut[0].reason}`);
  }
  return outcome;
}

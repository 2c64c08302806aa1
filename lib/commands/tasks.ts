/**
 * The tasks of `deno.json` and the commands behind them.
 *
 * @module
 */

import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import config from "../../deno.json" with { type: "json" };

/** A task. */
export interface Task {
  /** Its name, after `deno task`. */
  name: string;
  /** The module it runs, from the project's folder; none for a mere script. */
  module?: string;
}

/** The tasks, in the order of `deno.json`. */
export const TASKS: readonly Task[] = Object.entries(config.tasks)
  .map(([name, { command }]) => ({
    name,
    module: /(\S+\.ts)$/.exec(command)?.[1],
  }));

/** The command of `task`, or nothing where it takes no arguments. */
export async function commandOf(
  { module }: Task,
): Promise<CommandUnknownOpts | undefined> {
  if (module === undefined) return;
  const url = new URL(`../../${module}`, import.meta.url).href;
  const { command } = await import(url);
  return command;
}

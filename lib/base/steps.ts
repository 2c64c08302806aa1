/**
 * The same step for each of several things, such as the settings of a unit: what
 * is done is kept at once, so that an interrupted run takes up where it was, and
 * while one thing is worked on the one before is finished, and then the next loaded.
 *
 * @module
 */

import type { ResultStore } from "./result_store.ts";

/** What is done with each item. */
export interface Steps<Item, Result, Loaded = void, Begun = Result> {
  /** Name of an item's result in the store, fit for a file. */
  key(item: Item): string;
  /** What a person calls an item (default: its key). */
  name?(item: Item): string;
  /** What the steps share for as long as they run, such as threads. */
  open?(): Promise<AsyncDisposable>;
  /** What a step works on; the next item's is loaded meanwhile. */
  load?(item: Item): Promise<Loaded>;
  /**
   * The step itself.
   *
   * @param before Result of the item before, where {@linkcode follows} says so.
   * @param ready To be called once no more is loaded for this item: the next one's
   * loading begins then, or else when the step is done.
   */
  run(
    item: Item,
    loaded: Loaded,
    before: Begun | Result | undefined,
    ready: () => void,
  ): Promise<Begun>;
  /** Whether the step at `item` takes up from the result at the one before it. */
  follows?(item: Item, before: Item): boolean;
  /** What comes after a step, beside the next one (default: nothing). */
  finish?(begun: Begun, item: Item): Promise<Result>;
}

/** Steps after each of which something comes. */
export type FinishedSteps<Item, Result, Loaded, Begun> =
  & Omit<Steps<Item, Result, Loaded, Begun>, "finish">
  & { finish(begun: Begun, item: Item): Promise<Result> };

/** What {@linkcode runSteps} may be given beside the steps. */
export interface StepOptions<Item> {
  /** Keeps results at once, and gives back those of an interrupted run. */
  store?: ResultStore;
  /**
   * Asked what to do about an item that failed: true goes on without it. Where
   * it is not given, the error ends the run.
   */
  onFailure?: (item: Item, error: Error) => boolean;
}

/** A step that is done, and whether in an earlier run. */
export interface Done<Item, Result> {
  item: Item;
  result: Result;
  isKept: boolean;
}

/**
 * Does `steps` for each of `items`, in their order. Yields each as it is done.
 *
 * @throws {Error} with the item's name before it where something went wrong.
 */
export async function* runSteps<Item, Result, Loaded = void, Begun = Result>(
  items: readonly Item[],
  steps: Steps<Item, Result, Loaded, Begun>,
  { store, onFailure }: StepOptions<Item> = {},
): AsyncGenerator<Done<Item, Result>> {
  await using _shared = await steps.open?.();
  const load = (item: Item, after?: Promise<unknown>) => {
    const loading = Promise.resolve(after).catch(() => {})
      .then(() => steps.load?.(item) as Promise<Loaded>);
    loading.catch(() => {}); // Reported when its turn comes.
    return loading;
  };
  const withName = (item: Item, error: unknown) =>
    error instanceof Error
      ? new Error(
        `${steps.name?.(item) ?? steps.key(item)}: ${error.message}`,
        {
          cause: error,
        },
      )
      : error;
  const kept: (Result | undefined)[] = [];
  for (const item of items) kept.push(await store?.get(steps.key(item)));

  let ahead: { item: Item; loading: Promise<Loaded> } | undefined;
  let behind: Promise<Done<Item, Result>> | undefined;
  let before: { item: Item; result: Begun | Result } | undefined;
  try {
    for (const [i, item] of items.entries()) {
      const found = kept[i];
      let done: Promise<Done<Item, Result>>;
      if (found !== undefined) {
        before = { item, result: found };
        done = Promise.resolve({ item, result: found, isKept: true });
      } else {
        const loading = ahead?.item === item ? ahead.loading : load(item);
        ahead = undefined;
        const next = items.findIndex((_, j) => j > i && kept[j] === undefined);
        const ready = () => {
          if (next < 0 || ahead !== undefined) return;
          // Not three at a time: what the one before takes is free by then.
          ahead = { item: items[next], loading: load(items[next], behind) };
        };
        let begun: Begun;
        try {
          begun = await steps.run(
            item,
            await loading,
            before && steps.follows?.(item, before.item)
              ? before.result
              : undefined,
            ready,
          );
        } catch (error) {
          if (!(error instanceof Error && onFailure?.(item, error))) {
            throw withName(item, error);
          }
          continue;
        }
        ready();
        before = { item, result: begun };
        const finish = async () => {
          const result = await (steps.finish?.(begun, item) ??
            begun as unknown as Result);
          await store?.put(steps.key(item), result);
          return { item, result, isKept: false };
        };
        done = finish().catch((error) => {
          throw withName(item, error);
        });
        done.catch(() => {}); // Reported when its turn comes.
      }
      if (behind !== undefined) yield await behind;
      behind = done;
    }
  } catch (error) {
    // What was done before is kept all the same.
    await behind?.catch(() => {});
    throw error;
  }
  if (behind !== undefined) yield await behind;
}

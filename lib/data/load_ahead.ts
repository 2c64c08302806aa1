/**
 * Pairs one after the other, the next one on its way while the present one is
 * worked on. It pays where the source works in a thread of its own.
 *
 * @module
 */

import type { Pair } from "../sound/signal.ts";
import type { Setting } from "./setting.ts";
import type { PairSource } from "./source.ts";

/** Loads the pair of each of `settings`, in their order. */
export async function* loadAhead<S extends Setting>(
  source: PairSource,
  settings: readonly S[],
): AsyncGenerator<[S, Pair]> {
  const load = (setting: S | undefined) => {
    const loading = setting && source.load(setting);
    loading?.catch(() => {}); // Reported when its turn comes.
    return loading;
  };
  let loading = load(settings[0]);
  for (const [i, setting] of settings.entries()) {
    const pair = await loading!;
    loading = load(settings[i + 1]);
    yield [setting, pair];
  }
}

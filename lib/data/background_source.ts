/**
 * A source of pairs that works in a thread of its own, so that the next pair is
 * simulated, or read and decoded, while the present one is fitted.
 *
 * @module
 */

import type { DataConfig } from "./data_config.ts";
import { dropBuffers, takeBuffers } from "../base/spare_buffers.ts";
import { RecordingError } from "../sound/recording_error.ts";
import { startThread } from "../base/thread.ts";
import type { PairSource } from "./source.ts";
import type { Answer, Question } from "./source_worker.ts";

/** A source that must be closed when it is no longer needed. */
export interface BackgroundSource extends PairSource, Disposable {}

/**
 * Opens what `config` names, as `openSource` does, in a thread of its own.
 *
 * @throws {Error} where it cannot be opened.
 */
export async function openBackgroundSource(
  config: DataConfig,
): Promise<BackgroundSource> {
  const thread = startThread<Question, Answer>(
    new URL("./source_worker.ts", import.meta.url),
    "recordings",
  );
  try {
    const opened = await thread.ask({ open: config });
    if (!("facts" in opened)) throw new TypeError("the source did not open");
    return {
      describe: () => opened.facts,
      settings: () => opened.settings,
      async load(setting) {
        const spare = takeBuffers(2);
        const pair = await thread.ask({ load: setting, spare }, spare);
        // An error's class does not come through a thread.
        if ("unusable" in pair) throw new RecordingError(pair.unusable);
        if (!("dry" in pair)) throw new TypeError("the source sent no pair");
        return pair;
      },
      [Symbol.dispose]() {
        thread[Symbol.dispose]();
        dropBuffers();
      },
    };
  } catch (error) {
    thread[Symbol.dispose]();
    throw error;
  }
}

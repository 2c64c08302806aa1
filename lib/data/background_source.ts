/**
 * A source of pairs that works in a thread of its own, so that the next pair is
 * simulated, or read and decoded, while the present one is fitted.
 *
 * @module
 */

import type { DataConfig } from "../data_config.ts";
import type { PairSource } from "./source.ts";
import type { Answer, Request } from "./source_worker.ts";

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
  const worker = new Worker(new URL("./source_worker.ts", import.meta.url), {
    type: "module",
    name: "optofit source",
  });
  // Answers come in the order of the requests.
  const waiting: PromiseWithResolvers<Answer>[] = [];
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const { resolve, reject } = waiting.shift()!;
    if ("error" in data) reject(new Error(data.error));
    else resolve(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(new Error(`the thread that loads recordings died: ${event.message}`));
  };
  const ask = (request: Request): Promise<Answer> => {
    if (failure !== undefined) return Promise.reject(failure);
    const asked = Promise.withResolvers<Answer>();
    waiting.push(asked);
    worker.postMessage(request);
    return asked.promise;
  };
  const close = () => {
    worker.terminate();
    fail(new Error("the source of recordings is closed"));
  };
  try {
    const opened = await ask({ open: config });
    if (!("facts" in opened)) throw new TypeError("the source did not open");
    return {
      describe: () => opened.facts,
      settings: () => opened.settings,
      async load(setting) {
        const loaded = await ask({ load: setting });
        if (!("pair" in loaded)) throw new TypeError("the source sent no pair");
        return loaded.pair;
      },
      [Symbol.dispose]: close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

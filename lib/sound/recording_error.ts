/**
 * Tells what is wrong with a recording from all else that may go wrong in a run:
 * other recordings can still be used then.
 *
 * @module
 */

import { SilentSideError } from "./alignment.ts";
import { SoundFileError } from "./sound_file.ts";

/** A recording, or a pair of them, that nothing can be fitted to. */
export class RecordingError extends Error {
  override name = "RecordingError";
}

/** Whether `error` is of a recording that cannot be used, and of nothing else. */
export function isOfRecording(error: unknown): error is Error {
  return error instanceof RecordingError || error instanceof SoundFileError ||
    error instanceof SilentSideError;
}

/**
 * Why the system would not do something with a file, in words.
 *
 * @module
 */

/** What the system's codes mean, to stand in brackets after what went wrong. */
const REASONS: Record<string, string> = {
  EACCES: "permission denied",
  EBUSY: "something else uses it",
  EDQUOT: "your share of the disk is used up",
  EEXIST: "something else stands in its way",
  EISDIR: "it is a folder",
  ELOOP: "its links go round in a circle",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "its name is too long",
  ENOENT: "there is no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "part of its path is a file, not a folder",
  EPERM: "permission denied",
  EROFS: "the disk is read-only",
};

/** Whether `error` is the system's, about a file. */
export function isFileError(error: Error): boolean {
  return codeOf(error) in REASONS;
}

/** Why `error` came about, without the system's numbers. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Deno.errors.NotCapable) {
    return "this program has no permission for it";
  }
  return REASONS[codeOf(error)] ??
    error.message.replace(/ \(os error \d+\)/, "");
}

/** What helps where `error` kept a file from being written. */
export function remedyOf(error: unknown): string {
  switch (error instanceof Error ? codeOf(error) : "") {
    case "ENAMETOOLONG":
      return "choose a shorter name";
    case "ENOSPC":
    case "EDQUOT":
      return "make room on it, or choose another place";
    default:
      return "check that the folder may be written to and that the disk has room";
  }
}

function codeOf(error: Error): string {
  return String((error as { code?: unknown }).code);
}

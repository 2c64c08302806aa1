/**
 * The option `--part`, by which a job is divided among machines.
 *
 * @module
 */

import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { parsePart } from "../fitting/parts.ts";

/** The option `--part`. */
export function partOption() {
  return new Option(
    "--part <i/n>",
    "fit one share of the settings alone, such as 2/8, for a run without it to take up",
  ).argParser((text) => {
    try {
      return parsePart(text);
    } catch (error) {
      throw new InvalidArgumentError(`${(error as Error).message}.`);
    }
  });
}

/**
 * Configs: YAML files checked against a schema, with `--set key=value` on top.
 * An unknown key or a value of the wrong type is an error that names the key and
 * the file or option it came from.
 *
 * @module
 */

import {
  Document,
  isMap,
  parseDocument,
  visit,
  type YAMLParseError,
} from "yaml";
import type * as z from "zod";
import { reasonOf } from "./file_error.ts";
import { formatBytes } from "./format.ts";

/** A config, or one of its values, that the schema does not allow. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** Bytes of the largest text that is read: a config has a few thousand. */
const MOST_BYTES = 1e6;

/**
 * Text of the file at `path`, which the person called `name`.
 *
 * @throws {ConfigError} naming it where it is no text file of a config's size.
 */
export async function readTextFile(
  path: string | URL,
  name: string,
): Promise<string> {
  let text: string;
  try {
    const { isFile, isDirectory, size } = await Deno.stat(path);
    if (!isFile) {
      throw new Error(isDirectory ? "it is a folder" : "it is no regular file");
    }
    if (size > MOST_BYTES) {
      throw new Error(
        `it is too large: ${formatBytes(size)}, at most ${
          formatBytes(MOST_BYTES)
        }`,
      );
    }
    text = await Deno.readTextFile(path);
    if (text.includes("\0")) throw new Error("it is not text");
  } catch (error) {
    throw new ConfigError(
      error instanceof Deno.errors.NotFound
        ? `${name}: no such file`
        : `${name}: cannot be read (${
          reasonOf(error)
        }). Give a text file that may be read`,
      { cause: error },
    );
  }
  return text;
}

/** A value that an option sets, on top of a config. */
export interface Override {
  /** The option as the person gave it, for messages: `--stimulus music`. */
  option: string;
  /** The key it sets: `data.stimulus`. */
  key: string;
  /** What to. */
  value: unknown;
}

/**
 * Reads the YAML file `path`, applies `overrides`, which are what `--set` takes
 * ("data.duration=30") or those of other options, and checks the result against
 * `schema`, whose defaults fill what is left out.
 *
 * @throws {ConfigError} naming the key, its place and what is allowed.
 */
export async function loadConfig<Schema extends z.ZodType>(
  schema: Schema,
  path: string | URL,
  overrides: readonly (string | Override)[] = [],
): Promise<z.output<Schema>> {
  const name = path instanceof URL ? path.pathname.split("/").pop()! : path;
  return parseConfig(schema, await readTextFile(path, name), name, overrides);
}

/** As {@linkcode loadConfig}, of the YAML `text` that came from `place`. */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  place: string,
  overrides: readonly (string | Override)[] = [],
): z.output<Schema> {
  const given = overrides.map((override) =>
    typeof override === "string" ? overrideOf(override) : override
  );
  return checkConfig(schema, parseKeys(text, place, given), place, given);
}

/**
 * The keys and values in the YAML `text` that came from `place`, with `overrides`
 * on top.
 *
 * @throws {ConfigError} where it holds something else.
 */
export function parseKeys(
  text: string,
  place: string,
  overrides: readonly Override[] = [],
): Record<string, unknown> {
  // The parser's own check of keys compares each with all others.
  const parsed = parseDocument(text, { uniqueKeys: false });
  if (parsed.errors.length > 0) {
    throw new ConfigError(`${place}: ${wordsOf(parsed.errors[0])}`);
  }
  visit(parsed, {
    Map(_, { items }) {
      const keys = new Set<string>();
      for (const key of items.map((item) => String(item.key))) {
        if (keys.has(key)) {
          throw new ConfigError(`${place}: "${key}" is there twice`);
        }
        keys.add(key);
      }
    },
  });
  // A file of comments alone is a config that sets nothing.
  const document = parsed.contents === null ? new Document({}) : parsed;
  if (!isMap(document.contents)) {
    throw new ConfigError(`${place}: must hold keys and values`);
  }
  for (const { option, key, value } of overrides) {
    try {
      document.setIn(key.split("."), value);
    } catch {
      throw new ConfigError(
        `${option}: "${key}" goes below a key that holds a value`,
      );
    }
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new ConfigError(`${place}: ${(error as Error).message}`);
  }
}

/**
 * Checks `plain`, from `place` with `overrides` on top, against `schema`.
 *
 * @throws {ConfigError} naming the key, its place and what is allowed.
 */
export function checkConfig<Schema extends z.ZodType>(
  schema: Schema,
  plain: unknown,
  place: string,
  overrides: readonly Override[] = [],
): z.output<Schema> {
  const result = schema.safeParse(plain);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const within = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const key = [...within, issue.keys[0]].join(".");
    throw new ConfigError(
      `${placeOf(key)}: unknown key "${key}"${knownKeys(schema, within)}`,
    );
  }
  const key = within.join(".");
  throw new ConfigError(
    valueAt(plain, within) === undefined
      ? `${placeOf(key)}: "${key}" is missing`
      : `${placeOf(key)}: "${key}": ${issue.message}`,
  );

  function placeOf(key: string): string {
    const from = overrides.findLast((override) =>
      `${key}.`.startsWith(`${override.key}.`) ||
      `${override.key}.`.startsWith(`${key}.`)
    );
    return from?.option ?? place;
  }
}

/** What `--set` was given, taken apart. */
function overrideOf(given: string): Override {
  const option = `--set ${given}`;
  const cut = given.indexOf("=");
  if (cut <= 0) {
    throw new ConfigError(
      `${option}: write it as key=value, for example --set data.duration=30`,
    );
  }
  const value = parseDocument(given.slice(cut + 1));
  if (value.errors.length > 0) {
    throw new ConfigError(
      `${option}: the value is not YAML: ${wordsOf(value.errors[0])}`,
    );
  }
  return { option, key: given.slice(0, cut), value: value.toJS() };
}

/** What is wrong with YAML, for who writes it by hand. */
function wordsOf({ code, message }: YAMLParseError): string {
  if (code === "MULTIPLE_DOCS") {
    return "holds several YAML documents: leave one, and no line of --- after it";
  }
  return /call stack/.test(message) ? "is nested too deeply" : message.trim();
}

/** What lies at `path` in `plain`. */
function valueAt(plain: unknown, path: readonly string[]): unknown {
  let value = plain;
  for (const key of path) value = (value as Record<string, unknown>)?.[key];
  return value;
}

/** "; known here: a, b" of the object that lies at `within` in `schema`. */
function knownKeys(schema: unknown, within: string[]): string {
  let node = schema;
  for (const key of within) node = shapeOf(node)?.[key];
  const shape = shapeOf(node);
  return shape === undefined
    ? ""
    : `; known here: ${Object.keys(shape).join(", ")}`;
}

/** The fields of an object schema, seen through defaults and the like. */
export function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  let node = schema as {
    shape?: Record<string, unknown>;
    def?: { innerType?: unknown; in?: unknown };
  } | undefined;
  while (node !== undefined && node.shape === undefined) {
    node = (node.def?.innerType ?? node.def?.in) as typeof node;
  }
  return node?.shape;
}

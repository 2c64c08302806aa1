/**
 * Configs: YAML files checked against a schema, with `--set key=value` on top.
 * An unknown key or a value of the wrong type is an error that names the key and
 * the file or option it came from.
 *
 * @module
 */

import { isMap, parseDocument } from "yaml";
import type * as z from "zod";

/** A config, or one of its values, that the schema does not allow. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/**
 * Reads the YAML file `path`, applies `overrides` ("data.duration=30") and
 * checks the result against `schema`, whose defaults fill what is left out.
 *
 * @throws {ConfigError} naming the key, its place and what is allowed.
 */
export async function loadConfig<Schema extends z.ZodType>(
  schema: Schema,
  path: string | URL,
  overrides: readonly string[] = [],
): Promise<z.output<Schema>> {
  const name = path instanceof URL ? path.pathname.split("/").pop()! : path;
  return parseConfig(schema, await Deno.readTextFile(path), name, overrides);
}

/** As {@linkcode loadConfig}, of the YAML `text` that came from `place`. */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  place: string,
  overrides: readonly string[] = [],
): z.output<Schema> {
  // A file of comments alone is a config that sets nothing.
  const isEmpty = parseDocument(text).contents === null;
  const document = parseDocument(isEmpty ? "{}" : text);
  if (document.errors.length > 0) {
    throw new ConfigError(`${place}: ${document.errors[0].message.trim()}`);
  }
  if (!isMap(document.contents)) {
    throw new ConfigError(`${place}: must hold keys and values`);
  }
  const given = new Map<string, string>();
  for (const override of overrides) {
    const cut = override.indexOf("=");
    if (cut <= 0) {
      throw new ConfigError(
        `--set ${override}: write it as key=value, for example --set data.duration=30`,
      );
    }
    const key = override.slice(0, cut);
    const value = parseDocument(override.slice(cut + 1));
    if (value.errors.length > 0) {
      throw new ConfigError(
        `--set ${override}: the value is not YAML: ${value.errors[0].message}`,
      );
    }
    given.set(key, override);
    try {
      document.setIn(key.split("."), value.toJS());
    } catch {
      throw new ConfigError(
        `--set ${override}: "${key}" goes below a key that holds a value`,
      );
    }
  }
  let plain: unknown;
  try {
    plain = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new ConfigError(`${place}: ${(error as Error).message}`);
  }
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
  throw new ConfigError(`${placeOf(key)}: "${key}": ${issue.message}`);

  function placeOf(key: string): string {
    for (const [set, override] of given) {
      const isWithin = `${key}.`.startsWith(`${set}.`) ||
        `${set}.`.startsWith(`${key}.`);
      if (isWithin) return `--set ${override}`;
    }
    return place;
  }
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
function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  let node = schema as {
    shape?: Record<string, unknown>;
    def?: { innerType?: unknown; in?: unknown };
  } | undefined;
  while (node !== undefined && node.shape === undefined) {
    node = (node.def?.innerType ?? node.def?.in) as typeof node;
  }
  return node?.shape;
}

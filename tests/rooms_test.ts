/**
 * lib/README.md says what each room of lib/ may import: here the code is held to it.
 */

import assert from "node:assert/strict";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const LIB = fileURLToPath(new URL("../lib", import.meta.url));

/** Imports, and modules and workers named by `new URL()`. */
const IMPORT = /(?:from|import)\s*\(?\s*"(\.[^"]+)"|new URL\(\s*"(\.[^"]+)"/g;

/** Rows of the table: a room, and the rooms it may import. */
async function readRooms(): Promise<Map<string, string[]>> {
  const text = await Deno.readTextFile(join(LIB, "README.md"));
  const rows = text.matchAll(/^\| `([^`]+)` +\|[^|]*\|([^|]*)\|$/gm);
  return new Map([...rows].map(([, room, imports]) => [
    room,
    [...imports.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  ]));
}

/** Files of lib/, with the files that each imports, by their paths in lib/. */
async function readImports(folder = LIB): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) {
      for (const entry of await readImports(path)) found.set(...entry);
    } else {
      const code = /\.[jt]s$/.test(name) ? await Deno.readTextFile(path) : "";
      const targets = [...code.matchAll(IMPORT)]
        .map(([, one, other]) => normalize(join(dirname(path), one ?? other)))
        .map((target) => relative(LIB, target));
      found.set(relative(LIB, path), targets);
    }
  }
  return found;
}

Deno.test("every file of lib/ is in a room that lib/README.md has, and every room has files", async () => {
  const rooms = await readRooms();
  const files = [...(await readImports()).keys()]
    .filter((file) => file !== "README.md" && !file.includes("assembly"));
  assert.deepEqual(
    [...new Set(files.map(dirname))].sort(),
    [...rooms.keys()].sort(),
  );
});

Deno.test("a room imports only rooms above it, those lib/README.md names, and each that it names", async () => {
  const rooms = await readRooms();
  const names = [...rooms.keys()];
  const arrows = new Map(names.map((name) => [name, new Set<string>()]));
  for (const [file, targets] of await readImports()) {
    for (const target of targets) {
      // deno.json and reports/ are above lib/.
      assert.doesNotMatch(target, /^\.\.\/(experiments|tests)\//, file);
      if (target.startsWith("..")) continue;
      const [from, to] = [dirname(file), dirname(target)];
      if (from !== to) arrows.get(from)?.add(to);
    }
  }
  for (const [room, imported] of arrows) {
    assert.deepEqual([...imported].sort(), rooms.get(room)!.toSorted(), room);
    for (const other of imported) {
      assert(
        names.indexOf(other) < names.indexOf(room),
        `${room} imports ${other}, which stands below it`,
      );
    }
  }
});

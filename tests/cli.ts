/**
 * Runs the project's commands as a person does: `deno task NAME …`.
 *
 * @module
 */

import assert from "node:assert/strict";

/** What a command did. */
export interface Outcome {
  /** Exit code. */
  code: number;
  /** What it printed. */
  stdout: string;
  /** What it said beside that. */
  stderr: string;
}

const root = new URL("../", import.meta.url);

/** Runs `deno task name ...words`, from folder `cwd` or the project's own. */
export async function runTask(
  name: string,
  words: string[],
  cwd?: string,
): Promise<Outcome> {
  const config = new URL("deno.json", root).pathname;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", config, name, ...words],
    cwd: cwd ?? root,
    // As `deno task` sets it, unless one of them runs this test already.
    env: { NO_COLOR: "1", INIT_CWD: cwd ?? root.pathname },
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** What `deno task name ...words` says in JSON, and beside it; it must succeed. */
export async function runForJson(name: string, words: string[]) {
  const { code, stdout, stderr } = await runTask(name, [
    ...words,
    "--json",
    "-",
  ]);
  assert.equal(code, 0, stderr);
  return { result: JSON.parse(stdout), stderr };
}

/** Runs `body` with a folder that is removed afterwards. */
export async function withFolder(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Paths of everything below `folder`, sorted. */
export async function listTree(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) paths.push(...await listTree(path));
    else paths.push(path);
  }
  return paths.sort();
}

/**
 * Every task tells what it takes, in the same form, and shells can complete it.
 *
 * @module
 */

import assert from "node:assert/strict";
import config from "../deno.json" with { type: "json" };
import { completions } from "../lib/commands/completion.ts";
import { commandOf, TASKS } from "../lib/commands/tasks.ts";
import { runTask } from "./cli.ts";

/** Tasks that are not commands: they take nothing, or what Deno takes. */
const PLAIN = ["test", "check", "kernels"];

Deno.test("every task's --help has a purpose, described options and examples", async () => {
  for (const task of TASKS) {
    const command = await commandOf(task);
    assert.equal(command === undefined, PLAIN.includes(task.name), task.name);
    if (command === undefined) continue;
    assert.equal(command.name(), `deno task ${task.name}`);
    assert.match(command.description(), /^[A-Z][^]*\.$/, task.name);
    let help = "";
    command.configureOutput({ writeOut: (text) => help += text });
    command.outputHelp();
    const [, examples] = help.split("\nExamples:\n");
    assert.ok(
      examples?.includes(`deno task ${task.name}`) ||
        task.name === "completion",
      task.name,
    );
    for (const option of [...command.options, ...command.registeredArguments]) {
      assert.match(
        option.description,
        /./,
        `${task.name} ${option.name()}`,
      );
    }
    const json = command.options.find(({ long }) => long === "--json");
    assert.ok(json || task.name === "completion", `${task.name} --json`);
  }
});

Deno.test("deno.json says of every task what it does, and has the version to cite", async () => {
  for (const [name, task] of Object.entries(config.tasks)) {
    assert.match(task.description, /^[A-Z].{10,70}[^.]$/, name);
    // What keeps Mesa's Vulkan quiet goes with what chooses Vulkan.
    assert.equal(
      task.command.includes("WAYLAND_DISPLAY=/ "),
      task.command.includes("DENO_WEBGPU_BACKEND="),
      name,
    );
  }
  const citation = await Deno.readTextFile(
    new URL("../CITATION.cff", import.meta.url),
  );
  const [, version] = /^version: (\S+)$/m.exec(citation)!;
  assert.equal(config.version, version);
});

Deno.test("deno.lock has none of the packages that only tests and comparisons need", async () => {
  // Deno fetches what `imports` and the lock name before anything runs, and leaves
  // what a scope names until it is wanted.
  const lock = await Deno.readTextFile(
    new URL("../deno.lock", import.meta.url),
  );
  const locked = Object.keys(JSON.parse(lock).npm);
  assert.ok(locked.some((name) => name.startsWith("vega@")));
  for (const name of Object.keys(config.scopes["./"])) {
    assert.ok(
      !locked.some((other) => other.startsWith(`${name}@`)),
      `${name}: run what imports it with --lock=tests/deno.lock, and undo the change to deno.lock`,
    );
  }
});

/** What bash completes `line` to, with the script, in `cwd`. */
async function complete(
  script: string,
  line: string,
  cwd: URL | string = new URL("../", import.meta.url),
): Promise<string[]> {
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: [
      "--norc",
      "-c",
      `eval "$SCRIPT"; COMP_LINE=$LINE COMP_POINT=\${#LINE}; _optofit
       printf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
    env: { SCRIPT: script, LINE: line },
    cwd,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(text(stderr), "");
  return text(stdout).split("\n").filter((word) => word !== "");
}

Deno.test("completion bash completes tasks, options and choices", async () => {
  const { code, stdout, stderr } = await runTask("completion", ["bash"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(await complete(stdout, "deno task pl"), ["player"]);
  // Bash divides words at colons: it is given what follows the last.
  assert.deepEqual(await complete(stdout, "deno task exp:sw"), ["sweep"]);
  assert.ok((await complete(stdout, "deno task ")).includes("data:make"));
  assert.deepEqual(await complete(stdout, "deno task fit --e"), ["--engine"]);
  assert.deepEqual(await complete(stdout, "deno task fit --engine w"), [
    "wasm",
    "webgpu",
  ]);
  assert.deepEqual(
    await complete(stdout, "deno task exp:sweep --unit "),
    ["optical", "twin"],
  );
  assert.deepEqual(await complete(stdout, "deno task fit READ"), ["README.md"]);
  // Not in another folder, and not for other uses of Deno.
  assert.deepEqual(await complete(stdout, "deno task pl", "/"), []);
  assert.deepEqual(await complete(stdout, "deno run pl"), []);
});

Deno.test("completion knows every option, in every shell", async () => {
  const all = await completions();
  assert.deepEqual(all.map(({ task }) => task), TASKS.map(({ name }) => name));
  for (const shell of ["zsh", "fish"]) {
    const { code, stdout } = await runTask("completion", [shell]);
    assert.equal(code, 0);
    for (const { task, options } of all) {
      assert.ok(stdout.includes(task), `${shell}: ${task}`);
      for (const { flag } of options) {
        const written = shell === "fish" ? `-l ${flag.slice(2)}` : flag;
        assert.ok(stdout.includes(written), `${shell}: ${task} ${flag}`);
      }
    }
  }
  const { code, stderr } = await runTask("completion", ["csh"]);
  assert.equal(code, 1);
  assert.match(stderr, /Allowed choices are bash, zsh, fish/);
});

/** A new experiment needs nothing but its file. @module */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { cardSchema } from "../lib/report/card.ts";
import { findRuns } from "../lib/report/run_index.ts";
import { listTree, withFolder } from "./cli.ts";

const FILE = fileURLToPath(
  new URL("./notebook/99_one_gain.ts", import.meta.url),
);

async function run(words: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--ignore-env"],
      ...["--allow-env=INIT_CWD,NO_COLOR,FORCE_COLOR"],
      ...["--allow-read", "--allow-write", "--lock=tests/deno.lock"],
      ...[FILE, "--unit", "twin", "--set", "data.duration=5", ...words],
    ],
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

Deno.test("a new experiment of at most 60 lines has page, JSON, resuming and card with nothing else touched", async () => {
  const lines = (await Deno.readTextFile(FILE)).trimEnd().split("\n").length;
  assert(lines <= 60, `${lines} lines`);
  await withFolder(async (folder) => {
    const first = await run(["--out", folder, "--json", "-"]);
    assert.equal(first.code, 0, first.stderr);
    const result = JSON.parse(first.stdout);
    assert.deepEqual(
      result.settings.map((row: { peak_reduction: number }) =>
        row.peak_reduction
      ),
      [100, 70, 40],
    );
    assert.equal(result.source.surrogate, true);
    assert.deepEqual(result.changed, {
      "data.unit": "twin",
      "data.duration": 5,
    });
    const html = await Deno.readTextFile(result.report);
    assert.match(html, /Surrogate data/);
    assert.match(html, /One gain leaves more than a tenth/);
    assert.match(html, /async<\/[^>]*> [^]*bestGain/);

    const { runs: [{ card }] } = await findRuns(folder);
    assert.equal(card.experiment, "99_one_gain");
    assert.deepEqual(card.claims, result.claims);
    assert.equal(card.claims[0].verdict, "held");
    assert.equal(cardSchema.parse(card).figures[0].label, "Largest ESR");

    // One result is gone, the others are kept.
    const tree = await listTree(folder);
    await Deno.remove(tree.find((path) => path.endsWith("gain_70.json"))!);
    const again = await run(["--out", folder]);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /2 of 3 settings were kept/);
    assert.match(again.stdout, /surrogate data/);
    assert.match(again.stdout, /held: One gain leaves more than a tenth/);
    assert.deepEqual(await listTree(folder), tree);
  });
});

Deno.test("a new experiment refuses what its config does not have, and leaves nothing", async () => {
  await withFolder(async (folder) => {
    const cases: [string[], RegExp][] = [
      [["--set", "nob=[1]"], /unknown key "nob"; known here: data, knob/],
      [["--set", "knob=[41]"], /41: .*no setting compress 41|41/],
      [["--set", "knob=[half]"], /"knob\.0"/],
      [["--data", folder], /--unit twin and --data .* exclude each other/],
    ];
    for (const [words, message] of cases) {
      const { code, stderr } = await run([...words, "--out", `${folder}/out`]);
      assert.equal(code, 1, `${words}`);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
    }
    assert.deepEqual(await listTree(folder), []);
  });
});

Deno.test("the README shows how 04 begins, line for line", async () => {
  const linesOf = async (name: string) =>
    (await Deno.readTextFile(new URL(`../${name}`, import.meta.url)))
      .split("\n").map((line) => line.trim());
  const readme = await linesOf("README.md");
  const start = readme.indexOf("```ts");
  const shown = readme.slice(start + 1, readme.indexOf("```", start));
  assert(shown.length >= 40, `${shown.length} lines`);
  const lines = await linesOf("experiments/04_la2a_sweep.ts");
  assert(lines.join("\n").includes(`\n\n${shown.join("\n")}\n`));
});

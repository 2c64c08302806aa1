/**
 * Every experiment is tested the same way: help, refusal, JSON, card, claims, a run
 * that was interrupted, and the page. A new one needs a row of quick settings here and
 * nothing else.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { TASKS } from "../lib/commands/tasks.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import { VERDICTS } from "../lib/report/cells.ts";
import { findRuns } from "../lib/report/run_index.ts";
import { browserTest, countCharts, openPage } from "./browser.ts";
import { listTree, runTask, withFolder } from "./cli.ts";
import { findings, overflow } from "./page_checks.ts";

/** Settings with which an experiment takes seconds, as `--set` takes them. */
const QUICK: Readonly<Record<string, string[]>> = {
  "01_hessian_bench": [
    ...["chunks=2", "chunk_seconds=0.5", "overlap_seconds=0.1"],
    ...["sample_rate=8000", "rounds=1", "seconds=0"],
    "methods=[wasm, fused-forward-over-forward]",
  ],
  "02_convergence": [
    ...["data.unit=twin", "data.duration=5", "starts.count=4"],
    "settings={modes: [compress], settings: [100, 60]}",
    ...["others.starts=1", "limits.first_order_iterations=10"],
    ...["map.setting=60", "map.points=4"],
  ],
  "03_ff_targets": [
    ...["engine=reference", "data.sample_rate=8000", "data.fit_seconds=3"],
    ...["data.test_seconds=2", "gradient_descent.steps=10"],
    ...["gradient_descent.seconds=1", "frequency_sampling.seconds=2"],
    ...["frequency_sampling.max_iterations=10", "targets=[FF-A]"],
  ],
  "04_la2a_sweep": [
    ...["data.unit=twin", "data.duration=7"],
    "sweep={modes: [compress], settings: [100, 90, 80]}",
  ],
  "05_baselines": [
    ...["data.duration=14", "data.sample_rate=22050"],
    "parts={train_seconds: 6, validation_seconds: 2}",
    "sweep={modes: [compress], settings: [100, 80, 60]}",
    ...["gru.epochs=2", "gru.window=4096", "bootstrap.resamples=100"],
  ],
};

/** Those whose results are not kept for another run. */
const ANEW = new Set(["01_hessian_bench"]);

/** What a page may weigh without its sounds, in bytes. */
const HEAVIEST = 2.5e6;

await buildKernels(["compressor", "render", "gru", "one_pass"]);

const folder = new URL("../experiments/", import.meta.url);
const files = (await Array.fromAsync(Deno.readDir(folder)))
  .map(({ name }) => name.replace(/\.ts$/, "")).sort();

for (const name of files) {
  const text = await Deno.readTextFile(new URL(`${name}.ts`, folder));
  if (!/\bexperiment\(\{/.test(text)) continue;
  const { name: task } = TASKS.find(({ module }) =>
    module === `experiments/${name}.ts`
  )!;

  Deno.test(`${name} is a notebook of at most 350 lines, and has quick settings`, () => {
    assert(text.trimEnd().split("\n").length <= 350);
    assert(name in QUICK, "give it a row of quick settings in this test");
  });
  const quick = (QUICK[name] ?? []).flatMap((change) => ["--set", change]);

  Deno.test(`${name} says in its help what it does, with examples, and refuses what its config does not have`, async () => {
    await withFolder(async (out) => {
      const help = await runTask(task, ["--help"]);
      assert.equal(help.code, 0, help.stderr);
      const number = name.slice(0, 2);
      assert.match(help.stdout, new RegExp(`Experiment ${number}: \\w`));
      for (const option of ["--config", "--set", "--out", "--json"]) {
        assert(help.stdout.includes(option), option);
      }
      assert(help.stdout.includes(`Examples:\n  deno task ${task}\n`));

      const cases: [string[], RegExp][] = [
        [["--set", "no_such_key=1"], /unknown key "no_such_key"; known here/],
        [["--no-such-option"], /unknown option '--no-such-option'/],
        [["--config", `${out}/none.yaml`], /none\.yaml: no such file/],
      ];
      for (const [words, message] of cases) {
        const refused = await runTask(task, [...words, "--out", `${out}/x`]);
        assert.equal(refused.code, 1, `${words}`);
        assert.match(refused.stderr, message);
        assert.doesNotMatch(refused.stderr, /\n\s+at /);
      }
      assert.deepEqual(await listTree(out), []);
    });
  });

  browserTest(
    `${name} gives JSON, a card and a page with claims that opens without complaint, and takes up a run that was interrupted`,
    async (browser) => {
      await withFolder(async (out) => {
        if (!ANEW.has(name)) await interrupt(name, quick, out);
        const { code, stdout, stderr } = await runTask(task, [
          ...[...quick, "--out", out, "--json", "-"],
        ]);
        assert.equal(code, 0, stderr);
        if (!ANEW.has(name)) assert.match(stderr, /kept from an earlier run/);
        const result = JSON.parse(stdout);
        const { report, claims, seconds } = result;
        assert(seconds > 0);

        // The same JSON lies beside the page, and nothing unfinished.
        const beside = report.replace("report.html", "results.json");
        assert.deepEqual(JSON.parse(await Deno.readTextFile(beside)), result);
        const tree = await listTree(out);
        assert(!tree.some((path) => path.endsWith(".part")), `${tree}`);

        assert(claims.length > 0);
        for (const { said, verdict, figure } of claims) {
          assert(said.length > 10 && figure.length > 0);
          assert(VERDICTS.includes(verdict), verdict);
        }
        const { runs, warnings } = await findRuns(out);
        assert.deepEqual(warnings, []);
        assert.equal(runs.length, 1);
        assert.deepEqual(runs[0].card.claims, claims);
        assert.equal(runs[0].card.experiment, name);
        assert(Object.keys(runs[0].card.changed).length > 0);

        const { size } = await Deno.stat(report);
        assert(size <= HEAVIEST, `${size} bytes`);
        for (const [width, colorScheme] of LOOKS) {
          const { page, misdeeds } = await openPage(
            browser,
            `file://${report}`,
            { width, colorScheme },
          );
          const counts = await countCharts(page);
          assert.equal(counts.drawn, counts.charts);
          assert.deepEqual(misdeeds, { complaints: [], requests: [] });
          assert.deepEqual(await findings(page), [], colorScheme);
          assert.deepEqual(await overflow(page), [width, []]);
          assert.deepEqual(await claimsOn(page), claims.map(toText));
          await page.close();
        }
      });
    },
  );
}

const LOOKS = [[1280, "light"], [390, "dark"]] as const;

/** A claim as the page has it. */
function toText({ said, verdict }: { said: string; verdict: string }) {
  return `${verdict}: ${said}`;
}

async function claimsOn(page: Page): Promise<string[]> {
  return await page.evaluate(
    `[...document.querySelectorAll(".claims > li")].map(
    (item) => item.dataset.verdict + ": " + item.querySelector("p").textContent,
  )`,
  );
}

/** Interrupts a run of the experiment `name` once it has kept a result. */
async function interrupt(
  name: string,
  words: string[],
  out: string,
): Promise<void> {
  const run = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "-A", "--lock=tests/deno.lock"],
      ...[`experiments/${name}.ts`, ...words, "--out", out],
    ],
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const kept = async () =>
    (await listTree(out)).filter((path) => /results\/.*json$/.test(path));
  let isOver = false;
  const over = run.output().then((output) => {
    isOver = true;
    return output;
  });
  while (!isOver && (await kept()).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (!isOver) run.kill("SIGINT");
  const { code, stderr } = await over;
  const said = new TextDecoder().decode(stderr);
  // One that is faster than its interruption has simply ended.
  assert(code === 130 || code === 0, `${code}: ${said}`);
  assert((await kept()).length > 0, said);
}

import assert from "node:assert/strict";
import { listTree, runForJson, runTask, withFolder } from "./cli.ts";

/** Fast: tiny networks, little sound, few settings and batches. */
const SMALL = [
  "data.duration=8",
  "lookback.settings=1",
  "lookback.seconds=1",
  "newton.settings=1",
  "newton.seconds=0.5",
  "network.scale=0.0625",
  "network.batch=4",
  "network.batches=6",
  "network.validation=8",
  "comparisons.scale=0.0625",
  "comparisons.batch=4",
  "comparisons.batches=3",
  "comparisons.validation=8",
  "comparisons.windows=[1,2]",
  "la2a_settings=[100,60]",
  "test_seconds=4",
].flatMap((value) => ["--set", value]);

Deno.test("exp:signaltrain finds the four numbers, trains every comparison, and more cycles go on where fewer end", async () => {
  await withFolder(async (folder) => {
    const words = [...SMALL, "--out", folder];
    const { result } = await runForJson("exp:signaltrain", words);
    assert(result.newton.every((row: { recovered: boolean }) => row.recovered));
    assert.equal(result.newton.length, 2);
    const sizes = Object.fromEntries(
      result.sizes.map((row: { name: string }) => [row.name, row]),
    );
    assert.equal(sizes.paper.parameters, 4_211_090);
    assert.equal(sizes.here.frame, 64);
    assert.equal(result.ends.length, 5 + 4 + 2);
    for (const { training, batches, validation } of result.ends) {
      assert.equal(batches, 3, training);
      assert(validation > 0 && validation < 1, training);
    }
    const { network, newton, backwards } = result.beside;
    assert(newton.esr < 1e-9 && backwards.esr < 1e-9);
    assert(network.esr > newton.esr);
    const trained = (result.claims as { said: string; verdict: string }[])
      .map(({ said, verdict }) => `${verdict}: ${said}`);
    assert(
      trained.includes(
        "held: The fitted effect, run backwards, gives the dry sound",
      ),
    );
    assert(
      trained.some((claim) => /surrogate.*LA-2A/.test(claim)),
      "what is about the LA-2A is not tested on a surrogate",
    );
    const text = await Deno.readTextFile(result.report);
    assert.match(text, /Surrogate data/);
    assert.match(text, /Scaled down: scale 0\.0625, 3 batches of 4/);

    // The same again is taken up, and is the same.
    const files = (await listTree(folder)).filter((path) =>
      path.endsWith(".bin")
    );
    assert.equal(files.length, 2 * 12);
    const again = await runForJson("exp:signaltrain", words);
    assert.deepEqual(again.result.ends, result.ends);
    assert.deepEqual(again.result.checks, result.checks);

    const longer = [...words, "--set", "comparisons.cycles=2"];
    const { result: more } = await runForJson("exp:signaltrain", longer);
    assert.deepEqual(more.checks, result.checks);
    more.ends.forEach(
      ({ training, batches }: { training: string; batches: number }) =>
        assert.equal(batches, 6, training),
    );
  });
});

Deno.test("exp:signaltrain refuses what it cannot do with what, where and the remedy", async () => {
  await withFolder(async (folder) => {
    const out = ["--out", folder];
    const cases: [string[], RegExp][] = [
      [["--set", "network.scale=0.3"], /network\.scale.*multiple of 1\/64/],
      [["--tfjs-backend", "cuda"], /Allowed choices are/],
      [["--set", "network.layers=2"], /"network\.layers"/],
      [["--data", "absent"], /absent.*no such folder|absent/],
    ];
    for (const [words, expected] of cases) {
      const { code, stderr } = await runTask("exp:signaltrain", [
        ...words,
        ...out,
      ]);
      assert.equal(code, 1, words.join(" "));
      assert.match(stderr, expected);
    }
  });
});

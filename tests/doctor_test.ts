import assert from "node:assert/strict";
import { listTree, runTask, withFolder } from "./cli.ts";

interface Diagnosis {
  checks: { name: string; state: string; found: string; remedy?: string }[];
  experiments: {
    task: string;
    engine?: string;
    data?: string;
    surrogate?: boolean;
  }[];
}

async function diagnose(words: string[]): Promise<[number, Diagnosis]> {
  const { code, stdout, stderr } = await runTask("doctor", [
    ...words,
    "--json",
    "-",
  ]);
  assert.match(stdout, /^\{/, stderr);
  return [code, JSON.parse(stdout)];
}

Deno.test("doctor says what the machine has and what experiments will use", async () => {
  const [code, { checks, experiments }] = await diagnose([]);
  const found = Object.fromEntries(checks.map((check) => [check.name, check]));
  assert.equal(code, checks.some(({ state }) => state === "bad") ? 1 : 0);
  assert.match(found.Deno.found, new RegExp(Deno.version.deno));
  assert.match(
    found.Threads.found,
    new RegExp(`^${navigator.hardwareConcurrency} core`),
  );
  assert.match(found.Data.found, /built-in units/);
  const sweep = experiments.find(({ task }) => task === "exp:sweep")!;
  assert.match(sweep.engine!, /^wasm on \d+ threads$/);
  assert.match(sweep.data!, /optical unit/);
  assert.equal(sweep.surrogate, true);
});

Deno.test("doctor names the version that the README and CI run", async () => {
  const read = (name: string) =>
    Deno.readTextFile(new URL(`../${name}`, import.meta.url));
  const [, pinned] = /PINNED_DENO = "([\d.]+)"/.exec(
    await read("lib/commands/doctor.ts"),
  )!;
  for (const name of ["README.md", ".ci/run"]) {
    const versions = [...(await read(name)).matchAll(/deno@([\d.]+\d)/g)];
    assert.ok(versions.length > 0, name);
    for (const [, version] of versions) assert.equal(version, pinned, name);
  }
});

Deno.test("doctor looks a data folder over, and ends with 1 where it is none", () =>
  withFolder(async (folder) => {
    const made = await runTask("data:make", [
      `${folder}/data`,
      "--duration",
      "1",
      "--settings",
      "100,40",
    ]);
    assert.equal(made.code, 0, made.stderr);
    const [, good] = await diagnose(["--data", `${folder}/data`]);
    const data = good.checks.find(({ name }) => name === "Data")!;
    assert.equal(data.state, "good");
    assert.match(
      data.found,
      /4 settings, from compress 40 to limit 100, 1\.00/,
    );
    assert.match(data.found, /surrogate data, made by Optofit/);
    const sweep = good.experiments.find(({ task }) => task === "exp:sweep")!;
    assert.match(sweep.data!, /recordings in the folder data/);

    // One recording of the four that is no sound.
    const broken = (await listTree(`${folder}/data`)).find((path) =>
      path.endsWith("_3c__1__40.wav")
    )!;
    await Deno.writeTextFile(broken, "no sound");
    const [, marred] = await diagnose(["--data", `${folder}/data`]);
    const found = marred.checks.find(({ name }) => name === "Data")!;
    assert.equal(found.state, "bad");
    assert.match(found.found, /1 of 4 settings .*limit 40: .*_3c__1__40\.wav/);

    const [code, bad] = await diagnose(["--data", `${folder}/none`]);
    assert.equal(code, 1);
    const wrong = bad.checks.find(({ name }) => name === "Data")!;
    assert.equal(wrong.state, "bad");
    assert.match(wrong.found, /none: no such folder/);
  }));

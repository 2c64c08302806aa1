/**
 * A job divided among machines: by hand, and by Snakemake, which is skipped where it is
 * not installed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { chainsByMode } from "../lib/fitting/parts.ts";
import { listTree, runTask, withFolder } from "./cli.ts";

Deno.test("chainsByMode() cuts at a mode's end and at the longest", () => {
  const settings = ["a", "a", "a", "b", "b"].map((mode, i) => ({ mode, i }));
  const lengths = (longest: number) =>
    chainsByMode(settings, longest).map(({ length }) => length);
  assert.deepEqual(lengths(0), [3, 2]);
  assert.deepEqual(lengths(2), [2, 1, 2]);
  assert.deepEqual(chainsByMode([], 2), []);
});

const SWEEP = [
  ...["--set", "data.duration=4", "--set", "sweep.chain=1"],
  ...["--set", "sweep.settings=[100,70]"],
];

/** The curve below `folder`. */
async function curveIn(folder: string): Promise<string> {
  const [path] = (await listTree(folder)).filter((path) =>
    path.endsWith("parameters.yaml")
  );
  return await Deno.readTextFile(path);
}

Deno.test("a sweep in parts ends with the curve of one process", async () => {
  await withFolder(async (folder) => {
    const run = async (name: string, ...more: string[]) => {
      const { code, stderr } = await runTask("exp:sweep", [
        ...[...SWEEP, "--out", `${folder}/${name}`],
        ...more,
      ]);
      assert.equal(code, 0, stderr);
      return stderr;
    };
    await run("one");
    await run("many", "--part", "1/2");
    const before = await listTree(`${folder}/many`);
    assert.equal(
      before.filter((path) => /(compress|limit)_\d+\.json$/.test(path)).length,
      2,
    );
    assert.ok(!before.some((path) => path.endsWith("report.html")));
    await run("many", "--part", "2/2");
    assert.match(await run("many"), /4 of 4 settings were kept/);
    assert.equal(
      await curveIn(`${folder}/many`),
      await curveIn(`${folder}/one`),
    );
  });
});

/** Whether Snakemake is installed. */
const hasSnakemake = (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
  try {
    return Deno.statSync(`${folder}/snakemake`).isFile;
  } catch {
    return false;
  }
});

/** What Snakemake is told to divide the sweep in two. */
function argsOf(folder: string, root: string): string[] {
  return [
    ...["-s", `${root}lib/workflows/Snakefile`, "-j", "1"],
    ...["--rerun-incomplete", "--nolock", "--config"],
    ...[
      `job=exp:sweep ${SWEEP.join(" ")}`,
      "parts=2",
      `results=${folder}/many`,
    ],
    `deno=${Deno.execPath()}`,
  ];
}

const NAME =
  "Snakemake divides a sweep, takes up what was killed, and ends with the same curve";
const isSkipped = !hasSnakemake && !Deno.env.get("OPTOFIT_REQUIRE_SNAKEMAKE");
if (isSkipped) console.log(`skipped: ${NAME} (snakemake is not installed)`);
Deno.test({
  name: NAME,
  ignore: isSkipped,
  async fn() {
    await withFolder(async (folder) => {
      const root = new URL("../", import.meta.url).pathname;
      // Killed, with the jobs it started, once a setting is kept.
      const first = new Deno.Command("setsid", {
        args: ["snakemake", ...argsOf(folder, root)],
        cwd: folder,
        stdout: "null",
        stderr: "null",
      }).spawn();
      let hasEnded = false;
      first.status.then(() => hasEnded = true);
      for (;;) {
        const kept = await listTree(`${folder}/many`).catch(() => []);
        if (kept.some((path) => /_\d+\.json$/.test(path))) break;
        assert.ok(!hasEnded, "Snakemake ended before a setting was kept");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      Deno.kill(-first.pid, "SIGKILL");
      await first.status;
      const { code, stderr } = await new Deno.Command("snakemake", {
        args: argsOf(folder, root),
        cwd: folder,
        stdout: "null",
        stderr: "piped",
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const one = await runTask("exp:sweep", [
        ...[...SWEEP, "--out", `${folder}/one`],
      ]);
      assert.equal(one.code, 0, one.stderr);
      assert.equal(
        await curveIn(`${folder}/many`),
        await curveIn(`${folder}/one`),
      );
    });
  },
});

import assert from "node:assert/strict";
import { join } from "node:path";
import {
  ConfigError,
  loadConfig,
  parseConfig,
  readTextFile,
} from "../lib/base/config.ts";
import { fitSchema } from "../lib/fitting/fit_config.ts";
import { withFolder } from "./cli.ts";

const parse = (text: string, ...overrides: string[]) =>
  parseConfig(fitSchema, text, "fit.yaml", overrides);

Deno.test("parseConfig() fills what is left out with the defaults", () => {
  const config = parse("# nothing but a comment\n");
  assert.equal(config.chunks.chunk_seconds, 12);
  assert.equal(config.model.name, "4a-2a+coupling+bandwidth");
  assert.deepEqual(config.solver.start, {});
});

Deno.test("parseConfig() puts --set on top of the file", () => {
  const config = parse(
    "solver: {method: damped}",
    "solver.method=trust-region",
    "chunks.chunk_seconds=3.5",
    "solver.start={threshold_db: -20, ratio: 3, attack_ms: 1, release_ms: 50, make_up_db: 0}",
  );
  assert.equal(config.solver.method, "trust-region");
  assert.equal(config.chunks.chunk_seconds, 3.5);
  assert.equal(config.solver.start.ratio, 3);
});

Deno.test("parseConfig() names the key that is wrong and where it came from", () => {
  const cases: [string, string[], RegExp][] = [
    [
      "solvr: {}",
      [],
      /fit\.yaml: unknown key "solvr"; known here: model, engine,/,
    ],
    [
      "solver: {methd: x}",
      [],
      /unknown key "solver\.methd"; known here: method,/,
    ],
    ["chunks: {chunk_seconds: long}", [], /"chunks\.chunk_seconds"/],
    ["", ["chunks.chunk_seconds=-1"], /--set chunks\.chunk_seconds=-1: /],
    ["", ["a.b=1"], /--set a\.b=1: unknown key "a"/],
    ["", ["nonsense"], /write it as key=value/],
    ["", ["engine.deeper=1"], /engine/],
    ["- 1", [], /must hold keys and values/],
    ["a: [1", [], /fit\.yaml/],
    ["solver: {start: {ratio: 0.5}}", [], /"solver\.start\./],
    [
      "solver: {start: {threshold: 0}}",
      [],
      /fit\.yaml: "solver\.start\.threshold": the model 4a-2a\+coupling\+bandwidth has no such parameter; it has threshold_db, ratio,/,
    ],
    [
      "model: opto",
      ["solver.ranges.averaging_coefficient=[0, 1]"],
      /--set .*: the model opto has no such parameter; it has .*knee_db/,
    ],
    [
      "solver: {start: {threshold_db: 0, ratio: 2}}",
      ["solver.start.attack_ms=5000"],
      /--set solver\.start\.attack_ms=5000: .*must be from 0\.005 to 2000 ms/,
    ],
    [
      "",
      ["solver.ranges.ratio=[0.5, 4]"],
      /--set .*: a range of ratio from 0\.5/,
    ],
    ["", ["solver.ranges.ratio=4"], /--set .*must be \[low, high\]/],
    ["model: 5a-5a", [], /fit\.yaml: "model": model "5a-5a": .*not known/],
    ["engine: wasm\nengine: wasm", [], /fit\.yaml: "engine" is there twice$/],
    ["engine: wasm\n---\nengine: wasm", [], /fit\.yaml: holds several YAML/],
    [`engine: ${"[".repeat(20_000)}`, [], /fit\.yaml: is nested too deeply/],
    [
      "# Title\n\nSome words.\n\n```sh\nrun it\n```\nmore: 1",
      [],
      /^fit\.yaml: is no YAML in line \d+ \([^\n"]{10,90}\): give keys and values, such as "ratio: 4"$/,
    ],
    [
      "engine: wasm",
      ["solver=["],
      /^--set solver=\[: the value is no YAML in line 1 \(Flow sequence .*\): give/,
    ],
  ];
  for (const [text, overrides, message] of cases) {
    assert.throws(() => parse(text, ...overrides), (error) => {
      assert(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("parseConfig() names the option that set a wrong value, as it was given", () => {
  const override = { option: "--chunk -3", key: "chunks.chunk_seconds" };
  assert.throws(
    () => parseConfig(fitSchema, "", "f.yaml", [{ ...override, value: -3 }]),
    /^ConfigError: --chunk -3: "chunks\.chunk_seconds": must be above 0/,
  );
});

Deno.test("parseConfig() takes a long list of keys in its stride", () => {
  const text = Array.from({ length: 20_000 }, (_, i) => `k${i}: 0\n`).join("");
  assert.throws(() => parse(text), /unknown key "k0"/);
});

Deno.test("readTextFile() reads text of a config's size and nothing else", async () => {
  await withFolder(async (folder) => {
    const at = async (name: string, content: string) => {
      await Deno.writeTextFile(join(folder, name), content);
      return join(folder, name);
    };
    const good = await at("good", "a: 1\n");
    assert.equal(await readTextFile(good, "good"), "a: 1\n");
    const cases: [string, RegExp][] = [
      [await at("big", "#".repeat(1_000_001)), /x: .*too large: 1\.00\sMB, at/],
      [await at("binary", "RIFF\0\0"), /x: .*it is not text/],
      [folder, /x: .*it is a folder/],
      [join(folder, "none"), /x: no such file\. Check the path$/],
      ...(Deno.build.os === "windows"
        ? []
        : [["/dev/zero", /x: .*it is no regular file/] as [string, RegExp]]),
    ];
    for (const [path, message] of cases) {
      await assert.rejects(readTextFile(path, "x"), (error) => {
        assert(error instanceof ConfigError);
        assert.match(error.message, message);
        return true;
      });
    }
  });
});

Deno.test("parseConfig() survives an alias bomb", () => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ...[..."bcdefgh"].map((name, i) => {
      const before = "abcdefgh"[i];
      return `${name}: &${name} [${Array(9).fill(`*${before}`).join(",")}]`;
    }),
  ].join("\n");
  assert.throws(() => parse(bomb), ConfigError);
});

Deno.test("loadConfig() accepts configs/fit.yaml, which states the defaults", async () => {
  const url = new URL("../configs/fit.yaml", import.meta.url);
  assert.deepEqual(await loadConfig(fitSchema, url), parse(""));
});

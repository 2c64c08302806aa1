import assert from "node:assert/strict";
import { ConfigError, loadConfig, parseConfig } from "../lib/config.ts";
import { fitSchema } from "../lib/fit_config.ts";

const parse = (text: string, ...overrides: string[]) =>
  parseConfig(fitSchema, text, "fit.yaml", overrides);

Deno.test("parseConfig() fills what is left out with the defaults", () => {
  const config = parse("# nothing but a comment\n");
  assert.equal(config.chunks.chunk_seconds, 12);
  assert.equal(config.solver.start.threshold_db, -36);
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
    ["solvr: {}", [], /fit\.yaml: unknown key "solvr"; known here: engine,/],
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
  ];
  for (const [text, overrides, message] of cases) {
    assert.throws(() => parse(text, ...overrides), (error) => {
      assert(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  }
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

/** Models are chosen by what they do on what was held out. @module */

import assert from "node:assert/strict";
import { createRandom } from "../lib/base/random.ts";
import { recordedTakes } from "../lib/data/recorded_takes.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { openModel } from "../lib/engines/compiled/stream.ts";
import { chooseModel } from "../lib/fitting/choose_model.ts";
import { solverSchema } from "../lib/fitting/fit_config.ts";
import { esrOf, headOf, runOn, settled } from "../lib/fitting/held_out.ts";
import { shelvedAs, simplestOf, startsFrom } from "../lib/fitting/starts.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import type { Values } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import { runForJson, withFolder } from "./cli.ts";
import { writeRecordings } from "./recordings.ts";

await buildKernels();

const RATE = 16000;

const UNIT: Values = {
  threshold_db: -28,
  ratio: 4,
  attack_ms: 5,
  release_ms: 90,
  second_release_ms: 700,
  second_share: 0.5,
  make_up_db: 3,
};

/** What `name` with the unit's values makes of a sound, with some noise. */
function recording(name: string, seconds: number, noise: number) {
  const { samples: dry } = makeStimulus({ seconds, sampleRate: RATE, seed: 4 });
  const wet = new Float32Array(dry.length);
  openModel(parseModel(name), UNIT, RATE).process(dry, wet);
  const random = createRandom(7);
  return { dry, wet: wet.map((y) => y + noise * random.normal()) };
}

function takesOf(sides: { dry: Float32Array; wet: Float32Array }) {
  const alignment = { enabled: true, max_lag: 100 };
  return recordedTakes({ ...sides, sampleRate: RATE }, alignment).takes;
}

const options = { chunks: { chunkSeconds: 12, overlapSeconds: 1 } };

for (
  const [unit, chosen] of [
    ["4a-2a", "4a-2a"],
    ["4a-2a+two-stage", "4a-2a+two-stage"],
  ]
) {
  Deno.test(`of ${unit} with some noise the choice is ${chosen}, and no model is worse than one that it contains`, async () => {
    const takes = takesOf(recording(unit, 5, 1e-3));
    const solver = solverSchema.parse({});
    const { fit, trials, chosen: at, doubt, heldOutSeconds } =
      await chooseModel(takes, solver, "wasm", options);
    assert.equal(fit.model.name, chosen);
    assert.equal(trials[at].model.name, chosen);
    assert.equal(doubt, undefined);
    assert.ok(Math.abs(heldOutSeconds - 5 / 3) < 0.01);
    const esrOfTrial = (name: string) =>
      trials.find(({ model }) => model.name.startsWith(name))!.esr;
    const most = 1 + 1e-6;
    assert.equal(trials.length, 6);
    assert.ok(trials[2].esr <= most * trials[0].esr, "knee");
    assert.ok(trials[3].esr <= most * trials[0].esr, "two-stage");
    assert.ok(trials[4].esr <= most * trials[1].esr, "decibels, two-stage");
    assert.ok(esrOfTrial("4a-2a") === trials[0].esr);
    for (const name of ["threshold_db", "ratio", "attack_ms", "release_ms"]) {
      const off = Math.abs(fit.parameters[name] / UNIT[name] - 1);
      assert.ok(off < 0.03, `${name} is ${fit.parameters[name]}`);
    }
  });
}

Deno.test("what is held out is scored with the state run on, where the fit placed the take", async () => {
  const model = parseModel("4a-2a+two-stage");
  const { dry, wet } = recording(model.name, 3, 0);
  const late = wet.map((_, n) => wet[n - 3] ?? 0);
  const [take] = takesOf({ dry, wet: late });
  assert.equal(take.lag, 3);
  const values = { ...UNIT };
  const at = { lag: 3 };
  assert.ok(esrOf([await runOn(take, at, model, values, 2 / 3)]) < 1e-10);
  // A start from rest there would be far off, and so is another lag.
  const cold = takesOf({ dry: dry.subarray(32000), wet: wet.subarray(32000) });
  const fromRest = await runOn(cold[0], { lag: 0 }, model, values, 0);
  assert.ok(esrOf([fromRest]) > 1e-3);
  const off = await runOn(take, { lag: 4 }, model, values, 2 / 3);
  assert.ok(esrOf([off]) > 1e-3);
  const whole = await runOn(settled(take, 4), at, model, values, 0, 4);
  assert.equal(whole.error.length, 4);
  assert.ok(esrOf([whole]) < 1e-10);
  const head = headOf(take, 0.5);
  assert.equal(head.cut(0).wet.length, Math.round(take.cut(0).wet.length / 2));
  assert.equal(head.to, take.to / 2);
});

Deno.test("a richer model starts from a simpler one's result, the first time at the very same sound", () => {
  const simpler = parseModel("4a-2a+coupling");
  const values = {
    threshold_db: -20,
    ratio: 5,
    attack_ms: 2,
    release_ms: 100,
    coupling_hz: 7,
    make_up_db: 1,
  };
  const richer = parseModel("4a-2a+soft-knee+two-stage+coupling");
  const [same, ...others] = startsFrom(richer, simpler, values);
  assert.ok(same.knee_db < 0.02 && same.second_share < 0.02);
  assert.deepEqual({ ...same, ...values, threshold_db: 0 }, {
    ...same,
    threshold_db: 0,
  });
  assert.ok(others.length >= 3);
  // In feedback the loop keeps its attack.
  for (const start of startsFrom(parseModel("opto"), simpler, values)) {
    assert.ok(Math.abs(start.attack_ms / start.ratio - 2) < 1e-9);
  }
  assert.deepEqual(startsFrom(simpler, simpler, values), [values]);
  const simplestName = (name: string) => simplestOf(parseModel(name))?.name;
  assert.equal(simplestName("opto+coupling"), "4a-2a+coupling");
  assert.equal(simplestName("vca+bandwidth"), "rms+bandwidth");
  assert.equal(simplestName("comp-4c"), "4a-2a");
  assert.equal(simplestName("rms"), undefined);
  const shelvedName = (name: string, simpler: string) =>
    shelvedAs(parseModel(name), parseModel(simpler)).name;
  assert.equal(
    shelvedName("opto+coupling+bandwidth", "4a-2a+coupling+shelf"),
    "opto+coupling+shelf",
  );
  assert.equal(
    shelvedName("opto+bandwidth", "4a-2a+coupling"),
    "opto+bandwidth",
  );
});

Deno.test("fit --model auto shows what it tried, and says where the recordings are too short to tell", async () => {
  await withFolder(async (folder) => {
    const { dry, wet } = recording("4a-2a+two-stage", 0.9, 0.01);
    const paths = await writeRecordings(folder, dry, wet, RATE);
    const { result } = await runForJson("fit", [...paths, "--model", "auto"]);
    assert.equal(result.choice.models.length, 6);
    const [chosen, ...more] = result.choice.models.filter(
      ({ chosen }: { chosen: boolean }) => chosen,
    );
    assert.equal(more.length, 0);
    assert.ok(chosen.held_out_esr > 0);
    assert.match(
      result.warnings.join(),
      /too short to tell which model is right: they have 300\sms held out/,
    );
  });
});

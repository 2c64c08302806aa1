/**
 * Fits of real recordings, which are no part of the project: the environment variable
 * OPTOFIT_RECORDINGS names the folder that has them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { openRecordedTakes } from "../lib/cli/recordings.ts";
import { openProcessor } from "../lib/engines/open_processor.ts";
import {
  alignmentSchema,
  chunkOptions,
  fitSchema,
  solverSchema,
} from "../lib/fitting/fit_config.ts";
import { fitTakes } from "../lib/fitting/fit_takes.ts";
import { esrOf, headOf, runOn } from "../lib/fitting/held_out.ts";
import { heldOutFits } from "../lib/fitting/held_out_sections.ts";
import { parseModel } from "../lib/models/presets.ts";
import { UNTURNED } from "../lib/phase/align_phase.ts";
import { PairSpectra } from "../lib/phase/pair_spectra.ts";
import { scorePhase } from "../lib/phase/phase_metrics.ts";
import { findAlignment, MATCH_THRESHOLD } from "../lib/sound/alignment.ts";
import { readWav, writeWav } from "../lib/sound/wav.ts";
import { runForJson, withFolder } from "./cli.ts";

const folder = Deno.env.get("OPTOFIT_RECORDINGS") || undefined;

/** Registers a test of real recordings; without them, one that says so. */
function realTest(name: string, fn: () => Promise<void>): void {
  const isThere = folder !== undefined;
  Deno.test({
    name: isThere
      ? name
      : `${name} (skipped: OPTOFIT_RECORDINGS names no folder of recordings)`,
    ignore: !isThere,
    fn,
  });
}

/** Both sides of a pair. */
function sides(name: string): [dry: string, wet: string] {
  return [
    join(folder!, `${name}-input.wav`),
    join(folder!, `${name}-target.wav`),
  ];
}

/** What `deno task fit` says in JSON. */
async function fit(...words: string[]) {
  return (await runForJson("fit", words)).result;
}

for (
  const [name, most, ...words] of [
    ["la2a", 0.0039],
    ["la2a-pr80", 0.0016],
    ["cl1b-bass", 0.0006],
    ["cl1b-guitar", 0.0009],
    ["cl1b-stereo", 0.0021, "--channel", "1"],
  ] as [string, number, ...string[]][]
) {
  realTest(
    `fit matches ${name} to ESR ${most} within 60 iterations`,
    async () => {
      const result = await fit(...sides(name), ...words);
      assert.ok(result.esr <= most, `${result.esr}`);
      assert.ok(result.iterations <= 60, `${result.iterations}`);
      assert.ok(Math.abs(result.lag_samples) < 1, `${result.lag_samples}`);
      assert.equal(result.converged, true);
      assert.deepEqual(result.warnings, []);
    },
  );
}

realTest(
  "fit of guitar, kick and sweep matches bass and hi-hat, which it was not fitted to",
  async () => {
    const result = await fit(
      ...["guitar", "drumKick", "sweep"].flatMap((name) =>
        sides(`cl1b-${name}`)
      ),
      "--test",
      ...["bass", "drumHH"].flatMap((name) => sides(`cl1b-${name}`)),
    );
    const [bass, hiHat] = result.tests;
    assert.ok(bass.esr <= 0.0015, `bass ${bass.esr}`);
    assert.ok(hiHat.esr <= 0.011, `hi-hat ${hiHat.esr}`);
  },
);

for (const [name, most] of [["la2a", 0.0020], ["la2a-pr80", 0.00105]]) {
  realTest(`opto matches ${name} to ESR ${most}`, async () => {
    const words = ["--model", "opto+coupling+bandwidth"];
    const result = await fit(...sides(name as string), ...words);
    assert.ok(result.esr <= (most as number), `${result.esr}`);
  });
}

realTest(
  "opto fitted to the first 60 % of an LA-2A has ESR 0.0016 on the rest, its state run on",
  async () => {
    const config = fitSchema.parse({});
    const [{ takes: [take] }] = await openRecordedTakes(
      ...sides("la2a-pr80"),
      { alignment: config.alignment },
    );
    const { takes: [placed], model, parameters } = await fitTakes(
      [headOf(take, 0.6)],
      parseModel("opto+coupling+bandwidth"),
      config.solver,
      "wasm",
      { chunks: chunkOptions(config.chunks) },
    );
    const rest = await runOn(take, placed, model, parameters, 0.6);
    assert.ok(esrOf([rest]) <= 0.0016, `${esrOf([rest])}`);
  },
);

realTest("fit --model auto chooses opto for an LA-2A", async () => {
  const result = await fit(...sides("la2a-pr80"), "--model", "auto");
  assert.match(result.model, /^opto/);
  assert.ok(result.esr <= 0.00105, `${result.esr}`);
});

realTest(
  "what auto chooses of guitar, kick and sweep is no worse on bass and hi-hat than 4a-2a",
  async () => {
    const takes = (names: string[]) =>
      names.flatMap((name) => sides(`cl1b-${name}`));
    const words = [
      ...takes(["guitar", "drumKick", "sweep"]),
      "--test",
      ...takes(["bass", "drumHH"]),
    ];
    const chosen = await fit(...words, "--model", "auto");
    const plain = await fit(...words);
    for (const [i, { esr }] of chosen.tests.entries()) {
      assert.ok(esr <= 1.05 * plain.tests[i].esr, `${esr}`);
    }
  },
);

realTest(
  "fit finds a real LA-2A shifted by 700 samples either way, to the same figures",
  async () => {
    const [dry, wet] = sides("la2a");
    const { samples, sampleRate } = await readWav(wet);
    const asItIs = await fit(dry, wet);
    await withFolder(async (folder) => {
      for (const lag of [700, -700]) {
        const path = join(folder, `${lag}.wav`);
        const shifted = samples.map((_, n) => samples[n - lag] ?? 0);
        await writeWav(path, shifted, { sampleRate });
        const result = await fit(dry, path);
        assert.ok(result.esr <= 0.0039, `${result.esr}`);
        const off = result.lag_samples - lag - asItIs.lag_samples;
        assert.ok(Math.abs(off) < 0.02, `${off}`);
        assert.equal(result.converged, true);
      }
    });
  },
);

realTest(
  "findAlignment finds lag 0 on a real LA-2A, and ±700 and −41 where it is shifted",
  async () => {
    const [dry, wet] = await Promise.all(
      sides("la2a").map(async (path) => (await readWav(path)).samples),
    );
    for (const lag of [0, 700, -700, -41]) {
      const shifted = wet.map((_, n) => wet[n - lag] ?? 0);
      const found = findAlignment(dry, shifted);
      assert.equal(found.lag, lag);
      assert.equal(found.inverted, false);
      assert.ok(found.match > 0.99, `match ${found.match}`);
    }
    const half = dry.length / 2;
    const other = findAlignment(dry.subarray(0, half), wet.subarray(half));
    assert.ok(other.match < MATCH_THRESHOLD / 2, `match ${other.match}`);
  },
);

realTest(
  "align brings la2a's mix within 0.2 dB of the ideal in every octave that holds 1 %",
  async () => {
    await withFolder(async (folder) => {
      const words = [...sides("la2a"), `${folder}/out.wav`];
      const { result } = await runForJson("align", words);
      for (const { part, mix_db, from_hz } of result.after.octaves) {
        if (part >= 0.01) assert.ok(mix_db >= -0.2, `${from_hz} Hz: ${mix_db}`);
      }
    });
  },
);

realTest(
  "align says that a hi-hat has nothing to gain, and loses less than 0.01 dB",
  async () => {
    await withFolder(async (folder) => {
      const words = [...sides("cl1b-drumHH"), `${folder}/out.wav`];
      const { result } = await runForJson("align", words);
      assert.equal(result.delay_only, true);
      assert.ok(result.after.mix_db > result.before.mix_db - 0.01);
    });
  },
);

realTest(
  "the fitted compressor's output has the phase of la2a, but for 1.55°, and for 0.3° by octaves",
  async () => {
    const [dry, wet] = sides("la2a");
    const opened = await openRecordedTakes(dry, wet, {
      alignment: alignmentSchema.parse({}),
    });
    const fitted = await fitTakes(
      opened.flatMap(({ takes }) => takes),
      parseModel("4a-2a+coupling+allpass-1"),
      solverSchema.parse({}),
      "wasm",
      { chunks: {} },
    );
    const [{ pair }] = fitted.takes;
    const { sampleRate } = pair;
    const output = new Float32Array(pair.dry.length);
    const unit = await openProcessor(
      fitted.model,
      fitted.parameters,
      sampleRate,
    );
    unit.process(pair.dry, output);
    const sum = new PairSpectra(sampleRate, output.length);
    sum.add([output], [pair.wet]);
    sum.finish();
    const { meanDegrees, octaveDegrees } = scorePhase(
      sum.whole,
      UNTURNED,
      sampleRate,
      [30, 15000],
    );
    assert.ok(meanDegrees <= 1.55, `${meanDegrees}`);
    assert.ok(octaveDegrees <= 0.3, `${octaveDegrees}`);
  },
);

for (const name of ["cl1b-guitar", "cl1b-stereo"]) {
  realTest(
    `sections lower the ESR of ${name} on sound not fitted to`,
    async () => {
      const [dry, wet] = await Promise.all(
        sides(name).map((path) => readWav(path, { channel: 1 })),
      );
      const pair = {
        dry: dry.samples,
        wet: wet.samples,
        sampleRate: dry.sampleRate,
      };
      const model = parseModel("4a-2a+coupling");
      const [plain, ...staged] = await heldOutFits(pair, model, "wasm");
      const others = staged.map(({ esr_elsewhere }) => esr_elsewhere);
      assert.ok(Math.min(...others) < plain.esr_elsewhere, `${others}`);
      assert.ok(Math.max(...others) <= 1.02 * plain.esr_elsewhere, `${others}`);
    },
  );
}

import assert from "node:assert/strict";
import { join } from "node:path";
import { useBackend } from "../lib/frameworks/tensorflow/backend.ts";
import {
  effectWindows,
  recordedWindows,
  type TrainingWindows,
} from "../lib/signaltrain/windows.ts";
import {
  rateAt,
  trainNetwork,
  type TrainOptions,
} from "../lib/signaltrain/train.ts";
import { decimated } from "../lib/signaltrain/decimate.ts";
import { simpleErrors } from "../lib/signaltrain/errors.ts";
import { keptTraining } from "../lib/signaltrain/kept_training.ts";
import { predictLong, spectrumOf } from "../lib/signaltrain/long_sounds.ts";
import {
  type EffectName,
  EFFECTS,
  stream,
  valuesAt,
} from "../lib/signaltrain/effect.ts";
import { scaledSizes } from "../lib/signaltrain/sizes.ts";
import { initialWeights } from "../lib/signaltrain/weights.ts";

const SIZES = scaledSizes(1 / 16, 4);
const RATE = 2756;

const OPTIONS: TrainOptions = {
  batches: 6,
  cycles: 1,
  batch: 5,
  learningRate: 1e-3,
  schedule: "1-cycle",
  loss: "log-cosh",
  weighted: true,
  seed: 1,
  validation: 20,
  checkEvery: 3,
};

const windowsOf = (
  target: "windowed" | "streamed" = "windowed",
  shuffled = true,
  effect: EffectName = "Comp-4C",
) =>
  effectWindows(effect, SIZES, {
    sampleRate: RATE,
    target,
    shuffled,
    seed: 1,
  });

/** Parameters of window `i` of Comp-4C-Large, from its knobs. */
const valuesOf = ({ knobs }: TrainingWindows, i: number) =>
  valuesAt(
    EFFECTS["Comp-4C-Large"],
    [...knobs.subarray(4 * i, 4 * i + 4)].map((k) => k + 0.5),
  );

Deno.test("1-cycle rises over three tenths from η/15 to η, falls to η/1500, and begins again with the next cycle", () => {
  const options = { ...OPTIONS, batches: 1000 };
  const rate = (i: number) => rateAt(i, options) / options.learningRate;
  assert(Math.abs(rate(0) - 1 / 15) < 1e-12);
  assert(Math.abs(rate(300) - 1) < 1e-12);
  assert(Math.abs(rate(150) - (1 + 1 / 15) / 2) < 1e-12);
  assert(rate(999) < 1 / 1400 && rate(999) > 1 / 1501);
  assert.equal(rate(1000), rate(0));
  assert.equal(rateAt(7, { ...options, schedule: "constant" }), 1e-3);
});

Deno.test("windowed targets begin at rest on each window, streamed ones do not; signs turn both sides", () => {
  const { input, output } = SIZES;
  const [windowed, streamed] = (["windowed", "streamed"] as const)
    .map((target) => windowsOf(target, true, "Comp-4C-Large").batch(3, 20));
  assert.deepEqual(windowed.dry, streamed.dry);
  assert.deepEqual(windowed.knobs, streamed.knobs);
  let unlike = 0;
  for (let i = 0; i < 20; i++) {
    const x = windowed.dry.subarray(i * input, (i + 1) * input);
    const made = new Float32Array(input);
    stream(x, made, valuesOf(windowed, i), RATE);
    const wet = (windows: TrainingWindows) =>
      windows.wet.subarray(i * output, (i + 1) * output);
    wet(windowed).forEach((y, n) =>
      assert(Math.abs(y - made[input - output + n]) < 1e-6)
    );
    const isUnlike = (y: number, n: number) =>
      Math.abs(y - made[input - output + n]) > 1e-3;
    if (wet(streamed).some(isUnlike)) unlike++;
    // Nothing is turned up, and no sample changes its sign.
    wet(streamed).forEach((y, n) => {
      const dry = x[input - output + n];
      assert(Math.abs(y) <= Math.abs(dry) * (1 + 1e-6) && y * dry >= 0);
    });
  }
  assert(unlike > 0);
});

Deno.test("batches are seeded by their number; shuffled ones mix settings, others have one clip in order", () => {
  const [one, other] = [windowsOf(), windowsOf()];
  one.batch(0, 8);
  assert.deepEqual(one.batch(5, 8), other.batch(5, 8));
  assert.notDeepEqual(one.batch(6, 8).dry, other.batch(5, 8).dry);
  const settings = (windows: TrainingWindows) =>
    new Set(
      Array.from(
        { length: windows.count },
        (_, i) => windows.knobs.slice(4 * i, 4 * i + 4).join(),
      ),
    ).size;
  assert.equal(settings(one.batch(7, 8)), 8);
  assert.equal(settings(windowsOf("windowed", false).batch(7, 8)), 1);
  assert.deepEqual(one.validation(5), other.validation(5));
  // Longer windows are judged by the same outputs.
  const longer = effectWindows("Comp-4C", scaledSizes(1 / 16, 4, 4), {
    sampleRate: RATE,
    target: "streamed",
    shuffled: true,
    seed: 1,
  });
  const streamed = windowsOf("streamed").validation(5);
  assert.deepEqual(longer.validation(5).wet, streamed.wet);
});

Deno.test("recordings are trained on in their first four fifths and judged by in the last", () => {
  const length = 10 * SIZES.input;
  const ramp = Float32Array.from({ length }, (_, n) => n / length);
  const take = { dry: ramp, wet: ramp, knobs: [0.1, 0.2, 0.3, 0.4] };
  const source = recordedWindows([take], SIZES, 1);
  const { dry, wet } = source.batch(1, 50);
  assert(dry.every((x) => Math.abs(x) < 0.8));
  assert(wet.some((y) => y < 0) && wet.some((y) => y > 0));
  const judged = source.validation(50);
  assert(
    judged.dry.every((x) => x >= 0.8) && judged.wet.every((y) => y >= 0.8),
  );
  const short = { ...take, dry: ramp.subarray(0, 4 * SIZES.input) };
  assert.throws(() => recordedWindows([short], SIZES, 1), /give longer ones/);
});

Deno.test("training is the same bytes for the same seed, and when it is taken up again", async () => {
  await useBackend("wasm");
  const parent = await Deno.makeTempDir();
  try {
    const whole = await trainNetwork(SIZES, windowsOf(), OPTIONS);
    const again = await trainNetwork(SIZES, windowsOf(), OPTIONS);
    assert.deepEqual(again, whole);
    let kept;
    for (const stop of [0, 3]) {
      try {
        await trainNetwork(SIZES, windowsOf(), OPTIONS, {
          kept,
          onCheck(state) {
            kept = state;
            if (state.batches > stop) throw new Error("interrupted");
          },
        });
      } catch (error) {
        assert.match(String(error), /interrupted/);
      }
    }
    assert.deepEqual(kept, whole);

    const training = {
      sizes: SIZES,
      options: OPTIONS,
      data: "test",
      windows: () => windowsOf(),
    };
    const place = { parent, backend: "wasm" };
    const { seconds, ...first } = await keptTraining(training, place);
    assert.deepEqual(first, whole);
    assert(seconds > 0);
    const nothing = () => {
      throw new Error("there is nothing left to train");
    };
    const kept1 = await keptTraining({ ...training, windows: nothing }, place);
    assert.deepEqual(kept1, { ...whole, seconds });

    // More cycles go on where fewer end, and are what they are at once.
    const longer = { ...training, options: { ...OPTIONS, cycles: 2 } };
    const batches: number[] = [];
    const gone = await keptTraining(longer, {
      ...place,
      onBatch: (count) => batches.push(count),
    });
    assert.equal(batches[0], 7);
    const atOnce = await trainNetwork(SIZES, windowsOf(), longer.options);
    const { seconds: both, ...end } = gone;
    assert.deepEqual(end, atOnce);
    assert(both > seconds);
    const shorter = await keptTraining(training, place);
    assert.deepEqual(shorter.weights, whole.weights);

    // A damaged file counts as not there.
    const [folder] = [...Deno.readDirSync(parent)];
    const path = join(parent, folder.name, "cycle-2.bin");
    const bytes = await Deno.readFile(path);
    bytes[bytes.length - 5] ^= 1;
    await Deno.writeFile(path, bytes);
    await Deno.remove(join(parent, folder.name, "running.bin"));
    const repaired = await keptTraining(longer, place);
    assert.deepEqual(repaired.weights, gone.weights);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("a short training halves the error of the input and of the best single gain", async () => {
  await useBackend("wasm");
  const sizes = scaledSizes(1 / 8, 4);
  const source = effectWindows("Comp-4C", sizes, {
    sampleRate: 5512,
    target: "windowed",
    shuffled: true,
    seed: 1,
  });
  const options = { ...OPTIONS, batches: 150, batch: 20, learningRate: 2e-3 };
  const { checks } = await trainNetwork(sizes, source, {
    ...options,
    validation: 100,
    checkEvery: 150,
  });
  const { input, gain } = simpleErrors(source.validation(100), sizes);
  const { validation } = checks.at(-1)!;
  assert(gain.validation < input.validation);
  assert(
    validation < gain.validation / 2,
    `${validation} of ${gain.validation}`,
  );
});

Deno.test("training that breaks down says so, and what to lower", async () => {
  await useBackend("wasm");
  await assert.rejects(
    trainNetwork(SIZES, windowsOf(), { ...OPTIONS, learningRate: 1e30 }),
    /broke down before batch 3.*Lower the learning rate of 1e\+30/s,
  );
});

Deno.test("predictLong() puts windows end to end, with silence before the first", async () => {
  await useBackend("wasm");
  const weights = initialWeights(SIZES, 1);
  const source = windowsOf().validation(1);
  const dry = source.dry;
  const knobs = [0.1, -0.2, 0.3, 0];
  const whole = await predictLong(weights, dry, knobs, SIZES, 3);
  assert.equal(whole.length, dry.length);
  const later = await predictLong(weights, dry.subarray(0, 700), knobs, SIZES);
  // What is to come has no part in it, but for the window that it ends in.
  const { output } = SIZES;
  const same = Math.floor(700 / output) * output;
  assert.deepEqual(later.subarray(0, same), whole.subarray(0, same));
});

Deno.test("spectrumOf() finds a sine, decimated() keeps what is low and drops what is high", () => {
  const sine = (hertz: number) =>
    Float32Array.from(
      { length: 44100 },
      (_, n) => Math.sin(2 * Math.PI * hertz * n / 44100),
    );
  const loudest = spectrumOf(sine(1000), 44100)
    .reduce((a, b) => b.db > a.db ? b : a);
  assert(Math.abs(loudest.hertz - 1000) < 44);
  const low = decimated(sine(300), 4).subarray(100, -100);
  low.forEach((x, i) =>
    assert(
      Math.abs(x - Math.sin(2 * Math.PI * 300 * 4 * (i + 100) / 44100)) < 2e-3,
    )
  );
  const high = decimated(sine(9000), 4).subarray(100, -100);
  assert(high.every((x) => Math.abs(x) < 2e-3));
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { compress, createCompressor } from "../lib/compressor/compressor.ts";
import { preEmphasise } from "../lib/sound/pre_emphasis.ts";
import { assertClose } from "./close.ts";
import { goldenPair, peakCases } from "./golden_signal.ts";

const parameters = {
  threshold_db: -20,
  ratio: 4,
  attack_ms: 2,
  release_ms: 120,
  make_up_db: 3,
};

Deno.test("compress() gives the golden output and pre-emphasised samples", () => {
  for (const golden of peakCases) {
    const { dry, sampleRate, chunkLength } = goldenPair(golden);
    for (
      const { theta, output_samples, filtered_samples } of golden.evaluations
    ) {
      const row = output_samples!.row;
      const x = dry.subarray(row * chunkLength, (row + 1) * chunkLength);
      const output = compress(x, theta, sampleRate);
      const filtered = preEmphasise(output, new Float64Array(output.length));
      assertClose(
        output_samples!.index.map((n) => output[n]),
        output_samples!.value,
        1e-9,
      );
      assertClose(
        filtered_samples!.index.map((n) => filtered[n]),
        filtered_samples!.value,
        1e-9,
      );
    }
  }
});

Deno.test("compress() settles at the static curve: 1/R of the level above the threshold", () => {
  const level = -8; // 12 dB above the threshold
  const amplitude = 10 ** (level / 20);
  const input = new Float64Array(44100).fill(amplitude);
  const output = compress(input, parameters, 44100);
  const outDb = 20 * Math.log10(output.at(-1)!);
  assert(Math.abs(outDb - (-20 + 12 / 4 + 3)) < 1e-6);
});

Deno.test("compress() attacks from 10 % to 90 % within its attack time", () => {
  const input = new Float64Array(44100).fill(0.5);
  const gain = compress(input, { ...parameters, attack_ms: 20 }, 44100)
    .map((y) => y / 0.5);
  const [first, last] = [10 ** (3 / 20), gain.at(-1)!];
  const passes = (part: number) =>
    gain.findIndex((g) => (first - g) / (first - last) >= part);
  const rise = 1000 * (passes(0.9) - passes(0.1)) / 44100;
  assert(Math.abs(rise - 20) < 0.2, `${rise} ms`);
});

Deno.test("createCompressor() gives the same in blocks of any size as in one", () => {
  const input = Float64Array.from({ length: 500 }, (_, n) => Math.sin(n * n));
  const whole = compress(input, parameters, 8000);
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 12 }),
    (sizes) => {
      const compressor = createCompressor(parameters, 8000);
      const output = new Float64Array(input.length);
      let at = 0;
      for (const size of [...sizes, input.length]) {
        const end = Math.min(input.length, at + size);
        compressor.process(input.subarray(at, end), output.subarray(at, end));
        at = end;
      }
      assert.deepEqual(output, whole);
    },
  ));
});

Deno.test("compress() never amplifies beyond its make-up, nor makes a NaN, whatever the input", () => {
  fc.assert(fc.property(
    fc.float64Array({ noNaN: true, min: -1e9, max: 1e9, maxLength: 200 }),
    (input) => {
      const output = compress(input, parameters, 44100);
      const most = 10 ** (3 / 20) * (1 + 1e-12);
      output.forEach((y, n) =>
        assert(Math.abs(y) <= Math.abs(input[n]) * most)
      );
    },
  ));
});

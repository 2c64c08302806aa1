import assert from "node:assert/strict";
import fc from "fast-check";
import {
  makeStimulus,
  SEGMENT_KINDS,
  type Stimulus,
} from "../lib/data/stimulus.ts";
import { PUBLISHED_FITS } from "../lib/data/published.ts";

const RATE = 44100;

function peakOf(samples: Float32Array): number {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return peak;
}

function decibels(amplitude: number): number {
  return 20 * Math.log10(amplitude);
}

/** Peak of each segment that is whole, in dBFS, silences left out. */
function segmentPeaks({ samples, segments }: Stimulus): number[] {
  return segments.slice(0, -1).filter(({ kind }) => kind !== "silence")
    .map(({ start, length }) =>
      decibels(peakOf(samples.subarray(start, start + length)))
    );
}

/** Part of the samples above `thresholdDb`. */
function partAbove(samples: Float32Array, thresholdDb: number): number {
  const threshold = 10 ** (thresholdDb / 20);
  let count = 0;
  for (const sample of samples) if (Math.abs(sample) > threshold) count++;
  return count / samples.length;
}

Deno.test("makeStimulus is the same for the same seed and rate, and begins as a shorter one", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0 }),
      fc.constantFrom(8000, 22050, 44100),
      fc.double({ min: 0.001, max: 4, noNaN: true }),
      (seed, sampleRate, seconds) => {
        const long = makeStimulus({ seconds: 4, sampleRate, seed });
        const short = makeStimulus({ seconds, sampleRate, seed });
        assert.equal(short.samples.length, Math.round(seconds * sampleRate));
        assert.deepEqual(
          short.samples,
          long.samples.subarray(0, short.samples.length),
        );
        const last = short.segments.length - 1;
        assert.deepEqual(
          short.segments.slice(0, last),
          long.segments.slice(0, last),
        );
      },
    ),
    { numRuns: 15 },
  );
});

Deno.test("makeStimulus makes other sounds of another seed", () => {
  const one = makeStimulus({ seconds: 1, seed: 1 });
  const other = makeStimulus({ seconds: 1, seed: 2 });
  assert.notDeepEqual(one.samples, other.samples);
});

Deno.test("segments of a stimulus lie end to end and have every kind of sound", () => {
  const { samples, segments } = makeStimulus({ seconds: 30, seed: 3 });
  let end = 0;
  for (const { start, length } of segments) {
    assert.equal(start, end);
    assert(length > 0);
    end = start + length;
  }
  assert.equal(end, samples.length);
  const kinds = new Set(segments.map(({ kind }) => kind));
  assert.deepEqual([...kinds].sort(), [...SEGMENT_KINDS].sort());
  for (const { kind, start, length } of segments) {
    const peak = peakOf(samples.subarray(start, start + length));
    assert.equal(peak === 0, kind === "silence", kind);
  }
});

Deno.test("a stimulus has a wide dynamic range and is never above −0.5 dBFS", () => {
  const stimulus = makeStimulus({ seconds: 120, seed: 4 });
  assert(stimulus.samples.every(Number.isFinite));
  const peaks = segmentPeaks(stimulus);
  assert(Math.max(...peaks) <= -0.499);
  assert(Math.max(...peaks) > -1.5);
  assert(Math.min(...peaks) >= -40.01);
  assert(Math.min(...peaks) < -32);
});

Deno.test("every twelve seconds of a stimulus cross every published threshold often", () => {
  for (const seed of [1, 2, 3]) {
    const stimulus = makeStimulus({ seconds: 60, sampleRate: 22050, seed });
    const { samples, segments, sampleRate } = stimulus;
    const peaks = segments.map(({ start, length }) =>
      decibels(peakOf(samples.subarray(start, start + length)))
    );
    const length = 12 * sampleRate;
    for (let start = 0; start + length <= samples.length; start += length / 4) {
      const place = `seed ${seed}, sample ${start}`;
      assert(
        partAbove(samples.subarray(start, start + length), -13) > 0.01,
        place,
      );
      const within = segments.map((segment, i) => ({ ...segment, i }))
        .filter((segment) =>
          segment.start >= start &&
          segment.start + segment.length <= start + length
        );
      const loud = within.filter(({ i }) => peaks[i] > -13);
      const quiet = within.filter(({ i }) => peaks[i] < -13);
      assert(loud.length >= 3 && quiet.length >= 1, place);
    }
  }
});

Deno.test("a stimulus holds rests of half a second after loud sounds, at every published threshold", () => {
  // A rest: the peak over 10 ms stays below the threshold for 470 ms.
  const { samples } = makeStimulus({ seconds: 30, seed: 1 });
  const frame = RATE / 100;
  const peaks = Array.from(
    { length: Math.floor(samples.length / frame) },
    (_, i) => decibels(peakOf(samples.subarray(i * frame, (i + 1) * frame))),
  );
  for (const { parameters } of PUBLISHED_FITS) {
    let quiet = 0;
    let rests = 0;
    let wasLoud = false;
    for (const peak of peaks) {
      if (peak > parameters.threshold_db + 3) {
        quiet = 0;
        wasLoud = true;
      } else if (peak < parameters.threshold_db && ++quiet === 47 && wasLoud) {
        rests++;
        wasLoud = false;
      }
    }
    assert(rests >= 2, `threshold ${parameters.threshold_db}: ${rests} rests`);
  }
});

Deno.test("makeStimulus refuses a length or a rate that makes no sound", () => {
  for (const seconds of [0, -1, NaN, Infinity]) {
    assert.throws(() => makeStimulus({ seconds }), /must be above 0/);
  }
  assert.throws(
    () => makeStimulus({ seconds: 1, sampleRate: 0 }),
    /sample rate of 0 Hz/,
  );
});

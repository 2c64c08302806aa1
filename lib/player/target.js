/**
 * Puts a target in step with a sound, as `deno task fit` does: a constant offset
 * taken away, the lag found whatever it is, an opposite polarity turned over, and
 * the part of a sample that is left found by what the amplifier makes of the sound.
 * A clock that drifts is not put right here; `--dry` and `--wet` of `deno task
 * player` do.
 */
// deno-lint-ignore no-unused-vars
const putInStep = (() => {
  "use strict";

  /** Samples by which a lag counts as one, and golden section's steps. */
  const LEAST = 5e-4;
  const STEPS = 14;
  /** Seconds of a sound by which the part of a sample is found. */
  const SECONDS = 8;

  /** So many samples of `signal` from `start` on, zeros where it has none. */
  function stretch(signal, start, length) {
    const result = new Float32Array(length);
    const from = Math.max(0, start);
    result.set(
      signal.subarray(from, Math.max(from, start + length)),
      from - start,
    );
    return result;
  }

  /** ESR of `target` against the best constant gain of `model`. */
  function left(model, target) {
    const [x, y] = [model, target].map((signal) =>
      targets.preEmphasise(signal, new Float64Array(signal.length))
    );
    let [xx, xy, yy] = [0, 0, 0];
    for (let n = 0; n < x.length; n++) {
      xx += x[n] * x[n];
      xy += x[n] * y[n];
      yy += y[n] * y[n];
    }
    return xx > 0 && yy > 0 ? 1 - xy * xy / (xx * yy) : 1;
  }

  /** The delay between −1 and 1 at which `target` is nearest to `model`. */
  function fractionOf(model, target) {
    const at = (delay) => left(model, targets.delayed(target, delay).value);
    const part = (Math.sqrt(5) - 1) / 2;
    let [low, high] = [-1, 1];
    let [a, b] = [high - part * (high - low), low + part * (high - low)];
    let [fa, fb] = [at(a), at(b)];
    for (let step = 0; step < STEPS; step++) {
      if (fa < fb) {
        [high, b, fb] = [b, a, fa];
        a = high - part * (high - low);
        fa = at(a);
      } else {
        [low, a, fa] = [a, b, fb];
        b = low + part * (high - low);
        fb = at(b);
      }
    }
    const best = (low + high) / 2;
    return at(best) < at(0) ? best : 0;
  }

  /**
   * The channels of `target` in step with `sound`, as many samples as that has, and
   * what was done, in words. `make(length)` gives what the amplifier makes of the
   * sound's first channel.
   */
  return function (sound, target, make) {
    const [dry] = sound.channels;
    const words = [];
    const wet = target.channels.map((samples) => {
      const offset = targets.constantOffset(samples, target.sampleRate);
      if (offset === undefined) return samples;
      words[0] = "a constant offset taken away";
      return targets.withoutOffset(samples, offset.value);
    });
    let found;
    try {
      found = targets.searchAlignment(dry, wet[0]);
    } catch (error) {
      if (!(error instanceof targets.SilentSideError)) throw error;
    }
    if (found === undefined || found.match < targets.MATCH_THRESHOLD) {
      return {
        channels: wet.map((samples) => stretch(samples, 0, dry.length)),
        lag: 0,
        words: "as it is: it does not match the sound, whatever the lag",
      };
    }
    let channels = wet.map((samples) =>
      stretch(samples, found.lag, dry.length)
    );
    if (found.inverted) {
      channels = channels.map((samples) => samples.map((x) => -x));
      words.push("turned over");
    }
    const length = Math.min(dry.length, Math.round(SECONDS * sound.sampleRate));
    const fraction = fractionOf(
      make(length),
      channels[0].subarray(0, length),
    );
    if (Math.abs(fraction) >= LEAST) {
      channels = channels.map((samples) =>
        targets.delayed(samples, fraction).value
      );
    }
    const lag = found.lag + fraction;
    if (Math.abs(lag) >= LEAST) {
      const size = Number(Math.abs(lag).toFixed(3));
      words.unshift(
        `${size} ${size === 1 ? "sample" : "samples"} ${
          lag > 0 ? "late" : "early"
        }, put in step`,
      );
    } else words.unshift("in step");
    return { channels, lag, words: words.join(", ") };
  };
})();

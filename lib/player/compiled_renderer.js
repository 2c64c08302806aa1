/**
 * One channel through a compiled model, `compiledModel`, in the page as in its
 * AudioWorklet. The same as `openModel`, see lib/engines/compiled/stream.ts.
 */
// deno-lint-ignore no-unused-vars
function createRenderer(module, parameters, sampleRate) {
  "use strict";
  const PAGE_BYTES = 65536;
  const LENGTH = 2048;
  const {
    names,
    scalars,
    operations,
    constants,
    states,
    stateBytes,
    constantBytes,
    rowBytes,
    places,
  } = compiledModel;
  const atConstants = stateBytes * states.length;
  const atRows =
    Math.ceil((atConstants + constantBytes * constants.length) / 16) * 16;
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((atRows + rowBytes * LENGTH) / PAGE_BYTES),
  });
  const { sweep } = new WebAssembly.Instance(module, { env: { memory } })
    .exports;
  const rows = new Float32Array(memory.buffer, atRows);
  const row = rowBytes / 4;
  const [input, other, output, gain] = places.map((place) => place / 4);
  let lastGain = 1;

  /** The numbers of all scalars at `values`. */
  const numbersAt = (values) => {
    const given = [...names.map((name) => values[name]), sampleRate];
    const numbers = [];
    for (const [name, ...operands] of scalars) {
      numbers.push(
        name === "input"
          ? given[operands[0]]
          : name === "constant"
          ? operands[0]
          : operations[name](...operands.map((at) => numbers[at])),
      );
    }
    return numbers;
  };
  const setConstants = (numbers) =>
    constants.forEach((at, i) =>
      new Float32Array(memory.buffer, atConstants + constantBytes * i, 4)
        .fill(numbers[at])
    );

  const numbers = numbersAt(parameters);
  setConstants(numbers);
  states.forEach(({ isWide, start }, i) => {
    const Lanes = isWide ? Float64Array : Float32Array;
    new Lanes(memory.buffer, stateBytes * i, isWide ? stateBytes / 8 : 4)
      .fill(start === null ? 0 : numbers[start]);
  });

  return {
    /** Sets the parameters; the states go on. */
    set(values) {
      setConstants(numbersAt(values));
    },
    /**
     * Processes `from` into `to`, which may be the same array; the detector hears
     * `heard`.
     */
    process(from, to, heard = from) {
      for (let at = 0; at < from.length; at += LENGTH) {
        const count = Math.min(LENGTH, from.length - at);
        for (let n = 0; n < count; n++) {
          rows[row * n + input] = from[at + n];
          rows[row * n + other] = heard[at + n];
        }
        sweep(atRows, count, 0, atConstants);
        for (let n = 0; n < count; n++) to[at + n] = rows[row * n + output];
        lastGain = rows[row * (count - 1) + gain];
      }
    },
    /** The gain at the last sample, without make-up. */
    gain: () => lastGain,
  };
}

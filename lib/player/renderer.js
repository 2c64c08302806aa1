/**
 * One channel through the WebAssembly kernel `render`, in the page as in its
 * AudioWorklet. The same as `createFastCompressor`, see lib/kernels/render.ts.
 */
// deno-lint-ignore no-unused-vars
function createRenderer(module, parameters, sampleRate) {
  "use strict";
  const PAGE_BYTES = 65536;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernel = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const missing = kernel.memoryBytes() - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  kernel.reset();
  const length = kernel.blockLength();
  const samplesAt = (address) =>
    new Float32Array(memory.buffer, address, length);
  const input = samplesAt(kernel.inputAddress());
  const output = samplesAt(kernel.outputAddress());
  const numbers = new Float64Array(
    memory.buffer,
    kernel.parametersAddress(),
    5,
  );
  const state = new Float64Array(memory.buffer, kernel.gainAddress(), 1);
  const coefficient = (ms) => -Math.expm1(-2200 / (ms * sampleRate));

  const renderer = {
    /** Sets the parameters; the state goes on. */
    set({ threshold_db, ratio, attack_ms, release_ms, make_up_db }) {
      numbers[0] = Math.LN10 / 20 / Math.LN2 * threshold_db;
      numbers[1] = 1 - 1 / ratio;
      numbers[2] = coefficient(attack_ms);
      numbers[3] = coefficient(release_ms);
      numbers[4] = Math.exp(Math.LN10 / 20 * make_up_db);
    },
    /** Processes `from` into `to`, which may be the same array. */
    process(from, to) {
      for (let at = 0; at < from.length; at += length) {
        const block = from.subarray(at, at + length);
        input.set(block);
        kernel.render(block.length);
        to.set(
          block.length === length ? output : output.subarray(0, block.length),
          at,
        );
      }
    },
    /** The gain at the last sample, without make-up. */
    gain: () => state[0],
  };
  renderer.set(parameters);
  return renderer;
}

/**
 * One channel through the WebAssembly kernel `render`, in the page as in its
 * AudioWorklet. The same as `createFastCompressor`, see lib/compressor/render.ts.
 */
// deno-lint-ignore no-unused-vars
function createRenderer(module, parameters, sampleRate) {
  "use strict";
  // SMALL_PAGES of lib/kernels/kernels.ts.
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2 });
  const kernel = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const length = kernel.blockLength();
  const samplesAt = (address) =>
    new Float32Array(memory.buffer, address, length);
  const input = samplesAt(kernel.inputAddress());
  const other = samplesAt(kernel.targetAddress());
  const output = samplesAt(kernel.outputAddress());
  const numbers = new Float64Array(
    memory.buffer,
    kernel.parametersAddress(),
    10,
  );
  const state = new Float64Array(memory.buffer, kernel.gainAddress(), 1);
  const coefficient = (ms) => -Math.expm1(-2200 / (ms * sampleRate));

  const renderer = {
    /** Sets the parameters; the state goes on. */
    set({ threshold_db, ratio, attack_ms, release_ms, make_up_db }) {
      // The kernel runs two compressors side by side: here the same one.
      [
        Math.LN10 / 20 / Math.LN2 * threshold_db,
        1 - 1 / ratio,
        coefficient(attack_ms),
        coefficient(release_ms),
        Math.exp(Math.LN10 / 20 * make_up_db),
      ].forEach((number, i) => numbers.fill(number, 2 * i, 2 * i + 2));
      kernel.setParameters();
    },
    /**
     * Processes `from` into `to`, which may be the same array; the detector hears
     * `heard`.
     */
    process(from, to, heard = from) {
      const listened = heard === from ? input : other;
      for (let at = 0; at < from.length; at += length) {
        const block = from.subarray(at, at + length);
        input.set(block);
        if (heard !== from) other.set(heard.subarray(at, at + length));
        kernel.render(block.length, listened.byteOffset);
        to.set(
          block.length === length ? output : output.subarray(0, block.length),
          at,
        );
      }
    },
    /** The gain at the last sample, without make-up. */
    gain: () => Math.abs(state[0]),
  };
  renderer.set(parameters);
  kernel.reset();
  return renderer;
}

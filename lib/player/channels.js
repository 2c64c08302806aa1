/**
 * As many channels through an amplifier each which, linked, all hear the loudest of
 * them; see lib/compressor/linked.ts.
 */
// deno-lint-ignore no-unused-vars
function createChannels(module, parameters, sampleRate, count, isLinked) {
  "use strict";
  const renderers = Array.from(
    { length: count },
    () => createRenderer(module, parameters, sampleRate),
  );
  const apart = channelUnits.unlinked(renderers);
  const together = channelUnits.linked(renderers);
  return {
    isLinked,
    /** Sets the parameters; the states go on. */
    set(parameters) {
      for (const renderer of renderers) renderer.set(parameters);
    },
    /** Processes the channels `from` into the channels `to`. */
    process(from, to) {
      (this.isLinked ? together : apart).process(from, to);
    },
    /** The lowest gain at the last sample, without make-up. */
    gain() {
      return Math.min(...renderers.map((renderer) => renderer.gain()));
    },
  };
}

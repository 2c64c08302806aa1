/**
 * The AudioWorklet: the compressor on every channel, linked or not. It runs after
 * channels.js.
 *
 * Parameters that arrive by message are approached within some 50 ms, so that a
 * knob makes no clicks; without a message the output is that of `render`, sample
 * for sample.
 */
registerProcessor(
  "compressor",
  class extends AudioWorkletProcessor {
    constructor({ processorOptions }) {
      super();
      const { bytes, parameters, channels, isLinked } = processorOptions;
      const module = new WebAssembly.Module(bytes);
      this.now = { ...parameters };
      this.goal = this.now;
      this.channels = createChannels(
        module,
        parameters,
        sampleRate,
        channels,
        isLinked,
      );
      this.silence = new Float32Array(128);
      this.isOpen = true;
      this.quanta = 0;
      this.heard = { gain: 1, input: 0, output: 0 };
      this.port.onmessage = ({ data }) => {
        if (data.parameters) this.goal = data.parameters;
        if ("isLinked" in data) this.channels.isLinked = data.isLinked;
        if (data.close) this.isOpen = false;
      };
    }

    /** One step from the present parameters towards those wanted. */
    approach() {
      const part = -Math.expm1(-128 / (0.005 * sampleRate));
      let isThere = true;
      for (const [key, goal] of Object.entries(this.goal)) {
        const left = goal - this.now[key];
        // To an infinite ratio and back there is no way.
        if (!Number.isFinite(left)) this.now[key] = goal;
        else if (Math.abs(left) > 1e-4 * Math.abs(goal) + 1e-6) {
          this.now[key] += part * left;
          isThere = false;
        }
      }
      if (isThere) this.goal = this.now = { ...this.goal };
      this.channels.set(this.now);
    }

    process([input], [output]) {
      if (this.goal !== this.now) this.approach();
      const heard = this.heard;
      const inputs = output.map((_, channel) => input[channel] ?? this.silence);
      this.channels.process(inputs, output);
      heard.gain = Math.min(heard.gain, this.channels.gain());
      for (let channel = 0; channel < output.length; channel++) {
        const from = inputs[channel];
        const to = output[channel];
        for (let n = 0; n < from.length; n++) {
          heard.input = Math.max(heard.input, Math.abs(from[n]));
          heard.output = Math.max(heard.output, Math.abs(to[n]));
        }
      }
      // For the meters, some 50 times a second.
      if (++this.quanta * 128 >= 0.02 * sampleRate) {
        this.port.postMessage(heard);
        this.quanta = 0;
        this.heard = { gain: 1, input: 0, output: 0 };
      }
      return this.isOpen;
    }
  },
);

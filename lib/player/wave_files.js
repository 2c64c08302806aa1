/**
 * WAVE files in the page: every sample as it is in the file, which a browser's
 * own decoder, resampling, does not give.
 */
// deno-lint-ignore no-unused-vars
const waveFiles = (() => {
  "use strict";

  /**
   * Sample rate and channels of a WAVE file, or null where `buffer` is not one.
   * Throws where it is one that cannot be used.
   */
  function decode(buffer) {
    const view = new DataView(buffer);
    const tag = (at) =>
      at + 4 <= view.byteLength
        ? String.fromCharCode(...new Uint8Array(buffer, at, 4))
        : "";
    if (tag(0) !== "RIFF" || tag(8) !== "WAVE") return null;
    let format = null;
    let data = null;
    for (let at = 12; at + 8 <= view.byteLength;) {
      const size = view.getUint32(at + 4, true);
      const start = at + 8;
      if (tag(at) === "fmt " && start + 16 <= view.byteLength) {
        const code = view.getUint16(start, true);
        format = {
          // 0xfffe: the code follows later.
          code: code === 0xfffe && size >= 26
            ? view.getUint16(start + 24, true)
            : code,
          channels: view.getUint16(start + 2, true),
          sampleRate: view.getUint32(start + 4, true),
          bits: view.getUint16(start + 14, true),
        };
      } else if (tag(at) === "data") {
        data = { start, size: Math.min(size, view.byteLength - start) };
      }
      at = start + size + size % 2;
    }
    if (format === null || data === null) {
      throw new Error("its format or its samples are missing");
    }
    const { code, channels, sampleRate, bits } = format;
    const read = {
      "1 8": (at) => (view.getUint8(at) - 128) * 2 ** -7,
      "1 16": (at) => view.getInt16(at, true) * 2 ** -15,
      "1 24": (at) =>
        (view.getInt8(at + 2) * 65536 + view.getUint16(at, true)) * 2 ** -23,
      "1 32": (at) => view.getInt32(at, true) * 2 ** -31,
      "3 32": (at) => view.getFloat32(at, true),
      "3 64": (at) => view.getFloat64(at, true),
    }[`${code} ${bits}`];
    if (read === undefined || channels === 0 || sampleRate === 0) {
      throw new Error("it is neither PCM nor floating point");
    }
    const bytes = bits / 8;
    const length = Math.floor(data.size / (bytes * channels));
    return {
      sampleRate,
      channels: Array.from({ length: channels }, (_, channel) => {
        const samples = new Float32Array(length);
        let at = data.start + bytes * channel;
        for (let n = 0; n < length; n++, at += bytes * channels) {
          samples[n] = read(at);
        }
        return samples;
      }),
    };
  }

  /** A WAVE file of 32-bit floating point. */
  function encode(channels, sampleRate) {
    const length = channels[0].length;
    const size = 4 * channels.length * length;
    const header = new DataView(new ArrayBuffer(44));
    const write = (at, text) =>
      [...text].forEach((c, i) => header.setUint8(at + i, c.charCodeAt(0)));
    write(0, "RIFF");
    header.setUint32(4, 36 + size, true);
    write(8, "WAVEfmt ");
    header.setUint32(16, 16, true);
    header.setUint16(20, 3, true);
    header.setUint16(22, channels.length, true);
    header.setUint32(24, sampleRate, true);
    header.setUint32(28, 4 * channels.length * sampleRate, true);
    header.setUint16(32, 4 * channels.length, true);
    header.setUint16(34, 32, true);
    write(36, "data");
    header.setUint32(40, size, true);
    const samples = new Float32Array(channels.length * length);
    channels.forEach((channel, c) => {
      for (let n = 0; n < length; n++) {
        samples[channels.length * n + c] = channel[n];
      }
    });
    return new Blob([header, samples], { type: "audio/wav" });
  }

  return { decode, encode };
})();

/** A WAVE file of 32-bit floating point. */
// deno-lint-ignore no-unused-vars
function encodeWave(channels, sampleRate) {
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

/**
 * WAVE files, read and written. See `wav_reader.ts` and `wav_writer.ts`.
 *
 * @module
 */

export {
  FLOAT_32,
  formatName,
  SAMPLE_FORMAT_NAMES,
  SAMPLE_FORMATS,
  type SampleFormat,
  SoundFileError,
  type SoundFormat,
} from "./sound_file.ts";
export {
  openWav,
  type ReadOptions,
  readWav,
  type Sound,
  WavReader,
} from "./wav_reader.ts";
export {
  createWav,
  requireRoom,
  WavWriter,
  type WriteOptions,
  writeWav,
} from "./wav_writer.ts";

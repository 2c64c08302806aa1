/**
 * WAVE files, read and written. See `wav_layout.ts`, `wav_reader.ts`, `wav_file.ts`
 * and `wav_writer.ts`.
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
  readChannels,
  type ReadOptions,
  readWav,
  type Sound,
} from "./wav_file.ts";
export type { Channels } from "./wav_reader.ts";
export {
  createWav,
  requireRoom,
  WavWriter,
  type WriteOptions,
  writeWav,
} from "./wav_writer.ts";

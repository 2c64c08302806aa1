/**
 * Channels of recordings: which belong together.
 *
 * Channels that are the same are one. A mono dry side belongs to every channel of
 * the wet one; of two sides with as many channels, each belongs to its like. Every
 * pair that comes of it is a *take*. A channel that is silent throughout has no
 * take where others have sound.
 *
 * @module
 */

import { formatCount } from "../base/format.ts";
import { isSilent } from "./alignment.ts";
import type { Signal } from "./signal.ts";
import { SoundFileError } from "./sound_file.ts";

/** What a person chose, counted from 1; `channel` is for both sides. */
export interface ChannelChoice {
  /** Channel of either side; a side with one channel has no other. */
  channel?: number;
  /** Channel of the dry side, before `channel`. */
  dryChannel?: number;
  /** Channel of the wet side, before `channel`. */
  wetChannel?: number;
}

/** A file and its channels. */
export interface Side {
  /** The file, as the person named it. */
  file: string;
  /** Its channels. */
  channels: readonly Signal[];
}

/** A channel that went in, and the one that came out. */
export interface Take {
  /** The wet side's channel, from 1. */
  channel: number;
  /** What went in. */
  dry: Signal;
  /** What came out. */
  wet: Signal;
}

/**
 * The takes that two recordings hold.
 *
 * @throws {SoundFileError} where a channel asked for is not there, and where the
 * sides have channels that do not say which belongs to which.
 */
export function takesOf(dry: Side, wet: Side, choice: ChannelChoice): Take[] {
  const { channel } = choice;
  const most = Math.max(dry.channels.length, wet.channels.length);
  if (channel !== undefined) {
    const larger = dry.channels.length === most ? dry : wet;
    requireChannel(larger.file, channel, most);
  }
  const from = chosen(dry, choice.dryChannel, "--dry-channel", channel);
  const to = chosen(wet, choice.wetChannel, "--wet-channel", channel);
  const isOne = from.length === 1 ||
    areSame(from.map(({ samples }) => samples));
  const heard = isOne ? from.slice(0, 1) : from;
  const made = areSame(to.map(({ samples }) => samples)) ? to.slice(0, 1) : to;
  const soundMade = sounding(made);
  if (heard.length === 1) {
    return soundMade.map(({ number, samples }) => ({
      channel: number,
      dry: heard[0].samples,
      wet: samples,
    }));
  }
  const soundHeard = sounding(heard);
  if (soundHeard.length === 1 && soundMade.length === 1) {
    return [{
      channel: soundMade[0].number,
      dry: soundHeard[0].samples,
      wet: soundMade[0].samples,
    }];
  }
  if (heard.length !== made.length) {
    throw new SoundFileError(
      dry.file,
      `has ${formatCount(heard.length, "channel")} that differ, ${wet.file} ${
        made.length === 1 ? "one" : made.length
      }, and nothing says which belongs to which`,
      `Choose with --dry-channel 1 … ${heard.length}${
        made.length === 1 ? "" : ` and --wet-channel 1 … ${made.length}`
      }`,
    );
  }
  const takes = made.map(({ number, samples }, c) => ({
    channel: number,
    dry: heard[c].samples,
    wet: samples,
  }));
  const whole = takes.filter((take) =>
    !isSilent(take.dry) && !isSilent(take.wet)
  );
  // Where none is, the silence is what the person should hear of.
  return whole.length > 0 ? whole : takes.slice(0, 1);
}

/** A channel and its number, from 1. */
interface Numbered {
  number: number;
  samples: Signal;
}

function chosen(
  { file, channels }: Side,
  own: number | undefined,
  option: string,
  shared: number | undefined,
): Numbered[] {
  if (own !== undefined) requireChannel(file, own, channels.length, option);
  const one = own ?? (channels.length === 1 ? 1 : shared);
  if (one !== undefined) requireChannel(file, one, channels.length);
  return channels.map((samples, c) => ({ number: c + 1, samples }))
    .filter(({ number }) => one === undefined || number === one);
}

/** Those with sound in them, or the first where none has. */
function sounding(channels: readonly Numbered[]): Numbered[] {
  const some = channels.filter(({ samples }) => !isSilent(samples));
  return some.length > 0 ? some : channels.slice(0, 1);
}

/**
 * Makes sure that a file of `count` channels has the one that `option` asks for.
 *
 * @throws {SoundFileError} where it has not.
 */
export function requireChannel(
  file: string,
  channel: number,
  count: number,
  option = "--channel",
): void {
  if (Number.isInteger(channel) && channel >= 1 && channel <= count) return;
  throw new SoundFileError(
    file,
    `has ${formatCount(count, "channel")}, and so no channel ${channel}`,
    count === 1
      ? `Leave ${option} out`
      : `Choose one with ${option} 1 … ${count}`,
  );
}

/** Whether all `channels` hold the same samples. */
export function areSame(channels: readonly Signal[]): boolean {
  const [first, ...others] = channels;
  return others.every((other) => other.every((x, n) => x === first[n]));
}

/**
 * Finds by how many samples, and with which polarity, a wet recording follows
 * its dry one, and whether it is of the same material at all.
 *
 * **Lag.** Both sides are pre-emphasised, as the loss hears them, and
 * cross-correlated block by block through the FFT: c[l] = Σ dry[n] wet[n + l]. A
 * positive lag means that the wet recording is late. Only the summed spectra
 * are kept, so 20 minutes need no more memory than 20 seconds. Before the one
 * inverse transform the cross-spectrum is half whitened, divided by
 * (S_dry S_wet)^¼ (the generalised cross-correlation of Knapp and Carter, IEEE
 * Trans. ASSP 24, 1976, half-way to their SCOT). That sharpens the peak, and
 * keeps the unit's tone from moving it by a sample. Of a sound with few
 * partials the whitened peak may be spurious; the plain one is taken where it
 * matches clearly better.
 *
 * **Match.** At that lag, over blocks of 1024 samples,
 *
 *     match = |Σ_b w_b r_b| / Σ_b w_b
 *     r_b = ⟨dry_b, wet_b⟩ / (‖dry_b‖ ‖wet_b‖),    w_b = (‖dry_b‖ ‖wet_b‖)^½
 *
 * is 1 for a wet side that is the dry one times a gain that is constant within a
 * block, however it moves between blocks: so compression hardly lowers it, and
 * silence counts for nothing. Limiting at 20 : 1 from −50 dB up, filters,
 * saturation and noise left it above 0.6 in trials on varied sounds, a real LA-2A
 * at 0.99; other material, other places of the same piece included, stayed
 * below 0.25. Below {@linkcode MATCH_THRESHOLD} the pair is taken for a wrong one.
 *
 * A steady tone matches another of its frequency at many lags. There, and where
 * the true lag is out of reach, no peak stands out: the confidence is low.
 *
 * **Any lag.** {@linkcode searchAlignment} looks further where the lag is not
 * found within reach: parts of dry of a few seconds against all of wet. A part
 * bears a clock that drifts and samples that were lost, which leave no lag that
 * suits the whole. Of several lags that match (a loop, a bass), all are
 * {@linkcode Candidate candidates}.
 *
 * @module
 */

import FFT from "fft.js";
import { preEmphasise, type PreEmphasisState } from "./pre_emphasis.ts";
import type { Pair, Signal } from "./signal.ts";

/** How a wet recording follows its dry one. */
export interface Alignment {
  /** Samples that the wet recording is late; negative where it is early. */
  lag: number;
  /** Whether the wet recording has the opposite polarity. */
  inverted: boolean;
  /** How alike the two are at that lag, from 0 to 1; see the module's head. */
  match: number;
  /**
   * How far the peak stands out: 1 − second / peak, the second being the largest
   * magnitude beyond the peak's own lobe. Where it is low, another lag fits
   * nearly as well, as for a steady tone.
   */
  confidence: number;
}

/** A lag that the wet recording may have. */
export type Candidate = Pick<Alignment, "lag" | "inverted" | "match">;

/** How a wet recording follows its dry one, whatever the lag. */
export interface WideAlignment extends Alignment {
  /** Lags that match, best first; the first is the one above. */
  candidates: Candidate[];
  /** Where in dry the lag was found: its first sample, and the one after the last. */
  from: number;
  /** See `from`. */
  to: number;
}

/** Lag looked for in either direction unless told otherwise, in samples. */
export const DEFAULT_MAX_LAG = 2048;

/** Below this match, wet is taken to be of other material than dry. */
export const MATCH_THRESHOLD = 0.5;

/** Below this confidence, the lag found is not to be relied on. */
export const CONFIDENCE_THRESHOLD = 0.15;

/** Magnitude below which nothing is taken for sound: −120 dBFS. */
export const SILENCE = 1e-6;

/** Size of the FFT that takes least time for each sample. */
const FASTEST_FFT = 65536;

/** Samples in a block of the match: 23 ms at 44.1 kHz. */
const MATCH_BLOCK = 1024;

/** The plain peak is taken where the whitened one has less of its match. */
const CLEARLY_WORSE = 0.95;

/** From this match on no better lag is looked for. */
const SURE_MATCH = 0.85;

/** Lags no further apart than this, in samples, are of the same place. */
const NEAR = 64;

/** Most candidates that are told of. */
const MOST_CANDIDATES = 5;

/** A candidate has at least this part of the best one's match. */
const CANDIDATE_PART = 0.8;

/** Samples of a part that is looked for in all of wet: 3 s at 44.1 kHz. */
const PART = 131072;

/** Parts of dry that are looked for. */
const PARTS = 3;

/** A side of a pair in which there is nothing to align. */
export class SilentSideError extends Error {
  /** The side. */
  readonly side: "dry" | "wet";

  /** Says which side is silent, and what to do. */
  constructor(side: "dry" | "wet") {
    super(
      `the ${side} recording is silent (nothing above −120 dBFS): check that it is the right file and channel, or record it again`,
    );
    this.name = "SilentSideError";
    this.side = side;
  }
}

/**
 * Finds how `wet` follows `dry`, which may differ in length.
 *
 * @param maxLag Largest lag looked for, in samples; of short recordings, at most
 * half of the shorter one.
 * @throws {SilentSideError} where a side is silent.
 */
export function findAlignment(
  dry: Signal,
  wet: Signal,
  maxLag: number = DEFAULT_MAX_LAG,
): Alignment {
  return bestOf(dry, wet, correlateNear(dry, wet, maxLag));
}

/** Both cross-correlations within a reach, or half of the shorter side. */
function correlateNear(dry: Signal, wet: Signal, maxLag: number): Correlation {
  if (isSilent(dry)) throw new SilentSideError("dry");
  if (isSilent(wet)) throw new SilentSideError("wet");
  const shorter = Math.min(dry.length, wet.length);
  return correlate(dry, wet, Math.min(maxLag, Math.floor(shorter / 2)));
}

/** The highest peak, and how `wet` follows `dry` there. */
function bestOf(
  dry: Signal,
  wet: Signal,
  { plain, whitened }: Correlation,
): Alignment {
  const sharp = highestPeak(whitened);
  const blunt = highestPeak(plain);
  const sharpMatch = matchAt(dry, wet, sharp.lag);
  const bluntMatch = blunt.lag === sharp.lag
    ? sharpMatch
    : matchAt(dry, wet, blunt.lag);
  const isSharp = Math.abs(sharpMatch) >= CLEARLY_WORSE * Math.abs(bluntMatch);
  const { lag, confidence } = isSharp ? sharp : blunt;
  const match = isSharp ? sharpMatch : bluntMatch;
  return { lag, inverted: match < 0, match: Math.abs(match), confidence };
}

/**
 * Finds how `wet` follows `dry`, by any lag. Where {@linkcode findAlignment} finds
 * it within `maxLag`, and not at its end, the result is the same; else parts of dry
 * are looked for in all of wet.
 *
 * @param maxLag Lag that is looked for first, in samples.
 * @throws {SilentSideError} where a side is silent.
 */
export function searchAlignment(
  dry: Signal,
  wet: Signal,
  maxLag: number = DEFAULT_MAX_LAG,
): WideAlignment {
  const correlation = correlateNear(dry, wet, maxLag);
  const near = bestOf(dry, wet, correlation);
  const whole = { from: 0, to: dry.length };
  const isFound = near.match >= MATCH_THRESHOLD &&
    (near.confidence >= CONFIDENCE_THRESHOLD || near.match >= SURE_MATCH) &&
    Math.abs(near.lag) < -correlation.from;
  if (isFound) {
    const { lag, inverted, match } = near;
    const others = candidatesOf(dry, wet, correlation)
      .filter((other) => other.lag !== lag);
    const candidates = [{ lag, inverted, match }, ...others]
      .slice(0, MOST_CANDIDATES);
    return { ...near, ...whole, candidates };
  }
  let best: WideAlignment = { ...near, ...whole, candidates: [near] };
  const parts = loudestParts(dry);
  // Near by first: all of a long recording takes its time.
  for (const reach of [PART, Infinity]) {
    for (const part of parts) {
      const { from, to } = part;
      const found = partCandidates(dry, wet, from, to, reach);
      // What holds for a part may hold for the whole, which takes longer to look at.
      const suits = ranked(
        found.slice(0, 2).map(({ lag }) => candidateAt(dry, wet, lag)),
      );
      const candidates = isMatch(suits[0]) ? suits : found;
      if (!isMatch(candidates[0]) || candidates[0].match < best.match) continue;
      const stretch = candidates === suits ? whole : part;
      const confidence = confidenceOf(candidates);
      best = { ...candidates[0], confidence, ...stretch, candidates };
      if (best.match >= SURE_MATCH) return best;
    }
    if (isMatch(best) && isLone(best.candidates)) return best;
  }
  return best;
}

/** Whether no other place matches nearly as well: none that repeats. */
function isLone(candidates: Candidate[]): boolean {
  return candidates.every(({ lag }) =>
    Math.abs(lag - candidates[0].lag) < NEAR
  );
}

function isMatch(candidate: Candidate | undefined): candidate is Candidate {
  return candidate !== undefined && candidate.match >= MATCH_THRESHOLD;
}

/** How far the first stands out by its match. */
function confidenceOf(candidates: Candidate[]): number {
  return 1 - (candidates[1]?.match ?? 0) / candidates[0].match;
}

/**
 * Lags within `maxLag` at which `wet` matches `dry` best, best first: the highest
 * peaks of both cross-correlations, of those that match nearly as well as the
 * best one. On bass the highest peak may be off by several samples.
 *
 * @throws {SilentSideError} where a side is silent.
 */
export function lagCandidates(
  dry: Signal,
  wet: Signal,
  maxLag: number = DEFAULT_MAX_LAG,
): Candidate[] {
  return candidatesOf(dry, wet, correlateNear(dry, wet, maxLag));
}

function candidatesOf(
  dry: Signal,
  wet: Signal,
  { plain, whitened, from }: Correlation,
): Candidate[] {
  const lags = new Set([...peaks(whitened), ...peaks(plain)]);
  return ranked([...lags].map((index) => candidateAt(dry, wet, from + index)));
}

function candidateAt(dry: Signal, wet: Signal, lag: number): Candidate {
  const match = matchAt(dry, wet, lag);
  return { lag, inverted: match < 0, match: Math.abs(match) };
}

/** Best first, and of those that match nearly as well, the best few. */
function ranked(candidates: Candidate[]): Candidate[] {
  candidates.sort((one, other) => other.match - one.match);
  return candidates.filter(({ match }) =>
    match >= CANDIDATE_PART * candidates[0].match
  ).slice(0, MOST_CANDIDATES);
}

/** Where the magnitude is highest, of each lobe one, highest first. */
function peaks(correlation: Float64Array, count = MOST_CANDIDATES): number[] {
  const found: number[] = [];
  for (let i = 0; i < correlation.length; i++) {
    const here = Math.abs(correlation[i]);
    const before = i > 0 ? Math.abs(correlation[i - 1]) : -1;
    const after = i + 1 < correlation.length
      ? Math.abs(correlation[i + 1])
      : -1;
    if (here < before || here <= after) continue;
    let rank = found.length;
    while (rank > 0 && Math.abs(correlation[found[rank - 1]]) < here) rank--;
    if (rank >= count) continue;
    found.splice(rank, 0, i);
    found.length = Math.min(found.length, count);
  }
  return found;
}

/** The parts of dry with most sound, one in each stretch of it. */
function loudestParts(dry: Signal): { from: number; to: number }[] {
  const length = Math.min(PART, Math.ceil(dry.length / PARTS));
  const stretch = Math.floor(dry.length / PARTS);
  return Array.from({ length: PARTS }, (_, i) => {
    let best = { from: i * stretch, sound: -1 };
    const last = Math.min((i + 1) * stretch, dry.length) - length;
    const hop = Math.max(1, length >> 1);
    for (
      let from = i * stretch;
      from <= Math.max(i * stretch, last);
      from += hop
    ) {
      let sound = 0;
      for (let n = from + 1; n < Math.min(dry.length, from + length); n++) {
        sound += Math.abs(dry[n] - dry[n - 1]);
      }
      if (sound > best.sound) best = { from, sound };
    }
    return { from: best.from, to: Math.min(dry.length, best.from + length) };
  });
}

/**
 * Lags of any size at which the samples `from` … `to` of `dry` match some of `wet`,
 * best first; none where they are silent.
 *
 * @param reach Samples of wet that are looked at before `from` and after `to`.
 */
export function partCandidates(
  dry: Signal,
  wet: Signal,
  from: number,
  to: number,
  reach = Infinity,
): Candidate[] {
  const part = dry.subarray(from, to);
  if (isSilent(part)) return [];
  const found: Candidate[] = [];
  // Stretches of wet that overlap by the part: it is in one of them whole.
  const hop = 2 * part.length;
  const end = Math.min(wet.length, to + reach);
  for (let start = Math.max(0, from - reach); start < end; start += hop) {
    const stretch = wet.subarray(
      start,
      Math.min(end, start + hop + part.length),
    );
    if (isSilent(stretch)) continue;
    const { plain, whitened, from: first } = correlateWhole(part, stretch);
    const lags = new Set([...peaks(whitened, 3), ...peaks(plain, 3)]);
    for (const index of lags) {
      const at = first + index;
      const common = Math.min(part.length, stretch.length - at) -
        Math.max(0, -at);
      // Half of it at least, and not what another stretch sees better.
      if (common < part.length / 2) continue;
      const lag = start + at - from;
      if (found.some((other) => other.lag === lag)) continue;
      found.push({ ...candidateAt(part, stretch, at), lag });
    }
  }
  return ranked(found);
}

/**
 * The part of `pair` that both sides have once a lag of `lag` samples is
 * removed, as views. The sides may differ in length.
 *
 * @throws {RangeError} where nothing is left.
 */
export function align(pair: Pair, lag: number): Pair {
  const { dry, wet, heard, sampleRate } = pair;
  const dryStart = Math.max(0, -lag);
  const wetStart = Math.max(0, lag);
  const length = Math.min(dry.length - dryStart, wet.length - wetStart);
  if (length <= 0) {
    throw new RangeError(
      `a lag of ${lag} samples leaves nothing of ${dry.length} dry and ${wet.length} wet samples: give longer recordings`,
    );
  }
  return {
    dry: dry.subarray(dryStart, dryStart + length),
    wet: wet.subarray(wetStart, wetStart + length),
    ...(heard && { heard: heard.subarray(dryStart, dryStart + length) }),
    sampleRate,
  };
}

/** Whether a signal does not move: a constant offset is silence too. */
export function isSilent(signal: Signal): boolean {
  for (let n = 0; n < signal.length; n++) {
    if (Math.abs(signal[n] - signal[0]) > SILENCE) return false;
  }
  return true;
}

/** The filter as if `signal` had stood at its first sample for ever. */
function settled(signal: Signal): PreEmphasisState {
  return { input: signal[0], output: 0 };
}

/** Cross-correlations, index 0 being that at lag `from`. */
interface Correlation {
  plain: Float64Array;
  whitened: Float64Array;
  from: number;
}

/**
 * Cross-correlation of the pre-emphasised sides at lags −reach … reach, as it is
 * and half whitened; index 0 is lag −reach.
 */
function correlate(
  dry: Signal,
  wet: Signal,
  reach: number,
): Correlation {
  const whole = Math.min(FASTEST_FFT, dry.length + 2 * reach);
  const size = 2 ** Math.ceil(Math.log2(Math.max(16, whole, 4 * reach)));
  // A block of dry against all the wet samples that its lags can meet.
  const step = size - 2 * reach;
  const fft = transformOf(size);
  const input = new Float64Array(2 * size);
  const output = new Float64Array(2 * size);
  const spectra = noSpectra(size);
  const dryState = settled(dry);
  const wetState = settled(wet);
  const dryBlock = new Float64Array(step);
  const wetBlock = new Float64Array(size);

  function fill(
    block: Float64Array,
    signal: Signal,
    from: number,
    state: PreEmphasisState,
  ): void {
    const part = signal.subarray(from, from + block.length);
    preEmphasise(part, block.subarray(0, part.length), state);
    block.fill(0, part.length);
  }

  fill(wetBlock.subarray(reach, 2 * reach), wet, 0, wetState);
  for (let start = 0; start < dry.length; start += step) {
    fill(dryBlock, dry, start, dryState);
    fill(wetBlock.subarray(2 * reach), wet, start + reach, wetState);
    // Two real transforms in one complex: dry + i · wet.
    input.fill(0);
    for (let n = 0; n < step; n++) input[2 * (n + reach)] = dryBlock[n];
    for (let n = 0; n < size; n++) input[2 * n + 1] = wetBlock[n];
    fft.transform(output, input);
    addSpectra(output, spectra);
    wetBlock.copyWithin(0, step);
  }

  return correlations(spectra, fft, -reach, reach);
}

/** All lags at which `part` and `wet` meet: index 0 is lag 1 − part.length. */
function correlateWhole(
  part: Signal,
  wet: Signal,
): Correlation {
  const size = 2 **
    Math.ceil(Math.log2(Math.max(16, part.length + wet.length)));
  const fft = transformOf(size);
  const input = new Float64Array(2 * size);
  const output = new Float64Array(2 * size);
  const x = preEmphasise(part, new Float64Array(part.length), settled(part));
  const y = preEmphasise(wet, new Float64Array(wet.length), settled(wet));
  for (let n = 0; n < x.length; n++) input[2 * n] = x[n];
  for (let n = 0; n < y.length; n++) input[2 * n + 1] = y[n];
  fft.transform(output, input);
  const spectra = noSpectra(size);
  addSpectra(output, spectra);
  return correlations(spectra, fft, 1 - part.length, wet.length - 1);
}

const transforms = new Map<number, FFT>();

/** The transform of `size` points, whose tables take a while to make. */
function transformOf(size: number): FFT {
  let transform = transforms.get(size);
  if (transform === undefined) {
    transform = new FFT(size);
    if (size <= FASTEST_FFT) transforms.set(size, transform);
  }
  return transform;
}

/** Spectra of two real signals, summed over blocks. */
interface Spectra {
  /** Points of the transform. */
  size: number;
  /** conj(dry) · wet, real and imaginary parts in turn. */
  cross: Float64Array;
  /** |dry|². */
  dryPower: Float64Array;
  /** |wet|². */
  wetPower: Float64Array;
}

function noSpectra(size: number): Spectra {
  return {
    size,
    cross: new Float64Array(2 * size),
    dryPower: new Float64Array(size / 2 + 1),
    wetPower: new Float64Array(size / 2 + 1),
  };
}

/** Adds the spectra in `output`, the transform of dry + i · wet. */
function addSpectra(output: Float64Array, spectra: Spectra): void {
  const { size, cross, dryPower, wetPower } = spectra;
  const half = size / 2;
  for (let k = 0; k <= half; k++) {
    const at = 2 * k;
    const mirror = 2 * ((size - k) % size);
    const dryReal = 0.5 * (output[at] + output[mirror]);
    const dryImag = 0.5 * (output[at + 1] - output[mirror + 1]);
    const wetReal = 0.5 * (output[at + 1] + output[mirror + 1]);
    const wetImag = 0.5 * (output[mirror] - output[at]);
    cross[at] += dryReal * wetReal + dryImag * wetImag;
    cross[at + 1] += dryReal * wetImag - dryImag * wetReal;
    dryPower[k] += dryReal * dryReal + dryImag * dryImag;
    wetPower[k] += wetReal * wetReal + wetImag * wetImag;
  }
}

/** Cross-correlation at lags from … to, as it is and half whitened. */
function correlations(
  { size, cross, dryPower, wetPower }: Spectra,
  fft: FFT,
  from: number,
  to: number,
): Correlation {
  const half = size / 2;
  const output = new Float64Array(2 * size);
  function atLags(): Float64Array {
    for (let k = 1; k < half; k++) {
      cross[2 * (size - k)] = cross[2 * k];
      cross[2 * (size - k) + 1] = -cross[2 * k + 1];
    }
    fft.inverseTransform(output, cross);
    return Float64Array.from(
      { length: to - from + 1 },
      (_, i) => output[2 * ((i + from + size) % size)],
    );
  }
  const plain = atLags();
  let highest = 0;
  for (let k = 0; k <= half; k++) {
    highest = Math.max(highest, dryPower[k] * wetPower[k]);
  }
  for (let k = 0; k <= half && highest > 0; k++) {
    // The floor keeps bins with nothing in them from being divided by 0.
    const weight = (dryPower[k] * wetPower[k] + 1e-20 * highest) ** -0.25;
    cross[2 * k] *= weight;
    cross[2 * k + 1] *= weight;
  }
  return { plain, whitened: atLags(), from };
}

/** The lag of largest magnitude, the nearest to 0 of equals. */
function highestPeak(
  correlation: Float64Array,
): { lag: number; confidence: number } {
  const reach = (correlation.length - 1) / 2;
  let lag = 0;
  for (let distance = 1; distance <= reach; distance++) {
    for (const candidate of [distance, -distance]) {
      const magnitude = Math.abs(correlation[reach + candidate]);
      if (magnitude > Math.abs(correlation[reach + lag])) lag = candidate;
    }
  }
  const peak = correlation[reach + lag];
  if (peak === 0) return { lag, confidence: 0 };
  // The peak's own lobe ends where the correlation changes sign.
  let from = reach + lag;
  while (from > 0 && correlation[from - 1] * peak > 0) from--;
  let to = reach + lag;
  while (to < 2 * reach && correlation[to + 1] * peak > 0) to++;
  let second = 0;
  for (let i = 0; i < correlation.length; i++) {
    if (i < from || i > to) second = Math.max(second, Math.abs(correlation[i]));
  }
  return { lag, confidence: 1 - second / Math.abs(peak) };
}

/** The match of the module's head at `lag`, signed: negative where inverted. */
function matchAt(dry: Signal, wet: Signal, lag: number): number {
  const common = align({ dry, wet, sampleRate: 1 }, lag);
  const dryState = settled(common.dry);
  const wetState = settled(common.wet);
  const dryBlock = new Float64Array(MATCH_BLOCK);
  const wetBlock = new Float64Array(MATCH_BLOCK);
  let sum = 0;
  let weights = 0;
  for (let start = 0; start < common.dry.length; start += MATCH_BLOCK) {
    const part = common.dry.subarray(start, start + MATCH_BLOCK);
    const other = common.wet.subarray(start, start + MATCH_BLOCK);
    const x = preEmphasise(part, dryBlock.subarray(0, part.length), dryState);
    const y = preEmphasise(other, wetBlock.subarray(0, other.length), wetState);
    let product = 0;
    let dryEnergy = 0;
    let wetEnergy = 0;
    for (let n = 0; n < x.length; n++) {
      product += x[n] * y[n];
      dryEnergy += x[n] * x[n];
      wetEnergy += y[n] * y[n];
    }
    const norms = Math.sqrt(dryEnergy) * Math.sqrt(wetEnergy);
    // Below this, energies are denormal numbers and their ratios worthless.
    if (norms > 1e-100) {
      const weight = Math.sqrt(norms);
      sum += weight * product / norms;
      weights += weight;
    }
  }
  return weights > 0 ? sum / weights : 0;
}

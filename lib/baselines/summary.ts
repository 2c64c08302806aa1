/**
 * What scores at many settings amount to: means over the settings, each method also
 * against 4A-2A at the same settings, with 95 % intervals from a bootstrap over the
 * blocks of the test part. Every resample takes the same blocks at every setting and
 * for every method, so that differences are paired.
 *
 * @module
 */

import { mean } from "../base/statistics.ts";
import type { Breakdown, KindScore } from "../metrics/breakdown.ts";
import {
  bootstrapInterval,
  type BootstrapOptions,
  type Interval,
} from "../metrics/bootstrap.ts";
import { differenceByKind } from "../metrics/mix.ts";
import { FITTED, WITH_GRU } from "./methods.ts";
import type { SettingScores } from "./score_methods.ts";

/** A method's scores over the settings it was tried at. */
export interface MethodSummary {
  /** Its name. */
  method: string;
  /** At how many settings. */
  settings: number;
  /** Mean ESR over them. */
  esr: Interval;
  /** Mean ESR of 4A-2A at the same settings. */
  fittedEsr: number;
  /** Mean ESR less that of 4A-2A; 4A-2A has none. */
  beyondFitted?: Interval;
  /** Mean |ΔLDR|, in dB. */
  deltaLdrDb: number;
}

/** Means over the settings, and the ESR of 4A-2A-G as a part of that of 4A-2A. */
export function summarise(
  scores: readonly SettingScores[],
  options: BootstrapOptions,
): { methods: MethodSummary[]; gruRatio: Interval } {
  const blocks = Math.max(
    ...scores.flatMap(({ methods }) =>
      methods.map(({ score }) => score.blocks.error.length)
    ),
  );
  const interval = (statistic: (times: Float64Array) => number) =>
    bootstrapInterval(blocks, statistic, options);
  const meanEsr = (list: readonly Breakdown[], times: Float64Array) =>
    mean(
      list.map(({ blocks: { error, target } }) =>
        weighted(error, times) / weighted(target, times)
      ),
    );
  const methods = [
    ...new Set(scores.flatMap(({ methods }) => methods.map((m) => m.method))),
  ];
  return {
    methods: methods.map((method) => {
      const own = scoresOf(scores, method);
      const fitted = scoresOf(
        scores.filter((setting) => scoresOf([setting], method).length > 0),
        FITTED,
      );
      return {
        method,
        settings: own.length,
        esr: interval((times) => meanEsr(own, times)),
        fittedEsr: mean(fitted.map(({ esr }) => esr)),
        ...(method !== FITTED && {
          beyondFitted: interval((times) =>
            meanEsr(own, times) - meanEsr(fitted, times)
          ),
        }),
        deltaLdrDb: mean(own.map((score) => Math.abs(score.deltaLdrDb))),
      };
    }),
    gruRatio: interval((times) =>
      meanEsr(scoresOf(scores, WITH_GRU), times) /
      meanEsr(scoresOf(scores, FITTED), times)
    ),
  };
}

/** The scores of `method` at the settings that have one. */
export function scoresOf(
  scores: readonly SettingScores[],
  method: string,
): Breakdown[] {
  return scores.flatMap(({ methods }) =>
    methods.flatMap((one) => one.method === method ? one.score : [])
  );
}

/** One kind of sound, means over the settings. */
export interface KindSummary {
  /** The kind. */
  kind: string;
  /** Its share of the target's energy in the part that was fitted, and in the test. */
  share: [fitted: number, test: number];
  /** ESR of 4A-2A in these parts. */
  esr: [fitted: number, test: number];
  /** Its part of the squared error of 4A-2A in the test part. */
  errorShare: number;
}

/**
 * 4A-2A by kind of sound, the one with the largest error in the test part first, and
 * how the ESR of the test part comes to differ from that of the part that was fitted.
 */
export function summariseKinds(scores: readonly SettingScores[]): {
  kinds: KindSummary[];
  difference: { mix: number; kinds: number };
} {
  const [seen, test] = [
    scores.map((one) => one.seen),
    scoresOf(scores, FITTED).map(({ kinds }) => kinds),
  ];
  const names = [...new Set(test.flat().map(({ kind }) => kind))];
  const of = (lists: readonly KindScore[][], kind: string) =>
    lists.flatMap((list) => list.filter((one) => one.kind === kind));
  const errorOf = (list: readonly KindScore[]) =>
    list.reduce((sum, { share, esr }) => sum + share * esr, 0);
  const sum = (list: readonly KindScore[]) =>
    list.reduce((sum, { share }) => sum + share, 0);
  const differences = test.map((list, i) => differenceByKind(seen[i], list));
  return {
    kinds: names.map((kind): KindSummary => {
      const both = [of(seen, kind), of(test, kind)];
      const [fitted, tested] = both.map((list) => ({
        share: sum(list) / scores.length,
        esr: mean(list.map(({ esr }) => esr)),
      }));
      return {
        kind,
        share: [fitted.share, tested.share],
        esr: [fitted.esr, tested.esr],
        errorShare: mean(
          test.map((list) => errorOf(of([list], kind)) / errorOf(list)),
        ),
      };
    }).sort((a, b) => b.errorShare - a.errorShare),
    difference: {
      mix: mean(differences.map(({ mix }) => mix)),
      kinds: mean(differences.map(({ kinds }) => kinds)),
    },
  };
}

/** Σ values · times. */
function weighted(values: number[], times: Float64Array): number {
  return values.reduce((sum, value, i) => sum + value * times[i], 0);
}

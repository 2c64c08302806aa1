/**
 * What scores at many settings amount to: means over the settings, each method also
 * against 4A-2A at the same settings, with 95 % intervals from a bootstrap over the
 * blocks of the test part. Every resample takes the same blocks at every setting and
 * for every method, so that differences are paired.
 *
 * @module
 */

import { MODES } from "../data/setting.ts";
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

/** 4A-2A in one kind of sound, means over the settings; shares in per cent. */
export interface KindSummary {
  /** The kind. */
  kind: string;
  /** Its share of the target's energy in the part that was fitted. */
  fitted_share: number;
  /** Its share in the test part. */
  test_share: number;
  /** ESR in the part that was fitted. */
  fitted_esr: number;
  /** ESR in the test part. */
  test_esr: number;
  /** The same with the gain put right all the time: what no gain can mend. */
  beyond_gain_esr: number;
  /** Its share of the squared error in the test part. */
  error_share: number;
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
      const errors = test.map((list) =>
        errorOf(of([list], kind)) / errorOf(list)
      );
      return {
        kind,
        fitted_share: 100 * fitted.share,
        test_share: 100 * tested.share,
        fitted_esr: fitted.esr,
        test_esr: tested.esr,
        beyond_gain_esr: mean(
          scores.flatMap(({ beyondGain }) =>
            beyondGain.filter((one) => one.kind === kind).map(({ esr }) => esr)
          ),
        ),
        error_share: 100 * mean(errors),
      };
    }).sort((a, b) => b.error_share - a.error_share),
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

/** Every method at every setting, as the JSON has it. */
export function scoreRows(scores: readonly SettingScores[]) {
  return scores.flatMap(({ mode, peakReduction, methods }) =>
    methods.map(({ method, score }) => ({
      method,
      mode: mode as string,
      peak_reduction: peakReduction,
      esr: score.esr,
      delta_ldr_db: score.deltaLdrDb,
    }))
  );
}

/** Each of `methods` by kind of sound on the test part, means over the settings. */
export function kindRows(
  scores: readonly SettingScores[],
  methods: readonly string[],
) {
  const kindsOf = (method: string) =>
    scoresOf(scores, method).flatMap(({ kinds }) => kinds);
  const kinds = [...new Set(kindsOf(FITTED).map(({ kind }) => kind))];
  return kinds.flatMap((kind) =>
    methods.map((method) => {
      const own = kindsOf(method).filter((one) => one.kind === kind);
      return {
        kind,
        method,
        seconds: own[0].seconds,
        esr: mean(own.map(({ esr }) => esr)),
        delta_ldr_db: mean(own.map(({ deltaLdrDb }) => deltaLdrDb)),
      };
    })
  );
}

/** `scores` as CSV in the columns of the published ones. */
export function scoresToCsv(scores: readonly SettingScores[]): string {
  const lines = scoreRows(scores).map((row) =>
    [
      /[",\n]/.test(row.method)
        ? `"${row.method.replaceAll('"', '""')}"`
        : row.method,
      MODES.findIndex((mode) => mode === row.mode),
      row.peak_reduction,
      row.esr,
      row.delta_ldr_db,
    ].join(",")
  );
  return ["Method,Mode,Peak Value,ESR,LDR", ...lines, ""].join("\n");
}

/** A method's means as the JSON has them; "beyond" is the ESR less that of 4A-2A. */
export function meanRow(
  { method, settings, esr, fittedEsr, beyondFitted, deltaLdrDb }: MethodSummary,
) {
  return {
    method,
    settings,
    esr: esr.estimate,
    low: esr.low,
    high: esr.high,
    fitted_esr: fittedEsr,
    ...beyondRow(beyondFitted),
    delta_ldr_db: deltaLdrDb,
  };
}

/** An interval of the ESR less that of 4A-2A, as the JSON has it. */
export function beyondRow(beyond?: Interval) {
  return {
    beyond: beyond?.estimate,
    beyond_low: beyond?.low,
    beyond_high: beyond?.high,
  };
}

/** Columns of {@linkcode beyondRow}, and of the mean |ΔLDR|. */
export const BEYOND_COLUMNS = [
  { key: "beyond", title: "ESR less that of 4A-2A", digits: 3 },
  { key: "beyond_low", title: "from", digits: 3 },
  { key: "beyond_high", title: "to", digits: 3 },
  { key: "delta_ldr_db", title: "|ΔLDR|", unit: "dB", decimals: 3 },
];

/** Columns of {@linkcode meanRow}. */
export const MEAN_COLUMNS = [
  { key: "method", title: "Method" },
  { key: "settings", title: "Settings" },
  { key: "esr", title: "ESR", digits: 3 },
  { key: "low", title: "from", digits: 3 },
  { key: "high", title: "to", digits: 3 },
  { key: "fitted_esr", title: "4A-2A at the same", digits: 3 },
  ...BEYOND_COLUMNS,
];

/** Columns of a {@linkcode KindSummary}. */
export const KIND_COLUMNS = [
  { key: "kind", title: "Sound" },
  { key: "fitted_share", title: "Energy, fitted part", unit: "%", digits: 2 },
  { key: "test_share", title: "Energy, test part", unit: "%", digits: 2 },
  { key: "fitted_esr", title: "ESR, fitted part", digits: 3 },
  { key: "test_esr", title: "ESR, test part", digits: 3 },
  { key: "beyond_gain_esr", title: "with the gain right", digits: 3 },
  { key: "error_share", title: "Of the error", unit: "%", digits: 2 },
];

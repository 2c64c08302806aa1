/**
 * The published scores of the paper's methods and of three plug-ins, all of the real
 * LA-2A (`scores.csv`): means over the settings that all of them have, and how far
 * each lies from 4A-2A at the same settings.
 *
 * The plug-ins were scored at 42 settings, 4A-2A at the 26 it was fitted to; means over
 * different settings say nothing of the methods. The intervals are of a bootstrap over
 * the settings: both scores of a setting are drawn together.
 *
 * @module
 */

import { formatNumber } from "../base/format.ts";
import { mean } from "../base/statistics.ts";
import { PUBLISHED_SCORES, type PublishedScore } from "../data/published.ts";
import { sameSetting } from "../data/setting.ts";
import {
  bootstrapInterval,
  type Interval,
  intervalInWords,
} from "../metrics/bootstrap.ts";
import { FITTED, WITH_GRU } from "./methods.ts";
import { beyondRow } from "./summary.ts";

/** Where all of this is from, for tables and charts. */
export const ORIGIN = "published, LA-2A";

/** The names of `scores.csv`, as reports write them. */
const NAMES: Readonly<Record<string, string>> = {
  "4A2A": FITTED,
  "4A2A+GRU": WITH_GRU,
};

/** Published scores of one method. */
export interface PublishedMean {
  /** Its name, as in reports. */
  method: string;
  /** Mean ESR over the settings that all methods have. */
  esr: number;
  /** Mean |ΔLDR| over the same, in dB. */
  deltaLdrDb: number;
  /** ESR less that of 4A-2A, mean over the same settings; 4A-2A has none. */
  beyondFitted?: Interval;
  /** How many settings it was scored at, and the mean ESR over these. */
  all: { settings: number; esr: number };
}

/** The published scores by setting, with the names of reports. */
const PUBLISHED_BY_SETTING: readonly PublishedScore[] = PUBLISHED_SCORES
  .map((score) => ({ ...score, method: NAMES[score.method] ?? score.method }));

/** The same as rows of a chart. */
export function publishedScoreRows() {
  return PUBLISHED_BY_SETTING.map((score) => ({
    method: score.method,
    mode: score.mode as string,
    peak_reduction: score.peakReduction,
    esr: score.esr,
    delta_ldr_db: score.deltaLdrDb,
  }));
}

/** The published means, and at how many settings all methods were scored. */
export function publishedMeans(): {
  settings: number;
  methods: PublishedMean[];
} {
  const methods = [
    ...new Set(PUBLISHED_BY_SETTING.map(({ method }) => method)),
  ];
  const of = (method: string) =>
    PUBLISHED_BY_SETTING.filter((score) => score.method === method);
  const common = of(FITTED).filter((setting) =>
    methods.every((method) =>
      of(method).some((score) => sameSetting(score, setting))
    )
  );
  const atCommon = (method: string) =>
    common.map((setting) =>
      of(method).find((score) => sameSetting(score, setting))!
    );
  return {
    settings: common.length,
    methods: methods.map((method) => {
      const own = atCommon(method);
      const beyond = own.map(({ esr }, i) => esr - atCommon(FITTED)[i].esr);
      return {
        method,
        esr: mean(own.map(({ esr }) => esr)),
        deltaLdrDb: mean(own.map(({ deltaLdrDb }) => Math.abs(deltaLdrDb))),
        ...(method !== FITTED && {
          beyondFitted: bootstrapInterval(
            beyond.length,
            (times) =>
              beyond.reduce((sum, value, i) => sum + value * times[i], 0) /
              beyond.length,
            { seed: "published" },
          ),
        }),
        all: {
          settings: of(method).length,
          esr: mean(of(method).map(({ esr }) => esr)),
        },
      };
    }),
  };
}

/** Published means as rows of a table. */
export function publishedRows() {
  return publishedMeans().methods.map((one) => ({
    method: one.method,
    esr: one.esr,
    ...beyondRow(one.beyondFitted),
    delta_ldr_db: one.deltaLdrDb,
  }));
}

/** The means over all settings of each method, which are not over the same ones. */
export function footnote(): string {
  const { settings, methods } = publishedMeans();
  const more = methods.filter(({ all }) => all.settings > settings);
  return `Over all ${
    more[0].all.settings
  } settings that the plug-ins were scored at, the means are ${
    more.map(({ method, all }) => `${method} ${formatNumber(all.esr, 3)}`)
      .join(", ")
  }; 4A-2A has no scores at the others, which are below 40.`;
}

/** Published mean ESR of 4A-2A-G, as a part of that of 4A-2A. */
export function gruRatio(): number {
  const { methods } = publishedMeans();
  const of = (method: string) =>
    methods.find((one) => one.method === method)!.esr;
  return of(WITH_GRU) / of(FITTED);
}

/** Whether 4A-2A's scores are better beyond chance than those of the plug-ins. */
export function besidePlugIns(): { isBetter: boolean; inWords: string } {
  const plugIns = publishedMeans().methods.flatMap((
    { method, beyondFitted },
  ) =>
    beyondFitted === undefined || method === WITH_GRU
      ? []
      : [{ method, beyondFitted }]
  );
  return {
    isBetter: plugIns.every(({ beyondFitted }) => beyondFitted.low > 0),
    inWords: plugIns.map(({ method, beyondFitted }) =>
      `${method} ${intervalInWords(beyondFitted)}`
    ).join("; "),
  };
}

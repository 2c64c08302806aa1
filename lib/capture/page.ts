/**
 * What a capture came to, as a page.
 *
 * @module
 */

import { formatDuration, formatNumber } from "../base/format.ts";
import { namesOf } from "../data/knob_law.ts";
import {
  nameOfPositions,
  type Positions,
  titleOfKnob,
} from "../data/unit_file.ts";
import { jsonValues } from "../data/values_schema.ts";
import * as cells from "../report/cells.ts";
import { legendOf, lineChart } from "../report/charts.ts";
import { md } from "../report/markdown.ts";
import { runtimeFacts, writeReport } from "../report/page.ts";
import type { CaptureResult } from "./fit_capture.ts";
import type { Capture } from "./manifest.ts";
import { originOfCapture } from "./unit.ts";
import fitSource from "./fit_setting.ts" with { type: "text" };
import chainSource from "./chains.ts" with { type: "text" };
import lawSource from "../data/knob_law.ts" with { type: "text" };

/** Where a page goes, and what was done. */
export interface PageFacts {
  config: unknown;
  engine: string;
  seconds: number;
}

const mean = (values: number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Lines of a chart that colours tell apart. */
const MOST_LINES = 8;

/** Some of `words`, spread over them. */
function evenly(words: string[]): string[] {
  if (words.length <= MOST_LINES) return words;
  return Array.from(
    { length: MOST_LINES },
    (_, i) => words[Math.round(i * (words.length - 1) / (MOST_LINES - 1))],
  );
}

/** Writes the page to `path`. */
export async function writeCapturePage(
  path: string,
  capture: Capture,
  result: CaptureResult,
  { config, engine, seconds }: PageFacts,
): Promise<void> {
  const { manifest, settings } = capture;
  const { model, fits, leftOut, tests, reference } = result;
  const { parameters } = model;
  const dials = namesOf(manifest, "number");
  const count = (name: string) => new Set(fits.map(({ at }) => at[name])).size;
  const dial = dials.toSorted((a, b) => count(b) - count(a)).at(0);
  const choices = namesOf(manifest, "choice");
  const wordsAt = (at: Positions, names: readonly string[]) =>
    nameOfPositions(
      Object.fromEntries(names.map((name) => [name, at[name]])),
    ).replaceAll("_", " ");
  const otherDials = dials.filter((name) => name !== dial);
  const rows = fits.map(({ at, parameters, esr, score }) => ({
    ...at,
    ...jsonValues(parameters),
    esr,
    whole_esr: score.esr,
    delta_ldr_db: score.deltaLdrDb,
  }));
  const lines = dial === undefined ? [] : fits.map((fit) => ({
    dial: fit.at[dial] as number,
    dials: wordsAt(fit.at, otherDials) || "fitted",
    choices: wordsAt(fit.at, choices),
    esr: fit.score.esr,
    ...fit.parameters,
  })).sort((a, b) => a.dial - b.dial);
  const told = evenly([...new Set(lines.map(({ dials }) => dials))]);
  const drawn = lines.filter(({ dials }) => told.includes(dials));
  const colour = {
    field: "dials",
    title: otherDials.map(titleOfKnob).join(", ") || "Settings",
  };
  const dash = choices.length === 0
    ? undefined
    : { field: "choices", title: choices.map(titleOfKnob).join(", ") };
  const unitOf = dial === undefined
    ? ""
    : (manifest.knobs[dial] as { unit: string }).unit;
  const x = {
    field: "dial",
    title: dial === undefined
      ? ""
      : `${titleOfKnob(dial)}${unitOf === "" ? "" : ` (${unitOf})`}`,
  };
  const knobColumns = Object.keys(manifest.knobs).map((name) => ({
    key: name,
    title: titleOfKnob(name),
  }));
  const warnings = gathered(
    fits.flatMap(({ at, warnings }) =>
      warnings.map((text) => ({ name: nameOfPositions(at) || "it", text }))
    ),
  );
  const smooth = tests.map(({ smooth }) => smooth);
  await writeReport(path, {
    experiment: "capture:fit",
    title: `${manifest.unit}: captured`,
    subtitle: `${parameters.length} parameters at ${fits.length} settings`,
    source: {
      name: manifest.unit,
      surrogate: /surrogate/i.test(manifest.notes ?? ""),
      description: originOfCapture(capture),
    },
    generatedAt: new Date(),
    provenance: {
      ...(manifest.by ? { "Recorded by": manifest.by } : {}),
      ...(manifest.licence ? { "Licence": manifest.licence } : {}),
      ...runtimeFacts(),
      "Engine": engine,
      "Time": formatDuration(seconds),
    },
  }, [
    ...(leftOut.length === 0 ? [] : [cells.notice(
      `Left out: ${leftOut.length} of ${settings.length} settings`,
      leftOut.map(({ at, reason }) =>
        `${nameOfPositions(at) || "it"}: ${reason}`
      ),
    )]),
    ...(warnings.length === 0 ? [] : [cells.notice(
      "Warnings: take these settings with care",
      warnings,
    )]),
    cells.figures([
      { label: "Settings fitted", value: fits.length },
      { label: "Model", value: model.name },
      {
        label: "Mean ESR",
        value: mean(fits.map(({ score }) => score.esr)),
        digits: 3,
        note: `at most ${
          formatNumber(Math.max(...fits.map(({ score }) => score.esr)), 3)
        }`,
      },
      {
        label: "ESR of settings left out",
        value: smooth.length === 0 ? undefined : mean(smooth),
        digits: 3,
        note: smooth.length === 0
          ? "too few settings to leave some out"
          : `at most ${formatNumber(Math.max(...smooth), 3)}`,
      },
    ]),
    cells.prose(md`${originOfCapture(capture)}`),
    ...(manifest.loop === undefined ? [] : [cells.prose(
      md`What went in is ${manifest.loop}, the dry sound through a cable: what the
converters do is none of the unit's.`,
    )]),
    ...(reference.trials === undefined ? [] : [
      cells.step("Choose a model"),
      cells.prose(
        md`Each candidate was fitted to two thirds of a recording, at ${
          nameOfPositions(reference.at) || "its setting"
        }, and scored on the rest. The simplest within 10 % of the best was kept.${
          reference.doubt === undefined ? "" : ` ${reference.doubt}`
        }`,
      ),
      cells.table("Candidates", [
        { key: "model", title: "Model" },
        { key: "parameters", title: "Parameters" },
        { key: "held_out_esr", title: "ESR on what was held out", digits: 3 },
      ], reference.trials),
    ]),
    cells.step(
      "From neighbour to neighbour",
      cells.codeOf(chainSource, "chainsOf"),
    ),
    cells.step("Fit each setting", cells.codeOf(fitSource, "fitSetting")),
    cells.table("Every setting", [
      ...knobColumns,
      ...parameters.map(({ name, title, unit }) => ({
        key: name,
        title,
        unit,
      })),
      { key: "esr", title: "ESR where the loss counts", digits: 3 },
      { key: "whole_esr", title: "ESR", digits: 3 },
      { key: "delta_ldr_db", title: "ΔLDR", unit: "dB", digits: 2 },
    ], rows),
    ...(drawn.length === 0 ? [] : [cells.charts(
      [
        ...parameters.map(({ name, title, unit, scale }) =>
          lineChart({
            title,
            rows: drawn,
            x,
            y: {
              field: name,
              title: unit === "" ? title : `${title} (${unit})`,
              log: scale === "log" || scale === "log-above-one",
            },
            colour,
            dash,
          })
        ),
        lineChart({
          title: "ESR",
          rows: drawn,
          x,
          y: { field: "esr", title: "ESR", log: true },
          colour,
          dash,
        }),
      ],
      legendOf({ rows: drawn, colour, dash }),
    )]),
    ...(tests.length === 0 ? [] : [
      cells.step(
        "From knobs to parameters",
        cells.codeOf(lawSource, "knobLaw"),
      ),
      cells.prose(
        md`A knob goes where nothing was recorded, so the map must be right there too.
Here settings were left out, with all that stand where they do on one knob, and
their parameters taken from the others.`,
      ),
      cells.table(
        "Settings left out",
        [
          ...knobColumns,
          { key: "left_out", title: "Left out along" },
          { key: "smooth", title: "ESR, smooth map", digits: 3 },
          { key: "linear", title: "ESR, straight lines", digits: 3 },
        ],
        tests.map(({ at, dial, smooth, linear }) => ({
          ...at,
          left_out: dial === undefined ? "the setting" : titleOfKnob(dial),
          smooth,
          linear,
        })),
      ),
    ]),
    cells.config(config),
  ]);
}

/** Warnings alike that are written out each. */
const FEW = 4;

/**
 * Warnings of settings: what many of them say alike, but for its numbers, stands once,
 * with the first that it is said of.
 */
function gathered(
  warnings: readonly { name: string; text: string }[],
): string[] {
  const alike = Map.groupBy(
    warnings,
    ({ text }) => text.replace(/\d+([.,]\d+)?/g, "#"),
  );
  return [...alike.values()].flatMap((group) => {
    const [{ name, text }] = group;
    return group.length <= FEW
      ? group.map(({ name, text }) => `${name}: ${text}`)
      : [`at ${group.length} settings, as at ${name}: ${text}`];
  });
}

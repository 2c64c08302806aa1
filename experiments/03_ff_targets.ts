/**
 * Experiment 03: the targets FF-A, FF-B and FF-C.
 *
 * Three compressors with the RMS detector and known parameters turn one sound
 * into three targets (Yu et al., "Differentiable All-pole Filters for Time-varying
 * Audio Systems", DAFx 2024). Who finds the parameters again, how exactly and how
 * fast? Newton-Raphson, the published gradient descent, and the frequency-sampling
 * compressor that the paper compares with. Last, a model that is wrong on purpose.
 *
 * @module
 */

import * as z from "zod";
import * as ways from "../lib/baselines/ff_ways.ts";
import waysSource from "../lib/baselines/ff_ways.ts" with { type: "text" };
import { formatDuration, formatNumber } from "../lib/base/format.ts";
import { runCommand } from "../lib/cli/command_line.ts";
import { stimulusSchema } from "../lib/data/data_config.ts";
import * as ff from "../lib/data/ff_targets.ts";
import { type DrySource, openDry } from "../lib/data/source.ts";
import { keepReady } from "../lib/engines/open.ts";
import * as fitting from "../lib/fitting/fit_config.ts";
import { PAPER_MODEL, parseModel } from "../lib/models/presets.ts";
import { columnOf } from "../lib/notebook/columns.ts";
import { type ConfigOf, experiment } from "../lib/notebook/experiment.ts";
import { codeOf } from "../lib/report/cells.ts";
import { legendOf, lineChart } from "../lib/report/charts.ts";
import { md } from "../lib/report/markdown.ts";
import { DIFFAPF_BIBTEX, PAPER_BIBTEX } from "../lib/report/references.ts";

/** The config, `configs/03_ff_targets.yaml`. */
const CONFIG = {
  engine: fitting.engineSchema.default("wasm"),
  data: z.strictObject({
    stimulus: stimulusSchema.nullable().default(null),
    sample_rate: z.int().min(8000).max(384_000).default(44_100),
    seed: z.int().min(0).default(1),
    fit_seconds: z.number().positive().max(36_000).default(300),
    test_seconds: z.number().positive().max(36_000).default(900),
  }).prefault({}),
  /** The model that is wrong on purpose. */
  model: fitting.modelSchema.default(() => parseModel(PAPER_MODEL)),
  targets: z.array(z.enum(ff.TARGET_NAMES)).min(1, "name at least one target")
    .default([...ff.TARGET_NAMES]),
  chunks: fitting.chunksSchema.prefault({}),
  newton: z.strictObject({
    max_iterations: z.int().min(1).default(100),
    tolerance: z.number().positive().default(1e-9),
  }).prefault({}),
  gradient_descent: z.strictObject({
    seconds: z.number().positive().default(12),
    steps: z.int().min(1).default(1000),
    rate: z.number().positive().default(100),
  }).prefault({}),
  frequency_sampling: z.strictObject({
    seconds: z.number().positive().default(12),
    max_iterations: z.int().min(1).default(100),
  }).prefault({}),
};

type Config = ConfigOf<typeof CONFIG>;

/** The sound that drives the targets. */
async function openSound({ data }: Config) {
  const { fit_seconds, test_seconds, ...sound } = data;
  const duration = fit_seconds + test_seconds;
  const dry = await openDry({ ...sound, duration });
  const names = ff.TARGET_NAMES.join(", ");
  return {
    facts: {
      name: data.stimulus === null ? "stimulus" : "music",
      title: "computed targets",
      description:
        `${names}: digital compressors with known parameters, driven by ${dry.title}. They are not recordings of a unit.`,
      surrogate: true,
      identity: { dry: dry.identity, fit_seconds, test_seconds },
    },
    data: dry,
  };
}

/** The part that is fitted, and the rest, which is tested. */
async function divide(dry: DrySource, { data }: Config) {
  const { samples, sampleRate } = await dry.load();
  const cut = Math.round(data.fit_seconds * sampleRate);
  if (samples.length > cut) {
    return {
      sampleRate,
      parts: [samples.subarray(0, cut), samples.subarray(cut)],
    };
  }
  throw new Error(
    `${dry.title}: ${formatDuration(dry.seconds)} leave nothing to test after ${
      formatDuration(data.fit_seconds)
    } to fit: give more sound, or set data.fit_seconds lower`,
  );
}

/** A row without its curve, as the JSON and the tables have it. */
function withoutCurve({ curve: _, ...row }: ways.Studied) {
  return row;
}

/** Code of a function of `ff_ways.ts`. */
// deno-lint-ignore ban-types
const code = ({ name }: Function) => codeOf(waysSource, name);

export const command = experiment({
  url: import.meta.url,
  task: "exp:ff",
  cites: [DIFFAPF_BIBTEX, PAPER_BIBTEX],
  about: "finds the known parameters of FF-A, FF-B and FF-C again, by\n" +
    "Newton-Raphson and by the published methods.",
  title: "The FF targets",
  subtitle: "Known compressors with the RMS detector, found again",
  config: CONFIG,
  engineFor: () => ff.FF_MODEL,
  open: openSound,
  examples: [
    "deno task exp:ff --set data.fit_seconds=60 --set data.test_seconds=60",
    "deno task exp:ff --set targets=[FF-B] --model rms+soft-knee",
  ],
}, async ({ config, data: dry, say, step, table, show, claim, ...nb }) => {
  const { fit_seconds, test_seconds } = config.data;
  const { model } = config;

  say(
    md`Three compressors with known parameters, one sound through each: FF-A, FF-B
and FF-C of ${ff.FF_CITATION}. A method that finds the parameters again can be trusted with
units whose parameters nobody knows. The detector is the mean square of the sound,
whose averaging coefficient is a sixth parameter. The sound is ${dry.title}: ${
      formatDuration(fit_seconds)
    } to fit, another ${
      formatDuration(test_seconds)
    } to test, each with the compressor at rest at its start. The targets are computed, so
they are surrogate data by nature.`,
  );

  step("The targets", code(ways.pairOf));
  const { parts, sampleRate } = await divide(dry, config);
  const named = config.targets.map((name) => ({ name, ...ff.TARGETS[name] }));
  const { parameters } = ff.FF_MODEL;
  const inSix = parameters.map((one) => ({ ...columnOf(one), digits: 6 }));
  const name = { key: "name", title: "Target" };
  table("True parameters, and the published starting point", [
    ...named,
    { name: "start", ...ff.FF_START },
  ], [name, ...parameters]);

  step("Every way to every target", code(ways.study));
  // The pairs of one target at a time: they are long.
  let now: { target: string; pairs: ways.TargetPairs } | undefined;
  const items = config.targets.flatMap((target) =>
    (Object.keys(ways.WAYS) as ways.Way[]).map((way) => ({ target, way }))
  );
  const studied = await nb.each("Fitting", items, {
    key: ({ target, way }) => `${target}__${way}`,
    name: ({ target, way }) => `${target}, ${way}`,
    noun: "fit",
    open: () => keepReady(config.engine),
    run(item) {
      const { target } = item;
      if (now?.target !== target) {
        const [fit, test] = parts.map((part) =>
          ways.pairOf(part, target, sampleRate)
        );
        now = { target, pairs: { fit, test } };
      }
      return ways.study(item, now.pairs, config);
    },
  });
  const fits = studied.map(withoutCurve);
  const by = (way: ways.Way) => fits.filter(({ method }) => method === way);
  const right = studied.filter(({ method }) => method !== "other-model");
  const method = { field: "method", title: "Method" };
  const curves = (x: { field: string; title: string }) =>
    show(
      config.targets.map((target) =>
        lineChart({
          title: `${target}: error by ${x.title.toLowerCase()}`,
          rows: right.filter((one) => one.target === target).flatMap((one) =>
            one.curve.map((point) => ({ method: one.method, ...point }))
          ),
          x: { ...x, log: true },
          y: { field: "esr", title: "ESR of the fitted part", log: true },
          colour: method,
        })
      ),
      legendOf({ rows: right.map(withoutCurve), colour: method }),
    );

  step("Newton–Raphson", code(ways.fitByNewton));
  say(
    `In a trust region the negative curvature of the start is a way down. The damped
method is that of the paper on 4A-2A, made of full Newton steps that are shortened: where
the Hessian is indefinite, as at this start, such a step may lead up.`,
  );
  curves({ field: "evaluations", title: "Evaluations" });

  step("The published gradient descent", code(ways.fitByGradientDescent));
  const { steps, rate, seconds } = config.gradient_descent;
  say(
    md`${steps} steps with learning rate ${rate} and momentum 0.9 on the mean absolute
error, from the same start. Published are 1000 steps on 300 s of sound; this run uses the
first ${formatDuration(Math.min(seconds, fit_seconds))} of the fitted part.`,
  );

  step("The frequency-sampling compressor", code(ways.fitFrequencySampling));
  say(
    `The baseline of the paper multiplies its filters in the frequency domain, which no
filter that looks at the signal allows: attack and release are one. Only FF-B, where the two
are equal, is a target that it could match. In the charts over time mind that it and gradient
descent have less sound to work through than Newton's method.`,
  );
  curves({ field: "seconds", title: "Seconds" });

  step("True, found, error");
  const errors = fits.map((row) => ({
    ...row,
    params: ff.errorsOf(row.target, row.params),
    to_3: row.seconds_to[ways.LEVELS[0]],
    to_6: row.seconds_to[ways.LEVELS[1]],
  }));
  const errorsBy = (isRight: boolean) =>
    errors.filter((row) => isRight === (row.method !== "other-model"));
  const scores = ["esr_fit", "esr_test", "iterations"];
  table(
    "Errors of the parameters found, and the time it took",
    errorsBy(true),
    [
      ...["target", "method"],
      ...ff.ERROR_COLUMNS,
      ...scores,
      "hessians",
      { key: "to_3", title: "Time to 10⁻³", unit: "s", digits: 3 },
      { key: "to_6", title: "Time to 10⁻⁶", unit: "s", digits: 3 },
      "seconds",
      { key: "sound_seconds", title: "Sound", unit: "s" },
      "stop_reason",
    ],
  );
  table(
    "True and found parameters",
    config.targets.flatMap((target) => [
      { target, method: "true", ...ff.TARGETS[target] },
      ...fits.filter((row) => row.target === target),
    ]).filter((row) => row.method !== "other-model"),
    ["target", "method", ...inSix],
  );

  step("A wrong model", code(ways.fitOtherModel));
  say(
    md`The model ${model.name} did not make the targets, and its parameters have to make
up for the difference: the tables show which do. A detector that cannot average follows every
wave of the sound.`,
  );
  const inOther = model.parameters.map((one) => one.name);
  table(
    `Model ${model.name} fitted to the targets: found less true`,
    errorsBy(false),
    [
      "target",
      ...ff.ERROR_COLUMNS.filter(({ key }) => inOther.includes(key)),
      ...scores,
    ],
  );
  table("The parameters that it found", by("other-model"), [
    "target",
    ...model.parameters,
  ]);

  const recovered = (way: ways.Way) =>
    by(way).filter((row) => row.recovered).length;
  const of = `of ${config.targets.length}`;
  const newton = by("trust-region");
  const most = (list: number[]) => Math.max(...list);
  const worst = (way: ways.Way) => most(by(way).map((row) => row.esr_test));
  const unlike = by("frequency-sampling").filter(({ target }) =>
    ff.TARGETS[target].attack_ms !== ff.TARGETS[target].release_ms
  );
  const iterations = most(newton.map((row) => row.iterations));
  claim(
    "Newton–Raphson in a trust region recovers all six parameters of every target",
    recovered("trust-region") === newton.length,
    `${
      recovered("trust-region")
    } ${of} within 0.1 % and 0.01 dB, after at most ${iterations} iterations`,
  );
  claim(
    "The damped method of 4A-2A recovers the targets from the published start",
    recovered("damped") === newton.length,
    `${recovered("damped")} ${of}; test ESR up to ${
      formatNumber(worst("damped"), 2)
    }`,
  );
  claim(
    "The published gradient descent recovers the targets",
    recovered("gradient-descent") === newton.length,
    `${recovered("gradient-descent")} ${of}; test ESR up to ${
      formatNumber(worst("gradient-descent"), 2)
    }, after ${steps} steps on ${
      formatDuration(seconds)
    }, where 300 s are published`,
    ff.FF_CITATION,
  );
  claim(
    "A frequency-sampling compressor does not recover unequal attack and release",
    unlike.length === 0 ? "untested" : !unlike.some((row) => row.recovered),
    `test ESR up to ${formatNumber(worst("frequency-sampling"), 2)}`,
    ff.FF_CITATION,
  );
  claim(
    "A model that did not make the targets leaves an error that the right one does not",
    by("other-model").every((row, i) =>
      row.esr_test > 100 * newton[i].esr_test
    ),
    `test ESR ${
      formatNumber(Math.min(...by("other-model").map((row) => row.esr_test)), 2)
    } at least, against ${formatNumber(worst("trust-region"), 2)} at most`,
  );
  nb.headline({
    label: "Recovered by trust-region",
    value: `${recovered("trust-region")} ${of}`,
    note: "all six parameters, within 0.1 % and 0.01 dB",
  });
  nb.headline({ label: "Iterations", value: iterations, note: "at most" });
  nb.headline({
    label: "Test ESR",
    value: worst("trust-region"),
    digits: 2,
    note: `at most, on ${formatDuration(test_seconds)} not fitted`,
  });
  nb.titled({ picture: `${config.targets[0]}: error by seconds` });
  return { sound: dry.title, fits };
});

if (import.meta.main) await runCommand(command);

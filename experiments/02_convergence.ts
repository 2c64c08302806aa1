/**
 * Experiment 02: does every start lead to the same parameters?
 *
 * It is published that from peak reduction 40 upwards the fit of the levelling
 * amplifier ends at the same parameters, wherever it starts. Here every setting is
 * fitted from many random starts, by several methods, and where runs end elsewhere we
 * look at what is there.
 *
 *     deno task exp:convergence
 *     deno task exp:convergence --dry dry.wav --wet wet.wav
 *
 * @module
 */

import { formatNumber, formatPercent } from "../lib/base/format.ts";
import * as recordings from "../lib/cli/cases.ts";
import { runCommand } from "../lib/cli/command_line.ts";
import { mapPlanes } from "../lib/convergence/loss_map.ts";
import * as plan from "../lib/convergence/plan.ts";
import * as reach from "../lib/convergence/reached.ts";
import * as run from "../lib/convergence/run.ts";
import * as random from "../lib/convergence/starts.ts";
import { judge, RISE, type Runs } from "../lib/convergence/verdict.ts";
import { keepReady } from "../lib/engines/open.ts";
import { fittingShape, startOf } from "../lib/fitting/fit_config.ts";
import { gainAlone } from "../lib/fitting/fit_verdict.ts";
import type { Values } from "../lib/models/model.ts";
import { type ConfigOf, experiment } from "../lib/notebook/experiment.ts";
import { matchEnergy } from "../lib/objective/objective.ts";
import type { MethodName } from "../lib/optimise/methods.ts";
import { codeOf } from "../lib/report/cells.ts";
import * as drawn from "../lib/report/convergence_charts.ts";
import { md } from "../lib/report/markdown.ts";
import type { Pair } from "../lib/sound/signal.ts";
import spreadText from "../lib/convergence/curvature.ts" with { type: "text" };
import planText from "../lib/convergence/plan.ts" with { type: "text" };
import reachText from "../lib/convergence/reached.ts" with { type: "text" };

type Case = recordings.Case;

const shape = {
  ...fittingShape,
  ...recordings.recordingsShape,
  starts: random.startsSchema.prefault({}),
  others: plan.othersSchema.prefault({}),
  limits: run.limitsSchema.prefault({}),
  reached: reach.reachedSchema.prefault({}),
  map: plan.mapSchema.prefault({}),
};

type Config = ConfigOf<typeof shape>;

/** All starts of one case by one method, each with what it cost. */
async function runStarts(pair: Pair, method: MethodName, config: Config) {
  const { starts, others, limits, model } = config;
  const count = method === "trust-region"
    ? starts.count
    : Math.min(starts.count, others.starts ?? starts.count);
  const list = random.randomStarts(starts, count, starts.seed, startOf(model));
  return await run.withEsr(
    pair,
    config,
    async ({ evaluate, objective, space }) => {
      const runs: run.Run[] = [];
      for (const [i, start] of list.entries()) {
        const from = await matchEnergy(objective, space.coordinates(start));
        runs.push(
          await run.runMethod(method, evaluate, space, from, {
            ...run.limitsOf(method, limits),
            seed: `${starts.seed}/${i}`,
          }),
        );
      }
      return runs;
    },
  );
}

/** What the runs of a case ended in, and what no more than a gain would leave. */
async function judgeCase(pair: Pair, runs: Runs, config: Config) {
  const { parameters } = config.model;
  const verdict = await run.withEsr(
    pair,
    config,
    (open) => judge(runs, open, parameters),
  );
  return { ...verdict, gain_alone_esr: gainAlone([pair]).esr };
}

/** Maps of the ESR over pairs of parameters, through the best minimum. */
async function mapAround(centre: Values, pair: Pair, config: Config) {
  const { starts, map, model } = config;
  return await run.withEsr(
    pair,
    config,
    (open) => mapPlanes(open, centre, starts, model.parameters, map.points),
  );
}

/** Peak reduction from which every start is said to lead to the same end. */
const CLAIMED_FROM = 40;

/** The command. */
export const command = experiment({
  url: import.meta.url,
  task: "exp:convergence",
  about: "Fits every setting from many random starts by several methods,\n" +
    "and shows where they end and why.",
  title: "Convergence from anywhere",
  config: shape,
  options: recordings.OWN_PAIR_OPTIONS,
  examples: [
    "deno task exp:convergence --unit twin",
    "deno task exp:convergence --dry dry.wav --wet wet.wav --set starts.count=20",
    "deno task exp:convergence --config configs/02_convergence_full.yaml",
  ],
  open: (config, { unit }) =>
    recordings.openCases(config, config.alignment, unit as string),
}, async ({ config, data: cases, say, step, each, show, table, ...book }) => {
  const { engine, model, starts, reached, map } = config;
  const { parameters } = model;
  const isUnit = cases[0].peak_reduction !== undefined;
  const places = isUnit ? ["mode", "peak_reduction"] : ["mode"];
  const open = () => keepReady(engine);
  const to = (key: keyof random.StartRanges) =>
    starts[key].map(String).join(" to ").replace("-", "−");
  say(
    md`A fit that depends on where it starts tells of the start as much as of the unit.
It is published that from peak reduction ${CLAIMED_FROM} upwards every start leads to the
same parameters (Yu and Fazekas, AES AIMLA 2025). Here is the test, on ${book.facts.title}.`,
  );

  step("Random starts", codeOf(planText, "methodsFor"));
  say(
    md`${starts.count} starts, the same at every setting: threshold ${
      to("threshold_db")
    } dB, ratio ${to("ratio")}, attack ${to("attack_ms")} ms, release ${
      to("release_ms")
    } ms, the make-up
first shifted so that the energies are equal. Trust-region runs from all of them
everywhere, the slower methods where and as often as the config says;
02\_convergence\_full.yaml runs all of them everywhere.`,
  );
  const jobs = cases.flatMap((one) =>
    plan.methodsFor(one, config.others).map((method) => ({ one, method }))
  );

  step("Who gets there", runStarts);
  say(
    md`A run counts as *there* when its ESR is within ${
      formatPercent(reached.relative, 1)
    } or ${
      formatNumber(reached.absolute, 1)
    } of the lowest that any run of any method found at
the setting. *Damped* is the published method: where the curvature along its step is
negative it takes a random one, and its line search lets the loss rise a little.`,
  );
  const lists = await each("Converging", jobs, {
    key: ({ one, method }) => `${one.key}__${method}`,
    name: ({ one, method }) => `${one.name}, ${method}`,
    noun: "round",
    open,
    load: ({ one }) => one.load(),
    run: ({ method }, pair) => runStarts(pair, method, config),
  });
  const runsOf = (one: Case): Runs =>
    Object.fromEntries(
      jobs.flatMap((job, i) => job.one === one ? [[job.method, lists[i]]] : []),
    );
  const verdicts = await each("Judging", cases, {
    key: ({ key }) => `${key}__verdict`,
    name: ({ name }) => name,
    noun: "setting",
    open,
    load: (one) => one.load(),
    run: (one, pair) => judgeCase(pair, runsOf(one), config),
  });
  const studies = cases.map(({ name, mode, peak_reduction }, i) => ({
    ...{ name, mode, peak_reduction, runs: runsOf(cases[i]) },
    verdict: verdicts[i],
  }));
  const shares = reach.sharesOf(studies, reached);
  if (isUnit) show(...drawn.shareChart(shares));
  table("Starts that reach the best minimum", drawn.titled(shares), [
    ...[...places, "method", { key: "reached", title: "Reach it" }],
    ...[{ key: "runs", title: "of" }, "iterations", "evaluations", "seconds"],
  ]);

  step("The other ends", judgeCase);
  say(
    md`Two ends count as one minimum if nothing between them, on the straight line, lies
more than 1 % above the higher. One minimum means that all ends lie in one hollow of the
loss; the table says what each of the others is, and which parameters stand at the end of
their range, where a figure says no more than that.

Nothing is published below ${CLAIMED_FROM}: there the unit hardly compresses, and what is
fitted is a compressor that hardly acts. Beside the lowest ESR stands what the best constant
gain alone leaves; the nearer the two, the less do the parameters mean.`,
  );
  const found = studies.map((study) => ({
    ...reach.rowOf(study, parameters, reached),
    gain_alone_esr: study.verdict.gain_alone_esr,
  }));
  if (isUnit) show(...drawn.gainCharts(found));
  table("Every minimum that trust-region ended in", reach.minimaOf(studies), [
    ...[...places, "esr", { key: "runs", title: "Starts" }, ...parameters],
    { key: "at_bounds", title: "At the end of its range" },
    { key: "why", title: "What it is" },
  ]);

  step("What it costs", codeOf(reachText, "costsToReach"));
  say(
    md`The cost until a run first comes as near as counts, where several methods ran.
Evaluations of the value, the gradient and the Hessian count alike here, though a Hessian
takes longer than a value; the seconds tell the difference. A curve that ends below 100 %
leaves starts that never get there, and a method without a curve got there from none. The
error is what is left above the best ESR, the median over the starts.`,
  );
  const compared = studies.filter(({ runs }) => Object.keys(runs).length > 1);
  if (compared.length > 0) {
    const legend = drawn.methodLegend([
      "trust-region",
      ...config.others.methods,
    ]);
    show(drawn.costCharts(compared, reached), legend);
    show(drawn.errorCharts(compared), legend);
  }

  step("The lie of the land", mapAround);
  say(
    md`The ESR around the best minimum of one setting: two parameters vary, the others stay
at the minimum. The paths move in all of them, so they are seen as shadows on the plane and
may seem to climb. More methods are drawn with \`--set map.methods=[…]\`.`,
  );
  const mapped = isUnit
    ? studies.findIndex((one) =>
      one.mode === map.mode && one.peak_reduction === map.setting
    )
    : 0;
  if (mapped >= 0) {
    const { params } = studies[mapped].verdict.best;
    const { key, load } = cases[mapped];
    const maps = await book.once(
      `${key}__maps`,
      async () => mapAround(params, await load(), config),
    );
    show(...await drawn.mapCharts(studies[mapped], maps, parameters, map));
  }

  step("What the data can tell", codeOf(spreadText, "spreadOf"));
  say(
    md`The Hessian at the best minimum says how sharply each parameter is determined. Its
condition number is the largest eigenvalue over the smallest, those of the ESR by the
coordinates of the minimiser (decibels, and logits within each range). *Freedom* is how far
a parameter can move, the others following as best they can, before the ESR has risen by
${
      formatNumber(RISE, 1)
    }. The standard error would hold if the errors of all samples were
independent; those of sound are not, so it is too small. *Spread* is how far the runs that
got there ended apart.`,
  );
  if (isUnit) {
    show(...drawn.eigenvalueCharts(found));
    show(...drawn.freedomCharts(found, parameters));
  }
  table("The best minimum of every setting, and how well it is known", found, [
    ...[...places, "esr", { key: "gain_alone_esr", title: "ESR, gain alone" }],
    ...[...parameters, { key: "at_bounds", title: "At the end of its range" }],
    ...["condition", ...reach.widthColumns(parameters)],
    { key: "faintest", title: "Faintest direction" },
  ]);

  const from = isUnit ? CLAIMED_FROM : 0;
  const trust = {
    ...reach.behaviourOf("trust-region", studies),
    claimed: reach.reachedBy("trust-region", shares, from),
  };
  const damped = reach.reachedBy("damped", shares, from);
  const words = ({ reached, runs }: typeof damped) =>
    `${reached} of ${runs} starts`;
  const { facts, claim, headline } = book;
  const all = trust.claimed.reached === trust.claimed.runs;
  const isReal = isUnit && !facts.surrogate;
  claim(
    "From peak reduction 40 upwards every start leads to the same parameters",
    isReal ? all : isUnit ? "surrogate" : "untested",
    `here ${words(trust.claimed)} of trust-region`,
    "Yu and Fazekas, AES AIMLA 2025",
  );
  claim(
    "Every start of trust-region reaches the best minimum (from 40 upwards)",
    trust.claimed.runs > 0 ? all : "untested",
    words(trust.claimed),
  );
  claim(
    "So does every start of the published method, damped",
    damped.runs > 0 ? damped.reached === damped.runs : "untested",
    words(damped),
  );
  claim(
    "With trust-region the loss never rises, and every number is finite",
    trust.rose + trust.not_finite === 0,
    `${trust.rose} rises and ${trust.not_finite} NaN in ${trust.runs} runs`,
  );
  headline({
    label: "Reach the best minimum",
    value: `${trust.claimed.reached} of ${trust.claimed.runs}`,
    note: `starts of trust-region; ${words(damped)} of the published method`,
  });
  headline({
    label: "Iterations of trust-region",
    value: trust.median_iterations,
    note: `median of ${trust.runs} runs`,
  });
  const minima = reach.minimaOf(studies);
  return { trust_region: trust, damped, settings: found, minima, shares };
});

if (import.meta.main) await runCommand(command);

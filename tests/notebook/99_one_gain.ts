/** Experiment 99, for tests: what the best constant gain leaves. @module */

import * as z from "zod";
import { runCommand } from "../../lib/cli/command_line.ts";
import { dataSchema } from "../../lib/data/data_config.ts";
import { esr } from "../../lib/metrics/esr.ts";
import { experiment, pairSource } from "../../lib/notebook/experiment.ts";
import { settingsChart } from "../../lib/report/charts.ts";
import { md } from "../../lib/report/markdown.ts";
import type { Pair, Signal } from "../../lib/sound/signal.ts";

/** The gain that leaves the least, ⟨wet, dry⟩ / ⟨dry, dry⟩, and what it leaves. */
async function bestGain(knob: number, loading: Promise<Pair>) {
  const { dry, wet } = await loading;
  const product = (a: Signal, b: Signal) =>
    Float64Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);
  const gain = product(wet, dry) / product(dry, dry);
  const left = esr(Float32Array.from(dry, (x) => gain * x), wet);
  return { mode: "compress", peak_reduction: knob, gain, esr: left };
}

export const command = experiment({
  url: import.meta.url,
  task: "exp:one-gain",
  about: "Finds the one gain that comes nearest to each setting.",
  title: "One gain",
  config: {
    data: dataSchema.prefault({}),
    knob: z.array(z.int()).default([100, 70, 40]),
  },
  open: pairSource,
}, async ({ config, data, say, step, each, show, table, claim, headline }) => {
  say(
    md`A compressor is more than one gain. By how much, in ${config.data.duration} s of sound?`,
  );

  step("The best gain of each setting", bestGain);
  const settings = await each("Gains", config.knob, {
    key: (knob) => `gain_${knob}`,
    noun: "setting",
    run: (knob) =>
      bestGain(knob, data.load({ mode: "compress", peakReduction: knob })),
  });
  show(settingsChart(settings, { field: "esr", title: "ESR" }));
  table("Every setting", settings);

  const most = Math.max(...settings.map((row) => row.esr));
  headline({ label: "Largest ESR", value: most, digits: 3 });
  claim("One gain leaves more than a tenth", most > 0.1, `ESR ${most}`);
  return { settings };
});

if (import.meta.main) await runCommand(command);

/**
 * `deno task fit DRY.wav WET.wav`: the compressor that turns one recording into
 * the other.
 *
 * @module
 */

import { Command, Option } from "@commander-js/extra-typings";
import { stringify } from "yaml";
import { writeFileWhole } from "../atomic_file.ts";
import { loadConfig } from "../config.ts";
import { chooseEngine, ENGINE_NAMES } from "../engines/open.ts";
import { fitPair } from "../fit.ts";
import { fitSchema } from "../fit_config.ts";
import { score } from "../metrics/score.ts";
import type { StopReason } from "../optimise/minimiser.ts";
import { chunk } from "../objective/chunks.ts";
import {
  formatDecibels,
  formatDuration,
  formatMilliseconds,
  formatNumber,
  formatPercent,
} from "../report/format.ts";
import {
  bold,
  channelOption,
  collect,
  DEFAULT_FIT_CONFIG,
  jsonOption,
  note,
  printResult,
  runCommand,
  startProgress,
  userPath,
} from "./command_line.ts";
import { describeParameters, openRecordings } from "./recordings.ts";

const STOPPED: Record<StopReason, string> = {
  gradient: "the gradient has vanished",
  step: "the step has become negligible",
  precision: "the loss no longer falls within the engine's precision",
  iterations: "the allowed iterations were used up",
  "line-search": "no step along the Newton direction lowered the loss",
  "not-finite": "the loss was not a finite number",
};

export const command = new Command("deno task fit")
  .description(
    "Finds threshold, ratio, attack, release and make-up gain of the compressor\n" +
      "that turns DRY into WET, by Newton-Raphson with the exact Hessian.",
  )
  .argument("<DRY.wav>", "what went into the unit")
  .argument("<WET.wav>", "what came out of it")
  .option("--out <FILE.yaml>", "write the parameters, for render --params")
  .option("--config <FILE.yaml>", "settings (default: configs/fit.yaml)")
  .option("--set <key=value>", "change one setting; repeatable", collect, [])
  .addOption(
    new Option("--engine <name>", "what computes the objective")
      .choices(ENGINE_NAMES),
  )
  .addOption(channelOption())
  .option("--no-align", "leave the lag between the recordings as it is")
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task fit dry.wav wet.wav --out unit.yaml
  deno task fit dry.wav wet.wav --set solver.method=damped --json -`,
  )
  .action(async (dryPath, wetPath, options) => {
    const overrides = [...options.set];
    if (options.engine) overrides.push(`engine=${options.engine}`);
    if (!options.align) overrides.push("alignment.enabled=false");
    const config = await loadConfig(
      fitSchema,
      options.config ? userPath(options.config) : DEFAULT_FIT_CONFIG,
      overrides,
    );
    const recordings = await openRecordings(dryPath, wetPath, {
      channel: options.channel,
      alignment: config.alignment,
    });
    for (const warning of recordings.warnings) note(`warning: ${warning}`);
    const { pair } = recordings;

    const { engine, reason } = await chooseEngine(config.engine);
    if (reason !== undefined) note(`Engine: ${reason}`);
    const progress = await startProgress(
      "Fitting",
      config.solver.max_iterations,
    );
    const chunked = chunk(pair, {
      chunkSeconds: config.chunks.chunk_seconds,
      overlapSeconds: config.chunks.overlap_seconds,
    });
    let fit;
    try {
      fit = await fitPair(chunked, config.solver, engine, {
        onIteration: ({ iteration, loss }) =>
          progress.update(iteration, `loss ${formatNumber(loss, 5)}`),
      });
    } finally {
      progress.stop();
    }
    const { minimum, parameters, esr } = fit;
    const [{ deltaLdrDb }] = score(pair, [parameters]);
    if (esr > 0.5) {
      note(
        `warning: the match is poor: ${
          formatPercent(esr, 2)
        } of the wet recording's energy is left unexplained. Is it the same take?`,
      );
    }

    const size = minimum.z.length;
    const result = {
      params: parameters,
      esr,
      delta_ldr_db: deltaLdrDb,
      lag_samples: recordings.lag,
      iterations: minimum.iterations,
      converged: minimum.converged,
      stop_reason: minimum.stopReason,
      loss: minimum.loss,
      gradient: [...minimum.gradient],
      hessian: Array.from(
        { length: size },
        (_, i) => [...minimum.hessian.subarray(i * size, (i + 1) * size)],
      ),
      engine,
      sample_rate: pair.sampleRate,
      method: config.solver.method,
      seconds: pair.dry.length / pair.sampleRate,
      warnings: recordings.warnings,
    };
    if (options.out !== undefined) {
      await writeFileWhole(
        userPath(options.out),
        stringify({
          params: parameters,
          esr,
          delta_ldr_db: deltaLdrDb,
          lag_samples: recordings.lag,
          converged: minimum.converged,
          dry: dryPath,
          wet: wetPath,
        }),
      );
    }
    const lag = recordings.lag === undefined
      ? "not looked for"
      : `${recordings.lag} samples (${
        formatMilliseconds(1000 * recordings.lag / pair.sampleRate, 3)
      })${recordings.lag === 0 ? "" : ", removed"}`;
    await printResult(
      [
        `${bold("Recording")}   ${
          formatDuration(pair.dry.length / pair.sampleRate)
        } at ${pair.sampleRate} Hz, lag ${lag}`,
        "",
        describeParameters(parameters),
        "",
        `${bold("ESR")}         ${formatNumber(esr)} (${
          formatDecibels(10 * Math.log10(esr))
        })`,
        `${bold("ΔLDR")}        ${formatDecibels(deltaLdrDb, 3)}`,
        `${
          bold(minimum.converged ? "Converged" : "Stopped")
        }   after ${minimum.iterations} iterations: ${
          STOPPED[minimum.stopReason]
        }`,
      ].join("\n"),
      result,
      options.json,
    );
  });

if (import.meta.main) await runCommand(command);

/**
 * `deno task doctor`: what this machine has, and what each experiment will use
 * of it.
 *
 * @module
 */

import { basename } from "node:path";
import { styleText } from "node:util";
import { Command, Option } from "@commander-js/extra-typings";
import { parse } from "yaml";
import { dataSchema } from "../data/data_config.ts";
import { nameOfSetting } from "../data/setting.ts";
import { openSource } from "../data/source.ts";
import { chooseEngine } from "../engines/open.ts";
import { engineSchema } from "../fitting/fit_config.ts";
import { findBrowser } from "../base/find_browser.ts";
import {
  bestVariant,
  type KernelName,
  kernelPath,
  KERNELS,
  VARIANTS,
} from "../kernels/kernels.ts";
import { formatCount, formatDuration } from "../base/format.ts";
import {
  bold,
  messageOf,
  printResult,
  runCommand,
  userPath,
} from "../cli/command_line.ts";
import { TASKS } from "./tasks.ts";

/** The version everything is tested with. */
const PINNED_DENO = "2.9.6";

/** One thing that was looked at. */
interface Check {
  /** What. */
  name: string;
  /** Good, worth knowing, or in the way. */
  state: "good" | "note" | "bad";
  /** What was found. */
  found: string;
  /** What to do, where something is missing. */
  remedy?: string;
}

function checkDeno(): Check {
  const { deno } = Deno.version;
  return deno === PINNED_DENO
    ? { name: "Deno", state: "good", found: `${deno}, as pinned` }
    : {
      name: "Deno",
      state: "note",
      found: `${deno}; the project is tested with ${PINNED_DENO}`,
      remedy: `run its tasks with npx -y deno@${PINNED_DENO} task …`,
    };
}

function checkSimd(): Check {
  return bestVariant() === "relaxed"
    ? { name: "SIMD", state: "good", found: "WebAssembly SIMD, relaxed SIMD" }
    : {
      name: "SIMD",
      state: "note",
      found:
        "WebAssembly SIMD without relaxed SIMD: kernels run a little slower",
    };
}

/** Shared memory, and a thread that can be told something through it. */
function checkThreads(): Check {
  const cores = navigator.hardwareConcurrency;
  const isShared = new WebAssembly.Memory({
    initial: 1,
    maximum: 1,
    shared: true,
  }).buffer instanceof SharedArrayBuffer;
  return isShared && typeof Atomics.waitAsync === "function"
    ? {
      name: "Threads",
      state: "good",
      found: `${formatCount(cores, "core")}, shared memory`,
    }
    : {
      name: "Threads",
      state: "bad",
      found: "no shared memory between threads",
      remedy: "use --engine reference, or another build of Deno",
    };
}

function checkKernels(): Check {
  const missing = (Object.keys(KERNELS) as KernelName[]).flatMap((name) =>
    VARIANTS.filter((variant) => !isFile(kernelPath(name, variant)))
      .map((variant) => `${name} (${variant} SIMD)`)
  );
  return missing.length === 0
    ? { name: "Kernels", state: "good", found: "compiled" }
    : {
      name: "Kernels",
      state: "note",
      found: `not compiled yet: ${missing.join(", ")}`,
      remedy: "the tasks that need them do it, as does deno task kernels",
    };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function checkGpu(): Promise<Check> {
  const { requestGpu } = await import("../engines/webgpu/gpu.ts");
  try {
    const { adapterName, software } = await requestGpu();
    return software
      ? {
        name: "GPU",
        state: "note",
        found: `${adapterName}: good for tests, slower than the CPU engine`,
      }
      : { name: "GPU", state: "good", found: adapterName };
  } catch (error) {
    return { name: "GPU", state: "note", found: messageOf(error) };
  }
}

function checkBrowser(): Check {
  try {
    const path = findBrowser();
    if (path !== undefined) {
      return {
        name: "Browser",
        state: "good",
        found: `${path}, for the tests`,
      };
    }
    return {
      name: "Browser",
      state: "note",
      found: "no Chromium: the tests of pages are skipped",
      remedy: "install Debian's package chromium, or name one in CHROMIUM",
    };
  } catch (error) {
    return { name: "Browser", state: "bad", found: messageOf(error) };
  }
}

async function checkData(
  folder: string | null,
  given?: string,
): Promise<Check> {
  if (folder === null) {
    return {
      name: "Data",
      state: "note",
      found: "no folder given: experiments run on built-in units",
      remedy: "see one over with --data DIR",
    };
  }
  try {
    const source = await openSource(dataSchema.parse({ folder }));
    const { seconds, surrogate, unusable } = source.describe();
    const settings = source.settings();
    if (unusable !== undefined) {
      const [first] = unusable;
      return {
        name: "Data",
        state: "bad",
        found: `${given}: ${unusable.length} of ${settings.length} settings ${
          unusable.length === 1 ? "has a recording" : "have recordings"
        } that cannot be used. ${nameOfSetting(first)}: ${first.reason}`,
        remedy: "data:check tells more",
      };
    }
    return {
      name: "Data",
      state: "good",
      found: `${given}: ${settings.length} settings, from ${
        nameOfSetting(settings[0])
      } to ${nameOfSetting(settings.at(-1)!)}, ${
        formatDuration(seconds)
      } each on average${surrogate ? "; surrogate data, made by Optofit" : ""}`,
    };
  } catch (error) {
    return {
      name: "Data",
      state: "bad",
      found: messageOf(error),
      remedy: "data:check tells more",
    };
  }
}

/** What an experiment will use. */
interface Use {
  /** Its task. */
  task: string;
  /** Its config, which says the rest. */
  config: string;
  /** The engine, where the config names one. */
  engine?: string;
  /** The data, where the config names them. */
  data?: string;
  /** Whether those are a surrogate. */
  surrogate?: boolean;
}

/** What the experiments' configs come to here. */
async function usesOf(folder: string | null): Promise<Use[]> {
  const uses: Use[] = [];
  for (const { name, module } of TASKS) {
    if (!name.startsWith("exp:") || module === undefined) continue;
    const config = `configs/${basename(module, ".ts")}.yaml`;
    const text = await Deno.readTextFile(
      new URL(`../../${config}`, import.meta.url),
    );
    // An experiment may have other engines and data than most: those it lists.
    const given = parse(text);
    const { data: engine } = engineSchema.safeParse(given.engine);
    const { data } = dataSchema.safeParse(given.data);
    const use: Use = { task: name, config };
    if (engine !== undefined) {
      const chosen = (await chooseEngine(engine)).engine;
      use.engine = chosen === "wasm"
        ? `wasm on ${navigator.hardwareConcurrency} threads`
        : chosen;
    }
    if (data !== undefined) {
      try {
        const source = await openSource({
          ...data,
          folder: folder ?? data.folder,
        });
        const { title, surrogate, seconds } = source.describe();
        use.data = `${title}, ${formatDuration(seconds)} a setting`;
        use.surrogate = surrogate;
      } catch {
        use.data = "the folder given, which cannot be used";
      }
    }
    uses.push(use);
  }
  return uses;
}

const MARKS = { good: "✓", note: "·", bad: "✗" } as const;
const COLOURS = { good: "green", note: "yellow", bad: "red" } as const;

/** The command. */
export const command = new Command("deno task doctor")
  .description(
    "Checks this machine and says what each experiment will use of it.\n" +
      "Exit code 1 where something is in the way.",
  )
  .option("--data <DIR>", "a data set in SignalTrain's layout to look over too")
  .addOption(
    new Option("--json <FILE>", 'the result as JSON; only "-", printing it')
      .choices(["-"]),
  )
  .addHelpText(
    "after",
    `
Examples:
  deno task doctor
  deno task doctor --data SignalTrain_LA2A_Dataset_1.1`,
  )
  .action(async ({ data, json }) => {
    const folder = data === undefined ? null : userPath(data);
    const checks = [
      checkDeno(),
      checkSimd(),
      checkThreads(),
      checkKernels(),
      await checkGpu(),
      checkBrowser(),
      await checkData(folder, data),
    ];
    const uses = await usesOf(folder);
    const width = Math.max(...uses.map(({ task }) => task.length)) + 2;
    const line = ({ name, state, found, remedy }: Check) =>
      `${styleText(COLOURS[state], MARKS[state])} ${
        bold(name.padEnd(9))
      }${found}${
        remedy === undefined ? "" : `\n  ${" ".repeat(9)}→ ${remedy}`
      }`;
    await printResult(
      [
        ...checks.map(line),
        "",
        ...uses.map(({ task, config, engine, data, surrogate }) => {
          const known = [
            engine,
            data && (surrogate ? `${data} (surrogate data)` : data),
          ].filter(Boolean);
          return `${bold(task.padEnd(width))}${
            known.length > 0 ? known.join("; ") : `what ${config} lists`
          }`;
        }),
      ].join("\n"),
      { checks, experiments: uses },
      json,
    );
    if (checks.some(({ state }) => state === "bad")) Deno.exitCode = 1;
  });

if (import.meta.main) await runCommand(command);

/**
 * Plays exported Faust files in a test: compiled to WebAssembly here, or built as
 * an LV2 plug-in and run in a host, `lv2file`.
 *
 * @module
 */

import { createRequire } from "node:module";
import type { FaustCompiler, IFaustCompiler } from "@grame/faustwasm";
import wavefile from "wavefile";

/** The bundle asks for these, which modules do not have. */
Object.assign(globalThis, {
  require: createRequire(import.meta.url),
  __dirname: import.meta.dirname,
});

let compiler: Promise<FaustCompiler> | undefined;

async function openCompiler(): Promise<FaustCompiler> {
  const { FaustCompiler, instantiateFaustModule, LibFaust } = await import(
    "@grame/faustwasm"
  );
  return new FaustCompiler(new LibFaust(await instantiateFaustModule()));
}

/** Where controls stand, by the end of their path, such as "Peak_reduction". */
export type Controls = Readonly<Record<string, number>>;

/** An exported file, compiled. */
export interface Plugin {
  /** Paths of its controls. */
  controls: string[];
  /**
   * What it makes of `inputs` at `sampleRate` Hz. Controls stand where `controls`
   * has them, and from sample `turn.at` on where `turn.to` has them.
   */
  play(
    inputs: Float32Array[],
    sampleRate: number,
    controls?: Controls,
    turn?: { at: number; to: Controls },
  ): Promise<Float32Array[]>;
}

/** Compiles the Faust file `code`; `process` is what it plays. */
export async function compileFaust(
  code: string,
  process = "process",
): Promise<Plugin> {
  const { FaustMonoDspGenerator } = await import("@grame/faustwasm");
  compiler ??= openCompiler();
  const found: IFaustCompiler = await compiler;
  const generator = new FaustMonoDspGenerator();
  const made = await generator.compile(
    found,
    `unit${crypto.randomUUID()}`,
    code,
    `-double -pn ${process}`,
  );
  if (made === null) throw new Error(found.getErrorMessage());
  const probe = await generator.createOfflineProcessor(48000, 64);
  return {
    controls: probe.getParams(),
    async play(inputs, sampleRate, controls = {}, turn) {
      const processor = await generator.createOfflineProcessor(sampleRate, 256);
      const set = (to: Controls) => {
        for (const [end, value] of Object.entries(to)) {
          const path = processor.getParams().find((path) =>
            path.endsWith(`/${end}`)
          );
          if (path === undefined) throw new Error(`no control ${end}`);
          processor.setParamValue(path, value);
        }
      };
      set(controls);
      const length = inputs[0].length;
      if (turn === undefined) return processor.render(inputs, length);
      const parts = [[0, turn.at], [turn.at, length]].map(([from, to], i) => {
        if (i > 0) set(turn.to);
        return processor.render(
          inputs.map((x) => x.subarray(from, to)),
          to - from,
        );
      });
      return inputs.map((_, channel) =>
        Float32Array.from(parts.flatMap((part) => [...part[channel]]))
      );
    },
  };
}

/** What building and hosting an LV2 plug-in takes, and Debian's package of it. */
const TOOLS = {
  "/usr/bin/faust2lv2": "faust",
  "/usr/bin/g++": "g++",
  "/usr/include/boost/circular_buffer.hpp": "libboost-dev",
  "/usr/include/lv2/lv2plug.in/ns/lv2core/lv2.h": "lv2-dev",
  "/usr/bin/lv2file": "lv2file",
  "/usr/bin/lv2bench": "lilv-utils",
};

/** Those that are not there. */
const missing = Object.entries(TOOLS).filter(([path]) => {
  try {
    return !Deno.statSync(path).isFile;
  } catch {
    return true;
  }
}).map(([, name]) => name);

/**
 * A test with LV2 plug-ins. Where a package is missing it is skipped with a line
 * that says which; in CI (the variable CI is set) it fails instead.
 */
export function lv2Test(name: string, fn: () => Promise<void>): void {
  const lack = `not installed: Debian's ${missing.join(", ")}`;
  const isSkipped = missing.length > 0 && !Deno.env.get("CI");
  if (isSkipped) console.log(`skipped: ${name} (${lack})`);
  Deno.test({
    name,
    ignore: isSkipped,
    async fn() {
      if (missing.length > 0) throw new Error(lack);
      await fn();
    },
  });
}

/** Runs `command` and gives what it printed. */
async function run(
  command: string,
  args: string[],
  options: Deno.CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    ...options,
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (code !== 0) {
    throw new Error(`${command} ${args.join(" ")}: ${decode(stderr)}`);
  }
  return decode(stdout);
}

/** An LV2 plug-in, built. */
export interface Lv2 {
  /** Sends the WAVE file `from` through it to `to`. */
  host(from: string, to: string, controls: Controls): Promise<void>;
  /** Seconds that it takes for so many frames. */
  seconds(frames: number): Promise<number>;
}

/**
 * Builds the Faust file `path`, in whose folder the plug-in goes; `process` is what
 * it plays.
 */
export async function buildLv2(
  path: string,
  process = "process",
): Promise<Lv2> {
  const cut = path.lastIndexOf("/");
  const [folder, file] = [path.slice(0, cut), path.slice(cut + 1)];
  await run("faust2lv2", ["-double", "-pn", process, file], {
    cwd: folder,
  });
  const name = file.replace(/\.dsp$/, "");
  const plugins = `${folder}/plugins`;
  await Deno.mkdir(plugins, { recursive: true });
  await Deno.rename(`${folder}/${name}.lv2`, `${plugins}/${name}.lv2`);
  const ports = await Deno.readTextFile(`${plugins}/${name}.lv2/${name}.ttl`);
  const uri = `https://faustlv2.bitbucket.io/${name}`;
  const env = { LV2_PATH: plugins };
  return {
    async host(from, to, controls) {
      const set = Object.entries(controls).flatMap(([begin, value]) => {
        const symbol = new RegExp(`lv2:symbol "(${begin}_\\d+)"`).exec(ports);
        if (symbol === null) throw new Error(`no port ${begin}`);
        return ["-p", `${symbol[1]}:${value}`];
      });
      await run("lv2file", ["-i", from, "-o", to, ...set, uri], { env });
    },
    async seconds(frames) {
      const said = await run("lv2bench", ["-n", String(frames), uri], { env });
      return Number(said.split(" ")[0]);
    },
  };
}

/** Writes `channels` as a WAVE file of 32-bit floating point. */
export async function writeFrames(
  path: string,
  channels: Float32Array[],
  sampleRate: number,
): Promise<void> {
  const file = new wavefile.WaveFile();
  file.fromScratch(
    channels.length,
    sampleRate,
    "32f",
    channels.length === 1 ? channels[0] : channels,
  );
  await Deno.writeFile(path, file.toBuffer());
}

/** A command that waits in the middle of a sound file, to be interrupted. @module */

import { Command } from "@commander-js/extra-typings";
import { runCommand } from "../lib/cli/command_line.ts";
import { createWav } from "../lib/sound/wav.ts";

await runCommand(
  new Command().argument("<OUT.wav>").action(async (path) => {
    await using output = await createWav(path, { sampleRate: 48000 });
    await output.write(new Float32Array(1000));
    console.log("writing");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    await output.close();
  }),
);

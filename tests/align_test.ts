import assert from "node:assert/strict";
import { createRandom } from "../lib/base/random.ts";
import { throughCascade } from "../lib/phase/cascade_filter.ts";
import type { Cascade } from "../lib/phase/phase_loss.ts";
import { createWav, readChannels, writeWav } from "../lib/sound/wav.ts";
import { runForJson, runTask, withFolder } from "./cli.ts";
import { relativeDeviation } from "./close.ts";

/** Noise whose level moves, so that there is something to compress. */
function sound(seed: number, length: number): Float64Array {
  const random = createRandom(seed);
  let low = 0;
  return Float64Array.from({ length }, (_, n) => {
    const level = 0.05 + 0.2 * Math.abs(Math.sin(n / 9000));
    low += 0.2 * (random.normal() - low);
    const end = Math.min(1, (length - n) / 3000);
    return level * end * low;
  });
}

async function writeStereo(
  path: string,
  channels: Float64Array[],
  sampleRate: number,
) {
  await using out = await createWav(path, { sampleRate, channels: 2 });
  await out.write(...channels);
  await out.close();
}

Deno.test("align turns a stereo dry sound as the wet one is turned, and phase.yaml does the same again, at any rate", () =>
  withFolder(async (folder) => {
    for (const sampleRate of [44100, 96000]) {
      const length = 3 * sampleRate;
      const truth: Cascade = {
        polarity: -1,
        delay: 12.4,
        sections: [{ cornerHz: 150, q: 0.9 }, { cornerHz: 3000 }],
      };
      const dry = [sound(1, length), sound(2, length)];
      const wet = dry.map((x) => throughCascade(x, truth, sampleRate));
      const [a, b, out, again, yaml] = ["dry", "wet", "out", "again"].map((
        name,
      ) => `${folder}/${name}.wav`).concat(`${folder}/phase.yaml`);
      await writeStereo(a, dry, sampleRate);
      await writeStereo(b, wet, sampleRate);
      const { result } = await runForJson("align", [a, b, out, "--out", yaml]);
      assert.equal(result.polarity, -1);
      assert.ok(Math.abs(result.delay_samples - 12.4) < 1e-3);
      assert.equal(result.sections.length, 2);
      assert.ok(Math.abs(result.sections[0].corner_hz / 150 - 1) < 1e-3);
      assert.ok(Math.abs(result.sections[0].q / 0.9 - 1) < 1e-3);
      assert.ok(Math.abs(result.sections[1].corner_hz / 3000 - 1) < 1e-3);
      assert.ok(result.after.mix_db > -0.001, `${result.after.mix_db}`);
      assert.ok(result.before.mix_db < -1, `${result.before.mix_db}`);
      const aligned = (await readChannels(out)).channels;
      aligned.forEach((channel, c) =>
        assert.ok(relativeDeviation(channel, wet[c]) < 1e-3)
      );
      await runForJson("render", [a, again, "--phase", yaml]);
      const turned = (await readChannels(again)).channels;
      turned.forEach((channel, c) =>
        assert.ok(relativeDeviation(channel, aligned[c]) < 1e-6)
      );
    }
  }));

Deno.test("align says “delay only” where nothing else is to be gained, and --order asks for more", () =>
  withFolder(async (folder) => {
    const rate = 48000;
    const dry = sound(3, 2 * rate);
    // A gain that moves, as a compressor's does, behind a delay.
    const wet = throughCascade(
      dry,
      { polarity: 1, delay: 0.4, sections: [] },
      rate,
    ).map((x, n) => x / (1 + 0.5 * Math.abs(Math.sin(n / 9000))));
    const [a, b, out] = ["dry", "wet", "out"].map((name) =>
      `${folder}/${name}.wav`
    );
    await writeWav(a, dry, { sampleRate: rate });
    await writeWav(b, wet, { sampleRate: rate });
    const { code, stdout, stderr } = await runTask("align", [a, b, out]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /none: delay only/);
    const { result } = await runForJson("align", [a, b, out]);
    assert.equal(result.delay_only, true);
    assert.ok(Math.abs(result.delay_samples - 0.4) < 0.01);
    assert.ok(result.after.mix_db > -0.01 + result.delay_alone.mix_db);
    const more = await runForJson("align", [a, b, out, "--order", "1"]);
    assert.equal(more.result.sections.length, 1);
  }));

Deno.test("align refuses other material, another rate, silence and what would overwrite", () =>
  withFolder(async (folder) => {
    const [a, b, c, quiet, out] = ["a", "b", "c", "quiet", "out"].map((name) =>
      `${folder}/${name}.wav`
    );
    await writeWav(a, sound(1, 48000), { sampleRate: 48000 });
    await writeWav(b, sound(2, 48000), { sampleRate: 48000 });
    await writeWav(c, sound(1, 48000), { sampleRate: 44100 });
    await writeWav(quiet, new Float32Array(48000), { sampleRate: 48000 });
    for (
      const [words, message] of [
        [[a, b, out], /no phase in common.*same take/],
        [[a, c, out], /48000 Hz.*44100 Hz: convert/],
        [[a, quiet, out], /quiet.wav is silent/],
        [[a, b, a], /would overwrite/],
        [[a, b, out, "--order", "two"], /give auto, or a number of sections/],
      ] as const
    ) {
      const { code, stderr } = await runTask("align", [...words]);
      assert.equal(code, 1, words.join(" "));
      assert.match(stderr, message);
      await assert.rejects(Deno.stat(out));
    }
    await Deno.writeTextFile(`${folder}/bad.yaml`, "sections: [{q: 1}]\n");
    const bad = await runTask("render", [
      a,
      out,
      "--phase",
      `${folder}/bad.yaml`,
    ]);
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /bad\.yaml.*corner_hz/);
  }));

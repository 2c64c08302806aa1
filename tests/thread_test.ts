/** A thread by question and answer, and the scores that are made in one. @module */

import assert from "node:assert/strict";
import { compress } from "../lib/compressor/compressor.ts";
import { startScorer } from "../lib/metrics/background_score.ts";
import { score, scoreEsr } from "../lib/metrics/score.ts";
import { takeBuffers } from "../lib/base/spare_buffers.ts";
import { createRandom } from "../lib/base/random.ts";
import { startThread } from "../lib/base/thread.ts";
import type { Answer, Question } from "./echo_worker.ts";

function startEcho() {
  return startThread<Question, Answer>(
    new URL("./echo_worker.ts", import.meta.url),
    "echo",
  );
}

Deno.test("startThread() answers in the order of the questions, however long each takes", async () => {
  using thread = startEcho();
  const answers = await Promise.all([
    thread.ask({ say: "first", after: 30 }),
    thread.ask({ say: "second" }),
    thread.ask({ say: "third", after: 5 }),
  ]);
  assert.deepEqual(answers, ["first", "second", "third"]);
});

Deno.test("startThread() hands over buffers both ways", async () => {
  using thread = startEcho();
  const samples = Float32Array.of(0.5, 0.25, -1);
  const asked = thread.ask({ sum: samples }, [samples.buffer]);
  assert.equal(samples.length, 0);
  assert.deepEqual(await asked, {
    total: -0.25,
    samples: Float32Array.of(0.5, 0.25, -1),
  });
});

Deno.test("startThread() gives an error to the one who asked, and goes on", async () => {
  using thread = startEcho();
  const [failed, unsendable, said] = await Promise.allSettled([
    thread.ask({ fail: "no such thing" }),
    thread.ask({ unsendable: true }),
    thread.ask({ say: "still here" }),
  ]);
  assert(failed.status === "rejected");
  assert.match(failed.reason.message, /^no such thing$/);
  assert(unsendable.status === "rejected");
  assert.deepEqual(said, { status: "fulfilled", value: "still here" });
});

Deno.test("startThread() rejects a question that cannot be sent, and the next answer is the right one", async () => {
  using thread = startEcho();
  const before = thread.ask({ say: "before" });
  const unsendable = { say: "never", after: () => {} } as unknown as Question;
  const refused = thread.ask(unsendable);
  await assert.rejects(refused, /clone/);
  const after = thread.ask({ say: "after" });
  // An answer that never comes is a failure, not a test that never ends.
  const never = setTimeout(() => thread[Symbol.dispose](), 20_000);
  assert.equal(await after, "after");
  clearTimeout(never);
  assert.equal(await before, "before");
});

Deno.test("startThread() rejects all that wait, and all that comes, when the thread dies", async () => {
  using thread = startEcho();
  const waiting = await Promise.allSettled([
    thread.ask({ die: "out of breath" }),
    thread.ask({ say: "never" }),
  ]);
  for (
    const asked of [
      ...waiting,
      ...await Promise.allSettled([
        thread.ask({ say: "too late" }),
      ]),
    ]
  ) {
    assert(asked.status === "rejected");
    assert.match(asked.reason.message, /"echo" died.*out of breath/);
  }
});

Deno.test("startThread() rejects all that wait, and all that comes, when it is closed", async () => {
  const thread = startEcho();
  const waiting = [
    thread.ask({ say: "never", after: 1000 }),
    thread.ask({ say: "nor this" }),
  ];
  thread[Symbol.dispose]();
  for (const asked of [...waiting, thread.ask({ say: "too late" })]) {
    await assert.rejects(asked, /"echo" is closed/);
  }
});

Deno.test("startScorer() scores as score() and scoreEsr() do, and takes the pair over", async () => {
  const sampleRate = 8000;
  const truth = {
    threshold_db: -30,
    ratio: 4,
    attack_ms: 3,
    release_ms: 120,
    make_up_db: 3,
  };
  const random = createRandom(5);
  const newPair = () => {
    const dry = Float32Array.from(
      { length: sampleRate },
      (_, n) => (n % 900 < 300 ? 1 : 0.1) * (random.uniform() - 0.5),
    );
    return { dry, wet: compress(dry, truth, sampleRate), sampleRate };
  };
  const candidates = [
    { ...truth, ratio: 3 },
    { ...truth, threshold_db: -20 },
  ];
  using scorer = startScorer();
  const [one, other] = [newPair(), newPair()];
  const expected = score(one, candidates);
  const expectedEsr = scoreEsr(other, candidates);
  assert.notEqual(expected[0].esr, expected[1].esr);
  const scores = scorer.score(one, candidates);
  const esrs = scorer.scoreEsr(other, candidates);
  for (const { dry, wet } of [one, other]) {
    assert.equal(dry.buffer.byteLength, 0);
    assert.equal(wet.buffer.byteLength, 0);
  }
  assert.deepEqual(await scores, expected);
  assert.deepEqual(await esrs, expectedEsr);

  // Their memory comes back, for what is read next: of Float32Arrays and
  // Float64Arrays of a second, two each.
  const spare = takeBuffers(4).map(({ byteLength }) => byteLength / sampleRate);
  assert.deepEqual(spare.sort(), [4, 4, 8, 8]);

  // Views of one buffer, as of a recording that was aligned, are taken over too.
  const { dry, wet } = newPair();
  const both = new Float32Array(2 * dry.length);
  both.set(dry);
  both.set(wet, dry.length);
  const shared = {
    dry: both.subarray(0, dry.length),
    wet: both.subarray(dry.length),
    sampleRate,
  };
  const [alike] = scoreEsr(shared, candidates);
  assert.equal((await scorer.scoreEsr(shared, candidates))[0], alike);
  assert.equal(both.length, 0);

  const silent = new Float32Array(100);
  await assert.rejects(
    scorer.scoreEsr(
      { dry: silent.slice(), wet: silent, sampleRate },
      candidates,
    ),
    /silent/,
  );
});

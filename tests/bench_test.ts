import assert from "node:assert/strict";
import process from "node:process";
import { PeerError, runPeerBench } from "../lib/bench/peer.ts";
import { chunk } from "../lib/sound/chunks.ts";

Deno.test("runPeerBench() without a Python that has torchcomp says which and how", async () => {
  const before = process.env.OPTOFIT_PEER_PYTHON;
  const samples = new Float32Array(1000);
  const pair = chunk({ dry: samples, wet: samples, sampleRate: 44100 });
  try {
    // One that is not there, and one that fails.
    for (const python of ["/no/such/python", "false"]) {
      process.env.OPTOFIT_PEER_PYTHON = python;
      await assert.rejects(
        runPeerBench(pair),
        (error: Error) =>
          error instanceof PeerError && error.message.includes(python) &&
          error.message.includes("OPTOFIT_PEER_PYTHON"),
      );
    }
  } finally {
    if (before === undefined) delete process.env.OPTOFIT_PEER_PYTHON;
    else process.env.OPTOFIT_PEER_PYTHON = before;
  }
});

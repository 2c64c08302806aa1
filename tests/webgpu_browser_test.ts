import assert from "node:assert/strict";
import { openReferenceEngine } from "./reference_engine.ts";
import { findBrowser } from "../lib/base/find_browser.ts";
import { assertClose } from "./close.ts";
import { PAGE_THETA, pagePair, type PageResult } from "./webgpu_page.ts";

const browser = findBrowser();
const isRequired = Deno.env.get("OPTOFIT_REQUIRE_GPU") === "1";
if (!browser && !isRequired) {
  console.log(
    "skipped: the WebGPU engine in a browser (no Chromium: install Debian's package chromium, or name one in CHROMIUM)",
  );
}

/** The page's program, bundled for a browser. */
async function bundle(): Promise<string> {
  const entry = new URL("./webgpu_page.ts", import.meta.url);
  const command = new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", entry.href],
  });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout);
}

Deno.test({
  name: "openWebGpuEngine() and scan() run in Chromium unchanged",
  ignore: !browser && !isRequired,
  // The browser's pipes close on their own time.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    assert(browser, "no Chromium: install Debian's package chromium");
    const program = await bundle();
    // WebGPU is for secure pages, which those of this machine are.
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      ({ url }) =>
        url.endsWith(".js")
          ? new Response(program, {
            headers: { "content-type": "text/javascript" },
          })
          : new Response("<!doctype html><title>WebGPU</title>", {
            headers: { "content-type": "text/html" },
          }),
    );
    const address = `http://127.0.0.1:${server.addr.port}`;
    Deno.env.set("__IS_WSL_TEST__", "1"); // as in browser.ts
    const { chromium } = await import("playwright-core");
    const running = await chromium.launch({
      executablePath: browser,
      headless: true,
      args: [
        "--no-sandbox",
        "--no-first-run",
        "--disable-background-networking",
        // Chromium's own software adapter, the same on every machine.
        "--enable-unsafe-webgpu",
        "--use-webgpu-adapter=swiftshader",
      ],
    });
    try {
      const page = await running.newPage();
      await page.goto(address);
      const result: PageResult & { keys: string[] } = await page.evaluate(
        async (script) => {
          const { compute } = await import(script);
          const { adapterName, evaluation, sums } = await compute();
          const { loss, modelEnergy, gradient, hessian } = evaluation;
          return {
            adapterName,
            evaluation: {
              loss,
              modelEnergy,
              gradient: [...gradient],
              hessian: [...hessian],
            },
            sums: [...sums],
          } as never;
        },
        `${address}/page.js`,
      );
      assert.match(result.adapterName, /swiftshader, in software$/);
      const expected = await openReferenceEngine(pagePair())
        .evaluate(PAGE_THETA, 2);
      const { evaluation, sums } = result;
      assert(evaluation.gradient && evaluation.hessian);
      assert(expected.gradient && expected.hessian);
      assertClose([evaluation.loss], [expected.loss], 1e-5);
      assertClose([evaluation.modelEnergy], [expected.modelEnergy], 1e-5);
      assertClose(evaluation.gradient, expected.gradient, 1e-5);
      assertClose(evaluation.hessian, expected.hessian, 1e-3);
      assert.deepEqual(
        [...sums],
        Array.from({ length: 5000 }, (_, n) => n + 1),
      );
    } finally {
      await running.close();
      await server.shutdown();
    }
  },
});

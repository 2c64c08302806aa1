/**
 * Drives a real browser in a test: Debian's `chromium`, or another Chromium that
 * is installed, headless, through playwright-core.
 *
 * @module
 */

import type { Browser, Page } from "playwright-core";
import { findBrowser } from "../lib/base/find_browser.ts";

async function launch(executablePath: string): Promise<Browser> {
  // playwright-core asks on import whether it runs in WSL, by a file that Deno
  // shows only to programs allowed everything. Set, this stops the question.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  return await chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

let shared: Promise<Browser> | undefined;

Deno.test.afterAll(async () => {
  await (await shared)?.close();
});

/**
 * A test with a browser, which the tests of a file share. Where none is installed it is skipped with
 * a line that says so; in CI (the variable CI is set) it fails instead.
 */
export function browserTest(
  name: string,
  run: (browser: Browser) => Promise<void>,
): void {
  const path = findBrowser();
  const missing =
    "no Chromium: install Debian's package chromium, or name one in CHROMIUM";
  const inCi = Boolean(Deno.env.get("CI"));
  if (!path && !inCi) console.log(`skipped: ${name} (${missing})`);
  Deno.test({
    name,
    ignore: !path && !inCi,
    // The browser and its pipes outlive the test that launches it.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      if (!path) throw new Error(missing);
      shared ??= launch(path);
      await run(await shared);
    },
  });
}

/** What a page did that it should not have. */
export interface Misdeeds {
  /** Errors and warnings on the console, and uncaught exceptions. */
  complaints: string[];
  /** Addresses it asked for, beside its own file and data in the page. */
  requests: string[];
}

/** Opens the file `url` in a new page and keeps a record of its misdeeds. */
export async function openPage(
  browser: Browser,
  url: string,
  options: {
    width?: number;
    height?: number;
    colorScheme?: "light" | "dark";
  } = {},
): Promise<{ page: Page; misdeeds: Misdeeds }> {
  const { width = 1280, height = 900, colorScheme = "light" } = options;
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme,
    acceptDownloads: true,
  });
  const misdeeds: Misdeeds = { complaints: [], requests: [] };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      misdeeds.complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => misdeeds.complaints.push(error.message));
  page.on("request", (request) => {
    const asked = request.url();
    if (asked !== url && !/^(data|blob):/.test(asked)) {
      misdeeds.requests.push(asked);
    }
  });
  await page.goto(url);
  return { page, misdeeds };
}

/** Waits until the report on `page` is ready: its charts, and those drawn. */
export async function countCharts(
  page: Page,
): Promise<{ charts: number; drawn: number }> {
  await page.evaluate("optofit.ready");
  return await page.evaluate(
    "({charts: optofit.charts, drawn: optofit.drawn})",
  ) as { charts: number; drawn: number };
}

/**
 * What every page must be: free of serious findings of axe-core, and no wider
 * than its window.
 *
 * @module
 */

import axe from "axe-core";
import type { Page } from "playwright-core";

/** Rules of axe-core that the page breaks seriously, and where. */
export async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] })",
  ) as import("axe-core").AxeResults;
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join("\n")}`);
}

/** Width of the page, and its elements that stand out on the right. */
export async function overflow(page: Page): Promise<[number, string[]]> {
  return await page.evaluate(`[
    document.documentElement.scrollWidth,
    [...document.querySelectorAll("main *, header *")]
      .filter((element) =>
        !element.closest(".scroll, pre, svg, [hidden]") &&
        element.getBoundingClientRect().right > innerWidth + 0.5)
      .map((element) => element.outerHTML.slice(0, 200)),
  ]`) as [number, string[]];
}

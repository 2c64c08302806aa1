/**
 * Where the browser is that the tests of pages drive.
 *
 * @module
 */

import process from "node:process";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * Path of a Chromium: the environment variable CHROMIUM, or where systems
 * install it.
 *
 * @throws {Error} where CHROMIUM names no file.
 */
export function findBrowser(): string | undefined {
  const named = process.env.CHROMIUM;
  if (!named) return PLACES.find(isFile);
  if (isFile(named)) return named;
  throw new Error(`CHROMIUM names ${named}, where there is no file`);
}

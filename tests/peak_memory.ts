/**
 * Renders as `deno task render` does, with the words given, and prints the most
 * memory that the process held meanwhile, in bytes.
 *
 * @module
 */

import { command } from "../lib/commands/render.ts";

let highest = 0;
const timer = setInterval(() => {
  highest = Math.max(highest, Deno.memoryUsage().rss);
}, 5);
const { log } = console;
console.log = () => {};
await command.parseAsync(Deno.args, { from: "user" });
clearInterval(timer);
log(String(Math.max(highest, Deno.memoryUsage().rss)));

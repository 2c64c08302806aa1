/**
 * Colours TypeScript for the folded code of a step: comments, strings, numbers
 * and keywords, by one regular expression. It marks; it does not parse. Of the
 * packages that do, the small ones break numbers such as 1.5e-3 apart or come
 * without types (`sugar-high`, `prismjs`); the rest weigh megabytes.
 *
 * @module
 */

import { escapeHtml } from "./html.ts";

const TOKEN = new RegExp(
  [
    String.raw`(?<comment>\/\/.*|\/\*[^]*?\*\/)`,
    String.raw`(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|` +
    "`(?:\\\\.|[^`\\\\])*`)",
    String.raw`(?<number>\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\b)`,
    String.raw`(?<keyword>\b(?:as|async|await|break|case|catch|class|const|` +
    "continue|default|delete|else|export|extends|false|finally|for|from|" +
    "function|if|import|in|instanceof|interface|let|new|null|of|return|" +
    "satisfies|switch|throw|true|try|type|typeof|undefined|void|while|" +
    String.raw`yield)\b)`,
  ].join("|"),
  "g",
);

/** HTML of `code` with its tokens marked by class. */
export function highlight(code: string): string {
  let html = "";
  let end = 0;
  for (const match of code.matchAll(TOKEN)) {
    const [kind] = Object.entries(match.groups!).find(([, text]) => text)!;
    html += escapeHtml(code.slice(end, match.index)) +
      `<span class="code-${kind}">${escapeHtml(match[0])}</span>`;
    end = match.index + match[0].length;
  }
  return html + escapeHtml(code.slice(end));
}

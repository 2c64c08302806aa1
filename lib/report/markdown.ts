/**
 * The prose of a report: Markdown in, safe HTML out.
 *
 * Raw HTML in the Markdown is shown as text, never rendered. Links go to the
 * web, to a neighbouring file or into the page, nowhere else; pictures are not
 * loaded, since a report is one file. {@linkcode md} is the template for prose
 * with figures of the run in it: what is interpolated is escaped, so a file
 * name full of asterisks stays a file name.
 *
 * @module
 */

import { escapeHtml } from "./html.ts";

/** `text` as Markdown that shows it letter for letter, on one line. */
export function escapeMarkdown(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[!-/:-@[-`{-~]/g, "\\$&");
}

/** Markdown whose interpolated values are escaped. */
export function md(
  strings: TemplateStringsArray,
  ...values: (string | number)[]
): string {
  return strings.reduce((text, part, i) =>
    text + escapeMarkdown(String(values[i - 1])) + part
  );
}

/** Whether `href` leads to the web, to a neighbouring file or into the page. */
export function isSafeLink(href: string): boolean {
  // Browsers drop control characters and spaces when they read a scheme.
  // deno-lint-ignore no-control-regex
  const bare = href.replace(/[\u0000-\u0020\u007f-\u009f]/g, "");
  if (bare.startsWith("//") || bare.includes("\\")) return false;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(bare)?.[1].toLowerCase();
  return scheme === undefined || scheme === "https" || scheme === "http";
}

/**
 * HTML of `markdown`, its first-level headings at `headingLevel` (1 to 6).
 */
export async function renderMarkdown(
  markdown: string,
  headingLevel: number,
): Promise<string> {
  const { Marked } = await import("marked");
  const marked = new Marked({
    gfm: true,
    renderer: {
      html: ({ text }) => escapeHtml(text),
      image: ({ text, href }) => escapeHtml(text || href),
      heading({ tokens, depth }) {
        const level = Math.min(6, depth + headingLevel - 1);
        const inner = this.parser.parseInline(tokens);
        return `<h${level}>${inner}</h${level}>\n`;
      },
      link({ href, tokens }) {
        const inner = this.parser.parseInline(tokens);
        return isSafeLink(href)
          ? `<a href="${escapeHtml(href)}" rel="noreferrer">${inner}</a>`
          : inner;
      },
    },
  });
  return marked.parse(markdown, { async: false });
}

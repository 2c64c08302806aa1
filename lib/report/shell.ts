/**
 * What every page of the project has around its content: head, masthead, banner
 * of surrogate data, style, scripts.
 *
 * The page is one file. Its content security policy names its scripts by their
 * SHA-256 and allows nothing else; what it asks for beyond that stands in
 * {@linkcode Shell.policy}.
 *
 * @module
 */

import { codeForScript, escapeHtml, scriptHash } from "./html.ts";
import { isSafeLink } from "./markdown.ts";
import type { PageLink } from "./meta.ts";
import { paletteCss } from "./palette.ts";
import type { PackageScript } from "./vega_scripts.ts";
import style from "./style.css" with { type: "text" };

/** Data that stand in for recordings of the real unit. */
export interface Surrogate {
  /** Name of the data. */
  name: string;
  /** One sentence on them. */
  description?: string;
}

/** A page without its frame. Strings are text unless they say HTML. */
export interface Shell {
  /** Title of the window. */
  title: string;
  /** Beside the project's name, above the heading. */
  overline: string;
  /** The heading. */
  heading: string;
  /** One sentence beneath it. */
  subtitle?: string;
  /** Facts beneath that, HTML each. */
  facts: string[];
  /** Links beneath those. */
  links?: readonly PageLink[];
  /** The data, where they are a surrogate. */
  surrogate?: Surrogate;
  /** HTML of the contents, or nothing. */
  contents?: string;
  /** HTML of the page. */
  main: string;
  /** HTML of inert data for the scripts. */
  data?: string;
  /** The scripts, in the order in which they run. */
  scripts: PackageScript[];
  /** Rules beside those of every page. */
  style?: string;
  /** What scripts may be beside those named by hash, such as `data:`. */
  scriptSources?: string[];
}

function banner({ name, description }: Surrogate): string {
  const sentence = description ??
    "It stands in for recordings of the real unit, which these figures do not describe.";
  return `<aside class="surrogate" aria-label="Surrogate data">
<p><strong>Surrogate data: <bdi>${escapeHtml(name)}</bdi>.</strong>
${escapeHtml(sentence)}</p>
</aside>`;
}

/**
 * The links, each to the web or to a neighbouring file.
 *
 * @throws {RangeError} where one leads elsewhere.
 */
function renderLinks(links: readonly PageLink[]): string {
  if (links.length === 0) return "";
  const rendered = links.map(({ label, href, title }) => {
    if (!isSafeLink(href)) {
      throw new RangeError(`the link "${label}" leads to ${href}: give a page`);
    }
    return `<li><a href="${escapeHtml(href)}" rel="noreferrer"${
      title ? ` title="${escapeHtml(title)}"` : ""
    }>${escapeHtml(label)}</a></li>`;
  });
  return `<nav class="links" aria-label="Links"><ul>${
    rendered.join("")
  }</ul></nav>\n`;
}

/** The page. */
export async function renderShell(shell: Shell): Promise<string> {
  const { surrogate } = shell;
  const inlined = shell.scripts.map(({ name, code }) =>
    codeForScript(code, name)
  );
  const hashes = await Promise.all(inlined.map(scriptHash));
  const policy = [
    "default-src 'none'",
    `script-src ${[...hashes, ...shell.scriptSources ?? []].join(" ")}`,
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "media-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

  return `<!doctype html>
<html lang="en-GB"${
    surrogate ? ` data-surrogate="${escapeHtml(surrogate.name)}"` : ""
  }>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(shell.title)} · Optofit</title>
<link rel="icon" href="data:,">
<style>
${paletteCss()}${style}${shell.style ?? ""}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<div class="overline"><span>Optofit</span> <span>${
    escapeHtml(shell.overline)
  }</span>
<span class="at-hand">${
    shell.contents
      ? '<button type="button" class="to-contents" popovertarget="contents">Contents</button>'
      : ""
  }<button type="button" class="theme" hidden>Theme: <span>auto</span></button></span></div>
<header class="masthead">
<h1 dir="auto">${escapeHtml(shell.heading)}</h1>
${
    shell.subtitle
      ? `<p class="subtitle" dir="auto">${escapeHtml(shell.subtitle)}</p>`
      : ""
  }
<p class="facts">${shell.facts.join("")}</p>
${renderLinks(shell.links ?? [])}${surrogate ? banner(surrogate) : ""}
</header>
<div class="layout">
${
    shell.contents
      ? `<div class="aside" id="contents" popover>${shell.contents}</div>`
      : ""
  }
<main id="content" tabindex="-1">
${shell.main}
</main>
</div>
${shell.data ?? ""}${
    inlined.map((code) => `<script>${code}</script>`).join("\n")
  }
</body>
</html>
`;
}

/** A date and time as pages show it, HTML. */
export function renderTime(when: Date): string {
  const text = `${when.toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return `<time datetime="${when.toISOString()}">${text}</time>`;
}

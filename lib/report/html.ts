/**
 * Text into HTML, JSON and scripts into a page, none of it able to break out.
 *
 * Everything a report shows may come from outside (file names, titles, config
 * values), so every string passes through {@linkcode escapeHtml} and every
 * object through {@linkcode jsonForScript}. Scripts are named by their SHA-256
 * in the page's content security policy; a script that is not named cannot run.
 *
 * @module
 */

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

// Control characters that HTML forbids; tab, line feed and carriage return stay.
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** `text` as HTML, safe in an element and in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text
    .replace(FORBIDDEN, "\ufffd")
    .replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** `value` as JSON that cannot close the script element it stands in. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value)
    .replace(/</g, "\\u003c")
    .replace(/\u2028/g, "\\u2028")
    .replace(/\u2029/g, "\\u2029");
}

/**
 * `code` as the content of a script element.
 *
 * `</script` can occur only inside a string or a pattern, where `<\/script`
 * means the same. `<!--` has no such harmless form, so it is refused.
 *
 * @throws {Error} where `code`, called `name`, holds `<!--`.
 */
export function codeForScript(code: string, name: string): string {
  if (code.includes("<!--")) {
    throw new Error(
      `${name} holds "<!--", which a page cannot inline: pin another version of it`,
    );
  }
  return code.replace(/<\/(script)/gi, "<\\/$1");
}

/** `code` as the policy's `script-src` names it: `'sha256-…'`. */
export async function scriptHash(code: string): Promise<string> {
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(code),
  );
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
}

/**
 * An identifier for `title`: lower-case letters, digits and hyphens, at most 60
 * characters, and none of those in `taken`, to which it is added.
 */
export function slug(title: string, taken: Set<string>): string {
  const base = title.normalize("NFKD").toLowerCase()
    .replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60) || "item";
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
  taken.add(name);
  return name;
}

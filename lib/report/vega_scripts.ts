/**
 * The minified builds of Vega, Vega-Lite and Vega-Embed, as text.
 *
 * The packages export only their modules, so the builds are found beside those.
 * Importing the modules as text (they are not run) puts the packages among this
 * program's dependencies: they are fetched with the rest on the first run, and
 * can be read without any permission.
 *
 * @module
 */

/** A script of a package. */
export interface PackageScript {
  /** Name of the file. */
  name: string;
  /** Its content. */
  code: string;
}

async function read(module: string, name: string): Promise<PackageScript> {
  const url = new URL(name, import.meta.resolve(module)).href;
  const { default: code } = await import(url, { with: { type: "text" } });
  return { name, code };
}

/** The three scripts, in the order in which a page runs them. */
export async function vegaScripts(): Promise<PackageScript[]> {
  await Promise.all([
    import("vega", { with: { type: "text" } }),
    import("vega-lite", { with: { type: "text" } }),
    import("vega-embed", { with: { type: "text" } }),
  ]);
  return await Promise.all([
    read("vega", "vega.min.js"),
    read("vega-lite", "vega-lite.min.js"),
    read("vega-embed", "vega-embed.min.js"),
  ]);
}

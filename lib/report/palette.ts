/**
 * The colours of the charts: one for each thing, in every report; where two of
 * them meet on a page, `page_colours.ts` tells them apart.
 *
 * Two sets of eight, for light and for dark pages. Each colour has a contrast of
 * at least 3 with its page, and any two of a set stay apart for full colour
 * vision and under simulated protanopia, deuteranopia and tritanopia (Machado,
 * Oliveira and Fernandes, IEEE TVCG 15(6), 2009). They were found by a random
 * search for the largest smallest distance; `tests/report_test.ts` checks it.
 *
 * Specs name the light colours, so that they can be used outside the page too;
 * the page swaps in the ones of its theme.
 *
 * @module
 */

/** Name of a colour. */
export type Colour =
  | "blue"
  | "orange"
  | "green"
  | "purple"
  | "brown"
  | "indigo"
  | "maroon"
  | "grey";

/** The colours by name, for both themes. */
export const PALETTE: Record<Colour, { light: string; dark: string }> = {
  blue: { light: "#287dbb", dark: "#4f97ff" },
  orange: { light: "#e67300", dark: "#fd7607" },
  green: { light: "#05a799", dark: "#23764c" },
  purple: { light: "#52296f", dark: "#7e4bcb" },
  brown: { light: "#995e03", dark: "#efcf59" },
  indigo: { light: "#4047b4", dark: "#87dcff" },
  maroon: { light: "#7e002f", dark: "#b368a0" },
  grey: { light: "#63646d", dark: "#a8acae" },
};

/** The colour of each thing that charts show. Things that meet differ. */
const COLOUR_OF: Record<string, Colour> = {
  // modes
  compress: "blue",
  limit: "orange",
  // what is heard
  "dry": "grey",
  "target": "green",
  "model": "blue",
  "difference": "maroon",
  // where a value comes from
  fitted: "blue",
  published: "grey",
  // methods, as `published/scores.csv` names them
  "4A2A": "green",
  "4A2A+GRU": "purple",
  "UAD": "brown",
  "CA-2A": "maroon",
  "CLA-2A": "indigo",
  // the same, as the reports name them
  "4A-2A": "green",
  "4A-2A-G": "purple",
  // what they are compared with
  "constant gain": "grey",
  "published curve": "orange",
  "interpolated, linear": "grey",
  "interpolated, spline": "grey",
  "optical": "blue",
  "twin": "blue",
  "Target": "blue",
  "Target (surrogate)": "blue",
  // optimisers, which meet the modes
  "trust-region": "green",
  "damped": "maroon",
  "damped (published)": "maroon",
  "gradient-descent": "grey",
  "newton-cg": "purple",
  "l-bfgs": "indigo",
  "adam": "brown",
  // engines
  "reference": "grey",
  "wasm": "purple",
  "webgpu": "green",
};

/** The colour that `name` has on every page, if it has one. */
export function fixedColour(name: string): string | undefined {
  return Object.hasOwn(COLOUR_OF, name)
    ? PALETTE[COLOUR_OF[name]].light
    : undefined;
}

/**
 * A colour for each of `names`, in order: the fixed one of a thing that has
 * one, else the first of the palette that none of the others uses.
 *
 * @throws {RangeError} where there are more names than colours.
 */
export function coloursOf(names: readonly string[]): string[] {
  const free = new Set(Object.keys(PALETTE) as Colour[]);
  for (const name of names) {
    if (Object.hasOwn(COLOUR_OF, name)) free.delete(COLOUR_OF[name]);
  }
  return names.map((name) => {
    const fixed = fixedColour(name);
    if (fixed !== undefined) return fixed;
    const [next] = free;
    if (next === undefined) {
      throw new RangeError(
        `no colour left for "${name}": a chart tells at most ${
          Object.keys(PALETTE).length
        } things apart by colour, use several charts`,
      );
    }
    free.delete(next);
    return PALETTE[next].light;
  });
}

/** The custom properties of the palette, as a style sheet. */
export function paletteCss(): string {
  const lines = Object.entries(PALETTE).map(([name, { light, dark }]) =>
    `  --colour-${name}: light-dark(${light}, ${dark});`
  );
  return `:root {\n${lines.join("\n")}\n}\n`;
}

/** Each light colour of the palette and the custom property that stands for it. */
export function paletteProperties(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(PALETTE).map(([name, { light }]) => [
      light,
      `var(--colour-${name})`,
    ]),
  );
}

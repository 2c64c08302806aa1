/**
 * One colour, one thing on a page: what two charts give the same colour, though it
 * is not the same, is told apart. A page of more things than colours stays as it is.
 *
 * Charts are made one by one and know nothing of each other. Here the scales of
 * all of them, those that name a colour of the palette for each value, and their
 * legends are gone over once. A thing with a fixed colour has the first claim to it.
 *
 * @module
 */

import type { Cell } from "./cells.ts";
import { fixedColour, PALETTE } from "./palette.ts";

const LIGHT = new Set(Object.values(PALETTE).map(({ light }) => light));

/** A scale of a spec that gives each value a colour of the palette. */
interface ColourScale {
  domain: unknown[];
  range: string[];
}

function isColourScale(value: unknown): value is ColourScale {
  const { domain, range } = value as Partial<ColourScale>;
  return Array.isArray(domain) && Array.isArray(range) &&
    domain.length === range.length && range.every((one) => LIGHT.has(one));
}

/** `part` of a spec with `change` made to its scales of colours; data stay. */
function mapScales(
  part: unknown,
  change: (scale: ColourScale) => ColourScale,
): unknown {
  if (Array.isArray(part)) return part.map((one) => mapScales(one, change));
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      key === "data" || key === "datasets"
        ? value
        : key === "scale" && value && isColourScale(value)
        ? change(value)
        : mapScales(value, change),
    ]),
  );
}

/** `cells` with the colours of their charts settled among all of them. */
export function withPageColours(cells: readonly Cell[]): Cell[] {
  // What each thing has been given, in the order of the page.
  const given = new Map<string, string>();
  for (const cell of cells) {
    if (cell.kind !== "charts") continue;
    for (const { spec } of cell.charts) {
      mapScales(spec, (scale) => {
        scale.domain.forEach((thing, i) => {
          if (!given.has(String(thing))) {
            given.set(String(thing), scale.range[i]);
          }
        });
        return scale;
      });
    }
  }
  if (given.size > LIGHT.size) return [...cells];
  const colours = new Map<string, string>();
  const taken = new Set<string>();
  const claim = (wanted: (thing: string) => string | undefined) => {
    for (const thing of given.keys()) {
      const colour = wanted(thing);
      if (colours.has(thing) || colour === undefined || taken.has(colour)) {
        continue;
      }
      colours.set(thing, colour);
      taken.add(colour);
    }
  };
  claim(fixedColour);
  claim((thing) => fixedColour(thing) ? undefined : given.get(thing));
  claim(() => [...LIGHT].find((colour) => !taken.has(colour)));
  const colourOf = (thing: unknown) => colours.get(String(thing))!;
  return cells.map((cell) =>
    cell.kind !== "charts" ? cell : {
      ...cell,
      charts: cell.charts.map((chart) => ({
        ...chart,
        spec: mapScales(chart.spec, ({ domain, ...rest }) => ({
          ...rest,
          domain,
          range: domain.map(colourOf),
        })) as typeof chart.spec,
      })),
      legend: cell.legend.map((group) => ({
        ...group,
        items: group.items.map((item) =>
          item.colour !== undefined && colours.has(String(item.value))
            ? { ...item, colour: colourOf(item.value) }
            : item
        ),
      })),
    }
  );
}

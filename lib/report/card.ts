/**
 * The card of a report: what an index of reports shows of one, kept beside it as
 * `….card.json`.
 *
 * @module
 */

import * as z from "zod";
import { type Cell, type Chart, type Figure, VERDICTS } from "./cells.ts";
import type { ReportMeta } from "./meta.ts";

const figureSchema = z.object({
  label: z.string(),
  // JSON has no NaN: a value that is none is null there.
  value: z.union([z.number(), z.string()]).nullable().default(null),
  unit: z.string().optional(),
  digits: z.int().min(1).max(21).optional(),
  note: z.string().optional(),
});

const unit = z.number().min(0).max(1);

const seriesSchema = z.object({
  /** Its colour, one of the palette's light ones. */
  colour: z.string(),
  /** Whether its points are joined, and how. */
  line: z.enum(["none", "solid", "dashed"]),
  /** Points: parts of the width from the left, of the height from below. */
  points: z.array(z.tuple([unit, unit])),
});

/** An axis: its values at both ends of the picture; names have none. */
const axisSchema = z.object({
  title: z.string(),
  log: z.boolean(),
  ends: z.tuple([z.number(), z.number()]),
});

const pictureSchema = z.object({
  /** What it shows. */
  title: z.string(),
  /** Its axes, where both are of numbers: two pictures of one kind share them. */
  axes: z.object({ x: axisSchema, y: axisSchema }).optional(),
  /** Its lines and points. */
  series: z.array(seriesSchema),
});

/** Schema of a card. */
export const cardSchema = z.object({
  /** Name of the experiment. */
  experiment: z.string(),
  /** Heading of the page. */
  title: z.string(),
  /** One sentence on it. */
  subtitle: z.string(),
  /** File name of the page, in the same folder. */
  report: z.string().regex(/^[^/\\]+\.html$/, "must be the name of a page"),
  /** When the run ended, ISO 8601. */
  generated_at: z.iso.datetime(),
  /** The data. */
  source: z.object({
    name: z.string(),
    surrogate: z.boolean(),
    description: z.string().optional(),
  }),
  /** The headline figures: those of the first such cell. */
  figures: z.array(figureSchema),
  /** The claims: those of the first such cell. */
  claims: z.array(z.object({
    said: z.string(),
    verdict: z.enum(VERDICTS),
    figure: z.string(),
    by: z.string().optional(),
  })).default([]),
  /** What the config had other than by default, by key. */
  changed: z.record(z.string(), z.unknown()).default({}),
  /** The telling chart, or the first that has lines or points. */
  picture: pictureSchema.optional(),
});

/** What an index of reports shows of one. */
export type ReportCard = z.output<typeof cardSchema>;

/** The lines and points of a chart, without axes and figures. */
export type Picture = z.output<typeof pictureSchema>;

/** The card of a report called `report`. */
export function cardOf(
  meta: ReportMeta,
  cells: readonly Cell[],
  report: string,
): ReportCard {
  const headline = cells.find((cell) => cell.kind === "figures");
  const claimed = cells.find((cell) => cell.kind === "claims");
  let picture: Picture | undefined;
  const shown = cells.flatMap((cell) =>
    cell.kind === "charts" ? cell.charts : []
  );
  const telling = shown.filter(({ title }) => title === meta.picture);
  for (const chart of [...telling, ...shown]) picture ??= pictureOf(chart);
  return {
    experiment: meta.experiment,
    title: meta.title,
    subtitle: meta.subtitle ?? "",
    report,
    generated_at: meta.generatedAt.toISOString(),
    source: meta.source,
    figures: (headline?.figures ?? []).map(asJson),
    claims: claimed?.claims ?? [],
    changed: meta.changed ?? {},
    ...(picture && { picture }),
  };
}

/** `figure` as it comes back from JSON. */
function asJson(figure: Figure): ReportCard["figures"][number] {
  return JSON.parse(JSON.stringify(figure));
}

/** The part of a Vega-Lite spec that a picture is made of. */
interface LineSpec {
  data?: { values?: unknown };
  mark?: string | { type: string };
  encoding?: Record<string, Channel | undefined>;
  layer?: LineSpec[];
}

interface Channel {
  field?: string;
  title?: string;
  type?: string;
  scale?: { type?: string; domain?: unknown; range?: unknown };
}

/** Most series of a picture, and points of a series: it is two fingers wide. */
const MOST_SERIES = 60;
const MOST_POINTS = 60;

/** The picture of `chart`, or nothing where it has neither lines nor points. */
export function pictureOf({ title, spec }: Chart): Picture | undefined {
  const { data, layer = [], ...own } = spec as LineSpec;
  const parts = [own, ...layer];
  const typeOf = ({ mark }: LineSpec) =>
    typeof mark === "string" ? mark : mark?.type;
  const joined = parts.find((part) => typeOf(part) === "line");
  const drawn = joined ?? parts.find((part) => typeOf(part) === "point");
  const { x, y, color, strokeDash, opacity } = {
    ...own.encoding,
    ...drawn?.encoding,
  };
  if (!drawn || !x?.field || !y?.field || !Array.isArray(data?.values)) return;
  const rows = data.values as Record<string, unknown>[];
  const across = places(rows, x);
  const up = places(rows, y).map((v) => y.type === "quantitative" ? v : 1 - v);

  const all = new Map<string, Picture["series"][number]>();
  rows.forEach((row, i) => {
    if (!Number.isFinite(across[i]) || !Number.isFinite(up[i])) return;
    const colour = String(valueOf(color, row) ?? "");
    const dash = valueOf(strokeDash, row) as number[] | undefined;
    const key = joined
      ? JSON.stringify(
        [color, strokeDash, opacity].map((one) => row[one?.field ?? ""]),
      )
      : colour;
    let series = all.get(key);
    if (series === undefined) {
      const line = !joined
        ? "none"
        : dash && dash[1] !== 0
        ? "dashed"
        : "solid";
      all.set(key, series = { colour, line, points: [] });
    }
    series.points.push([across[i], up[i]]);
  });
  if (all.size === 0) return;
  const axes = [x, y].map((channel) => axisOf(rows, channel));
  return {
    title,
    ...(axes[0] && axes[1] && { axes: { x: axes[0], y: axes[1] } }),
    series: thinned([...all.values()], MOST_SERIES).map((series) => ({
      ...series,
      points: thinned(
        series.points.toSorted((a, b) => a[0] - b[0]),
        MOST_POINTS,
      ),
    })),
  };
}

/** The axis of numbers that the rows stand along. */
function axisOf(
  rows: Record<string, unknown>[],
  { field, type, title, scale }: Channel,
): z.output<typeof axisSchema> | undefined {
  const log = scale?.type === "log";
  const values = rows.map((row) => Number(row[field!]))
    .filter((value) => Number.isFinite(value) && !(log && value <= 0));
  if (type !== "quantitative" || values.length === 0) return;
  const ends = [Math.min(...values), Math.max(...values)] as [number, number];
  return { title: title ?? field!, log, ends };
}

/** Where the rows stand along an axis, 0 to 1; names in their order. */
function places(
  rows: Record<string, unknown>[],
  { field, type, scale }: Channel,
): number[] {
  const given = rows.map((row) => row[field!]);
  const names = [...new Set(given)];
  const values = type === "quantitative"
    ? given.map((value) =>
      scale?.type === "log" ? Math.log(value as number) : Number(value)
    )
    : given.map((value) => names.indexOf(value));
  const shown = values.filter(Number.isFinite);
  const low = Math.min(...shown);
  const span = Math.max(...shown) - low;
  return values.map((value) =>
    !Number.isFinite(value)
      ? NaN
      : span > 0
      ? Number(((value - low) / span).toFixed(3))
      : 0.5
  );
}

/** What a scale with both domain and range gives for a row. */
function valueOf(
  channel: Channel | undefined,
  row: Record<string, unknown>,
): unknown {
  const { domain, range } = channel?.scale ?? {};
  if (!Array.isArray(domain) || !Array.isArray(range)) return;
  return range[domain.indexOf(row[channel!.field!])];
}

/** At most `most` of `items`, evenly spread, the first and the last included. */
function thinned<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items];
  return Array.from(
    { length: most },
    (_, i) => items[Math.round(i * (items.length - 1) / (most - 1))],
  );
}

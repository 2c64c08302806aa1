/**
 * The map from knobs to parameters in Faust: the controls, a table of settings for
 * every choice, and a definition for each parameter.
 *
 * @module
 */

import { type Positions, titleOfKnob } from "../data/unit_file.ts";
import type { Model, Parameter, Values } from "../models/model.ts";
import {
  commentText,
  labelText,
  type Names,
  numberText,
} from "./faust_names.ts";
import {
  type Dial,
  type KnobMap,
  placesOf,
  type Switch,
  type Table,
} from "../data/knob_map.ts";

/** Digits of a fitted number. */
const DIGITS = 7;

/** What stands for ∞, and what for a width of 0, by which nothing can be divided. */
const HUGE = 1e9, TINY = 1e-6;

/** The map in Faust. */
export interface FaustMap {
  /** Lines of the controls. */
  controls: string[];
  /** Lines from the controls to the parameters. */
  lines: string[];
}

/** What the plug-in's own controls are called. */
export const OWN_TITLES = {
  trim: "Make-up trim",
  mix: "Mix",
  link: "Stereo link",
  bypass: "Bypass",
  meter: "Gain reduction",
};

/** Titles of the knobs called `names`, each one's own. */
function titlesOf(names: readonly string[]): Map<string, string> {
  const taken = new Set<string>(Object.values(OWN_TITLES));
  return new Map(names.map((name) => {
    let title = titleOfKnob(name);
    while (taken.has(title)) title += " knob";
    taken.add(title);
    return [name, title];
  }));
}

/**
 * `map` of `model` in Faust. Its parameters are called what `parameters` says;
 * other definitions get a name of `names`.
 */
export function faustMap(
  map: KnobMap,
  model: Model,
  parameters: Readonly<Record<string, string>>,
  names: Names,
): FaustMap {
  const { dials, switches, tables } = map;
  const knobNames = new Map(
    [...dials, ...switches].map(({ name }) => [name, names.give(name, "knob")]),
  );
  const titles = titlesOf([...knobNames.keys()]);
  const controls = [
    ...dials.map((dial, i) =>
      `${knobNames.get(dial.name)} = ${
        slider(dial, titles.get(dial.name)!, i)
      };`
    ),
    ...switches.map((one, i) =>
      `${knobNames.get(one.name)} = ${
        menu(one, titles.get(one.name)!, dials.length + i)
      };`
    ),
  ];
  if (controls.length === 0) {
    const [{ rows: [values] }] = tables;
    const lines = model.parameters.map((parameter) => {
      const { name } = parameter;
      return `${parameters[name]} = ${valueText(parameter, values)};  // ${
        titleIn(parameter)
      }`;
    });
    return { controls, lines };
  }

  const names_ = {
    columns: names.give("columns"),
    cell: names.give("cell"),
    lines: names.give(map.interpolation === "spline" ? "spline" : "lines"),
    between: names.give("between"),
    setting: names.give("setting"),
    fade: names.give("fade"),
  };
  const tableNames = tables.map(({ at }) =>
    names.give(nameOfTable(at, switches), "table")
  );
  const isBent = tables.some(({ bends }) => bends !== undefined);
  const columnCount = dials.length + model.parameters.length * (isBent ? 2 : 1);
  const hasInfinity = tables.some(({ rows }) =>
    rows.some((row) => Object.values(row).includes(Infinity))
  );

  const heading = [
    ...dials.map(({ name }) => titles.get(name)!),
    ...model.parameters.map(titleIn),
  ].map((title) => title[0].toLowerCase() + title.slice(1)).join(", ");
  const lines = [
    ...remark(
      `The settings that were fitted, one a row: ${heading}${
        isBent ? "; then how the spline through each of these bends" : ""
      }.`,
    ),
    ...tables.flatMap((table, i) => tableLines(table, tableNames[i])),
    `${names_.columns} = ${columnCount};`,
    `${names_.cell}(table, column, row) = table, int(${names_.columns} * row + column) : rdtable;`,
    "",
    ...interpolationLines(),
    ...fadeLines(),
    `${names_.setting}(column) = ${select((_, i) => valueIn(i, "column"))};`,
    ...model.parameters.map(parameterLine),
  ];
  return { controls, lines };

  /** Of each table what `of` says, and the switches say which. */
  function select(of: (table: Table, i: number) => string): string {
    const all = tables.map(of);
    if (new Set(all).size === 1) return all[0];
    const which = switches.reduce(
      (sum, { name, values }) =>
        sum === ""
          ? knobNames.get(name)!
          : `${sum.includes("+") ? `(${sum})` : sum} * ${values.length} + ${
            knobNames.get(name)
          }`,
      "",
    );
    const isShort = all.every((word) => /^[\d.]+$/.test(word));
    return `${
      tables.length === 2 ? "select2(" : `ba.selectn(${tables.length}, `
    }${which},${isShort ? " " : "\n  "}${all.join(isShort ? ", " : ",\n  ")})`;
  }

  /** The value in column `column` of table `i` where the dials stand. */
  function valueIn(i: number, column: string): string {
    const { knots } = tables[i];
    const name = tableNames[i];
    const { cell, lines } = names_;
    const turned = knots.flatMap(({ length }, d) => length > 1 ? [d] : []);
    if (turned.length === 0) return `${cell}(${name}, ${column}, 0)`;
    if (dials.length === 1) {
      return `${lines}(${name}, ${knots[0].length}, ${
        knobNames.get(dials[0].name)
      }, ${column})`;
    }
    const value = turned.reduceRight((value, d) => {
      const stride = knots.slice(d + 1).reduce(
        (n, { length }) => n * length,
        1,
      );
      return `${lines}(${name}, ${d}, ${knots[d].length}, ${stride}, ${
        knobNames.get(dials[d].name)
      }, ${value})`;
    }, `${cell}(${name}, ${column})`);
    return `(0 : ${value})`;
  }

  function interpolationLines(): string[] {
    if (!tables.some(({ knots }) => knots.some(({ length }) => length > 1))) {
      return [];
    }
    const { cell, lines, between } = names_;
    // Where the knob stands goes round as a signal: as an expression, put in
    // wherever it is meant, it would take Faust minutes.
    const at =
      "x : max(knot(0)) : min(knot(count - 1)) <: _, place : along with {";
    const knots = `  knot(k) = ${cell}(table, 0, k);`;
    const value = `  value(k) = ${cell}(table, column, k);`;
    const place = "  place(at) = sum(k, count - 1, at > knot(k + 1));";
    const share = "(at - knot(i)) / (knot(i + 1) - knot(i))";
    if (isBent) {
      return [
        ...remark(
          "What the rows say of `column` where the knob stands at x: on the spline through them, and beyond as at the last of them.",
        ),
        `${lines}(table, count, x, column) = ${at}`,
        knots,
        value,
        `  bend(k) = ${cell}(table, column + ${model.parameters.length}, k);`,
        place,
        "  along(at, i) = left * value(i) + right * value(i + 1) + width * width / 6",
        "      * (bow(left) * bend(i) + bow(right) * bend(i + 1)) with {",
        "    width = knot(i + 1) - knot(i);",
        "    right = (at - knot(i)) / width;",
        "    left = 1 - right;",
        "    bow(t) = t * t * t - t;",
        "  };",
        "};",
        "",
      ];
    }
    const betweenLines = hasInfinity
      ? [
        `// On the way from a to b; a ratio of ${HUGE} is ∞, to which 1/R goes instead of R.`,
        `${between}(a, b, t) =`,
        `  ba.if(max(a, b) < ${HUGE}, a + (b - a) * t, 1 / ((1 - t) / a + t / b));`,
      ]
      : [`${between}(a, b, t) = a + (b - a) * t;  // on the way from a to b`];
    if (dials.length === 1) {
      return [
        ...betweenLines,
        ...remark(
          "What the rows say of `column` where the knob stands at x: on the line between two of them, and beyond as at the last of them.",
        ),
        `${lines}(table, count, x, column) = ${at}`,
        knots,
        value,
        place,
        `  along(at, i) = ${between}(value(i), value(i + 1), ${share});`,
        "};",
        "",
      ];
    }
    return [
      ...betweenLines,
      ...remark(
        "What `value` of a row is where the knob of `column`, whose `count` settings stand `stride` rows apart from `row` on, is at x: on the line between two of them, and beyond as at the last of them.",
      ),
      `${lines}(table, column, count, stride, x, value, row) =`,
      `    ${at}`,
      `  knot(k) = ${cell}(table, column, stride * k);`,
      place,
      `  along(at, i) = ${between}(value(row + stride * i), value(row + stride * (i + 1)),`,
      `    ${share});`,
      "};",
      "",
    ];
  }

  function fadeLines(): string[] {
    return dials.flatMap(({ name, fades, range }, d) => {
      if (!fades || !fadesAt(d, range[0])) return [];
      const low = select(({ knots }) => numberText(knots[d][0]));
      const title = titles.get(name)!.toLowerCase();
      return [
        `// Below ${title} ${low}, the lowest setting, the threshold rises to 0 dB where it is 0.`,
        `${names_.fade} = min(1, ${knobNames.get(name)} / ${low});`,
      ];
    });
  }

  function fadesAt(d: number, low: number): boolean {
    return tables.some(({ knots }) => knots[d][0] > low);
  }

  function parameterLine(parameter: Parameter, i: number): string {
    const column = dials.length + i;
    const isInverse = tables.map((table) => isInverted(table, parameter));
    let value = isInverse.includes(true)
      ? select((_, i) => {
        const inner = valueIn(i, String(column));
        return isInverse[i] ? `1 / max(${1 / HUGE}, ${inner})` : inner;
      })
      : `${names_.setting}(${column})`;
    const isFaded = parameter.name === "threshold_db" &&
      dials.some(({ fades, range }, d) => fades && fadesAt(d, range[0]));
    if (isFaded) {
      const isAbove = tables.some(({ rows }) =>
        rows.some(({ threshold_db }) => threshold_db > 0)
      );
      value = isAbove
        ? `max(0, ${value}) + ${names_.fade} * min(0, ${value})`
        : `${names_.fade} * ${value}`;
    }
    return `${parameters[parameter.name]} = ${value};`;
  }

  function tableLines(table: Table, name: string): string[] {
    const { rows, bends, knots } = table;
    const places = placesOf(knots);
    const cells = rows.map((row, i) => [
      ...places[i].map((knot) => numberText(knot)),
      ...model.parameters.map((parameter) =>
        isInverted(table, parameter)
          ? numberText(1 / row[parameter.name], DIGITS)
          : valueText(parameter, row)
      ),
      ...(bends === undefined
        ? []
        : model.parameters.map(({ name }) =>
          numberText(bends[i][name], DIGITS)
        )),
    ]);
    const widths = cells[0].map((_, column) =>
      Math.max(...cells.map((row) => row[column].length))
    );
    return [
      `${name} = waveform {`,
      cells.map((row) =>
        `  ${row.map((cell, i) => cell.padStart(widths[i])).join(", ")}`
      ).join(",\n"),
      "};",
    ];
  }
}

/** Whether a spline goes through 1/p instead of p. */
function isInverted({ rows, bends }: Table, { name }: Parameter): boolean {
  return bends !== undefined && rows.some((row) => row[name] === Infinity);
}

function titleIn({ title, unit }: Parameter): string {
  return unit === "" || unit === ": 1" ? title : `${title} (${unit})`;
}

function valueText({ name, scale }: Parameter, values: Values): string {
  const value = values[name];
  if (value === Infinity) return numberText(HUGE);
  return numberText(scale === "log" && value === 0 ? TINY : value, DIGITS);
}

/** What the table is called of the settings where the `switches` stand at `at`. */
function nameOfTable(at: Positions, switches: readonly Switch[]): string {
  const parts = switches.map(({ name, values }) => {
    const value = at[name];
    const isWord = typeof value === "string" && /^[a-z]\w{0,19}$/i.test(value);
    if (isWord) return value;
    const isCount = typeof value === "number" && Number.isInteger(value);
    return `${name}_${isCount ? value : values.indexOf(value) + 1}`;
  });
  return parts.join("_") || "settings";
}

function slider(
  { unit, range, start }: Dial,
  title: string,
  i: number,
): string {
  const [low, high] = range;
  const step = numberText((high - low) / 1000, DIGITS);
  const ofUnit = unit === "" ? "" : ` [unit:${labelText(unit)}]`;
  return `hslider("[${i}] ${title}${ofUnit}", ${
    [start, low, high].map((value) => numberText(value)).join(", ")
  }, ${step})`;
}

function menu({ values }: Switch, title: string, i: number): string {
  const choices = values.map((value, at) =>
    `'${labelText(String(value))}':${at}`
  ).join(";");
  return `nentry("[${i}] ${title} [style:menu{${choices}}]", 0, 0, ${
    values.length - 1
  }, 1)`;
}

/** A comment's text for people, of `text` that may hold anything. */
export function remark(text: string): string[] {
  const words = commentText(text).split(" ");
  const lines = [""];
  for (const word of words) {
    const last = lines[lines.length - 1];
    if (last !== "" && last.length + word.length > 82) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.filter((line) => line !== "").map((line) => `// ${line}`);
}

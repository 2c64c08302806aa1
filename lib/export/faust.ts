/**
 * A unit as a Faust file, from which Faust's tools make plug-ins: its knobs, the
 * map from them to the parameters, the model, and what a plug-in has around it.
 *
 * @module
 */

import type { Unit } from "../data/unit_file.ts";
import type { Model } from "../models/model.ts";
import type { Interpolation } from "../base/spline.ts";
import { faustMap, OWN_TITLES, remark } from "./faust_map.ts";
import { faustModel, HELPERS } from "./faust_model.ts";
import { labelText, Names } from "./faust_names.ts";
import { knobMapOf } from "../data/knob_map.ts";
import { listingOf } from "./listing.ts";
import project from "../../deno.json" with { type: "json" };

/** Definitions of the plug-in around the model. */
const OWN = [
  "gain",
  "output",
  "glide",
  "trim",
  "trim_db",
  "mix",
  "link",
  "bypass",
  "meter",
  "wet",
  "blend",
  "metered",
  "mono",
  "stereo",
  ...Object.keys(HELPERS),
];

/** What is exported. */
export interface Exported {
  unit: Unit;
  model: Model;
  /** What people call it. */
  title: string;
  /** Where it comes from, in words. */
  origin: string;
  /** How parameters lie between settings. */
  interpolation: Interpolation;
}

/** The file. */
export function faustFile(
  { unit, model, title, origin, interpolation }: Exported,
): string {
  const map = knobMapOf(unit, interpolation);
  const names = new Names(OWN);
  const parameters = Object.fromEntries(
    model.parameters.map(({ name }) => [name, names.give(name)]),
  );
  const { controls, lines } = faustMap(map, model, parameters, names);
  const glides = controls.length > 0;
  const part = faustModel(listingOf(model), parameters, { glides, names });
  const count = controls.length;
  const helpers = new Set([...part.helpers, "first", "to_db", "from_db"]);
  return [
    ...remark(title),
    ...remark(origin),
    "//",
    ...remark(
      `The model is ${model.name} of Optofit ${project.version}, which wrote this file. Compile it in double precision (faust -double …): a slow release moves by less than single precision tells apart. For a mono plug-in compile mono (faust -pn mono …).`,
    ),
    "",
    `declare name "${labelText(title)}";`,
    `declare description "Compressor, model ${labelText(model.name)}";`,
    "",
    'import("stdfaust.lib");',
    "",
    ...section("Knobs"),
    ...controls,
    `trim_db = hslider("[${count}] ${OWN_TITLES.trim} [unit:dB]", 0, -24, 24, 0.1);`,
    `mix = hslider("[${
      count + 1
    }] ${OWN_TITLES.mix} [unit:%]", 100, 0, 100, 1) / 100;`,
    `link = checkbox("[${count + 2}] ${OWN_TITLES.link}");`,
    `bypass = checkbox("[${count + 3}] ${OWN_TITLES.bypass}");`,
    `meter = hbargraph("[${count + 4}] ${OWN_TITLES.meter} [unit:dB]", 0, 40);`,
    "",
    ...section(glides ? "From the knobs to the parameters" : "Parameters"),
    ...lines,
    "",
    ...section("Model"),
    ...Object.entries(HELPERS).filter(([name]) => helpers.has(name))
      .map(([, text]) => text),
    "",
    ...part.lines,
    "",
    ...section("Plug-in"),
    PLUG_IN,
    "",
  ].join("\n");
}

function section(title: string): string[] {
  return [`// ${"-".repeat(84 - title.length)} ${title}`];
}

const PLUG_IN =
  `// Follows a knob within some 50 ms, so that nothing clicks; begins where it stands.
glide(to) = to : pole : pole with {
  pole(to) = (ba.if(first, to) : step(to)) ~ _;
  step(to, now) = ba.if(abs(to - now) < 1e-12, to, now + (to - now) * speed);
  speed = 1 - exp(-100 / ma.SR);
};

trim = glide(from_db(trim_db));
wet = glide(mix * (1 - bypass));

// The dry sound x, and \`wet\` of what the unit makes of it by the gain g.
blend(g, x) = x + wet * (trim * output(g, x) - x);
// Shows by how much the gain g turns down.
metered(g) = attach(_, meter(0 - to_db(max(g, 0.0001))));

mono(x) = blend(g, x) : metered(g) with { g = gain(x); };

// Each side by itself, or, linked, both by the louder.
stereo(left, right) = (blend(a, left) : metered(min(a, b))), blend(b, right) with {
  a = gain(heard(left));
  b = gain(heard(right));
  heard(x) = ba.if(link, max(abs(left), abs(right)), x);
};

process = stereo;`;

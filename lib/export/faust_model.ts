/**
 * A model in Faust, from its listing: a definition for every part that has a name,
 * and two functions, of which both channels of a plug-in make use,
 *
 *     gain(x)       the gain before make-up, of the sound that is heard
 *     output(g, x)  the wet sound, of the gain and the dry sound
 *
 * What follows from parameters alone is computed where a knob moves, and glides
 * from there into the sound.
 *
 * @module
 */

import { DB_PER_NEPER } from "../models/detector.ts";
import { commentText, type Names, numberText } from "./faust_names.ts";
import type { Instruction, Listing } from "./listing.ts";

/** Helpers that the definitions may call, by name. */
export const HELPERS = {
  first: `first = 1 - 1';  // 1 at the first sample, then 0`,
  from:
    `// A state: what \`step\` makes of it from sample to sample, from \`start\` on. One
// that has faded away counts as zero, so that no denormal numbers arise.
from(start, step) = (ba.if(first, start) : step : awake) ~ _;
awake(x) = x * (abs(x) > 1e-30);`,
  from_all: `// The same of several, which move together.
from_all(starts, step) = (par(i, n, ba.if(first, ba.take(i + 1, starts)))
  : step : par(i, n, awake)) ~ si.bus(n) with { n = outputs(starts); };`,
  to_db: `to_db(x) = 20 / log(10) * log(x);`,
  from_db: `from_db(x) = exp(log(10) / 20 * x);`,
};

/** Name of a helper. */
export type Helper = keyof typeof HELPERS;

/** A model in Faust. */
export interface FaustModel {
  /** Lines of its definitions. */
  lines: string[];
  /** What they call. */
  helpers: Set<Helper>;
}

/** A definition, and those that stand within it. */
interface Definition {
  head: string;
  body: string;
  about?: string;
  where?: Definition[];
}

/** How tightly a text holds together. */
const ANY = 0, SUM = 1, PRODUCT = 2, ATOM = 3;

/** Widest line. */
const WIDTH = 88;

/** What names stand for, and what may be defined. */
interface Scope {
  names: Map<Instruction, string>;
  give: Names;
}

/**
 * `listing` in Faust. `parameters` names the definitions of its parameters, and
 * `glides` says whether they can change.
 */
export function faustModel(
  { gain, output }: Listing,
  parameters: Readonly<Record<string, string>>,
  { glides, names }: { glides: boolean; names: Names },
): FaustModel {
  const helpers = new Set<Helper>();
  const glided = new Set<Instruction>();
  const usersOf = usersIn([gain, output]);

  /** Whether `of`, no signal, follows a knob. */
  const follows = (of: Instruction): boolean =>
    !of.isSignal && !glided.has(of) &&
    (of.operation === "parameter" || of.operands.some(follows));

  // ---------------------------------------------------------- expressions

  /** `of` as an operand of a signal, if `inSignal`, that binds at `level`. */
  function text(
    of: Instruction,
    scope: Scope,
    inSignal: boolean,
    level = SUM,
  ): string {
    if (glides && inSignal && follows(of)) {
      return `glide(${text(of, scope, false)})`;
    }
    const name = scope.names.get(of);
    return name ?? written(of, scope, level);
  }

  /** What `of` is, in terms of its operands. */
  function written(of: Instruction, scope: Scope, level = SUM): string {
    const [own, word] = expression(of, scope);
    return own < level ? `(${word})` : word;
  }

  function expression(of: Instruction, scope: Scope): [number, string] {
    const { operation, operands, isSignal } = of;
    const operand = (i: number, level = SUM) =>
      text(operands[i], scope, isSignal, level);
    const list = () => operands.map((_, i) => operand(i, ANY)).join(", ");
    switch (operation) {
      case "constant":
        return constant(of.value!);
      case "parameter":
        return [ATOM, parameters[of.parameter!]];
      case "sample_rate":
        return [ATOM, "ma.SR"];
      case "add":
      case "subtract":
      case "negate":
        return [SUM, sum(termsOf(of, scope), scope, isSignal)];
      case "multiply":
      case "reciprocal":
        return product(of, scope);
      case "exp": {
        const factors = factorsOf(operands[0], scope).over;
        const k = factors.find((factor) =>
          isNear(factor.value, 1 / DB_PER_NEPER)
        );
        if (k === undefined) return [ATOM, `exp(${list()})`];
        helpers.add("from_db");
        const rest = factors.filter((factor) => factor !== k);
        return [
          ATOM,
          `from_db(${
            rest.map((factor) =>
              text(factor, scope, isSignal, rest.length > 1 ? PRODUCT : SUM)
            ).join(" * ")
          })`,
        ];
      }
      case "log":
      case "tan":
      case "abs":
        return [ATOM, `${operation}(${list()})`];
      case "maximum":
        return [ATOM, `max(${list()})`];
      case "less":
        return [ANY, `${operand(0)} < ${operand(1)}`];
      case "select": {
        const [mask, a, b] = operands;
        const [low, high] = mask.operands;
        const isPart = mask.operation === "less" && high === a && low === b;
        return isPart
          ? [ATOM, `max(${operand(1)}, ${operand(2)})`]
          : [ATOM, `ba.if(${list()})`];
      }
      case "delay": {
        const [, start] = operands;
        const late = `${operand(0, ATOM)}'`;
        if (start.value === 0) return [ATOM, late];
        return [ATOM, `ba.if(first, ${operand(1)}, ${late})`];
      }
      case "before":
      case "input":
      case "state":
        throw new Error(`${operation} has no name here`);
    }
  }

  function constant(value: number): [number, string] {
    const turns = value / Math.PI;
    if (value !== 0 && Number.isInteger(turns)) {
      return [PRODUCT, turns === 1 ? "ma.PI" : `${turns} * ma.PI`];
    }
    return [value < 0 ? PRODUCT : ATOM, numberText(value)];
  }

  /** Terms of a sum, with their signs. */
  function termsOf(
    of: Instruction,
    scope: Scope,
    sign = 1,
    isRoot = true,
  ): [sign: number, term: Instruction][] {
    const [a, b] = of.operands;
    const inner = (term: Instruction, sign: number) =>
      termsOf(term, scope, sign, false);
    const mayOpen = isRoot || !scope.names.has(of);
    switch (mayOpen && of.operation) {
      case "add":
        return [...inner(a, sign), ...inner(b, sign)];
      case "subtract":
        return [...inner(a, sign), ...inner(b, -sign)];
      case "negate":
        return inner(a, -sign);
    }
    return [[sign, of]];
  }

  function sum(
    terms: [sign: number, term: Instruction][],
    scope: Scope,
    isSignal: boolean,
  ): string {
    const signed = terms.map(([sign, term]) => {
      const { over } = factorsOf(term, scope);
      const turned = over.filter(({ operation }) => operation === "negate");
      return {
        sign: turned.length % 2 === 0 ? sign : -sign,
        word: text(term, scope, isSignal, PRODUCT),
      };
    });
    // One that is added goes first, for a name cannot be negated by itself.
    const at = signed.findIndex(({ sign }) => sign > 0);
    const [head] = at < 0 ? [{ sign: 1, word: "0" }] : signed.splice(at, 1);
    return [
      head.word,
      ...signed.map(({ sign, word }) => `${sign > 0 ? "+" : "-"} ${word}`),
    ].join(" ");
  }

  /** Factors of a product, and what it is divided by. */
  function factorsOf(
    of: Instruction,
    scope: Scope,
    isRoot = true,
  ): { over: Instruction[]; under: Instruction[] } {
    const isOpen = isRoot || !scope.names.has(of);
    if (isOpen && of.operation === "multiply") {
      const [a, b] = of.operands.map((operand) =>
        operand.isSignal === of.isSignal || operand.operation === "reciprocal"
          ? factorsOf(operand, scope, false)
          : { over: [operand], under: [] }
      );
      return {
        over: [...a.over, ...b.over],
        under: [...a.under, ...b.under],
      };
    }
    if (isOpen && of.operation === "reciprocal") {
      return { over: [], under: of.operands };
    }
    return { over: [of], under: [] };
  }

  function product(of: Instruction, scope: Scope): [number, string] {
    const { isSignal } = of;
    const { over, under } = factorsOf(of, scope);
    // Negations are the sum's in which it stands.
    const factors = over.map((factor) =>
      factor.operation === "negate" && !scope.names.has(factor)
        ? factor.operands[0]
        : factor
    );
    const scale = factors.find(({ value }) =>
      isNear(value, DB_PER_NEPER) || isNear(value, DB_PER_NEPER / 2)
    );
    const log = factors.find((factor) =>
      factor.operation === "log" && !scope.names.has(factor)
    );
    const words: string[] = [];
    if (scale !== undefined && log !== undefined) {
      helpers.add("to_db");
      const inner = text(log.operands[0], scope, isSignal);
      if (!isNear(scale.value, DB_PER_NEPER)) words.push("0.5");
      words.push(`to_db(${inner})`);
    }
    const isDecibels = words.length > 0;
    for (const factor of factors) {
      if (isDecibels && (factor === scale || factor === log)) continue;
      words.push(text(factor, scope, isSignal, PRODUCT));
    }
    if (words.length === 0) words.push("1");
    const divisors = under.map((by) => text(by, scope, isSignal, ATOM));
    const whole = [words.join(" * "), ...divisors].join(" / ");
    return [
      words.length + divisors.length === 1 && isDecibels ? ATOM : PRODUCT,
      whole,
    ];
  }

  // ---------------------------------------------------------- definitions

  /**
   * What the `roots` need that has no name in `scope` yet and should have one, in
   * order, as definitions; their names are added to `scope`.
   */
  function definitionsOf(
    roots: readonly Instruction[],
    scope: Scope,
    mayDefine: (of: Instruction) => boolean,
  ): Definition[] {
    const all = reachableFrom(roots, (of) => !scope.names.has(of));
    // What goes round a loop is defined in it.
    const goesRound = follower(({ operation }) => operation === "before");
    const needed = all.filter((of) =>
      !(goesRound(of, scope.names) || scope.names.has(of)) && mayDefine(of)
    );
    const definitions: Definition[] = [];
    for (const of of needed) {
      if (of.operation === "state") {
        if (!scope.names.has(of)) definitions.push(...stateOf(of, scope));
        continue;
      }
      const isShared = usersOf(of) > 1;
      const isPart = of.label !== undefined || isShared && !isTrivial(of);
      if (!isPart || roots.includes(of) && !isShared) continue;
      definitions.push(definitionOf(of, scope));
    }
    return definitions;
  }

  function definitionOf(of: Instruction, scope: Scope): Definition {
    const word = written(of, scope);
    const name = scope.give.give(of.label?.name ?? "part", "now");
    const isGlided = glides && follows(of);
    if (isGlided) glided.add(of);
    scope.names.set(of, name);
    return {
      head: name,
      body: isGlided ? `glide(${word})` : word,
      about: of.label?.about,
    };
  }

  /** The states that move with `of`. */
  function stateOf(of: Instruction, scope: Scope): Definition[] {
    const states = of.states!;
    const [alone, others] = [states[0], states.slice(1)];
    const names = states.map(({ label }) =>
      scope.give.give(label?.name ?? "state", "now")
    );
    if (others.length === 0) {
      const definition = recursion(states, ["before"], scope);
      scope.names.set(alone, names[0]);
      return [{
        ...definition,
        head: names[0],
        about: alone.label?.about,
      }];
    }
    const loop = scope.give.give("loop");
    const before = names.map((name) => scope.give.give(`${name}_before`));
    const definition = recursion(states, before, scope);
    return [
      { ...definition, head: loop, about: "the states, which move together" },
      ...states.map((state, k): Definition => {
        scope.names.set(state, names[k]);
        const way = states.map((_, i) => i === k ? "_" : "!").join(", ");
        return {
          head: names[k],
          body: `${loop} : ${way}`,
          about: state.label?.about,
        };
      }),
    ];
  }

  /** The recursion of `states`, which are called `before` a sample ago. */
  function recursion(
    states: readonly Instruction[],
    before: readonly string[],
    scope: Scope,
  ): Pick<Definition, "body" | "where"> {
    helpers.add("first").add("from");
    if (states.length > 1) helpers.add("from_all");
    const earlier = reachableFrom(states.flatMap(({ operands }) => operands))
      .filter(({ state }) => state !== undefined && states.includes(state));
    const moves = states.map(({ operands }) => operands[0]);
    const isInLoop = follower((of) => earlier.includes(of));
    const inLoop = reachableFrom(moves).filter((of) => isInLoop(of));
    const starts = states.map(({ operands }) =>
      text(operands[1], scope, false)
    );
    // Outside of the loop stands what does not go round it.
    const inside: Scope = {
      names: new Map(scope.names),
      give: scope.give.inner(),
    };
    for (const one of earlier) {
      inside.names.set(one, before[states.indexOf(one.state!)]);
    }
    const where = definitionsOf(moves, inside, (of) => inLoop.includes(of));
    const bodies = states.map((state, k) => {
      const [move] = state.operands;
      const terms: [number, Instruction][] = inside.names.has(move)
        ? [[1, move]]
        : termsOf(move, inside);
      return `${before[k]} + ${sum(terms, inside, true)}`
        .replaceAll("+ 0 - ", "- ");
    });
    return {
      body: states.length === 1
        ? `from(${starts[0]}, move)`
        : `from_all((${starts.join(", ")}), move)`,
      where: [{
        head: `move(${before.join(", ")})`,
        body: bodies.join(",\n"),
        where,
      }],
    };
  }

  /** A function of signals whose result is `root`. */
  function functionOf(
    head: string,
    root: Instruction,
    scope: Scope,
  ): Definition {
    if (scope.names.has(root)) {
      return { head, body: scope.names.get(root)! };
    }
    const where = definitionsOf([root], scope, ({ isSignal }) => isSignal);
    if (root.operation !== "state") {
      return { head, body: written(root, scope), where };
    }
    const last = where[where.length - 1];
    const isLast = last.head === scope.names.get(root) &&
      root.states!.length === 1;
    return isLast
      ? {
        ...last,
        head,
        about: undefined,
        where: [...where.slice(0, -1), ...last.where!],
      }
      : { head, body: scope.names.get(root)!, where };
  }

  const numbers: Scope = { names: new Map(), give: names };
  const definitions = definitionsOf(
    [gain, output],
    numbers,
    (of) => !of.isSignal,
  );
  const input = reachableFrom([gain, output])
    .find(({ operation }) => operation === "input");
  const inner = (more: [Instruction, string][]): Scope => ({
    names: new Map([
      ...numbers.names,
      ...(input === undefined ? [] : [[input, "x"] as const]),
      ...more,
    ]),
    give: names.inner(),
  });
  const functions = [
    functionOf("gain(x)", gain, inner([])),
    functionOf("output(g, x)", output, inner([[gain, "g"]])),
  ];
  return {
    lines: [
      ...linesOf(definitions),
      ...functions.flatMap((one) => ["", ...linesOf([one])]),
    ],
    helpers,
  };
}

function isNear(value: number | undefined, other: number): boolean {
  return value !== undefined && Math.abs(value / other - 1) < 1e-12;
}

function isTrivial({ operation, operands }: Instruction): boolean {
  return operands.length === 0 ||
    ["delay", "reciprocal", "negate"].includes(operation) &&
      operands.every(isTrivial);
}

/** All that `roots` need, operands first, beyond which `goesOn` does not hold. */
function reachableFrom(
  roots: readonly Instruction[],
  goesOn: (of: Instruction) => boolean = () => true,
): Instruction[] {
  const found = new Set<Instruction>();
  const pending = [...roots];
  for (let of = pending.pop(); of !== undefined; of = pending.pop()) {
    if (found.has(of)) continue;
    found.add(of);
    if (!goesOn(of)) continue;
    pending.push(...of.operands, ...of.states ?? []);
  }
  return [...found].sort((a, b) => a.id - b.id);
}

/** How many instructions take each as an operand. */
function usersIn(roots: readonly Instruction[]): (of: Instruction) => number {
  const counts = new Map<Instruction, number>();
  for (const { operands } of reachableFrom(roots)) {
    for (const operand of operands) {
      counts.set(operand, (counts.get(operand) ?? 0) + 1);
    }
  }
  return (of) => counts.get(of) ?? 0;
}

/**
 * Whether an instruction that is met after its operands follows, not by way of a
 * state, from one that is `first` and is not among `known`.
 */
function follower(first: (of: Instruction) => boolean) {
  const found = new Set<Instruction>();
  return (of: Instruction, known?: ReadonlyMap<Instruction, string>) => {
    const isIn = !known?.has(of) && of.operation !== "state" &&
      (first(of) || of.operands.some((operand) => found.has(operand)));
    if (isIn) found.add(of);
    return isIn;
  };
}

function linesOf(definitions: readonly Definition[], indent = ""): string[] {
  return definitions.flatMap(({ head, body, about, where = [] }) => {
    const comment = about === undefined ? "" : `// ${commentText(about)}`;
    const end = where.length > 0 ? " with {" : ";";
    const [line, ...more] = body.includes("\n")
      ? `${head} =\n  ${body.replaceAll("\n", "\n  ")}${end}`.split("\n")
      : [`${head} = ${body}${end}`];
    const isLong = indent.length + line.length + comment.length + 2 > WIDTH;
    return [
      ...(isLong && comment !== "" ? [indent + comment] : []),
      indent + (isLong || comment === "" ? line : `${line}  ${comment}`),
      ...more.map((line) => indent + line),
      ...(where.length > 0
        ? [...linesOf(where, `${indent}  `), `${indent}};`]
        : []),
    ];
  });
}

import assert from "node:assert/strict";
import fc from "fast-check";
import { prepare } from "../lib/autodiff/executable.ts";
import {
  abs,
  add,
  advance,
  after,
  broadcast,
  delay,
  divide,
  exp,
  less,
  log,
  maximum,
  multiply,
  negate,
  reciprocal,
  select,
  subtract,
  sum,
} from "../lib/autodiff/primitives.ts";
import { type Program, trace } from "../lib/autodiff/program.ts";
import { nameOf } from "../lib/autodiff/simplify.ts";
import {
  recur,
  recurBack,
  scan,
  type Step,
} from "../lib/autodiff/recurrences.ts";
import { reachable, schedule } from "../lib/autodiff/schedule.ts";
import { hessianBy, STRATEGIES } from "../lib/autodiff/strategies.ts";
import {
  jacobianForward,
  jvp,
  type ValueFunction,
  vjp,
} from "../lib/autodiff/transforms.ts";
import type { Node, Value } from "../lib/autodiff/value.ts";
import { openStrategyHessian } from "../lib/bench/strategy_hessian.ts";
import type { Model } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import { coefficient, factor } from "../lib/models/smoothing.ts";
import { objectiveOf } from "../lib/objective/objective.ts";
import { publishedCoordinates } from "../lib/objective/coordinates.ts";
import { createRandom, type Random } from "../lib/base/random.ts";
import { goldenPair, peakCases } from "./golden_signal.ts";
import { assertClose } from "./close.ts";
import { openOracle } from "./oracle.ts";

/** A signal: chunks of samples. */
type Chunks = Float64Array[];

interface Size {
  batch: number;
  length: number;
}

/** Signals in the range that a function is defined on. */
function draw(random: Random, { batch, length }: Size, low = -1, high = 1) {
  return Array.from(
    { length: batch },
    () => Float64Array.from({ length }, () => random.uniform(low, high)),
  );
}

/** Outputs of `program`: a signal as its chunks, a scalar as one of one sample. */
async function execute(
  program: Program,
  scalars: number[],
  signals: Chunks[],
  { batch, length }: Size,
  options: { fuse?: boolean; precision?: "single" | "double" } = {},
): Promise<Chunks[]> {
  const executable = await prepare(program, {
    batch,
    length,
    precision: "double",
    ...options,
  });
  signals.forEach((signal, i) =>
    signal.forEach((chunk, row) => executable.load(i, row, chunk))
  );
  const results = executable.run(scalars);
  return program.outputs.map(({ shape }, i) =>
    shape === "scalar"
      ? [Float64Array.of(results[i])]
      : Array.from({ length: batch }, (_, row) => executable.read(i, row))
  );
}

function flat(signal: Chunks): number[] {
  return signal.flatMap((chunk) => [...chunk]);
}

function dot(a: Chunks, b: Chunks): number {
  const other = flat(b);
  return flat(a).reduce((total, value, i) => total + value * other[i], 0);
}

/** α a + β b. */
function combine(alpha: number, a: Chunks, beta: number, b: Chunks): Chunks {
  return a.map((chunk, row) =>
    chunk.map((value, n) => alpha * value + beta * b[row][n])
  );
}

/** A function of signals, and the range of each that it is smooth on. */
interface Case {
  name: string;
  f: (...x: Value[]) => Value;
  ranges: [low: number, high: number][];
}

const any: [number, number] = [-1, 1];
const leak: [number, number] = [0.05, 0.9];

/** y[n] = (1 − leak[n]) y[n−1] + u[n]. */
const leaky = (leak: Value | number, u: Value) =>
  recur([[typeof leak === "number" ? -leak : negate(leak)]], [u])[0];

/** y[n] = (1 − leak[n+1]) y[n+1] + u[n]. */
const leakyBack = (leak: Value | number, u: Value) =>
  recurBack([[typeof leak === "number" ? -leak : negate(leak)]], [u])[0];

const ballisticsStep: Step = ([d], [h, attack, release]) => [
  multiply(select(less(h, d), attack, release), subtract(h, d)),
];

/** Attack and release from rest at 0. */
const ballistics = (h: Value, attack: Value, release: Value) =>
  scan(ballisticsStep, [0], [h, attack, release])[0];

/** Two states, each moved by both, and neither in proportion. */
const loopStep: Step = ([y, z], [a, b]) => [
  multiply(a, subtract(exp(multiply(-0.5, z)), y)),
  add(multiply(b, subtract(multiply(y, y), z)), multiply(0.1, y)),
];

/** A mean of all samples, so that a start can be a scalar that varies. */
const start = (x: Value) => multiply(0.3, sum(x));

/** Every differentiable primitive, on signals. */
const primitives: Case[] = [
  { name: "add", f: add, ranges: [any, any] },
  { name: "subtract", f: subtract, ranges: [any, any] },
  { name: "negate", f: negate, ranges: [any] },
  { name: "multiply", f: multiply, ranges: [any, any] },
  { name: "reciprocal", f: reciprocal, ranges: [[0.5, 2]] },
  { name: "divide", f: divide, ranges: [any, [0.5, 2]] },
  { name: "exp", f: exp, ranges: [any] },
  { name: "log", f: log, ranges: [[0.5, 2]] },
  // Away from the edges, so that differences cross none.
  { name: "abs", f: (a) => abs(a), ranges: [[-2, -0.5]] },
  { name: "maximum", f: maximum, ranges: [[-1, 0], [0.5, 1]] },
  {
    // A mask that does not move, so that differences cross no edge.
    name: "select",
    f: (a, b) => select(less(delay(broadcast(1)), 0.5), a, b),
    ranges: [any, any],
  },
  { name: "after", f: (x) => after(x, 2), ranges: [any] },
  { name: "delay", f: (x) => delay(x), ranges: [any] },
  {
    name: "delay from a start",
    f: (x, s) => delay(x, start(s)),
    ranges: [any, any],
  },
  { name: "advance", f: advance, ranges: [any] },
  { name: "broadcast of sum", f: (x) => broadcast(sum(x)), ranges: [any] },
  { name: "sum of the later", f: (x) => broadcast(sum(x, 3)), ranges: [any] },
  { name: "recur", f: leaky, ranges: [leak, any] },
  { name: "recurBack", f: leakyBack, ranges: [leak, any] },
  {
    name: "recur of two states",
    f: (a, b, u, s) => {
      const rows = [[negate(a), b], [0.1, negate(b)]];
      const [y, z] = recur(rows, [u, multiply(u, a)], [start(s), null]);
      return add(y, multiply(0.5, z));
    },
    ranges: [leak, leak, any, any],
  },
  {
    name: "recurBack of two states",
    f: (a, b, u) => {
      const [y, z] = recurBack([[negate(a), b], [0.1, negate(b)]], [u, null]);
      return add(y, multiply(0.5, z));
    },
    ranges: [leak, leak, any],
  },
  {
    name: "scan of two states",
    f: (a, b, s) => {
      const [y, z] = scan(loopStep, [0.5, start(s)], [a, b]);
      return subtract(y, z);
    },
    ranges: [leak, leak, any],
  },
  {
    name: "ballistics",
    f: ballistics,
    ranges: [any, leak, leak],
  },
];

const sizes = fc.record({
  batch: fc.integer({ min: 1, max: 6 }),
  length: fc.integer({ min: 1, max: 12 }),
});
const seeds = fc.integer();

for (const { name, f, ranges } of primitives) {
  const arity = ranges.length;
  const apply: ValueFunction = (...x) => [f(...x)];
  const derivative = trace(
    0,
    2 * arity,
    (_, x) => jvp(apply, x.slice(0, arity), x.slice(arity))[1],
  );
  const transposed = trace(0, arity + 1, (_, x) => {
    const [, pullback] = vjp(apply, ...x.slice(0, arity));
    return pullback(x[arity]);
  });

  Deno.test(`jvp() of ${name} is linear in its tangent`, () =>
    fc.assert(
      fc.asyncProperty(seeds, sizes, async (seed, size) => {
        const random = createRandom(seed);
        const x = ranges.map((range) => draw(random, size, ...range));
        const u = ranges.map(() => draw(random, size));
        const v = ranges.map(() => draw(random, size));
        const [alpha, beta] = [random.normal(), random.normal()];
        const mixed = u.map((u, i) => combine(alpha, u, beta, v[i]));
        const along = async (tangent: Chunks[]) =>
          (await execute(derivative, [], [...x, ...tangent], size))[0];
        const expected = combine(alpha, await along(u), beta, await along(v));
        assertClose(flat(await along(mixed)), flat(expected), 1e-12);
      }),
      { numRuns: 10 },
    ));

  Deno.test(`vjp() of ${name} is the transpose of jvp(): ⟨v, J u⟩ = ⟨Jᵀ v, u⟩`, () =>
    fc.assert(
      fc.asyncProperty(seeds, sizes, async (seed, size) => {
        const random = createRandom(seed);
        const x = ranges.map((range) => draw(random, size, ...range));
        const u = ranges.map(() => draw(random, size));
        const v = draw(random, size);
        const [ju] = await execute(derivative, [], [...x, ...u], size);
        const jtv = await execute(transposed, [], [...x, v], size);
        const left = dot(v, ju);
        const right = jtv.reduce(
          (total, part, i) => total + dot(part, u[i]),
          0,
        );
        const scale = Math.sqrt(dot(v, v) * dot(ju, ju)) + 1e-300;
        assert(
          Math.abs(left - right) <= 1e-12 * scale,
          `${left} against ${right}`,
        );
      }),
      { numRuns: 20 },
    ));

  Deno.test(`jvp() of ${name} meets finite differences`, async () => {
    const size = { batch: 3, length: 9 };
    const value = trace(0, arity, (_, x) => apply(...x));
    const h = 1e-6;
    for (let seed = 0; seed < 5; seed++) {
      const random = createRandom(seed);
      const x = ranges.map((range) => draw(random, size, ...range));
      const u = ranges.map(() => draw(random, size));
      const at = async (step: number) =>
        (await execute(
          value,
          [],
          x.map((x, i) => combine(1, x, step, u[i])),
          size,
        ))[0];
      const difference = combine(0.5 / h, await at(h), -0.5 / h, await at(-h));
      const [actual] = await execute(derivative, [], [...x, ...u], size);
      assertClose(flat(actual), flat(difference), 1e-7);
    }
  });

  // φ(t₁, t₂) = Σ f(x + t₁u + t₂v)² w: a curved function of two scalars.
  const onPlane = (signals: Value[]): ValueFunction => (t1, t2) => {
    const point = ranges.map((_, i) => {
      const [x, u, v] = signals.slice(3 * i, 3 * i + 3);
      return add(x, add(multiply(t1, u), multiply(t2, v)));
    });
    const y = f(...point);
    return [sum(multiply(signals[3 * arity], multiply(y, y)))];
  };
  const gradient = trace(
    2,
    3 * arity + 1,
    (t, signals) => jacobianForward(onPlane(signals))(...t)[0],
  );
  for (const strategy of STRATEGIES) {
    Deno.test(`${strategy} of ${name} meets finite differences`, async () => {
      const size = { batch: 2, length: 9 };
      const hessian = trace(
        2,
        3 * arity + 1,
        (t, signals) => hessianBy[strategy](onPlane(signals))(...t).flat(),
      );
      const random = createRandom(name);
      const signals = [
        ...ranges.flatMap((range) => [
          draw(random, size, ...range),
          draw(random, size),
          draw(random, size),
        ]),
        draw(random, size),
      ];
      const gradientAt = async (t1: number, t2: number) =>
        (await execute(gradient, [t1, t2], signals, size)).flat();
      const h = 1e-5;
      const difference = (a: Chunks, b: Chunks) =>
        flat(combine(0.5 / h, a, -0.5 / h, b));
      const expected = [
        difference(await gradientAt(h, 0), await gradientAt(-h, 0)),
        difference(await gradientAt(0, h), await gradientAt(0, -h)),
      ];
      const actual = await execute(hessian, [0, 0], signals, size);
      assertClose(actual.flatMap(flat), expected.flat(), 1e-7);
    });
  }
}

Deno.test("jvp() inside jvp() keeps the two perturbations apart", async () => {
  // d/dx (x · d/dy (x + y)) = 1; confused perturbations give 2.
  const program = trace(1, 0, ([x]) => {
    const inner: ValueFunction = (x) => [
      multiply(x, jvp((y) => [add(x, y)], [x], [add(0, 1)])[1][0]),
    ];
    return jvp(inner, [x], [add(0, 1)])[1];
  });
  const [[result]] = await execute(program, [3], [], { batch: 1, length: 1 });
  assert.equal(result[0], 1);
});

Deno.test("vjp() of a result that does not depend on an input pulls back zero", async () => {
  const program = trace(2, 0, ([x, y]) => {
    const [, pullback] = vjp((x, _) => [multiply(x, x)], x, y);
    return pullback(add(0, 1));
  });
  const size = { batch: 1, length: 1 };
  const [[byX], [byY]] = await execute(program, [3, 4], [], size);
  assert.deepEqual([byX[0], byY[0]], [6, 0]);
});

Deno.test("bind() outside trace() says where values live", () => {
  assert.throws(() => add(1, 2), /inside trace\(\)/);
});

// ------------------------------------------------- executing what was traced

/** What `node` is, computed from its definition in MATH, chunk by chunk. */
function evaluateSlowly(
  node: Node,
  scalars: number[],
  signals: Chunks[],
  size: Size,
  known = new Map<Node, Chunks>(),
): Chunks {
  const found = known.get(node);
  if (found) return found;
  if (nameOf(node) === "previous") {
    evaluateSlowly(node.states![0], scalars, signals, size, known);
    return known.get(node)!;
  }
  if (nameOf(node) === "scan") {
    runScan(node.states!, scalars, signals, size, known);
    return known.get(node)!;
  }
  const { batch, length } = size;
  const inputs = node.inputs.map((input) =>
    evaluateSlowly(input, scalars, signals, size, known)
  );
  const scalar = (value: number) => [Float64Array.of(value)];
  const each = (value: (row: number, n: number, y: Float64Array) => number) =>
    Array.from({ length: batch }, (_, row) => {
      const y = new Float64Array(length);
      for (let n = 0; n < length; n++) y[n] = value(row, n, y);
      return y;
    });
  const [a, b, c] = inputs;
  const compute = (): Chunks => {
    switch (nameOf(node)) {
      case "constant":
        return scalar(node.parameter);
      case "input":
        return node.shape === "scalar"
          ? scalar(scalars[node.parameter])
          : signals[node.parameter];
      case "broadcast":
        return each(() => a[0][0]);
      case "scale":
        return each((row, n) => a[row][n] * b[row][n]);
      case "sum":
        return scalar(
          a.flatMap((chunk) => [...chunk.subarray(node.parameter)])
            .reduce((total, value) => total + value, 0),
        );
      case "after":
        return each((row, n) => n < node.parameter ? 0 : a[row][n]);
      case "delay":
        return each((row, n) => a[row][n - 1] ?? b[0][0]);
      case "advance":
        return each((row, n) => a[row][n + 1] ?? 0);
      case "decay":
        return each((row, n, y) =>
          a[row][n] * (y[n - 1] ?? c[0][0]) + b[row][n]
        );
      case "recur":
      case "recurBack":
        return linearRecurrence(node, inputs, size)[node.parameter];
    }
    const { primitive } = node;
    assert(typeof primitive !== "string" && primitive.evaluate);
    const { evaluate } = primitive;
    return node.shape === "scalar"
      ? scalar(evaluate(...inputs.map(([[value]]) => value)))
      : each((row, n) => evaluate(...inputs.map((input) => input[row][n])));
  };
  const result = compute();
  known.set(node, result);
  return result;
}

/** The states of a linear recurrence, all samples of one after the other. */
function linearRecurrence(
  node: Node,
  inputs: Chunks[],
  { batch, length }: Size,
): Chunks[] {
  const count = node.states!.length;
  const isForward = nameOf(node) === "recur";
  const states = Array.from(
    { length: count },
    () => Array.from({ length: batch }, () => new Float64Array(length)),
  );
  const j = (k: number, l: number) => inputs[count * k + l];
  const drive = (k: number) => inputs[count * count + k];
  const start = (k: number) => inputs[count * count + count + k][0][0];
  for (let row = 0; row < batch; row++) {
    for (let i = 0; i < length; i++) {
      const n = isForward ? i : length - 1 - i;
      const near = isForward ? n - 1 : n + 1;
      const at = isForward ? n : n + 1;
      const before = states.map((y, k) =>
        y[row][near] ?? (isForward ? start(k) : 0)
      );
      for (let k = 0; k < count; k++) {
        states[k][row][n] = before.reduce(
          (sum, y, l) => sum + (j(k, l)[row][at] ?? 0) * y,
          before[k] + drive(k)[row][n],
        );
      }
    }
  }
  return states;
}

/** Sets the states of a scan, and what they were a sample ago, in `known`. */
function runScan(
  states: Node[],
  scalars: number[],
  signals: Chunks[],
  size: Size,
  known: Map<Node, Chunks>,
): void {
  const { batch, length } = size;
  const before = states.map((state) => state.before!);
  const starts = states.map((state, k) =>
    evaluateSlowly(
      state.inputs[states.length + k],
      scalars,
      signals,
      size,
      known,
    )[0][0]
  );
  const values = states.map((_, k) =>
    Array.from(
      { length: batch },
      () => new Float64Array(length).fill(starts[k]),
    )
  );
  const earlier = (y: Chunks, k: number) =>
    y.map((chunk) => chunk.map((_, n) => n === 0 ? starts[k] : chunk[n - 1]));
  // Each round makes one more sample right, whatever the others are.
  for (let round = 0; round < length; round++) {
    const trial = new Map(known);
    before.forEach((node, k) => trial.set(node, earlier(values[k], k)));
    const moves = states.map((state, k) =>
      evaluateSlowly(state.inputs[k], scalars, signals, size, trial)
    );
    values.forEach((y, k) =>
      y.forEach((chunk, row) => {
        for (let n = 0; n < length; n++) {
          chunk[n] = (n === 0 ? starts[k] : chunk[n - 1]) + moves[k][row][n];
        }
      })
    );
  }
  before.forEach((node, k) => known.set(node, earlier(values[k], k)));
  states.forEach((node, k) => known.set(node, values[k]));
}

/** A program of random operations that keep numbers within bounds. */
function randomProgram(random: Random, steps: number): Program {
  return trace(2, 2, (scalars, signals) => {
    const unit = (x: Value) => reciprocal(add(1, multiply(x, x)));
    const bell = (x: Value) => exp(negate(unit(x)));
    const made = [...signals];
    const one = () => random.pick(made);
    const scalar = () => random.pick([...scalars, sum(bell(one()))]);
    const operations: (() => Value)[] = [
      () => add(one(), one()),
      () => subtract(one(), multiply(0.5, one())),
      () => negate(one()),
      () => multiply(bell(one()), one()),
      () => multiply(scalar(), unit(one())),
      () => bell(one()),
      () => select(less(one(), one()), one(), unit(one())),
      () => after(one(), random.integer(0, 5)),
      () => delay(one()),
      () => advance(one()),
      () => delay(advance(one())),
      () => advance(broadcast(scalar())),
      () => leaky(unit(one()), one()),
      () => leakyBack(unit(one()), one()),
      () => leaky(0.25, one()),
      () => delay(one(), scalar()),
      () => log(unit(one())),
      () => abs(one()),
      () => maximum(one(), one()),
      () => ballistics(one(), unit(one()), unit(one())),
      () => scan(loopStep, [scalar(), 0.5], [bell(one()), unit(one())])[1],
    ];
    for (let i = 0; i < steps; i++) made.push(random.pick(operations)());
    return [made.at(-1)!, one(), sum(one()), scalar()];
  });
}

for (const precision of ["double", "single"] as const) {
  for (const fuse of [true, false]) {
    const how = `${precision} precision, ${fuse ? "fused" : "separate"}`;
    Deno.test(`prepare() runs random programs as they are defined (${how})`, () =>
      fc.assert(
        fc.asyncProperty(
          seeds,
          sizes,
          fc.integer({ min: 1, max: 25 }),
          async (seed, size, steps) => {
            const random = createRandom(seed);
            const program = randomProgram(random, steps);
            // Masks flip where rounding decides: single precision is given none.
            fc.pre(
              precision === "double" ||
                reachable(program).every((node) => nameOf(node) !== "less"),
            );
            const signals = [draw(random, size), draw(random, size)];
            const scalars = [random.uniform(), random.uniform()];
            const results = await execute(program, scalars, signals, size, {
              fuse,
              precision,
            });
            const known = new Map<Node, Chunks>();
            const expected = program.outputs.map((output) =>
              flat(evaluateSlowly(output, scalars, signals, size, known))
            );
            // Rounding is in proportion to the largest number on the way.
            const way = [...known.values()].flatMap(flat).map(Math.abs);
            const scale = Math.max(1, ...way) *
              (precision === "double" ? 1e-12 : 1e-5);
            results.forEach((result, i) =>
              flat(result).forEach((value, n) => {
                const deviation = Math.abs(value - expected[i][n]);
                assert(deviation <= scale, `${value}, not ${expected[i][n]}`);
              })
            );
          },
        ),
        { numRuns: 40 },
      ));
  }
}

Deno.test("prepare() computes exp over the whole range", async () => {
  const size = { batch: 1, length: 2001 };
  const x = Float64Array.from({ length: 2001 }, (_, n) => (n - 1000) / 12);
  const program = trace(0, 1, (_, [x]) => [exp(x)]);
  for (
    const [precision, tolerance] of [["double", 1e-15], [
      "single",
      3e-7,
    ]] as const
  ) {
    const input = precision === "single"
      ? Float64Array.from(Float32Array.from(x))
      : x;
    const [[y]] = await execute(program, [], [[input]], size, { precision });
    y.forEach((value, n) => {
      const expected = Math.exp(input[n]);
      assert(
        Math.abs(value / expected - 1) <= tolerance,
        `e^${input[n]} = ${value}`,
      );
    });
  }
});

Deno.test("prepare() refuses what has no samples, and what no memory can hold", async () => {
  const program = trace(0, 1, (_, [x]) => [sum(x)]);
  await assert.rejects(
    prepare(program, { batch: 0, length: 4 }),
    /0 chunks of 4 samples/,
  );
  await assert.rejects(
    prepare(program, { batch: 1000, length: 2_000_000 }),
    /need 8\.0 GB.*fewer or shorter chunks/,
  );
});

// ------------------------------------------------- memory

Deno.test("prepare() counts the signals that are live at once", async () => {
  const size = { batch: 4, length: 100 };
  const bytesOf = async (
    f: (x: Value) => Value,
    fuse: boolean,
    precision: "single" | "double" = "single",
  ) => {
    const program = trace(0, 1, (_, [x]) => [sum(f(x))]);
    const { memory } = await prepare(program, { ...size, precision, fuse });
    assert.equal(
      memory.peakBytes,
      memory.inputBytes + memory.storedBytes + memory.workBytes,
    );
    const signal = 102 * 4 * (precision === "single" ? 4 : 8);
    return [memory.inputBytes / signal, memory.storedBytes / signal];
  };
  const twice = (x: Value) => exp(exp(x));
  assert.deepEqual(await bytesOf(twice, true), [1, 0]);
  // The second exponential is written while the first is still read.
  assert.deepEqual(await bytesOf(twice, false), [1, 2]);
  assert.deepEqual(await bytesOf(twice, false, "double"), [1, 2]);
  // Of a chain of any length no more than two are ever live.
  const chain = (x: Value) => exp(exp(exp(exp(exp(x)))));
  assert.deepEqual(await bytesOf(chain, false), [1, 2]);
  // Forward then backward: what is between is stored, once.
  const there = (x: Value) => leakyBack(0.1, leaky(0.1, x));
  assert.deepEqual(await bytesOf(there, true), [1, 1]);
  // Forward, backward, forward: the first is no longer needed by the third.
  const thereAndBack = (x: Value) => leaky(0.1, there(x));
  assert.deepEqual(await bytesOf(thereAndBack, true), [1, 2]);
});

Deno.test("prepare() allocates what it counts", async () => {
  const { Memory } = WebAssembly;
  let allocated = 0;
  const program = trace(0, 1, (_, [x]) => [sum(leakyBack(0.1, leaky(0.1, x)))]);
  try {
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        super(descriptor);
        allocated += this.buffer.byteLength;
        assert.equal(descriptor.initial, descriptor.maximum);
      }
    };
    const { memory } = await prepare(program, { batch: 4, length: 50_000 });
    assert(memory.peakBytes <= allocated);
    assert(
      allocated - memory.peakBytes < 65536,
      "no more than a page is rounded up",
    );
  } finally {
    WebAssembly.Memory = Memory;
  }
});

Deno.test("schedule() puts every first-order strategy into two sweeps at most", () => {
  const objective: ValueFunction = (x) => {
    const y = leaky(0.1, multiply(x, leaky(0.2, broadcast(x))));
    return [sum(multiply(y, y))];
  };
  const sweepsOf = (f: ValueFunction) =>
    schedule(trace(1, 0, ([x]) => f(x))).map(({ direction }) => direction);
  assert.deepEqual(sweepsOf(objective), ["forward"]);
  assert.deepEqual(
    sweepsOf((x) => jvp(objective, [x], [add(0, 1)])[1]),
    ["forward"],
  );
  assert.deepEqual(
    sweepsOf((x) => vjp(objective, x)[1](add(0, 1))),
    ["forward", "backward"],
  );
});

// ------------------------------------------------- golden Hessians

/**
 * The golden program's static curve: it adds a 0.9999:1 expander below −120 dB,
 * which moves its Hessians by up to 5e-8.
 */
const goldenModel: Model = {
  ...parseModel("4a-2a"),
  output(theta, { input, level, sampleRate }) {
    const slope = subtract(1, divide(1, theta.ratio));
    const above = subtract(theta.threshold_db, level);
    const compressed = select(less(above, 0), multiply(slope, above), 0);
    const expanded = multiply(1 / 0.9999 - 1, add(level, 120));
    const gainDb = select(less(level, -120), expanded, compressed);
    const [gain] = scan(ballisticsStep, [1], [
      factor(gainDb),
      coefficient(theta.attack_ms, sampleRate),
      coefficient(theta.release_ms, sampleRate),
    ]);
    return multiply(factor(theta.make_up_db), multiply(gain, input));
  },
};

const goldenPairs = peakCases.map(goldenPair);

for (const strategy of STRATEGIES) {
  for (const fuse of [true, false]) {
    const how = `${strategy}, ${fuse ? "fused" : "separate"}`;
    Deno.test(`openStrategyHessian() meets the golden Hessians (${how})`, async () => {
      // Separate operations are slower, and differ only in how they run.
      for (let at = fuse ? 0 : 1; at < peakCases.length; at++) {
        const golden = peakCases[at];
        const pair = goldenPairs[at];
        const [double, single] = [
          await openStrategyHessian(pair, {
            strategy,
            fuse,
            precision: "double",
            model: goldenModel,
          }),
          await openStrategyHessian(pair, { strategy, fuse }),
        ];
        const points = golden.evaluations.slice(fuse ? 0 : -1);
        for (const { logits, hessian } of points) {
          assertClose(double.evaluate(logits), hessian.flat(), 1e-8);
          assertClose(single.evaluate(logits), hessian.flat(), 1e-4);
        }
      }
    });
  }
}

Deno.test("openStrategyHessian() meets the double-precision engine to 1e-11", async () => {
  const pair = goldenPairs[1];
  const engine = openOracle(pair);
  const objective = objectiveOf(engine, publishedCoordinates(pair.sampleRate));
  const { logits } = peakCases[1].evaluations[0];
  const expected = await objective.evaluate(Float64Array.from(logits), 2);
  assert(expected.hessian);
  for (const strategy of STRATEGIES) {
    const hessian = await openStrategyHessian(pair, {
      strategy,
      precision: "double",
    });
    assertClose(hessian.evaluate(logits), expected.hessian, 1e-11);
  }
  await engine.close();
});

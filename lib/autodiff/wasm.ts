/**
 * A small assembler for WebAssembly: expressions as the bytes that leave their
 * value on the stack, and modules of functions over one imported memory.
 *
 * Only what the signal programs use is here. Numbers are those of the
 * WebAssembly 2.0 specification, §5.4 (binary format of instructions).
 *
 * @module
 */

/** Bytes of one or more instructions. */
export type Code = number[];

/** Unsigned LEB128, the format's variable-length integer. */
export function unsigned(value: number): Code {
  const bytes: Code = [];
  do {
    const low = value % 128;
    value = Math.floor(value / 128);
    bytes.push(value > 0 ? low + 128 : low);
  } while (value > 0);
  return bytes;
}

/** Signed LEB128 of an integer. */
function signed(value: bigint): Code {
  const bytes: Code = [];
  for (;;) {
    const low = Number(value & 127n);
    value >>= 7n;
    const done = value === (low & 64 ? -1n : 0n);
    bytes.push(done ? low : low | 128);
    if (done) return bytes;
  }
}

function bytesOf(view: ArrayBufferView): Code {
  return [...new Uint8Array(view.buffer)];
}

/** An instruction that takes the values of its arguments. */
function instruction(...opcode: Code): (...operands: Code[]) => Code {
  return (...operands) => [...operands.flat(), ...opcode];
}

function vectorInstruction(opcode: number): (...operands: Code[]) => Code {
  return instruction(0xfd, ...unsigned(opcode));
}

/** The local variable `index`. */
export function get(index: number): Code {
  return [0x20, ...unsigned(index)];
}

/** Sets the local variable `index` to `value`. */
export function set(index: number, value: Code): Code {
  return [...value, 0x21, ...unsigned(index)];
}

/** Repeats `body` until `again`, evaluated after it, is 0. */
export function repeat(body: Code, again: Code): Code {
  return [0x03, 0x40, ...body, ...again, 0x0d, 0x00, 0x0b];
}

/** Operations on 32-bit integers. */
export const i32 = {
  const: (value: number): Code => [0x41, ...signed(BigInt(value | 0))],
  add: instruction(0x6a),
  subtract: instruction(0x6b),
  greaterOrEqual: instruction(0x4f),
  less: instruction(0x49),
};

/** Operations on 64-bit integers. */
export const i64 = {
  const: (value: bigint): Code => [0x42, ...signed(value)],
};

/** Operations on 128-bit vectors, whatever their lanes are. */
export const v128 = {
  /** Vector at `address` + `offset`. */
  load: (address: Code, offset: number): Code => [
    ...address,
    ...[0xfd, 0x00, 0x04],
    ...unsigned(offset),
  ],
  /** Puts `value` at `address` + `offset`. */
  store: (address: Code, offset: number, value: Code): Code => [
    ...address,
    ...value,
    ...[0xfd, 0x0b, 0x04],
    ...unsigned(offset),
  ],
  /** Bytes of `a` (0–15) and of `b` (16–31), in the order of `lanes`. */
  shuffle: (a: Code, b: Code, lanes: number[]): Code => [
    ...a,
    ...b,
    ...[0xfd, 0x0d],
    ...lanes,
  ],
  and: vectorInstruction(78),
  /** Bits of the first where the third has them, else of the second. */
  bitselect: vectorInstruction(82),
};

/** Operations on four 32-bit integers. */
export const i32x4 = {
  splat: vectorInstruction(17),
  shiftLeft: vectorInstruction(171),
  shiftRight: vectorInstruction(172),
  add: vectorInstruction(174),
  subtract: vectorInstruction(177),
  /** To floats. */
  convert: vectorInstruction(250),
  /** Of four floats. */
  truncate: vectorInstruction(248),
};

/** Operations on two 64-bit integers. */
export const i64x2 = {
  splat: vectorInstruction(18),
  shiftLeft: vectorInstruction(203),
  shiftRight: vectorInstruction(204),
  add: vectorInstruction(206),
  subtract: vectorInstruction(209),
};

/** Operations on the floating-point lanes of a vector. */
export interface FloatLanes {
  splat(value: number): Code;
  notEqual(a: Code, b: Code): Code;
  less(a: Code, b: Code): Code;
  nearest(a: Code): Code;
  abs(a: Code): Code;
  add(a: Code, b: Code): Code;
  subtract(a: Code, b: Code): Code;
  multiply(a: Code, b: Code): Code;
  divide(a: Code, b: Code): Code;
  min(a: Code, b: Code): Code;
  max(a: Code, b: Code): Code;
  /** a b + c, rounded once or twice. */
  madd(a: Code, b: Code, c: Code): Code;
  /** c − a b, rounded once or twice. */
  nmadd(a: Code, b: Code, c: Code): Code;
}

/** Four lanes of single precision. */
export const f32x4: FloatLanes = {
  splat: (value) =>
    vectorInstruction(19)([0x43, ...bytesOf(Float32Array.of(value))]),
  notEqual: vectorInstruction(66),
  less: vectorInstruction(67),
  nearest: vectorInstruction(106),
  abs: vectorInstruction(224),
  add: vectorInstruction(228),
  subtract: vectorInstruction(229),
  multiply: vectorInstruction(230),
  divide: vectorInstruction(231),
  min: vectorInstruction(232),
  max: vectorInstruction(233),
  madd: vectorInstruction(0x105),
  nmadd: vectorInstruction(0x106),
};

/** Two lanes of double precision. */
export const f64x2: FloatLanes = {
  splat: (value) =>
    vectorInstruction(20)([0x44, ...bytesOf(Float64Array.of(value))]),
  notEqual: vectorInstruction(72),
  less: vectorInstruction(73),
  nearest: vectorInstruction(148),
  abs: vectorInstruction(236),
  add: vectorInstruction(240),
  subtract: vectorInstruction(241),
  multiply: vectorInstruction(242),
  divide: vectorInstruction(243),
  min: vectorInstruction(244),
  max: vectorInstruction(245),
  madd: vectorInstruction(0x107),
  nmadd: vectorInstruction(0x108),
};

/** The first two of four floats as doubles. */
export const promoteLow: (a: Code) => Code = vectorInstruction(95);

/** Two doubles as floats, followed by two zeros. */
export const demote: (a: Code) => Code = vectorInstruction(94);

/** A function of four integers that returns nothing. */
export interface WasmFunction {
  name: string;
  /** Vector variables it has, numbered after its parameters. */
  vectors: number;
  body: Code;
}

/** Bytes of a page of memory. */
export const PAGE_BYTES = 65536;

/** Pages that 32-bit addresses reach: those of a memory shared by threads. */
export const MOST_PAGES = 65536;

/**
 * A module of `functions` over the memory imported as `env.memory`: one of its
 * own, or, where it is `shared`, that of the threads, which has its full size.
 */
export function assemble(
  functions: WasmFunction[],
  { shared = false } = {},
): Uint8Array<ArrayBuffer> {
  const I32 = 0x7f;
  const V128 = 0x7b;
  const text = (s: string) => sized([...new TextEncoder().encode(s)]);
  const sized = (bytes: Code): Code => unsigned(bytes.length).concat(bytes);
  const list = (items: Code[]): Code =>
    unsigned(items.length).concat(items.flat());
  const section = (id: number, items: Code[]): Code =>
    [id].concat(sized(list(items)));
  const bytes = [
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    section(1, [[0x60, ...list([[I32], [I32], [I32], [I32]]), ...list([])]]),
    section(2, [[
      ...[...text("env"), ...text("memory"), 0x02],
      ...(shared
        ? [0x03, ...unsigned(MOST_PAGES), ...unsigned(MOST_PAGES)]
        : [0x00, 0x00]),
    ]]),
    section(3, functions.map(() => [0x00])),
    section(
      7,
      functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]),
    ),
    section(
      10,
      functions.map(({ vectors, body }) =>
        sized(list([[...unsigned(vectors), V128]]).concat(body, 0x0b))
      ),
    ),
  ];
  return Uint8Array.from(bytes.flat());
}

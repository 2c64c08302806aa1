/**
 * Cuts a program into sweeps over time.
 *
 * An operation on signals either works element by element, and does not care
 * which way time passes, or it carries a state and needs a direction: a
 * recurrence goes forward, its transpose backward. A *sweep* passes over time
 * once and applies many operations, sample by sample, so that most of what they
 * compute lives no longer than a sample. Only two things force a new sweep: an
 * operation that needs the other direction, and one that needs a sum, which is
 * known at the end. Sweeps therefore go forward and backward in turn, and every
 * operation is placed in the first that can hold it.
 *
 * What another sweep reads is *stored*, whole: the states of recurrences, and
 * signals that are read at a neighbouring sample. What follows from those element
 * by element is computed again where it is needed, which costs less than memory
 * does.
 *
 * Without fusion every operation has a sweep of its own and stores its result,
 * as in a framework that executes operation by operation.
 *
 * @module
 */

import type { Program } from "./program.ts";
import { nameOf } from "./simplify.ts";
import type { Node } from "./value.ts";

/** Direction in which a sweep passes over time. */
export type Direction = "forward" | "backward";

/** Operations applied in one pass over time. */
export interface Sweep {
  direction: Direction;
  /** What is computed, inputs before results. */
  body: Node[];
  /** Stored signals that it reads. */
  reads: Node[];
  /** Signals of `body` that it stores. */
  writes: Node[];
}

/** Options of {@linkcode schedule}. */
export interface ScheduleOptions {
  /** Whether operations share sweeps (default true). */
  fuse?: boolean;
}

/** Operations that carry a state over time, with their direction. */
const RECURRENT: Record<string, Direction> = {
  scan: "forward",
  recur: "forward",
  decay: "forward",
  recurBack: "backward",
};

/** Views of a signal at the neighbouring sample, with the direction they need. */
const SHIFTS: Record<string, Direction> = {
  delay: "forward",
  advance: "backward",
};

/** True for a view of a signal at the neighbouring sample. */
export function isShift(node: Node): boolean {
  return nameOf(node) in SHIFTS;
}

/** All that the outputs of `program` need, inputs before results. */
export function reachable({ outputs }: Program): Node[] {
  const found = new Set<Node>();
  const pending = [...outputs];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    pending.push(...node.inputs, ...node.states ?? []);
  }
  return [...found].sort((a, b) => a.id - b.id);
}

/** The sweeps that compute the outputs of `program`, in order. */
export function schedule(
  program: Program,
  options: ScheduleOptions = {},
): Sweep[] {
  const { fuse = true } = options;
  const nodes = reachable(program);
  const roots = rootsOf(program, nodes, fuse);
  const { sweepOf, directions } = fuse
    ? placeTogether(nodes)
    : placeApart(nodes, roots);

  const stored = new Set(program.outputs.filter((n) => n.shape === "signal"));
  const sweeps = directions.map((direction, at): Sweep => {
    const body = new Set<Node>();
    const reads = new Set<Node>();
    const need = (node: Node) => {
      if (node.shape === "scalar") return;
      if (nameOf(node) === "input") {
        reads.add(node);
      } else if (roots.has(node) && sweepOf.get(node)! < at) {
        reads.add(node);
        stored.add(node);
      } else {
        compute(node);
      }
    };
    const compute = (node: Node) => {
      if (body.has(node)) return;
      body.add(node);
      node.inputs.forEach(need);
      node.states?.forEach(need);
    };
    for (const root of roots) if (sweepOf.get(root) === at) compute(root);
    return {
      direction,
      body: inOrder(body),
      reads: inOrder(reads),
      writes: [],
    };
  });
  sweeps.forEach((sweep, at) => {
    sweep.writes = sweep.body.filter((n) =>
      stored.has(n) && sweepOf.get(n) === at
    );
  });
  return sweeps;
}

/** Operations that are computed once: all others may be computed again. */
function rootsOf(program: Program, nodes: Node[], fuse: boolean): Set<Node> {
  const roots = new Set<Node>();
  const loops = inLoops(nodes);
  const addSignal = (node: Node) => {
    if (node.shape === "signal" && nameOf(node) !== "input") roots.add(node);
  };
  for (const node of nodes) {
    const name = nameOf(node);
    if (name === "sum" || name in RECURRENT) roots.add(node);
    if (name in SHIFTS) addSignal(node.inputs[0]);
    else if (!fuse && name !== "broadcast" && !loops.has(node)) addSignal(node);
  }
  program.outputs.forEach(addSignal);
  return roots;
}

/** What a scan computes from its state a sample ago: it cannot stand elsewhere. */
function inLoops(nodes: Node[]): Set<Node> {
  const found = new Set<Node>();
  for (const node of nodes) {
    const isLoop = nameOf(node) === "previous" ||
      !(nameOf(node) in RECURRENT) && nameOf(node) !== "sum" &&
        node.inputs.some((input) => found.has(input));
    if (isLoop) found.add(node);
  }
  return found;
}

/** The sweep that each node first belongs to, and where the sweeps go. */
interface Placement {
  sweepOf: Map<Node, number>;
  directions: Direction[];
}

/** Places every operation in the first sweep that can hold it. */
function placeTogether(nodes: Node[]): Placement {
  const sweepOf = new Map<Node, number>();
  const before = nodes.filter((node) => nameOf(node) === "previous");
  // A state a sample ago stands where the state does, which is found after it.
  for (let isSettled = false; !isSettled;) {
    for (const node of nodes) {
      let at = sweepOf.get(node) ?? 0;
      for (const input of node.inputs) {
        const known = sweepOf.get(input)! + (nameOf(input) === "sum" ? 1 : 0);
        at = Math.max(at, known);
      }
      const name = nameOf(node);
      const needed = RECURRENT[name] ?? SHIFTS[name];
      if (needed && needed !== directionOf(at)) at++;
      sweepOf.set(node, at);
      // The states of one recurrence are computed together.
      if (name in RECURRENT) {
        for (const state of node.states!) {
          sweepOf.set(state, Math.max(at, sweepOf.get(state) ?? 0));
        }
      }
    }
    isSettled = before.every((node) =>
      sweepOf.get(node) === sweepOf.get(node.states![0])
    ) && nodes.every((node) =>
      !(nameOf(node) in RECURRENT) ||
      node.states!.every((state) =>
        sweepOf.get(state) === sweepOf.get(node)
      )
    );
    for (const node of before) {
      sweepOf.set(node, sweepOf.get(node.states![0])!);
    }
  }
  const used = nodes.filter((n) => n.shape === "signal" || nameOf(n) === "sum");
  const count = 1 + Math.max(-1, ...used.map((n) => sweepOf.get(n)!));
  return {
    sweepOf,
    directions: Array.from({ length: count }, (_, at) => directionOf(at)),
  };
}

function directionOf(sweep: number): Direction {
  return sweep % 2 === 0 ? "forward" : "backward";
}

/** Gives every root a sweep of its own. */
function placeApart(nodes: Node[], roots: Set<Node>): Placement {
  const sweepOf = new Map<Node, number>();
  const directions: Direction[] = [];
  for (const node of nodes) {
    if (!roots.has(node) || nameOf(node) === "previous") continue;
    sweepOf.set(node, directions.length);
    directions.push(RECURRENT[nameOf(node)] ?? "forward");
  }
  for (const node of nodes) {
    if (nameOf(node) === "previous") {
      sweepOf.set(node, sweepOf.get(node.states![0])!);
    }
  }
  return { sweepOf, directions };
}

function inOrder(nodes: Set<Node>): Node[] {
  return [...nodes].sort((a, b) => a.id - b.id);
}

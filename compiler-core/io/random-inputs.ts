/**
 * Random inputs that a model can be run on: floats of both signs, integers from the range that their consumers accept (ids of an
 * embedding, indices of a gather, masks), from a seeded generator, so that every machine gets the same ones.
 */
import type { Graph, Node, ValueId } from "../graph/ir.ts";
import { staticShape, valueOf } from "../graph/ir.ts";
import { allocate, count, evaluable, isBig, writeScalar, type NdArray } from "../graph/ndarray.ts";
import { bug, userError } from "../messages.ts";
import type { OpName } from "../graph/ops/index.ts";
import type { RunTensor } from "./session/run-value.ts";
import { isFloat, type DType } from "../support/dtype.ts";
import { integerRange as typeRange, roundFloat } from "../tensor/rounding.ts";

/** Uniform numbers in [0, 1) with 32 random bits: xorshift128 seeded through splitmix32 (Marsaglia 2003; Steele et al. 2014). */
export function randomSource(seed: number): () => number {
  let mix = seed >>> 0;
  const next = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = Math.imul(mix ^ (mix >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, d] = [next(), next(), next(), next() | 1];
  return () => {
    const t = a ^ (a << 11);
    [a, b, c] = [b, c, d];
    d = (d ^ (d >>> 19) ^ t ^ (t >>> 8)) >>> 0;
    return d / 2 ** 32;
  };
}

/** Whole numbers low .. high, both included. */
export interface IntegerRange {
  readonly low: number;
  readonly high: number;
}

const usualRange: IntegerRange = { low: 0, high: 7 };

/** Operators that pass integers on unchanged, so that the range is that of their own consumers. */
const transparent: readonly OpName[] = [
  "cast",
  "identity",
  "reshape",
  "expand",
  "transpose",
  "concat",
  "split",
  "slice",
  "pad",
  "tile",
  "squeeze",
  "unsqueeze",
  "flatten",
];

/** The range of an integer input: the narrowest that any consumer in `graph` asks for. Shapes come from `typed`, a later snapshot. */
export function integerRange(graph: Graph, typed: Graph, input: ValueId): IntegerRange {
  const consumers = new Map<ValueId, { readonly node: Node; readonly operand: number }[]>();
  for (const node of graph.nodes) {
    node.inputs.forEach((value, operand) => {
      if (value !== null) consumers.set(value, [...(consumers.get(value) ?? []), { node, operand }]);
    });
  }
  let [low, high] = [0, Infinity];
  const seen = new Set<ValueId>([input]);
  const open = [input];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    for (const { node, operand } of consumers.get(value) ?? []) {
      const length = operand === indexOperand[node.op] ? indexedLength(typed, node) : undefined;
      if (length !== undefined) high = Math.min(high, length - 1);
      else if (operand === 1 && pointsInto(node)) high = Math.min(high, leastExtent(typed, node.inputs[0]) - 1);
      else if (isOpaque(node, "EmbedLayerNormalization") && operand < 2)
        high = Math.min(high, rows(typed, node.inputs[operand === 0 ? 2 : 4]) - 1);
      else if (node.op === "where" && operand === 0) high = Math.min(high, 1);
      else if ((node.op === "div" || node.op === "mod") && operand === 1)
        low = 1; // ONNX Runtime stops at an integer divided by zero
      else if (transparent.includes(node.op)) {
        for (const out of node.outputs) if (!seen.has(out)) open.push(out);
        node.outputs.forEach((out) => seen.add(out));
      }
    }
  }
  return Number.isFinite(high) ? { low: Math.min(low, Math.max(0, high)), high: Math.max(0, high) } : { ...usualRange, low };
}

const isOpaque = (node: Node, opType: string): boolean => node.op === "opaque" && node.attrs["opType"] === opType;

/** Is operand 1 a list of places in operand 0? */
const pointsInto = (node: Node): boolean => /gather|scatter/i.test(node.op === "opaque" ? String(node.attrs["opType"]) : node.op);

const extentsOf = (graph: Graph, id: ValueId | null | undefined): readonly number[] => {
  const value = id == null ? undefined : graph.values[id];
  return (value === undefined ? undefined : staticShape(value)) ?? [];
};
const rows = (graph: Graph, id: ValueId | null | undefined): number => extentsOf(graph, id)[0] ?? Infinity;
/** A place below this is inside of the tensor along any axis. */
const leastExtent = (graph: Graph, id: ValueId | null | undefined): number => Math.min(Infinity, ...extentsOf(graph, id));

/** Operators that look elements up: the operand that holds positions. */
const indexOperand: Readonly<Partial<Record<OpName, number>>> = {
  gather: 1,
  "gather-elements": 1,
  "gather-nd": 1,
  "scatter-elements": 1,
  "scatter-nd": 1,
  "one-hot": 0,
};

/** How many positions there are: the extent of the axis, or of the shortest one where there is none. */
function indexedLength(graph: Graph, node: Node): number {
  if (node.op === "one-hot") return Number(node.attrs["depth"] ?? Infinity);
  const data = node.inputs[0];
  const value = data === null || data === undefined ? undefined : graph.values[data];
  const shape = value === undefined ? undefined : staticShape(value);
  if (shape === undefined) return Infinity;
  if (node.op === "gather-nd" || node.op === "scatter-nd") return Math.min(...shape);
  const axis = typeof node.attrs["axis"] === "number" ? node.attrs["axis"] : 0;
  return shape[axis < 0 ? axis + shape.length : axis] ?? Infinity;
}

/**
 * One tensor per input of `typed`, whose shapes must be static (`input-mismatch` otherwise). `imported` is the graph as it came from the
 * file: its consumers decide the ranges of integers.
 */
export function randomInputs(imported: Graph, typed: Graph, seed: number): NdArray[] {
  return randomRunInputs(imported, typed, seed).map((v, i) => {
    if ("data" in v) return v;
    const { name, dtype } = valueOf(typed, typed.inputs[i] ?? 0);
    return userError("input-mismatch", {}, { name, what: `no random numbers are made for ${dtype}` });
  });
}

/** As `randomInputs`, for whatever can be run: strings are words. */
export function randomRunInputs(imported: Graph, typed: Graph, seed: number): RunTensor[] {
  const random = randomSource(seed);
  return typed.inputs.map((id): RunTensor => {
    const value = valueOf(typed, id);
    const shape = value.shape === undefined ? anyRank : staticShape(value);
    if (shape === undefined)
      userError("input-mismatch", {}, { name: value.name, what: "its shape is not known; give its dimensions with --dim" });
    if (value.dtype === "string")
      return { dtype: "string", shape, strings: Array.from({ length: count(shape) }, () => randomWord(random)) };
    if (!evaluable(value.dtype))
      userError("input-mismatch", {}, { name: value.name, what: `no random values are made for ${value.dtype}` });
    return randomTensor(value.dtype, shape, isFloat(value.dtype) ? undefined : integerRange(imported, typed, id), random);
  });
}

/** For an input without a rank: what most operators take, products included. */
const anyRank = [4, 4];

const words = ["the", "a", "and", "good", "bad", "day", "night", "1", "42", "Hello", "world", "caf\u00e9", "x"];
const randomWord = (random: () => number): string => words[Math.floor(random() * words.length)] ?? "";

/** Floats are uniform in [-1, 1), rounded to their type; integers uniform in what the range and the type have in common, bool 0 or 1. */
export function randomTensor(
  dtype: NdArray["dtype"],
  shape: readonly number[],
  range: IntegerRange | undefined,
  random: () => number,
): NdArray {
  const out = allocate(dtype, shape, "native");
  const n = count(shape);
  if (isFloat(dtype)) {
    for (let i = 0; i < n; i++) writeScalar(out, i, roundFloat(dtype, 2 * random() - 1));
    return out;
  }
  const { low, high } = dtype === "bool" ? { low: 0, high: 1 } : within(dtype, range ?? bug("integers need a range"));
  for (let i = 0; i < n; i++) {
    const v = low + Math.floor(random() * (high - low + 1));
    writeScalar(out, i, isBig(dtype) ? BigInt(v) : v);
  }
  return out;
}

function within(dtype: DType, range: IntegerRange): IntegerRange {
  const type = typeRange(dtype);
  return { low: Math.max(range.low, Number(type.lowest)), high: Math.min(range.high, Number(type.highest)) };
}

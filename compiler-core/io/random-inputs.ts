/**
 * Random inputs that a model can be run on: floats of both signs, integers from the range that their consumers accept (ids of an
 * embedding, indices of a gather, masks), from a seeded generator, so that every machine gets the same ones.
 */
import type { Graph, Node, ValueId } from "../graph/ir.ts";
import { staticShape, valueOf } from "../graph/ir.ts";
import { allocate, count, evaluable, isBig, toNumbers, writeScalar, type NdArray } from "../graph/ndarray.ts";
import { bug, userError } from "../messages.ts";
import type { OpName } from "../graph/ops/index.ts";
import { extentsOf, isPrompt, operandRange, positiveOperand, type IntegerRange } from "./operand-ranges.ts";
import type { RunTensor } from "./session/run-value.ts";

export type { IntegerRange } from "./operand-ranges.ts";
import { constantData } from "../graph/types.ts";
import { dtypeBytes, isFloat, type DType } from "../support/dtype.ts";
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
  let [low, high] = [0, Infinity];
  followUses(graph, input, transparent, (node, operand) => {
    const range = consumerRange(graph, typed, node, operand);
    low = Math.max(low, range.low ?? low);
    high = Math.min(high, range.high ?? high);
  });
  return Number.isFinite(high) ? { low: Math.min(low, Math.max(0, high)), high: Math.max(0, high) } : { ...usualRange, low };
}

/** Calls `use` for every node that reads the value, directly or behind operators in `through`. */
function followUses(graph: Graph, input: ValueId, through: readonly OpName[], use: (node: Node, operand: number) => void): void {
  const consumers = new Map<ValueId, { readonly node: Node; readonly operand: number }[]>();
  for (const node of graph.nodes) {
    node.inputs.forEach((value, operand) => {
      if (value !== null) consumers.set(value, [...(consumers.get(value) ?? []), { node, operand }]);
    });
  }
  for (const node of contributed(graph)) {
    node.inputs.forEach((value, operand) => {
      if (value !== null) consumers.set(value, [...(consumers.get(value) ?? []), { node, operand }]);
    });
  }
  const seen = new Set<ValueId>([input]);
  const open = [input];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    for (const { node, operand } of consumers.get(value) ?? []) {
      use(node, operand);
      if (!through.includes(node.op)) continue;
      for (const out of node.outputs) if (!seen.has(out)) open.push(out);
      node.outputs.forEach((out) => seen.add(out));
    }
  }
}

/** Nodes of the file of ONNX Runtime's own domain that were taken apart: what they accept is known of the whole. */
const contributed = (graph: Graph): readonly Node[] =>
  graph.sources.flatMap(({ domain, opType, name, reads }, id): Node[] =>
    domain !== "com.microsoft" || reads === undefined
      ? []
      : [{ id: -1 - id, op: "opaque", name, inputs: reads, outputs: [], attrs: { opType }, origin: [id], phase: "run" }],
  );

function consumerRange(graph: Graph, typed: Graph, node: Node, operand: number): Partial<IntegerRange> {
  if (operand === indexOperand[node.op]) return { high: indexedLength(typed, node) - 1 };
  const known = operandRange(typed, node, operand);
  if (known !== undefined) return known;
  if (isPrompt(node, operand)) return promptRange(graph, node);
  if (operand === 1 && pointsInto(node)) return { high: leastExtent(typed, node.inputs[0]) - 1 };
  if (node.op === "where" && operand === 0) return { high: 1 };
  if (node.op === "reduce-sum" && countsPositions(graph, node)) return { low: 1, high: 1 };
  if (node.op === "equal") return oneOfConstant(typed, node.inputs[1 - operand]);
  return (node.op === "div" || node.op === "mod") && operand === 1 ? { low: 1 } : {}; // ONNX Runtime stops at an integer divided by zero
}

/** Is the sum a length of what attention caches? Then what is summed is a mask of as many ones. */
function countsPositions(graph: Graph, sum: Node): boolean {
  let found = false;
  followUses(graph, sum.outputs[0] ?? -1, [...transparent, "sub"], (node, operand) => {
    if (node.op === "opaque" && node.attrs["opType"] === "GroupQueryAttention" && operand === 5) found = true;
  });
  return found;
}

/** A value that is compared with one number is meant to be it: other cases of a model are rarely ones that it was made for. */
function oneOfConstant(typed: Graph, other: ValueId | null | undefined): Partial<IntegerRange> {
  const value = other == null ? undefined : typed.values[other];
  const data = value === undefined || !evaluable(value.dtype) ? undefined : constantData(typed, value);
  const numbers = data === undefined ? [] : toNumbers(data);
  const [only = -1] = numbers;
  return numbers.length === 1 && only > usualRange.high ? { low: only, high: only } : {};
}

/** Token ids that all bodies of a node accept as their first input. */
function promptRange(graph: Graph, node: Node): Partial<IntegerRange> {
  const bodies = Array.isArray(node.attrs["bodies"]) ? node.attrs["bodies"].map(Number) : [];
  const highs = bodies.flatMap((id) => {
    const body = graph.bodies?.get(id).graph;
    return body === undefined ? [] : [integerRange(body, body, body.inputs[0] ?? -1).high];
  });
  return highs.length === 0 ? {} : { high: Math.min(...highs) };
}

/** Is operand 1 a list of places in operand 0? */
const pointsInto = (node: Node): boolean => /gather|scatter/i.test(node.op === "opaque" ? String(node.attrs["opType"]) : node.op);

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
    if (!holdable(value.dtype, shape))
      userError(
        "input-mismatch",
        {},
        { name: value.name, what: `${shape.join(" x ")} elements are too many; give smaller extents with --dim` },
      );
    if (value.dtype === "string")
      return { dtype: "string", shape, strings: Array.from({ length: count(shape) }, () => randomWord(random)) };
    if (!evaluable(value.dtype))
      userError("input-mismatch", {}, { name: value.name, what: `no random values are made for ${value.dtype}` });
    if (isFloat(value.dtype) && onlyPositive(imported, id)) return filled(value.dtype, shape, 1);
    if (isCode(imported, id, value.dtype)) return randomCodes(value.dtype, shape, random);
    return randomTensor(value.dtype, shape, isFloat(value.dtype) ? undefined : integerRange(imported, typed, id), random);
  });
}

/** What reads bytes as codes of a quantised tensor, behind a cast and the zero point too: by operand. */
const readsCodes: Readonly<Partial<Record<OpName, readonly number[]>>> = {
  "dequantize-linear": [0],
  "matmul-integer": [0, 1],
  conv: [0, 1],
};

function isCode(graph: Graph, id: ValueId, dtype: DType): boolean {
  if (dtype !== "u8" && dtype !== "i8") return false;
  let found = false;
  followUses(graph, id, [...transparent, "sub"], (node, operand) => (found ||= readsCodes[node.op]?.includes(operand) === true));
  return found;
}

/**
 * Codes of a tensor that was quantised to four deviations on either side: a bell around the middle of the type. A few small codes would all be
 * far below the zero point, and whatever is computed from them at the end of its range.
 */
function randomCodes(dtype: NdArray["dtype"], shape: readonly number[], random: () => number): NdArray {
  const { low, high } = within(dtype, { low: -Infinity, high: Infinity });
  const [middle, deviation] = [(low + high + 1) / 2, (high - low + 1) / 8];
  const out = allocate(dtype, shape, "native");
  for (let i = 0; i < count(shape); i++) {
    const bell = (random() + random() + random() + random() - 2) * Math.sqrt(3); // of deviation 1: Irwin-Hall
    writeScalar(out, i, Math.min(high, Math.max(low, Math.round(middle + deviation * bell))));
  }
  return out;
}

/** No longer arrays are made, and drawing the elements of this one takes minutes. */
const mostBytes = 2 ** 32;
const holdable = (dtype: DType, shape: readonly number[]): boolean => dtypeBytes(dtype, count(shape)) <= mostBytes;

function onlyPositive(graph: Graph, id: ValueId): boolean {
  let found = false;
  followUses(graph, id, transparent, (node, operand) => (found ||= positiveOperand(node, operand)));
  return found;
}

function filled(dtype: NdArray["dtype"], shape: readonly number[], value: number): NdArray {
  const out = allocate(dtype, shape, "native");
  for (let i = 0; i < count(shape); i++) writeScalar(out, i, value);
  return out;
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

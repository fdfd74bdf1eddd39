/**
 * From sums to bytes in one step: the factor of a product, a bias, an activation that limits, and the quantisation of the result become
 *   saturate(round(limit(sums * (scale / step) + bias / step)) + zero point),
 * with one rounding to f32 less than the operators had, so results differ by one step where a value lies between two of them.
 */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import { requantizedTypes } from "../../../graph/ops/requantize.ts";
import type { Rule } from "../../../graph/rules.ts";
import type { DType } from "../../../support/dtype.ts";
import { integerRange } from "../../../tensor/rounding.ts";
import { asF32, asScalar, isConstantLike } from "./quantised.ts";

/** sums * scale + bias, limited: what a quantisation is found to be of. */
interface Chain {
  readonly sums: ValueId;
  readonly scale: ValueId;
  readonly bias: ValueId | undefined;
  readonly low: number;
  readonly high: number;
  /** What stood between the product and its quantisation; the factor belongs to the product. */
  readonly nodes: readonly Node[];
}

const single = (e: GraphEditor, id: ValueId): boolean => e.staticShape(id)?.every((d) => d === 1) === true;

function number(e: GraphEditor, id: ValueId | null | undefined): number | undefined {
  const data = e.constant(id, 1)?.data;
  return data?.length === 1 ? Number(data[0]) : undefined;
}

/** The limits of relu and clip; undefined: it is none. */
function limitsOf(e: GraphEditor, node: Node): readonly [number, number] | undefined {
  if (node.op === "relu") return [0, Infinity];
  if (node.op === "max" || node.op === "min") {
    const limit = node.inputs.length === 2 ? number(e, node.inputs[1]) : undefined;
    return limit === undefined ? undefined : node.op === "max" ? [limit, Infinity] : [-Infinity, limit];
  }
  const [low, high] = node.op === "clip" ? [node.attrs["min"] ?? -Infinity, node.attrs["max"] ?? Infinity] : [];
  return typeof low === "number" && typeof high === "number" && low <= high ? [low, high] : undefined;
}

/** The operand that is made by a node, and the other one, which is known at compile time and broadcasts to it. */
function withConstant(e: GraphEditor, node: Node): readonly [ValueId, ValueId] | undefined {
  const [a, b] = node.inputs as readonly [ValueId, ValueId];
  const shape = String(e.staticShape(node.outputs[0]!));
  for (const [x, c] of [
    [a, b],
    [b, a],
  ] as const)
    if (isConstantLike(e, c) && !isConstantLike(e, x) && String(e.staticShape(x)) === shape) return [x, c];
  return undefined;
}

/** The value in one piece: limit(sums * scale + bias). Undefined: it is not made of a product of integers, or others read the steps. */
function chainOf(e: GraphEditor, id: ValueId): Chain | undefined {
  const nodes: Node[] = [];
  let at = id;
  let [low, high] = [-Infinity, Infinity];
  const step = (): Node | undefined => {
    const producer = e.producer(at);
    return producer !== undefined && e.hasOneUse(at) && e.value(at).dtype === "f32" ? producer : undefined;
  };
  let node = step();
  for (let limits = node && limitsOf(e, node); node !== undefined && limits !== undefined; limits = node && limitsOf(e, node)) {
    [low, high] = [limits[0], limits[1]].map((v) => Math.min(Math.max(v, low), high)) as [number, number];
    nodes.push(node);
    at = node.inputs[0]!;
    node = step();
  }
  let bias: ValueId | undefined;
  if (node?.op === "add") {
    const operands = withConstant(e, node);
    if (operands === undefined) return undefined;
    nodes.push(node);
    [at, bias] = operands;
    node = step();
  }
  const factors = node?.op === "mul" ? withConstant(e, node) : undefined;
  const cast = factors && e.producer(factors[0]);
  if (node === undefined || factors === undefined || cast?.op !== "cast" || !e.hasOneUse(factors[0])) return undefined;
  const sums = cast.inputs[0]!;
  if (e.value(sums).dtype !== "i32") return undefined;
  return { sums, scale: factors[1], bias, low, high, nodes };
}

const limitAttrs = (low: number, high: number, step: number): Readonly<Record<string, number>> => ({
  ...(low === -Infinity ? {} : { low: low / step }),
  ...(high === Infinity ? {} : { high: high / step }),
});

function quantisation(node: Node, e: GraphEditor): Patch | undefined {
  const [x, stepId, zeroId] = node.inputs as readonly [ValueId, ValueId, (ValueId | null)?];
  const to = node.attrs["to"] as DType;
  const step = number(e, stepId);
  const zero = zeroId == null ? 0 : number(e, zeroId);
  if (step === undefined || !(step > 0) || zero === undefined || !single(e, stepId) || !requantizedTypes.includes(to)) return undefined;
  const chain = chainOf(e, x);
  if (chain === undefined) return undefined;
  const p = e.patch(node, [...chain.nodes, node]);
  const divisor = asScalar(p, asF32(p, stepId));
  const scale = p.add("div", [asF32(p, chain.scale), divisor]);
  const bias = chain.bias === undefined ? [] : [p.add("div", [asF32(p, chain.bias), divisor])];
  return p.done(
    p.add("requantize", [chain.sums, scale, ...bias], { to, zero, ...limitAttrs(chain.low, chain.high, step) }),
    chainNote(chain),
  );
}

const chainNote = (c: Chain): string =>
  `${["scale", c.bias === undefined ? "" : "bias", c.low === -Infinity && c.high === Infinity ? "" : "limits"].filter((s) => s !== "").join(", ")} and quantisation in one step`;

/** cast(clip(round(sums * scale) + zero point)): how the operators with quantised results are imported. */
function written(node: Node, e: GraphEditor): Patch | undefined {
  const to = node.attrs["to"] as DType;
  if (!requantizedTypes.includes(to)) return undefined;
  const nodes: Node[] = [node];
  const behind = (id: ValueId | undefined, op: string): Node | undefined => {
    const producer = id === undefined || !e.hasOneUse(id) ? undefined : e.producer(id);
    if (producer?.op !== op) return undefined;
    nodes.push(producer);
    return producer;
  };
  const clip = behind(node.inputs[0]!, "clip");
  const { lowest, highest } = integerRange(to);
  if (clip === undefined || clip.attrs["min"] !== Number(lowest) || clip.attrs["max"] !== Number(highest)) return undefined;
  const add = behind(clip.inputs[0]!, "add");
  const rounded = add === undefined ? clip.inputs[0]! : add.inputs[0]!;
  const zero = add === undefined ? 0 : zeroPoint(e, add.inputs[1]!);
  const round = behind(rounded, "round");
  if (round === undefined || zero === undefined) return undefined;
  const chain = chainOf(e, round.inputs[0]!);
  if (chain === undefined) return undefined;
  const p: PatchBuilder = e.patch(node, [...chain.nodes, ...nodes]);
  const bias = chain.bias === undefined ? [] : [chain.bias];
  return p.done(
    p.add("requantize", [chain.sums, chain.scale, ...bias], { to, zero, ...limitAttrs(chain.low, chain.high, 1) }),
    chainNote(chain),
  );
}

/** A zero point as f32: a cast of a constant, or one. */
function zeroPoint(e: GraphEditor, id: ValueId): number | undefined {
  let at: ValueId | null | undefined = id;
  for (let node = e.producer(at); node?.op === "cast" || node?.op === "reshape"; node = e.producer(at)) at = node.inputs[0];
  return number(e, at);
}

/** A computed value that is quantised by one number: times its reciprocal, because a division takes several times as long. */
function computed(node: Node, e: GraphEditor): Patch | undefined {
  const [x, stepId, zeroId] = node.inputs as readonly [ValueId, ValueId, (ValueId | null)?];
  const to = node.attrs["to"] as DType;
  const step = number(e, stepId);
  const zero = zeroId == null ? 0 : number(e, zeroId);
  const producer = e.producer(x);
  if (producer === undefined || movesInputs(e, producer) || e.value(x).dtype !== "f32" || isConstantLike(e, x)) return undefined;
  if (step === undefined || !(step > 0) || zero === undefined || !requantizedTypes.includes(to)) return undefined;
  const p = e.patch(node);
  const reciprocal = p.constant("", fromValues("f32", [], [1 / step]));
  return p.done(p.add("requantize", [x, reciprocal], { to, zero }));
}

/** Elements of the file's own inputs are quantised to the last bit as the standard says. */
function movesInputs(e: GraphEditor, node: Node): boolean {
  if (node.op === "opaque") return true;
  const [from] = node.inputs;
  const moves = ["reshape", "transpose", "slice", "squeeze", "unsqueeze", "flatten", "identity", "cast", "concat", "gather", "pad"];
  if (!moves.includes(node.op) || from == null) return false;
  const producer = e.producer(from);
  return producer === undefined || movesInputs(e, producer);
}

export const requantiseRules: readonly Rule[] = [
  { name: "low-precision/requantise", ops: ["quantize-linear"], rewrite: quantisation },
  { name: "low-precision/requantise", ops: ["cast"], rewrite: written },
  { name: "low-precision/reciprocal", ops: ["quantize-linear"], rewrite: computed },
];

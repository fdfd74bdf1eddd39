/** Rules of `simplify` about elementwise operators. */
import { isFloat } from "../../../support/dtype.ts";
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Attrs, Node, ValueId } from "../../../graph/ir.ts";
import { fromValues, type NdArray } from "../../../graph/ndarray.ts";
import type { OpName } from "../../../graph/ops/index.ts";
import type { Rule } from "../../../graph/rules.ts";

const rule = (name: string, ops: readonly OpName[], rewrite: Rule["rewrite"]): Rule => ({ name: `simplify/${name}`, ops, rewrite });

/** Is the constant all `value`? */
function isFilled(data: NdArray | undefined, value: number): boolean {
  return (
    data !== undefined && data.data.length > 0 && Array.from(data.data as ArrayLike<number | bigint>).every((x) => Number(x) === value)
  );
}

/** The single value of a constant that is the same everywhere. */
function uniform(e: GraphEditor, id: ValueId | null | undefined): number | undefined {
  const data = e.constant(id);
  const first = data?.data[0];
  return first !== undefined && isFilled(data, Number(first)) ? Number(first) : undefined;
}

/** Do both have the same type? Then one can stand for the other. */
function sameType(e: GraphEditor, a: ValueId, b: ValueId): boolean {
  const [x, y] = [e.value(a), e.value(b)];
  return x.dtype === y.dtype && x.shape !== undefined && y.shape !== undefined && String(x.shape) === String(y.shape);
}

/** The result is operand `x` itself. */
function becomes(node: Node, e: GraphEditor, x: ValueId | null | undefined): Patch | undefined {
  const out = node.outputs[0]!;
  return x != null && sameType(e, x, out) && (node.op !== "identity" || e.canDrop(out, x)) ? e.patch(node).done(x) : undefined;
}

/** `x op c` where c leaves x as it is; for commutative operators also `c op x`. */
function neutral(value: number, bothSides: boolean): Rule["rewrite"] {
  return (node, e) => {
    const [a, b] = node.inputs;
    if (uniform(e, b) === value) return becomes(node, e, a);
    return bothSides && uniform(e, a) === value ? becomes(node, e, b) : undefined;
  };
}

/** 1/c is exact when c is a power of two in the normal range. */
function divideByPower(node: Node, e: GraphEditor): Patch | undefined {
  const [x, c] = node.inputs;
  const data = e.constant(c);
  if (data === undefined || !isFloat(data.dtype) || x == null || data.data.length === 0) return undefined;
  const inverses = Array.from(data.data as ArrayLike<number>, (v) => 1 / v);
  const exact = inverses.every((v) => Math.abs(v) > 2 ** -14 && Math.abs(v) < 2 ** 14 && Math.log2(Math.abs(v)) % 1 === 0);
  if (!exact) return undefined;
  const p = e.patch(node);
  return p.done(p.add("mul", [x, p.constant(`1/${e.value(c!).name}`, fromValues(data.dtype, data.shape, inverses))]));
}

/** Powers with small exponents, the same everywhere. */
const powers: ReadonlyMap<number, (x: ValueId, p: ReturnType<GraphEditor["patch"]>) => ValueId> = new Map([
  [2, (x, p) => p.add("mul", [x, x])],
  [3, (x, p) => p.add("mul", [p.add("mul", [x, x]), x])],
  [0.5, (x, p) => p.add("sqrt", [x])],
  [-1, (x, p) => p.add("reciprocal", [x])],
]);
function power(node: Node, e: GraphEditor): Patch | undefined {
  const [x, c] = node.inputs;
  const exponent = uniform(e, c);
  if (exponent === undefined || x == null || !sameType(e, x, node.outputs[0]!)) return undefined;
  if (exponent === 1) return becomes(node, e, x);
  const form = powers.get(exponent);
  if (form === undefined || (!isFloat(e.value(x).dtype) && exponent < 1)) return undefined;
  const p = e.patch(node);
  return p.done(form(x, p));
}

/** f(f(x)) = x. */
function involution(node: Node, e: GraphEditor): Patch | undefined {
  const inner = e.producer(node.inputs[0]);
  return inner?.op === node.op ? becomes(node, e, inner.inputs[0]) : undefined;
}
/** f(f(x)) = f(x). */
function idempotent(node: Node, e: GraphEditor): Patch | undefined {
  return e.producer(node.inputs[0])?.op === node.op ? becomes(node, e, node.inputs[0]) : undefined;
}

/** Every value of the first type is a value of the second. */
const widenings: Readonly<Record<string, readonly string[]>> = {
  f16: ["f32", "f64"],
  bf16: ["f32", "f64"],
  f32: ["f64"],
  bool: ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64", "f16"],
  i8: ["i16", "i32", "i64", "f32", "f64", "f16"],
  u8: ["i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64", "f16"],
  i16: ["i32", "i64", "f32", "f64"],
  u16: ["i32", "u32", "i64", "u64", "f32", "f64"],
  i32: ["i64", "f64"],
  u32: ["i64", "u64", "f64"],
};
/** A cast to the type that is there already, back from a wider one, or from a wider one to a third. */
function castOfCast(node: Node, e: GraphEditor): Patch | undefined {
  const x = node.inputs[0]!;
  const inner = e.producer(x);
  const source = inner?.op === "cast" ? inner.inputs[0] : undefined;
  if (source == null || e.value(x).dtype === node.attrs["to"]) return becomes(node, e, x);
  const [from, middle] = [e.value(source).dtype, e.value(x).dtype];
  if (!widenings[from]?.includes(middle)) return undefined;
  if (e.value(source).dtype === node.attrs["to"]) return becomes(node, e, source);
  const p = e.patch(node, e.hasOneUse(x) ? [inner!, node] : [node]);
  return p.done(p.add("cast", [source], node.attrs));
}

function clipToRelu(node: Node, e: GraphEditor): Patch | undefined {
  if (node.attrs["max"] !== undefined || node.attrs["min"] !== 0) return undefined;
  const p = e.patch(node);
  return p.done(p.add("relu", [node.inputs[0]!]));
}

/** 1 / x, and 1 / sqrt stays two operators that the code generator knows. */
function oneOver(node: Node, e: GraphEditor): Patch | undefined {
  const [c, x] = node.inputs;
  if (uniform(e, c) !== 1 || x == null || !sameType(e, x, node.outputs[0]!) || !isFloat(e.value(x).dtype)) return undefined;
  const p = e.patch(node);
  return p.done(p.add("reciprocal", [x]));
}

/** An operand need not be expanded when the operator broadcasts it anyway. */
function expandedOperand(node: Node, e: GraphEditor): Patch | undefined {
  const out = e.staticShape(node.outputs[0]!);
  if (out === undefined) return undefined;
  for (const [i, id] of node.inputs.entries()) {
    const inner = e.producer(id);
    const source = inner?.op === "expand" ? inner.inputs[0] : undefined;
    if (source == null) continue;
    const inputs = node.inputs.map((x, j) => (j === i ? source : x));
    const p = e.patch(node);
    const y = p.add(node.op, inputs, node.attrs as Attrs);
    if (String(p.value(y).shape) === String(out)) return p.done(y);
  }
  return undefined;
}

const broadcasting: readonly OpName[] = [
  "add",
  "sub",
  "mul",
  "div",
  "min",
  "max",
  "pow",
  "where",
  "equal",
  "less",
  "less-equal",
  "greater",
  "greater-equal",
  "and",
  "or",
  "xor",
];

export const arithmeticRules: readonly Rule[] = [
  rule("identity", ["identity"], (node, e) => becomes(node, e, node.inputs[0])),
  rule("add-zero", ["add"], neutral(0, true)),
  rule("sub-zero", ["sub"], neutral(0, false)),
  rule("mul-one", ["mul"], neutral(1, true)),
  rule("div-one", ["div"], neutral(1, false)),
  rule("div-power-of-two", ["div"], divideByPower),
  rule("one-over", ["div"], oneOver),
  rule("pow", ["pow"], power),
  rule("double-inverse", ["neg", "not", "bit-not"], involution),
  rule("idempotent", ["relu", "abs", "floor", "ceil", "round", "sign"], idempotent),
  rule("cast", ["cast"], castOfCast),
  rule("clip-to-relu", ["clip"], clipToRelu),
  rule("expanded-operand", broadcasting, expandedOperand),
];

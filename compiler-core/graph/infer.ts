/** Types of node outputs: the registry's rules, after checks that are the same for all operators. */
import type { Attrs, Shape } from "./ir.ts";
import { isStatic, shapeText } from "./dims.ts";
import { isOpName, opOf, type OpName } from "./ops/index.ts";
import { isRefusal, refuse, type AttrKind, type AttrSpec, type InferCall, type Inferred, type Op, type TensorType } from "./ops/op.ts";
import { bakeLate, canonicalLate } from "./late.ts";
import { knownShape, knownSize } from "./ops/shapes.ts";
import { dtypes } from "../support/dtype.ts";
import { allocate, evaluable, count, type NdArray } from "./ndarray.ts";

/** Values computed during inference (shape arithmetic) stay below this many elements. */
export const smallLimit = 4096;

const isInt = (v: unknown): boolean => typeof v === "bigint" || Number.isInteger(v);
const kinds: Record<AttrKind, (v: unknown) => boolean> = {
  int: Number.isSafeInteger,
  float: (v) => typeof v === "number",
  number: (v) => typeof v === "number" || typeof v === "bigint",
  bool: (v) => typeof v === "boolean",
  string: (v) => typeof v === "string",
  dtype: (v) => (dtypes as readonly unknown[]).includes(v),
  ints: (v) => Array.isArray(v) && v.every(isInt),
  dims: (v) => Array.isArray(v) && v.every((d) => typeof d === "string" || isInt(d)),
  strings: (v) => Array.isArray(v) && v.every((s) => typeof s === "string"),
  numbers: (v) => Array.isArray(v) && v.every((n) => typeof n === "number" || typeof n === "bigint"),
  any: () => true,
};

/** The schemas as lists, because every pass checks every node. */
const schemas = new Map<OpName, readonly (readonly [string, AttrSpec])[]>();
function schemaOf(op: OpName): readonly (readonly [string, AttrSpec])[] {
  const have = schemas.get(op) ?? Object.entries(opOf(op).attrs);
  schemas.set(op, have);
  return have;
}

/** A sentence about the first attribute that the schema does not allow; undefined when all is well. */
export function attrProblem(op: OpName, attrs: Attrs): string | undefined {
  const schema = opOf(op).attrs;
  for (const name of Object.keys(attrs)) {
    if (!Object.hasOwn(schema, name) && attrs[name] !== undefined) return `${op} has no attribute ${name}`;
  }
  for (const [name, spec] of schemaOf(op)) {
    const value = attrs[name];
    if (value === undefined ? spec.optional !== true : !kinds[spec.kind](value))
      return `attribute ${name} of ${op} is ${value === undefined ? "missing" : `not of kind ${spec.kind}`}`;
  }
  return undefined;
}

/** The attributes with defaults filled in, in the order of the schema. */
export function withDefaults(op: OpName, attrs: Attrs): Attrs {
  const schema: Readonly<Record<string, AttrSpec>> = opOf(op).attrs;
  const out: Record<string, Attrs[string]> = {};
  for (const [name, spec] of schemaOf(op)) {
    const value = attrs[name] ?? spec.default;
    if (value !== undefined) out[name] = value;
  }
  for (const name of Object.keys(attrs)) if (!Object.hasOwn(schema, name)) out[name] = attrs[name];
  return out;
}

/** Output types of a node of `op`, or why it cannot be one. For `opaque` there is nothing to infer: an empty list. */
export function inferOp(op: OpName, call: InferCall): Inferred {
  const row = opOf(op);
  if (row.traits.includes("opaque")) return [];
  const problem = attrProblem(op, call.attrs);
  if (problem !== undefined) return refuse("attribute", problem);
  const [least, most] = row.arity;
  if (call.inputs.length < least || call.inputs.length > most)
    return refuse("arity", `${op} takes ${least === most ? least : `${least} to ${most}`} operands, not ${call.inputs.length}`);
  if (call.inputs.slice(0, least).includes(null)) return refuse("arity", `an operand of ${op} is missing`);
  if (call.outputs < row.outputs[0] || call.outputs > row.outputs[1])
    return refuse("arity", `${op} has ${row.outputs[0]} output, not ${call.outputs}`);
  const alien = call.inputs.find((t) => t !== null && !evaluable(t.dtype));
  if (alien) return refuse("dtype", `elements of type ${alien.dtype} are not supported`);
  const types = row.infer(bakedCall(row, call));
  if (isRefusal(types)) return types;
  const impossible = types.find((t) => t.shape !== undefined && !isPossible(t.shape));
  return impossible
    ? refuse("value", `a result of ${shapeText(impossible.shape)} elements is not possible`)
    : types.map((t) => ({ dtype: t.dtype, shape: t.shape }));
}

/** More elements than this fit into no memory, and their sizes in bytes not into numbers. */
const mostElements = 2 ** 40;

/** Extents that some array can have: a model may ask for anything, and sizes are multiplied later without a second look. */
function isPossible(shape: Shape): boolean {
  let n = 1;
  for (const d of shape) {
    if (typeof d !== "number") continue;
    if (!Number.isInteger(d) || d < 0 || d > mostElements) return false;
    n *= Math.max(1, d);
  }
  return n <= mostElements;
}

/** The call with known late operands as canonical attributes. */
function bakedCall(row: Op, call: InferCall): InferCall {
  const baked = bakeLate(row, { inputs: call.inputs, attrs: call.attrs }, call.known);
  if (baked.attrs === call.attrs) return call;
  return { ...call, inputs: baked.inputs, attrs: row.normalise?.(baked.inputs, baked.attrs) ?? baked.attrs };
}

/**
 * The outputs' data, where small and computable from what is known: how shapes that a model computes itself become known.
 * `shape` and `size` need only the type of their operand.
 */
export function knownOutputs(op: string, call: InferCall, types: readonly TensorType[]): readonly NdArray[] | undefined {
  if (!isOpName(op) || !types.every((t) => isStatic(t.shape) && count(t.shape) <= smallLimit && evaluable(t.dtype))) return undefined;
  if (op === "shape") {
    const extents = knownShape(call.inputs[0]?.shape);
    return extents && evalKnown(op, call, types, [placeholder(call.inputs[0]!)]);
  }
  if (op === "size") {
    const n = knownSize(call.inputs[0]?.shape);
    return n && [n];
  }
  const inputs: (NdArray | null)[] = [];
  for (const [i, t] of call.inputs.entries()) {
    const data = t === null ? null : call.known(i);
    if (data === undefined) return undefined;
    inputs.push(data);
  }
  return evalKnown(op, call, types, inputs);
}

/** A tensor that has only a shape: what the `shape` operator looks at. */
const placeholder = (t: TensorType): NdArray => ({
  ...allocate(t.dtype === "string" ? "u8" : t.dtype, [0], "native"),
  shape: t.shape as readonly number[],
});

function evalKnown(
  op: OpName,
  call: InferCall,
  types: readonly TensorType[],
  inputs: readonly (NdArray | null)[],
): readonly NdArray[] | undefined {
  const outputs = types.map((t) => ({ dtype: t.dtype, shape: t.shape as readonly number[] }));
  const row = opOf(op);
  return row.eval?.({ ...canonicalLate(row, { inputs, attrs: call.attrs }), outputs, mode: "native" });
}

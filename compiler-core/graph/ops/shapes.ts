/** Operators on shapes: shape, size, range, constant-of-shape. They vanish once shapes are known. */
import { isStatic, productDim } from "../dims.ts";
import type { Dim } from "../ir.ts";
import { allocate, fromValues, toNumbers, writeScalar, type NdArray, type Scalar } from "../ndarray.ts";
import { dtypeAttr, intAttr, noFlops, numberTypes, refuse, type EvalCall, type InferCall, type Inferred, type Op } from "./op.ts";
import type { Attrs } from "../ir.ts";

/** The part [start, end) of the axes, clamped. */
function axisRange(attrs: Attrs, rank: number): readonly [number, number] {
  const clamp = (v: number): number => Math.min(Math.max(v < 0 ? v + rank : v, 0), rank);
  const start = clamp(intAttr(attrs, "start"));
  return [start, Math.max(start, attrs["end"] === undefined ? rank : clamp(intAttr(attrs, "end")))];
}

export const shape: Op = {
  what: "the extents of x",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: { start: { kind: "int", default: 0 }, end: { kind: "int", optional: true } },
  traits: ["shape"],
  infer: ({ inputs, attrs }) => {
    const rank = inputs[0]!.shape?.length;
    const [a, b] = rank === undefined ? [0, "?" as Dim] : axisRange(attrs, rank);
    return [{ dtype: "i64", shape: [typeof b === "number" ? b - a : b] }];
  },
  eval: ({ inputs, attrs, outputs }) => [
    fromValues("i64", outputs[0]!.shape, inputs[0]!.shape.slice(...axisRange(attrs, inputs[0]!.shape.length))),
  ],
  flops: noFlops,
  bytes: noFlops,
};

export const size: Op = {
  what: "the number of elements of x",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: {},
  traits: ["shape"],
  infer: () => [{ dtype: "i64", shape: [] }],
  eval: ({ inputs }) => [fromValues("i64", [], [inputs[0]!.data.length])],
  flops: noFlops,
  bytes: noFlops,
};

function inferConstantOfShape({ inputs, attrs, known }: InferCall): Inferred {
  const dims = known(0);
  const rank = inputs[0]!.shape?.[0];
  const extents: readonly Dim[] | undefined = dims
    ? toNumbers(dims)
    : typeof rank === "number"
      ? Array.from({ length: rank }, () => "?")
      : undefined;
  if (extents?.some((d) => typeof d === "number" && d < 0)) return refuse("value", "a negative extent");
  return [{ dtype: dtypeAttr(attrs, "dtype"), shape: extents }];
}

function fill({ attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  for (let i = 0; i < out.data.length; i++) writeScalar(out, i, attrs["value"] as Scalar);
  return [out];
}

export const constantOfShape: Op = {
  what: "a tensor of one repeated value, of the shape that operand 0 holds",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: { value: { kind: "number", default: 0 }, dtype: { kind: "dtype", default: "f32" } },
  traits: ["shape"],
  infer: inferConstantOfShape,
  eval: fill,
  flops: noFlops,
};

export const range: Op = {
  what: "start, start + delta ... below limit",
  arity: [3, 3],
  outputs: [1, 1],
  attrs: {},
  traits: ["shape"],
  infer: ({ inputs, known }) => {
    const dtype = inputs[0]!.dtype;
    if (!numberTypes.includes(dtype) || inputs.some((t) => t!.dtype !== dtype))
      return refuse("dtype", "start, limit and delta must have one numeric type");
    const [start, limit, delta] = [0, 1, 2].map((i) => known(i)).map((v) => (v ? toNumbers(v)[0] : undefined));
    if (start === undefined || limit === undefined || delta === undefined) return [{ dtype, shape: ["?"] }];
    return delta === 0 ? refuse("value", "a step is 0") : [{ dtype, shape: [Math.max(0, Math.ceil((limit - start) / delta))] }];
  },
  eval: ({ inputs, outputs, mode }) => {
    const [start, , delta] = inputs.map((t) => toNumbers(t!)[0]!);
    const out = outputs[0]!;
    return [
      fromValues(
        out.dtype,
        out.shape,
        Array.from({ length: out.shape[0]! }, (_, i) => start! + i * delta!),
        mode,
      ),
    ];
  },
  flops: noFlops,
};

/** Extents as a constant would hold them, or undefined while one is symbolic. */
export const knownShape = (dims: readonly Dim[] | undefined): NdArray | undefined =>
  isStatic(dims) ? fromValues("i64", [dims.length], dims) : undefined;
export const knownSize = (dims: readonly Dim[] | undefined): NdArray | undefined =>
  isStatic(dims) ? fromValues("i64", [], [productDim(dims) as number]) : undefined;

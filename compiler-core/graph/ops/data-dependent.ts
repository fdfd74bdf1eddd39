/** Operators whose result is as large as the data says: they are compiled when the data is constant. */
import { normalAxis, shapeText } from "../dims.ts";
import { eachIndex } from "../eval-movement.ts";
import { allocate, count, fromValues, strides, type NdArray, type Scalar } from "../ndarray.ts";
import { boolAttr, noFlops, refuse, type EvalCall, type InferCall, type Inferred, type Op } from "./op.ts";

/** Positions of the true elements of a condition that is an attribute. */
export const truePositions = (condition: readonly (number | bigint)[], extent: number): number[] =>
  condition.flatMap((c, i) => (Number(c) !== 0 && i < extent ? [i] : []));

export const compress: Op = {
  what: "the slices of x along an axis (or elements of x, flattened) whose condition is true; becomes a gather",
  arity: [1, 2],
  outputs: [1, 1],
  attrs: { condition: { kind: "ints", optional: true }, axis: { kind: "int", optional: true } },
  traits: ["composite", "movement"],
  late: { condition: 1 },
  infer: ({ inputs, attrs }) => {
    const x = inputs[0]!;
    const axis = attrs["axis"] as number | undefined;
    const condition = attrs["condition"] as readonly number[] | undefined;
    const extents = x.shape !== undefined && axis === undefined && x.shape.every((d) => typeof d === "number") ? count(x.shape) : undefined;
    if (axis === undefined) {
      const n = condition === undefined || extents === undefined ? "?" : truePositions(condition, extents).length;
      return [{ dtype: x.dtype, shape: [n] }];
    }
    if (x.shape === undefined) return [x];
    const at = normalAxis(axis, x.shape.length);
    if (at === undefined) return refuse("attribute", `axis ${axis} is not an axis of ${shapeText(x.shape)}`);
    const extent = x.shape[at]!;
    const kept = condition === undefined || typeof extent !== "number" ? "?" : truePositions(condition, extent).length;
    return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (i === at ? kept : d)) }];
  },
  eval: ({ inputs, attrs, outputs, mode }) => {
    const given = inputs[0]!;
    const x = attrs["axis"] === undefined ? { ...given, shape: [given.data.length] } : given;
    const axis = normalAxis(Number(attrs["axis"] ?? 0), x.shape.length)!;
    const kept = truePositions(attrs["condition"] as readonly number[], x.shape[axis]!);
    const out = allocate(x.dtype, outputs[0]!.shape, mode);
    const steps = strides(x.shape);
    eachIndex(out.shape, (index, at) => {
      out.data[at] = x.data[index.reduce((sum, i, a) => sum + (a === axis ? kept[i]! : i) * steps[a]!, 0)]!;
    });
    return [out];
  },
  flops: noFlops,
};

function positionsOf(x: NdArray): number[][] {
  const found: number[][] = [];
  eachIndex(x.shape, (index, at) => void (Number(x.data[at]) !== 0 && found.push([...index])));
  return found;
}

export const nonZero: Op = {
  what: "positions of the elements that are not zero, one column each; only of constants",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: {},
  traits: [],
  infer: ({ inputs, known }) => {
    const data = known(0);
    return [{ dtype: "i64", shape: [inputs[0]!.shape?.length ?? "?", data === undefined ? "?" : positionsOf(data).length] }];
  },
  eval: ({ inputs, outputs }) => {
    const found = positionsOf(inputs[0]!);
    return [
      fromValues(
        "i64",
        outputs[0]!.shape,
        inputs[0]!.shape.flatMap((_, axis) => found.map((index) => index[axis]!)),
      ),
    ];
  },
  flops: noFlops,
};

interface Distinct {
  readonly axis: number;
  /** The operand, flattened where no axis is given. */
  readonly x: NdArray;
  /** For each distinct slice the first position, its number, and for each position the slice it equals. */
  readonly first: readonly number[];
  readonly counts: readonly number[];
  readonly inverse: readonly number[];
}

function distinct(given: NdArray, attrs: EvalCall["attrs"]): Distinct {
  const x = attrs["axis"] === undefined ? { ...given, shape: [given.data.length] } : given;
  const axis = normalAxis(Number(attrs["axis"] ?? 0), x.shape.length)!;
  const n = x.shape[axis]!;
  const inner = count(x.shape.slice(axis + 1));
  const outer = count(x.shape.slice(0, axis));
  const slices = Array.from({ length: n }, (_, i) =>
    Array.from({ length: outer * inner }, (_, j) => x.data[(Math.floor(j / inner) * n + i) * inner + (j % inner)]!),
  );
  const groups = new Map<string, number[]>();
  slices.forEach((s, i) => groups.set(s.join(), [...(groups.get(s.join()) ?? []), i]));
  const members = [...groups.values()];
  if (boolAttr(attrs, "sorted")) members.sort((a, b) => order(slices[a[0]!]!, slices[b[0]!]!));
  const inverse = new Array<number>(n).fill(0);
  members.forEach((m, group) => m.forEach((i) => (inverse[i] = group)));
  return { axis, x, first: members.map((m) => m[0]!), counts: members.map((m) => m.length), inverse };
}

function order(a: readonly Scalar[], b: readonly Scalar[]): number {
  const i = a.findIndex((v, j) => v !== b[j]);
  return i < 0 ? 0 : a[i]! < b[i]! ? -1 : 1;
}

function inferUnique({ inputs, attrs, known, outputs }: InferCall): Inferred {
  const x = inputs[0]!;
  const axis = attrs["axis"] as number | undefined;
  if (axis !== undefined && x.shape !== undefined && normalAxis(axis, x.shape.length) === undefined)
    return refuse("attribute", `axis ${axis} is not an axis of ${shapeText(x.shape)}`);
  const data = known(0);
  const found = data && distinct(data, attrs);
  const at = axis === undefined ? 0 : x.shape && normalAxis(axis, x.shape.length);
  const shape = axis === undefined ? ["?"] : x.shape;
  const n = found?.first.length ?? "?";
  const types = [
    { dtype: x.dtype, shape: shape?.map((d, i) => (i === at ? n : d)) },
    { dtype: "i64" as const, shape: [n] },
    { dtype: "i64" as const, shape: [found?.inverse.length ?? "?"] },
    { dtype: "i64" as const, shape: [n] },
  ];
  return types.slice(0, outputs);
}

export const unique: Op = {
  what: "the distinct elements (or slices along an axis), where each is first, which each equals, and how many; only of constants",
  arity: [1, 1],
  outputs: [1, 4],
  attrs: { axis: { kind: "int", optional: true }, sorted: { kind: "bool", default: true } },
  traits: [],
  infer: inferUnique,
  eval: ({ inputs, attrs, outputs, mode }) => {
    const { x, axis, first, counts, inverse } = distinct(inputs[0]!, attrs);
    const values = allocate(x.dtype, outputs[0]!.shape, mode);
    const steps = strides(x.shape);
    eachIndex(values.shape, (index, at) => {
      values.data[at] = x.data[index.reduce((sum, i, a) => sum + (a === axis ? first[i]! : i) * steps[a]!, 0)]!;
    });
    const lists = [first, inverse, counts].map((l) => fromValues("i64", [l.length], l));
    return [values, ...lists].slice(0, outputs.length);
  },
  flops: noFlops,
};

/** ONNX operators that change or read shapes. */
import { normalAxis, productDim } from "../../graph/dims.ts";
import type { Scalar } from "../../graph/ndarray.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

function reshape(c: BuildCall) {
  const allowZero = c.flag("allowzero");
  const shape = c.ints("shape");
  return c.add("reshape", shape === undefined ? [c.input(0), c.input(1)] : [c.input(0)], { shape, allowZero });
}

const axisOf = (axis: number, rank: number): number => normalAxis(axis, rank) ?? notCompiled(`axis ${axis} is out of range`);

/** A reshape where one can be written; extents that are not known follow from the operand's at run time. */
function flatten(c: BuildCall) {
  const [x, axis] = [c.input(0), c.int("axis", 1)];
  if (axis === 0) return c.add("reshape", [x], { shape: [1, -1] });
  const shape = c.shape(0);
  if (shape === undefined) return axis === 1 ? c.add("reshape", [x], { shape: [0, -1] }) : c.add("flatten", [x], { axis });
  const at = axis < 0 ? axis + shape.length : axis;
  const [rows, columns] = [productDim(shape.slice(0, at)), productDim(shape.slice(at))];
  if (typeof rows === "number")
    return c.add("reshape", [x], { shape: [rows, typeof columns === "number" ? columns : -1], allowZero: true });
  return c.add("reshape", [x], { shape: typeof columns === "number" && columns > 0 ? [-1, columns] : [at === 1 ? 0 : rows, -1] });
}

/** Axes: an attribute before opset 13, then an operand. Undefined while they are not known. */
const axesOf = (c: BuildCall): readonly number[] | undefined => c.ints("axes") ?? c.known(1);
const withAxes = (c: BuildCall, op: "squeeze" | "unsqueeze") => {
  const axes = c.ints("axes");
  return c.add(op, axes === undefined && c.has(1) ? [c.input(0), c.input(1)] : [c.input(0)], { axes });
};

function squeeze(c: BuildCall) {
  const shape = c.shape(0);
  const axes = axesOf(c);
  if (shape === undefined || (axes === undefined && (c.has(1) || shape.some((d) => typeof d === "string")))) return withAxes(c, "squeeze");
  const drop = axes?.map((a) => axisOf(a, shape.length)) ?? shape.flatMap((d, i) => (d === 1 ? [i] : []));
  const wrong = drop.find((a) => typeof shape[a] === "number" && shape[a] !== 1);
  if (wrong !== undefined) notCompiled(`axis ${wrong} has extent ${shape[wrong]}, not 1`);
  return c.reshape(
    c.input(0),
    [...shape.keys()].filter((i) => !drop.includes(i)).map((axis) => ({ axis })),
  );
}

function unsqueeze(c: BuildCall) {
  const shape = c.shape(0);
  const given = axesOf(c);
  if (shape === undefined || given === undefined) return withAxes(c, "unsqueeze");
  const rank = shape.length + given.length;
  const axes = given.map((a) => axisOf(a, rank));
  if (new Set(axes).size !== axes.length) notCompiled("an axis is given twice");
  let from = 0;
  return c.reshape(
    c.input(0),
    Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : { axis: from++ })),
  );
}

/** The element type is that of the operand unless `dtype` says another. */
const eyeLike: Builder = (c) => c.add("eye-like", [c.input(0)], { k: c.int("k", 0), dtype: c.dtypeOf("dtype", c.dtype(0)) });

function constantOfShape(c: BuildCall) {
  const value = c.tensor("value");
  const element: Scalar = value === undefined ? 0 : value.data[0]!;
  return c.add("constant-of-shape", [c.input(0)], { value: element, dtype: value?.dtype ?? "f32" });
}

const transpose: Builder = (c) => c.add("transpose", [c.input(0)], { perm: c.ints("perm") });

export const shapeBuilders: Readonly<Record<string, Builder>> = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: (c) => c.add("expand", [c.input(0), c.input(1)]),
  Transpose: transpose,
  Shape: (c) => c.add("shape", [c.input(0)], { start: c.int("start", 0), end: c.int("end") }),
  Size: (c) => c.add("size", [c.input(0)]),
  ConstantOfShape: constantOfShape,
  EyeLike: eyeLike,
  Range: (c) => c.add("range", [c.input(0), c.input(1), c.input(2)]),
};

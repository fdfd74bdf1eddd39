/** Resize as one operator per axis: a gather for nearest, a resampling by tables for the others. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import { isFloat, type DType } from "../../../support/dtype.ts";
import { baseGrid } from "../../../graph/ops/grid-sample.ts";
import { resizedAxes } from "../../../graph/ops/resize.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Rule } from "../../../graph/rules.ts";

function resize(node: Node, e: GraphEditor): Patch | undefined {
  const shape = e.staticShape(node.inputs[0]!);
  if (shape === undefined || e.staticShape(node.outputs[0]!) === undefined || node.inputs.length > 1) return undefined;
  const { dtype } = e.value(node.inputs[0]!);
  const nearest = node.attrs["mode"] === "nearest";
  const computed: DType = nearest || dtype === "f64" ? dtype : "f32";
  const p = e.patch(node);
  let x = dtype === computed ? node.inputs[0]! : p.add("cast", [node.inputs[0]!], { to: computed });
  for (const { axis, table } of resizedAxes(shape, node.attrs)) {
    const extents = [table.taps, table.outside.length];
    if (nearest) x = p.add("gather", [x, p.constant("from", fromValues("i64", [table.index.length], table.index))], { axis });
    else {
      const index = p.constant("from", fromValues("i32", extents, table.index));
      x = p.add("resample", [x, index, p.constant("weight", fromValues(computed, extents, table.weight))], { axis });
    }
    if (!table.outside.includes(true)) continue;
    const mask = fromValues("bool", [table.outside.length, ...shape.slice(axis + 1).map(() => 1)], table.outside.map(Number));
    const value = p.constant("outside", fromValues(computed, [], [Number(node.attrs["outsideValue"])]));
    x = p.add("where", [p.constant("mask", mask), value, x]);
  }
  if (computed === dtype) return p.done(x === node.inputs[0] ? p.add("identity", [x]) : x);
  const whole = !isFloat(dtype) && node.attrs["antialias"] === true ? p.add("round", [x]) : x;
  return p.done(p.add("cast", [whole], { to: dtype }));
}

/** The points of the plain grid, as rows, times the transposed maps. */
function affineGrid(node: Node, e: GraphEditor): Patch | undefined {
  const theta = node.inputs[0]!;
  const [maps, out] = [e.staticShape(theta), e.staticShape(node.outputs[0]!)];
  const size = node.attrs["size"] as readonly number[] | undefined;
  const { dtype } = e.value(theta);
  if (maps === undefined || out === undefined || size === undefined || !isFloat(dtype)) return undefined;
  const p = e.patch(node);
  const base = baseGrid(size.slice(2), node.attrs["alignCorners"] === true);
  const points = p.constant("grid", fromValues(dtype, [1, base.length / maps[2]!, maps[2]!], base));
  const batch = maps[0] === 1 ? points : p.add("expand", [points], { shape: [maps[0]!, base.length / maps[2]!, maps[2]!] });
  return p.done(p.add("reshape", [p.add("matmul", [batch, theta], { transB: true })], { shape: out, allowZero: true }));
}

export const resizeRules: readonly Rule[] = [
  { name: "decompose/resize", ops: ["resize"], rewrite: resize },
  { name: "decompose/affine-grid", ops: ["affine-grid"], rewrite: affineGrid },
];

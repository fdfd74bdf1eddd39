/** Resize as one operator per axis: a gather for nearest, a resampling by tables for the others. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import { isFloat, type DType } from "../../../support/dtype.ts";
import { baseGrid } from "../../../graph/ops/grid-sample.ts";
import { resizedAxes, type ResizedAxis } from "../../../graph/ops/resize.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Rule } from "../../../graph/rules.ts";

/** How often each element of the axis appears, when all appear equally often and in order: what enlarging by a whole factor does. */
function repeats({ axis, table }: ResizedAxis, shape: readonly number[]): number | undefined {
  const times = table.outside.length / shape[axis]!;
  const even = Number.isInteger(times) && times > 1 && !table.outside.includes(true);
  return even && table.index.every((from, i) => from === Math.floor(i / times)) ? times : undefined;
}

/** Every element of these axes several times, in one copy: an axis for the copies behind each axis. */
function repeatedElements(p: PatchBuilder, x: ValueId, axes: readonly ResizedAxis[], from: readonly number[]): ValueId {
  const shape = p.value(x).shape as readonly number[];
  const times = shape.map((_, axis) => {
    const found = axes.find((a) => a.axis === axis);
    return found === undefined ? 1 : repeats(found, from)!;
  });
  const spread = p.add("reshape", [x], { shape: shape.flatMap((d, a) => (times[a] === 1 ? [d] : [d, 1])), allowZero: true });
  const copies = p.add("tile", [spread], { repeats: times.flatMap((t) => (t === 1 ? [1] : [1, t])) });
  return p.add("reshape", [copies], { shape: shape.map((d, a) => d * times[a]!), allowZero: true });
}

function resize(node: Node, e: GraphEditor): Patch | undefined {
  const shape = e.staticShape(node.inputs[0]!);
  if (shape === undefined || e.staticShape(node.outputs[0]!) === undefined || node.inputs.length > 1) return undefined;
  const { dtype } = e.value(node.inputs[0]!);
  const nearest = node.attrs["mode"] === "nearest";
  const computed: DType = nearest || dtype === "f64" ? dtype : "f32";
  const p = e.patch(node);
  let x = dtype === computed ? node.inputs[0]! : p.add("cast", [node.inputs[0]!], { to: computed });
  const changed = resizedAxes(shape, node.attrs);
  const repeated = nearest ? changed.filter((a) => repeats(a, shape) !== undefined) : [];
  for (const { axis, table } of changed.filter((a) => !repeated.includes(a))) {
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
  if (repeated.length > 0) x = repeatedElements(p, x, repeated, shape);
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

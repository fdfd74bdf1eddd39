/** Rules of `simplify` about slices, pads and concats that follow each other. All of them keep the values exactly. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { toNumbers } from "../../../graph/ndarray.ts";
import { resolveRange } from "../../../graph/ops/slice.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Rule } from "../../../graph/rules.ts";

interface Cut {
  readonly first: number;
  readonly count: number;
  readonly step: number;
}
type Ints = readonly number[];

/** What a slice takes of each axis; undefined while its positions are operands. */
function cutsOf(node: Node, shape: Ints): readonly Cut[] | undefined {
  const [starts, ends, axes, steps] = ["starts", "ends", "axes", "steps"].map((n) => node.attrs[n] as Ints | undefined);
  if (node.inputs.length > 1 || !starts || !ends || !axes || !steps) return undefined;
  return shape.map((extent, axis) => {
    const i = axes.indexOf(axis);
    if (i < 0) return { first: 0, count: extent, step: 1 };
    return { ...resolveRange({ axis, start: starts[i]!, end: ends[i]!, step: steps[i]! }, extent), step: steps[i]! };
  });
}

/** The attributes of a slice of a tensor of this shape; an end before the first element is written below -extent. */
function sliceAttrs(cuts: readonly Cut[], shape: Ints) {
  const axes = cuts.flatMap((c, i) => (c.first === 0 && c.step === 1 && c.count === shape[i] ? [] : [i]));
  const end = (c: Cut, extent: number): number => {
    const at = c.first + c.count * c.step;
    return at < 0 ? at - extent : at;
  };
  return {
    starts: axes.map((i) => cuts[i]!.first),
    ends: axes.map((i) => end(cuts[i]!, shape[i]!)),
    axes,
    steps: axes.map((i) => cuts[i]!.step),
  };
}

function sliceOfSlice(node: Node, e: GraphEditor): Patch | undefined {
  const inner = e.producer(node.inputs[0]);
  const source = inner?.op === "slice" ? inner.inputs[0]! : undefined;
  const [shape, middle] = [source === undefined ? undefined : e.staticShape(source), e.staticShape(node.inputs[0]!)];
  if (inner === undefined || source === undefined || shape === undefined || middle === undefined) return undefined;
  const [one, two] = [cutsOf(inner, shape), cutsOf(node, middle)];
  if (one === undefined || two === undefined || two.some((c) => c.count === 0)) return undefined;
  const both = one.map((c, i) => ({ first: c.first + two[i]!.first * c.step, count: two[i]!.count, step: c.step * two[i]!.step }));
  const p = e.patch(node, e.hasOneUse(node.inputs[0]!) ? [inner, node] : [node]);
  return p.done(p.add("slice", [source], sliceAttrs(both, shape)));
}

/** A slice that lies within one operand of a concat reads only that one. */
function sliceOfConcat(node: Node, e: GraphEditor): Patch | undefined {
  const inner = e.producer(node.inputs[0]);
  const shape = e.staticShape(node.inputs[0]!);
  const cuts = inner?.op === "concat" && shape !== undefined ? cutsOf(node, shape) : undefined;
  if (inner === undefined || shape === undefined || cuts === undefined) return undefined;
  const axis = inner.attrs["axis"] as number;
  const cut = cuts[axis]!;
  if (cut.step < 1 || cut.count === 0) return undefined;
  const last = cut.first + (cut.count - 1) * cut.step;
  let begin = 0;
  for (const id of inner.inputs) {
    const part = e.staticShape(id!);
    if (part === undefined) return undefined;
    const end = begin + part[axis]!;
    if (cut.first >= begin && last < end) {
      const p = e.patch(node);
      const own = cuts.map((c, i) => (i === axis ? { ...c, first: c.first - begin } : c));
      const attrs = sliceAttrs(own, part);
      return p.done(attrs.axes.length === 0 ? id! : p.add("slice", [id!], attrs));
    }
    begin = end;
  }
  return undefined;
}

/** Pieces of one tensor that lie side by side, put together again. */
function concatOfNeighbours(node: Node, e: GraphEditor): Patch | undefined {
  const axis = node.attrs["axis"] as number;
  for (let i = 0; i + 1 < node.inputs.length; i++) {
    const [left, right] = [e.producer(node.inputs[i]), e.producer(node.inputs[i + 1])];
    const source = left?.op === "slice" ? left.inputs[0]! : undefined;
    const shape = source === undefined ? undefined : e.staticShape(source);
    if (left === undefined || right?.op !== "slice" || shape === undefined || right.inputs[0] !== source) continue;
    const [a, b] = [cutsOf(left, shape), cutsOf(right, shape)];
    if (a === undefined || b === undefined || !areNeighbours(a, b, axis)) continue;
    const whole = a.map((c, k) => (k === axis ? { ...c, count: c.count + b[k]!.count } : c));
    const p = e.patch(node, [...new Set([left, right, node])]);
    const attrs = sliceAttrs(whole, shape);
    const joined = attrs.axes.length === 0 ? source! : p.add("slice", [source!], attrs);
    const inputs = [...node.inputs.slice(0, i), joined, ...node.inputs.slice(i + 2)];
    return p.done(inputs.length === 1 ? joined : p.add("concat", inputs, node.attrs));
  }
  return undefined;
}

const areNeighbours = (a: readonly Cut[], b: readonly Cut[], axis: number): boolean =>
  a.every((c, i) => {
    const d = b[i]!;
    if (i === axis) return c.step === 1 && d.step === 1 && c.first + c.count === d.first;
    return c.first === d.first && c.count === d.count && c.step === d.step;
  });

/** Operands without elements add nothing. */
function concatWithEmpty(node: Node, e: GraphEditor): Patch | undefined {
  const axis = node.attrs["axis"] as number;
  const kept = node.inputs.filter((id) => e.staticShape(id!)?.[axis] !== 0);
  if (kept.length === node.inputs.length || kept.length === 0) return undefined;
  const p = e.patch(node);
  return p.done(kept.length === 1 ? kept[0]! : p.add("concat", kept, node.attrs));
}

/** Two borders of the same constant are one. */
function padOfPad(node: Node, e: GraphEditor): Patch | undefined {
  const inner = e.producer(node.inputs[0]);
  if (inner?.op !== "pad" || node.inputs.length > 1 || inner.inputs.length > 1) return undefined;
  const [one, two] = [inner.attrs["pads"] as Ints | undefined, node.attrs["pads"] as Ints | undefined];
  const constant = [inner, node].every((n) => n.attrs["mode"] === undefined || n.attrs["mode"] === "constant");
  if (!constant || one?.length !== two?.length || !one || !two || [...one, ...two].some((x) => x < 0)) return undefined;
  if (!Object.is(inner.attrs["value"], node.attrs["value"])) return undefined;
  const p = e.patch(node, e.hasOneUse(node.inputs[0]!) ? [inner, node] : [node]);
  return p.done(p.add("pad", [inner.inputs[0]!], { ...node.attrs, pads: one.map((x, i) => x + two[i]!) }));
}

/** Indices at equal distances are a slice. */
function gatherRange(node: Node, e: GraphEditor): Patch | undefined {
  const [x, indices] = node.inputs as readonly [ValueId, ValueId];
  const [shape, data] = [e.staticShape(x), e.constant(indices)];
  const axis = node.attrs["axis"] as number;
  if (shape === undefined || data?.shape.length !== 1 || data.data.length < 2) return undefined;
  const at = toNumbers(data).map((i) => (i < 0 ? i + shape[axis]! : i));
  const step = at[1]! - at[0]!;
  if (step < 1 || at.some((v, i) => v !== at[0]! + i * step) || at[0]! < 0 || at.at(-1)! >= shape[axis]!) return undefined;
  const p = e.patch(node);
  return p.done(p.add("slice", [x], { starts: [at[0]!], ends: [at.at(-1)! + 1], axes: [axis], steps: [step] }));
}

export const sliceRules: readonly Rule[] = [
  { name: "simplify/slice-of-slice", ops: ["slice"], rewrite: sliceOfSlice },
  { name: "simplify/slice-of-concat", ops: ["slice"], rewrite: sliceOfConcat },
  { name: "simplify/concat-of-neighbours", ops: ["concat"], rewrite: concatOfNeighbours },
  { name: "simplify/concat-with-empty", ops: ["concat"], rewrite: concatWithEmpty },
  { name: "simplify/pad-of-pad", ops: ["pad"], rewrite: padOfPad },
  { name: "simplify/gather-range", ops: ["gather"], rewrite: gatherRange },
];

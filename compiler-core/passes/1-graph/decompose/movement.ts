/** Data movement that is another operator in disguise, once shapes are known; and results that are constants. */
import { evaluateNode } from "../../../graph/eval.ts";
import type { GraphEditor } from "../../../graph/edit.ts";
import { fromValues, type NdArray, type Scalar } from "../../../graph/ndarray.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Node, Value } from "../../../graph/ir.ts";
import type { Rule } from "../../../graph/rules.ts";
import { truePositions } from "../../../graph/ops/data-dependent.ts";
import type { OpName } from "../../../graph/ops/index.ts";
import { centredPads } from "../../../graph/ops/pad.ts";

const rule = (name: string, ops: readonly OpName[], rewrite: Rule["rewrite"]): Rule => ({ name: `decompose/${name}`, ops, rewrite });

/** Squeeze, unsqueeze and flatten are reshapes. */
function asReshape(node: Node, e: GraphEditor): Patch | undefined {
  const shape = e.staticShape(node.outputs[0]!);
  if (shape === undefined) return undefined;
  const p = e.patch(node);
  return p.done(p.add("reshape", [node.inputs[0]!], { shape, allowZero: true }));
}

function centerCropPad(node: Node, e: GraphEditor): Patch | undefined {
  const shape = e.staticShape(node.inputs[0]!);
  if (shape === undefined || node.attrs["shape"] === undefined) return undefined;
  const p = e.patch(node);
  return p.done(p.add("pad", [node.inputs[0]!], { pads: centredPads(shape, node.attrs) }));
}

function compress(node: Node, e: GraphEditor): Patch | undefined {
  const shape = e.staticShape(node.inputs[0]!);
  const condition = node.attrs["condition"] as readonly number[] | undefined;
  if (shape === undefined || condition === undefined) return undefined;
  const p = e.patch(node);
  const flat = node.attrs["axis"] === undefined;
  const total = shape.reduce((a, d) => a * d, 1);
  const given = flat ? 0 : Number(node.attrs["axis"]);
  const axis = given < 0 ? given + shape.length : given;
  const x = flat ? p.add("reshape", [node.inputs[0]!], { shape: [total], allowZero: true }) : node.inputs[0]!;
  const kept = truePositions(condition, flat ? total : shape[axis]!);
  return p.done(p.add("gather", [x, p.constant("kept", fromValues("i64", [kept.length], kept))], { axis }));
}

/** One value everywhere: a literal, read in place. */
function filled(node: Node, e: GraphEditor): Patch | undefined {
  const shape = e.staticShape(node.outputs[0]!);
  if (shape === undefined) return undefined;
  const { dtype } = e.value(node.outputs[0]!);
  const p = e.patch(node);
  return p.done(p.add("expand", [p.constant("value", fromValues(dtype, [], [node.attrs["value"] as Scalar]))], { shape }));
}

/** Results of at most this many elements are computed here. */
const maxElements = 2 ** 20;

/** What follows from shapes and constants alone, and is a result of the graph: a constant that is handed out. */
function knownResult(node: Node, e: GraphEditor): Patch | undefined {
  const shapes = node.outputs.map((id) => e.staticShape(id));
  if (!node.outputs.some((id) => e.isOutput(id)) || shapes.some((s) => s === undefined || s.reduce((a, d) => a * d, 1) > maxElements))
    return undefined;
  const results = ofShape.includes(node.op) ? resultsOfShape(node, e) : resultsOfData(node, e);
  if (results === undefined) return undefined;
  const p = e.patch(node);
  return p.done(results.map((data, i) => p.add("identity", [p.constant(e.value(node.outputs[i]!).name, data)])));
}

const ofShape: readonly OpName[] = ["shape", "size", "eye-like"];

/** The operand is only asked for its extents. */
function resultsOfShape(node: Node, e: GraphEditor): readonly NdArray[] | undefined {
  const shape = e.staticShape(node.inputs[0]!);
  if (shape === undefined) return undefined;
  if (node.op === "size") return [fromValues("i64", [], [shape.reduce((a, d) => a * d, 1)])];
  return evaluated(node, e, [{ dtype: "u8", shape, data: new Uint8Array(0) }]);
}

function resultsOfData(node: Node, e: GraphEditor): readonly NdArray[] | undefined {
  const inputs = node.inputs.map((id) => (id === null ? null : e.constant(id)));
  return inputs.includes(undefined) ? undefined : evaluated(node, e, inputs as (NdArray | null)[]);
}

function evaluated(node: Node, e: GraphEditor, inputs: readonly (NdArray | null)[]): readonly NdArray[] {
  const values: Value[] = [];
  for (const id of [...node.inputs, ...node.outputs]) if (id !== null) values[id] = e.value(id);
  return evaluateNode({ ...e.graph, values }, node, inputs, "native");
}

export const movementDecompositions: readonly Rule[] = [
  rule("as-reshape", ["squeeze", "unsqueeze", "flatten"], asReshape),
  rule("center-crop-pad", ["center-crop-pad"], centerCropPad),
  rule("compress", ["compress"], compress),
  rule("filled", ["constant-of-shape"], filled),
  rule("known-result", ["shape", "size", "range", "eye-like", "non-zero", "unique", "window", "mel-weights"], knownResult),
];

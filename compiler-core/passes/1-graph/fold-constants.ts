/** Evaluates nodes whose operands are all known. Large results are computed when their bytes are first needed. */
import { isStatic } from "../../graph/dims.ts";
import { GraphEditor } from "../../graph/edit.ts";
import { evaluateNode } from "../../graph/eval.ts";
import type { Graph, Node, Value } from "../../graph/ir.ts";
import { staticShape } from "../../graph/ir.ts";
import { nodeCost } from "../../graph/cost.ts";
import { decode, encode, evaluable, fromValues, type NdArray } from "../../graph/ndarray.ts";
import { hasTrait } from "../../graph/ops/index.ts";
import { readableBytes } from "../../graph/types.ts";
import { graphPass, type PassContext } from "../pass.ts";

/** Results up to this many elements are computed at once; beyond it when asked for. */
const eagerElements = 4096;
/** Results beyond this many elements, or this much work, stay in the graph. */
const maxElements = 2 ** 26;
const maxFlops = 2e9;
/** Weights that a model makes itself, of one repeated number, are written out up to this many elements. */
const maxWeightElements = 2 ** 28;

export const foldConstants = graphPass({
  name: "fold-constants",
  why: "Evaluates nodes whose inputs are all known, so that nothing is computed at run time that never changes.",
  optional: true,
  run,
});

function run(graph: Graph, ctx: PassContext): Graph {
  const editor = new GraphEditor(graph);
  for (const { id } of graph.nodes) {
    const node = editor.node(id);
    if (node === undefined || !foldable(node, editor)) continue;
    const reads = hasTrait(node.op, "shape") && !node.inputs.every((i) => editor.isConstant(i)) ? "shape" : "evaluate";
    const data = reads === "shape" ? shapeData(node, editor) : undefined;
    if (reads === "shape" && data === undefined) continue;
    const values = node.outputs.map((out, i) => (data ? eager(editor, editor.value(out), data) : constantValue(editor, node, i)));
    if (values.includes(undefined)) continue;
    for (const v of values) editor.setValue(v!);
    const removed = editor.remove(node);
    ctx.hit({ rule: `fold-constants/${reads}`, before: removed.map((n) => n.id), after: [], note: editor.value(node.outputs[0]!).name });
  }
  return editor.finish();
}

/** Is the result a matrix or kernel of weights? Then it is worth writing out: it can be packed once. */
const feedsProduct = (node: Node, editor: GraphEditor): boolean =>
  node.outputs.some((out) => editor.users(out).some((u) => hasTrait(u.op, "matmul") || u.op === "gemm"));

function foldable(node: Node, editor: GraphEditor): boolean {
  if (node.op === "opaque" || node.phase === "init" || node.outputs.some((id) => editor.isOutput(id))) return false;
  const types = node.outputs.map((id) => editor.value(id));
  if (!types.every((v) => isStatic(v.shape) && evaluable(v.dtype) && v.layout === "plain")) return false;
  if (node.op === "shape" || node.op === "size") return true;
  if (!node.inputs.every((id) => id === null || editor.isConstant(id))) return false;
  if (node.op === "constant-of-shape" || node.op === "expand")
    return elements(types[0]!) <= (feedsProduct(node, editor) ? maxWeightElements : eagerElements);
  return types.every((v) => elements(v) <= maxElements) && !(nodeCost(withValues(editor, node), node).flops > maxFlops);
}

const elements = (v: Value): number => staticShape(v)!.reduce((a, d) => a * d, 1);

/** A graph in which the node's operands have the editor's current values. */
function withValues(editor: GraphEditor, node: Node): Graph {
  const values: Value[] = [];
  for (const id of [...node.inputs, ...node.outputs]) if (id !== null) values[id] = editor.value(id);
  return { ...editor.graph, values };
}

/** `shape` and `size` need no data, only the operand's type. */
function shapeData(node: Node, editor: GraphEditor): NdArray | undefined {
  const from = editor.staticShape(node.inputs[0]!);
  if (from === undefined) return undefined;
  if (node.op === "size") return fromValues("i64", [], [from.reduce((a, d) => a * d, 1)]);
  if (node.op !== "shape") return undefined;
  const placeholder: NdArray = { dtype: "u8", shape: from, data: new Uint8Array(0) };
  return evaluateNode(withValues(editor, node), node, [placeholder], "native")[0];
}

function eager(editor: GraphEditor, v: Value, data: NdArray): Value {
  return { ...v, constant: editor.graph.constants.add(v.dtype, data.shape, encode(data)) };
}

/** Undefined when the data of an operand cannot be read. */
function constantValue(editor: GraphEditor, node: Node, output: number): Value | undefined {
  const v = editor.value(node.outputs[output]!);
  const { constants } = editor.graph;
  const graph = withValues(editor, node);
  const read = (): Uint8Array => {
    const inputs = node.inputs.map((id) => (id === null ? null : constantOf(graph, id)));
    return encode(evaluateNode(graph, node, inputs, "native")[output]!);
  };
  const shape = staticShape(v)!;
  const small = node.inputs.filter((id) => id !== null).map((id) => constants.get(graph.values[id]!.constant!));
  if (elements(v) <= eagerElements && small.some((c) => readableBytes(c) === undefined)) return undefined;
  return {
    ...v,
    constant: elements(v) <= eagerElements ? constants.add(v.dtype, shape, read()) : constants.addLazy(v.dtype, shape, remembered(read)),
  };
}

function constantOf(graph: Graph, id: number): NdArray {
  const c = graph.constants.get(graph.values[id]!.constant!);
  return decode(c.dtype, c.shape, c.bytes());
}

/** Computes once, and again only if the memory was needed elsewhere meanwhile. */
function remembered(read: () => Uint8Array): () => Uint8Array {
  let kept: WeakRef<Uint8Array> | undefined;
  return () => {
    const have = kept?.deref() ?? read();
    kept = new WeakRef(have);
    return have;
  };
}

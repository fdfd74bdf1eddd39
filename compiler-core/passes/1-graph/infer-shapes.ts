/** Infers all types again, through the shape arithmetic that models carry, and turns operands that hold shapes into attributes. */
import { isStatic } from "../../graph/dims.ts";
import { mergeShapes } from "../../graph/build.ts";
import type { Attrs, Graph, Node, Shape, Value } from "../../graph/ir.ts";
import { bakeLate } from "../../graph/late.ts";
import { toNumbers } from "../../graph/ndarray.ts";
import { opOf } from "../../graph/ops/index.ts";
import { isRefusal } from "../../graph/ops/op.ts";
import { walkTypes, type NodeTypes } from "../../graph/types.ts";
import { graphPass, type PassContext } from "../pass.ts";

export const inferShapes = graphPass({
  name: "infer-shapes",
  why: "Finds the shape of every value, so that the shape arithmetic of the model is done at compile time.",
  optional: false,
  run,
});

function run(graph: Graph, ctx: PassContext): Graph {
  const values: (Value | undefined)[] = [...graph.values];
  const nodes: Node[] = [];
  let changed = false;
  const setShape = (v: Value, shape: Shape | undefined): void => {
    if (shape === undefined || String(shape) === String(v.shape)) return;
    values[v.id] = { ...v, shape, shapeSource: "inferred" };
    changed = true;
  };
  walkTypes(graph, new Map(), (found) => {
    const node = isRefusal(found.types) ? refused(found.node, found.types.reason, ctx) : withAttributes(found, ctx);
    nodes.push(node);
    changed ||= node !== found.node;
    if (!isRefusal(found.types))
      node.outputs.forEach((id, i) =>
        setShape(
          graph.values[id]!,
          mergeShapes((found.types as readonly { shape: Shape | undefined }[])[i]?.shape, graph.values[id]!.shape),
        ),
      );
  });
  return changed ? { ...graph, nodes, values } : graph;
}

/** What turns out to be impossible stays in the graph, to be shown with the reason. */
function refused(node: Node, reason: string, ctx: PassContext): Node {
  ctx.hit({ rule: "infer-shapes/refuse", before: [node.id], after: [node.id], note: reason });
  return { ...node, op: "opaque", attrs: { domain: "", opType: node.op, reason, attributes: [] } };
}

function withAttributes(found: NodeTypes, ctx: PassContext): Node {
  const { node, attrs } = found;
  const row = opOf(node.op);
  const baked = bakeLate(row, { inputs: node.inputs, attrs }, found.known);
  if (baked.attrs !== attrs) {
    ctx.hit({ rule: "infer-shapes/late-operand", before: [node.id], after: [node.id] });
    return { ...node, inputs: baked.inputs, attrs: row.normalise?.(found.inputs, baked.attrs) ?? baked.attrs };
  }
  const folded = operandAttributes(found);
  if (folded === undefined) return attrs === node.attrs ? node : { ...node, attrs };
  ctx.hit({ rule: "infer-shapes/shape-operand", before: [node.id], after: [node.id] });
  const canonical = row.normalise?.(found.inputs, folded) ?? folded;
  return { ...node, inputs: node.inputs.slice(0, 1), attrs: canonical };
}

/** Attributes in place of the operands that hold a shape or positions; undefined when there are none, or they are not known. */
function operandAttributes({ node, attrs, types, inputs, known }: NodeTypes): Attrs | undefined {
  if (node.inputs.length < 2 || isRefusal(types)) return undefined;
  const shape = types[0]?.shape;
  if (node.op === "reshape" && isStatic(shape)) return { shape, allowZero: true };
  if (node.op === "expand" && isStatic(shape)) return { shape };
  if (node.op !== "slice" || !isStatic(inputs[0]?.shape)) return undefined;
  const lists = node.inputs.slice(1).map((id, i) => (id === null ? null : known(i + 1)));
  if (lists.includes(undefined)) return undefined;
  const [starts, ends, axes, steps] = lists.map((l) => (l ? toNumbers(l) : undefined));
  return { ...attrs, starts, ends, axes: axes ?? starts!.map((_, i) => i), steps: steps ?? starts!.map(() => 1) };
}

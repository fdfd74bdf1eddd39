/** Infers all types again, through the shape arithmetic that models carry, and turns operands that hold shapes into attributes. */
import { isStatic } from "../../graph/dims.ts";
import { mergeShapes } from "../../graph/build.ts";
import type { Attrs, Graph, Node, Shape, Value } from "../../graph/ir.ts";
import { inferOp } from "../../graph/infer.ts";
import { bakeLate } from "../../graph/late.ts";
import { opOf } from "../../graph/ops/index.ts";
import { refusedNode } from "../../graph/refused.ts";
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
    const node = isRefusal(found.types) ? refused(found.node, found.types.reason, ctx) : withAttributes(found, graph, ctx);
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

function refused(node: Node, reason: string, ctx: PassContext): Node {
  ctx.hit({ rule: "infer-shapes/refuse", before: [node.id], after: [node.id], note: reason });
  return refusedNode(node, reason);
}

function withAttributes(found: NodeTypes, graph: Graph, ctx: PassContext): Node {
  const { node, attrs } = found;
  const row = opOf(node.op);
  const baked = bakeLate(row, { inputs: node.inputs, attrs }, found.known);
  if (baked.attrs !== attrs) {
    ctx.hit({ rule: "infer-shapes/late-operand", before: [node.id], after: [node.id] });
    const left = baked.inputs.map((id, i) => (id === null ? null : (found.inputs[i] ?? null)));
    return { ...node, inputs: baked.inputs, attrs: row.normalise?.(left, baked.attrs) ?? baked.attrs };
  }
  const folded = declaredShape(found, graph);
  if (folded === undefined) return attrs === node.attrs ? node : { ...node, attrs };
  ctx.hit({ rule: "infer-shapes/shape-operand", before: [node.id], after: [node.id] });
  const canonical = row.normalise?.(found.inputs, folded) ?? folded;
  return { ...node, inputs: node.inputs.slice(0, 1), attrs: canonical };
}

/**
 * A reshape or expand whose result is declared to be of a certain shape does not need the operand that says so at run time; unless the
 * declaration is wrong.
 */
function declaredShape({ node, attrs, inputs }: NodeTypes, graph: Graph): Attrs | undefined {
  if ((node.op !== "reshape" && node.op !== "expand") || inputs[1] == null) return undefined;
  const { shape } = graph.values[node.outputs[0]!]!;
  if (!isStatic(shape)) return undefined;
  const folded = node.op === "reshape" ? { ...attrs, shape, allowZero: true } : { ...attrs, shape };
  const fits = !isRefusal(inferOp(node.op, { inputs: inputs.slice(0, 1), attrs: folded, outputs: 1, known: () => undefined }));
  return fits ? folded : undefined;
}

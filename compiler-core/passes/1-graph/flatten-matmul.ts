/**
 * Products of a tensor of rank above 2 with one matrix of weights: leading axes join the rows, so that the kernels see one large
 * matrix, and the axes come back as a view, which moves down past elementwise operators.
 */
import type { GraphEditor } from "../../graph/edit.ts";
import type { Patch } from "../../graph/patch.ts";
import type { Graph, Node, ValueId } from "../../graph/ir.ts";
import { hasTrait, opNames } from "../../graph/ops/index.ts";
import { applyRules, type Rule } from "../../graph/rules.ts";
import { graphPass, type PassContext } from "../pass.ts";

export const flattenMatmul = graphPass({
  name: "flatten-matmul",
  why: "Joins the leading axes of a product with one weight matrix into rows, so that the kernels get one large matrix.",
  optional: true,
  run: (graph: Graph, ctx: PassContext): Graph => applyRules(graph, rules, ctx),
});

function flatten(node: Node, e: GraphEditor): Patch | undefined {
  const [a, b] = node.inputs as readonly [ValueId, ValueId];
  const [sa, sb, out] = [e.staticShape(a), e.staticShape(b), e.staticShape(node.outputs[0]!)];
  if (!sa || !sb || !out || sa.length < 3 || sb.length !== 2 || node.attrs["transA"] === true) return undefined;
  const rows = sa.slice(0, -1).reduce((x, d) => x * d, 1);
  const p = e.patch(node);
  const flat = p.add("reshape", [a], { shape: [rows, sa.at(-1)!], allowZero: true });
  return p.done(p.add("reshape", [p.add("matmul", [flat, b], node.attrs)], { shape: out, allowZero: true }));
}

/** The 2-D value behind a view that only splits rows; undefined for anything else. */
function rowsBehind(e: GraphEditor, id: ValueId, columns: number): ValueId | undefined {
  const view = e.producer(id);
  const source = view?.op === "reshape" ? view.inputs[0]! : undefined;
  const shape = source === undefined ? undefined : e.staticShape(source);
  return shape?.length === 2 && shape[1] === columns && e.value(id).shape?.at(-1) === columns ? source : undefined;
}

/** elementwise(view(x2d), per-column or scalar operands) = view(elementwise(x2d, ...)). */
function sinkView(node: Node, e: GraphEditor): Patch | undefined {
  const out = e.staticShape(node.outputs[0]!);
  if (out === undefined || out.length < 3) return undefined;
  const columns = out.at(-1)!;
  let moved = false;
  const inputs: ValueId[] = [];
  for (const id of node.inputs) {
    const shape = id === null ? undefined : e.staticShape(id);
    if (id === null || shape === undefined) return undefined;
    const rows = String(shape) === String(out) ? rowsBehind(e, id, columns) : undefined;
    const perColumn = shape.slice(0, -1).every((d) => d === 1) && shape.length <= 2;
    if (rows === undefined && !perColumn) return undefined;
    moved ||= rows !== undefined;
    inputs.push(rows ?? id);
  }
  if (!moved) return undefined;
  const p = e.patch(node);
  return p.done(p.add("reshape", [p.add(node.op, inputs, node.attrs)], { shape: out, allowZero: true }));
}

function joinReshapes(node: Node, e: GraphEditor): Patch | undefined {
  const inner = e.producer(node.inputs[0]);
  const shape = e.staticShape(node.outputs[0]!);
  if (inner?.op !== "reshape" || shape === undefined || node.inputs.length > 1) return undefined;
  const source = inner.inputs[0]!;
  const p = e.patch(node, e.hasOneUse(node.inputs[0]!) ? [inner, node] : [node]);
  return p.done(String(e.staticShape(source)) === String(shape) ? source : p.add("reshape", [source], { shape, allowZero: true }));
}

const rules: readonly Rule[] = [
  { name: "flatten-matmul/flatten", ops: ["matmul"], rewrite: flatten },
  { name: "flatten-matmul/sink-view", ops: opNames.filter((n) => hasTrait(n, "elementwise") && n !== "identity"), rewrite: sinkView },
  { name: "flatten-matmul/join-views", ops: ["reshape"], rewrite: joinReshapes },
];

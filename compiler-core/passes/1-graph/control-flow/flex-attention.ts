/** FlexAttention: attention whose scores and weights go through subgraphs of the node, which are copied in their place. */
import type { ValueId } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import { settingsOf, type Call } from "./iterate.ts";
import { stays } from "./splicer.ts";

/** `x` through the subgraph of this name, if there is one. */
function through({ splicer: s, node, copy }: Call, attribute: string, x: ValueId): ValueId {
  const body = (node.attrs["bodies"] as readonly number[]).find((id) => s.graph.bodies!.get(id).attribute === attribute);
  return body === undefined ? x : (copy(body, [x])[0] ?? stays(`its ${attribute} has no result`));
}

export function flexAttention(call: Call): readonly ValueId[] {
  const { splicer: s, node } = call;
  const [q, k, v] = node.inputs.map((id) => id ?? stays("an operand is missing")) as [ValueId, ValueId, ValueId];
  if (settingsOf(node).has("softmax_precision")) stays("a softmax of another element type is not supported");
  const [[batch, heads, length, size], [, kvHeads, keys]] = [s.staticShape(q), s.staticShape(k)] as [number[], number[]];
  const [dtype, valueSize] = [s.value(q).dtype, s.staticShape(v)[3]!];
  if (s.staticShape(q).length !== 4 || heads! % kvHeads! !== 0) stays("its operands do not have heads that fit each other");
  const add = (op: "mul" | "matmul" | "softmax" | "reshape" | "cast", inputs: readonly ValueId[], attrs = {}): ValueId =>
    s.add(node, op, inputs, attrs, node.name);
  // Heads that share keys become more rows of one product.
  const joint = (x: ValueId, width: number): ValueId =>
    add("reshape", [x], { shape: [batch!, kvHeads!, (heads! / kvHeads!) * length!, width], allowZero: true });
  const apart = (x: ValueId, width: number): ValueId => add("reshape", [x], { shape: [batch!, heads!, length!, width], allowZero: true });
  const scale = settingsOf(node).get("scale")?.[0] ?? 1 / Math.sqrt(size!);
  const queries = add("mul", [q, s.constant("scale", fromValues(dtype, [], [scale]))]);
  const scores = apart(add("matmul", [joint(queries, size!), k], { transA: false, transB: true }), keys!);
  // Scores of 16-bit floats are f32.
  const wide = dtype === "f16" || dtype === "bf16" ? add("cast", [scores], { to: "f32" }) : scores;
  const weights = through(call, "prob_mod", add("softmax", [through(call, "score_mod", wide)], { axis: 3 }));
  const narrow = s.value(weights).dtype === dtype ? weights : add("cast", [weights], { to: dtype });
  return [apart(add("matmul", [joint(narrow, keys!), v], { transA: false, transB: false }), valueSize)];
}

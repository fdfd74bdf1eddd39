/**
 * Arithmetic on f16 and bf16 is done in f32: operators that combine many elements (products, reductions, normalisations, convolutions ...) get
 * casts around them, so that a sum is rounded once and no template needs a form for 16 bits. Elementwise operators widen each element
 * themselves and round the result once; what only moves elements keeps the type.
 */
import type { GraphEditor } from "../../graph/edit.ts";
import { inferOp } from "../../graph/infer.ts";
import type { Attrs, Graph, Node } from "../../graph/ir.ts";
import { opNames, opOf, type OpName } from "../../graph/ops/index.ts";
import { isRefusal, type TensorType, type Trait } from "../../graph/ops/op.ts";
import type { Patch } from "../../graph/patch.ts";
import { applyRules, type Rule } from "../../graph/rules.ts";
import type { DType } from "../../support/dtype.ts";
import { graphPass } from "../pass.ts";

/** Operators with one of these never add anything up. */
const asTheyAre: readonly Trait[] = ["elementwise", "view", "movement", "shape", "opaque"];
const isHalf = (dtype: unknown): boolean => dtype === "f16" || dtype === "bf16";
const wide = (t: TensorType): TensorType => (isHalf(t.dtype) ? { dtype: "f32", shape: t.shape } : t);

/** Attributes that name a 16-bit type (of the result) name f32. */
function wideAttrs(op: OpName, attrs: Attrs): Attrs {
  const changed = Object.entries(opOf(op).attrs).filter(([name, spec]) => spec.kind === "dtype" && isHalf(attrs[name]));
  return changed.length === 0 ? attrs : { ...attrs, ...Object.fromEntries(changed.map(([name]) => [name, "f32"])) };
}

/** The node in f32, or undefined: nothing to widen, or the operator does not take f32 in place of the 16-bit type. */
function widen(node: Node, e: GraphEditor): Patch | undefined {
  const inputs = node.inputs.map((id) => (id === null ? null : e.value(id)));
  const outputs = node.outputs.map((id) => e.value(id));
  if (![...inputs, ...outputs].some((v) => v !== null && isHalf(v.dtype))) return undefined;
  const attrs = wideAttrs(node.op, node.attrs);
  const known = (i: number) => (node.inputs[i] == null || isHalf(inputs[i]?.dtype) ? undefined : e.constant(node.inputs[i]));
  const types = inferOp(node.op, { inputs: inputs.map((v) => v && wide(v)), attrs, outputs: node.outputs.length, known });
  if (isRefusal(types) || types.some((t, i) => t.dtype !== wide(outputs[i]!).dtype)) return undefined;
  const p = e.patch(node);
  const operands = node.inputs.map((id) => (id !== null && isHalf(e.value(id).dtype) ? p.add("cast", [id], { to: "f32" }) : id));
  const made = p.addMany(node.op, operands, attrs, node.name, node.outputs.length);
  const back = (dtype: DType, i: number) => (isHalf(dtype) ? p.add("cast", [made[i]!], { to: dtype }) : made[i]!);
  return p.done(outputs.map((v, i) => back(v.dtype, i)));
}

const rules: readonly Rule[] = opNames
  .filter((op) => !opOf(op).traits.some((t) => asTheyAre.includes(t)))
  .map((op) => ({ name: `widen-small-floats/${op}`, ops: [op], rewrite: widen }));

export const widenSmallFloats = graphPass({
  name: "widen-small-floats",
  why: "Puts casts around operators that combine many 16-bit floats, so that they are computed in f32 and rounded once.",
  optional: false,
  run: (graph: Graph, ctx): Graph => applyRules(graph, rules, ctx),
});

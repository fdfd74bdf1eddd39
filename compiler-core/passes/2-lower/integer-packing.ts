/** Products of 8-bit integers rewired to a packed right operand, once where it is constant: what `pack-weights` does with `matmul-integer`. */
import { staticShape, valueOf, type Graph, type Node, type Value, type ValueId } from "../../graph/ir.ts";
import { packedLess } from "../../graph/ops/matmul-packed.ts";
import { gemmU8S8Panel, kernelOf } from "../../kernels/index.ts";
import { resolveIsa } from "../../machine.ts";
import type { PassContext } from "../pass.ts";

/** A weight of fewer elements is multiplied as it lies. */
const leastElements = 256;
/** With fewer rows, packing at every run takes longer than it saves. */
const leastRows = 4;

/** Why the weight stays as it is; undefined when the kernel can have it. */
function refusal(graph: Graph, node: Node, ctx: PassContext): string | undefined {
  const [a, b, zeroA] = node.inputs.map((v) => (v === null ? undefined : valueOf(graph, v)));
  const shape = b === undefined ? undefined : staticShape(b);
  const left = a === undefined ? undefined : staticShape(a);
  if (a === undefined || b === undefined || shape === undefined || left === undefined) return "the shapes are not known";
  if ((b.dtype !== "i8" && b.dtype !== "u8") || (a.dtype !== "u8" && a.dtype !== "i8"))
    return `no kernel multiplies ${a.dtype} with ${b.dtype}`;
  if (shape.length !== 2 || node.attrs["transB"] === true) return "the weight is not a plain matrix";
  if (shape[0]! * shape[1]! < leastElements) return "the weight is small";
  if (b.constant === undefined && left.slice(0, -1).reduce((m, d) => m * d, 1) < leastRows) return "too few rows share it";
  if (zeroA !== undefined && staticShape(zeroA)?.some((d) => d !== 1) !== false) return "there is a zero point for every row";
  const facts = { m: 1, n: shape[1]!, k: shape[0]!, isa: resolveIsa(ctx.options.isa, ctx.machine), bConstant: true };
  const answer = kernelOf("gemm_u8s8").accepts(facts);
  return answer === true ? undefined : answer;
}

export interface IntegerPacking {
  /** The packing (unless another product made it) and the product. */
  readonly nodes: readonly Node[];
  /** New values, to be appended. */
  readonly values: readonly Value[];
}

/** The product with its weight packed; `known` holds the panels and column sums of weights that are packed already. */
export function packInteger(
  graph: Graph,
  node: Node,
  nextNode: number,
  nextValue: ValueId,
  known: Map<ValueId, readonly [ValueId, ValueId]>,
  ctx: PassContext,
): IntegerPacking | undefined {
  const why = refusal(graph, node, ctx);
  const weight = valueOf(graph, node.inputs[1] ?? 0);
  const when = weight.constant === undefined ? "at every run" : "once";
  ctx.verdict({
    subject: "layout",
    accepted: why === undefined,
    rule: "pack-weights/integers",
    because: why === undefined ? `packed ${when}: gemm_u8s8 reads four rows of a column at a time` : `left as it is: ${why}`,
    facts: [{ name: "elements", value: staticShape(weight)?.reduce((x, d) => x * d, 1) ?? 0 }],
    nodes: [node.id],
    value: weight.id,
  });
  if (why !== undefined) return undefined;
  const [k, n] = staticShape(weight) as readonly [number, number];
  const panel = gemmU8S8Panel(resolveIsa(ctx.options.isa, ctx.machine));
  const have = known.get(weight.id);
  const made: readonly [ValueId, ValueId] = have ?? [nextValue, nextValue + 1];
  known.set(weight.id, made);
  const fresh = (id: ValueId, name: string, dtype: "i8" | "i32", shape: readonly number[]): Value => ({
    id,
    name: `${weight.name}.${name}`,
    dtype,
    shape,
    shapeSource: "inferred",
    layout: "plain",
  });
  const packing: Node = {
    id: nextNode,
    op: "pack-integer",
    name: `pack ${weight.name}`,
    inputs: [weight.id],
    outputs: made,
    attrs: { panel },
    origin: node.origin,
    phase: weight.constant === undefined ? node.phase : "init",
  };
  const zeros = node.inputs.slice(2);
  const product: Node = {
    ...node,
    op: "matmul-packed",
    inputs: [node.inputs[0] ?? null, ...made, ...zeros],
    attrs: { n, less: packedLess(weight.dtype) },
  };
  if (have !== undefined) return { nodes: [product], values: [] };
  const values = [fresh(made[0], "packed", "i8", [Math.ceil(n / panel), Math.ceil(k / 4), panel, 4]), fresh(made[1], "sums", "i32", [n])];
  return { nodes: [packing, product], values };
}

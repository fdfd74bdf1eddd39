/**
 * Products of 8-bit integers rewired to a packed right operand, once where it is constant: what `pack-weights` does with `matmul-integer`.
 * What a constant zero point of the left operand contributes is made once, too; a computed one is fused into the product.
 */
import { staticShape, valueOf, type Graph, type Node, type Value, type ValueId } from "../../graph/ir.ts";
import { kernelShift, packedLess } from "../../graph/ops/matmul-packed.ts";
import { constantData } from "../../graph/types.ts";
import { gemmU8S8Panel, kernelOf } from "../../kernels/index.ts";
import { resolveIsa } from "../../machine.ts";
import type { PassContext } from "../pass.ts";
import { isGemmKernel } from "./gemm-families.ts";
import { panelWidth } from "./gemm-problem.ts";

/** A weight of fewer elements is multiplied as it lies. */
const leastElements = 256;
/** With fewer rows, packing at every run takes longer than it saves. */
const leastRows = 4;

/** Extents of the right operand as the product sees it. */
function extents(graph: Graph, node: Node): { readonly k: number; readonly n: number; readonly transB: boolean } {
  const [rows = 1, columns = 1] = staticShape(valueOf(graph, node.inputs[1] ?? 0)) ?? [];
  const transB = node.attrs["transB"] === true;
  return transB ? { k: columns, n: rows, transB } : { k: rows, n: columns, transB };
}

const rowsOf = (shape: readonly number[]): number => shape.slice(0, -1).reduce((m, d) => m * d, 1);

/** The microkernel: on tiles where the machine has them and the product fills them. */
function kernelFor(graph: Graph, node: Node, ctx: PassContext): string {
  const a = valueOf(graph, node.inputs[0] ?? 0);
  const { k, n } = extents(graph, node);
  const base = a.dtype === "i8" ? "gemm_s8s8" : "gemm_u8s8";
  const facts = { m: rowsOf(staticShape(a) ?? []), n, k, isa: resolveIsa(ctx.options.isa, ctx.machine), bConstant: true };
  return kernelOf(`${base}_amx`).accepts(facts) === true ? `${base}_amx` : base;
}

/** Why the weight stays as it is; undefined when the kernel can have it. */
function refusal(graph: Graph, node: Node, ctx: PassContext): string | undefined {
  const [a, b, zeroA] = node.inputs.map((v) => (v === null ? undefined : valueOf(graph, v)));
  const shape = b === undefined ? undefined : staticShape(b);
  const left = a === undefined ? undefined : staticShape(a);
  if (a === undefined || b === undefined || shape === undefined || left === undefined) return "the shapes are not known";
  if ((b.dtype !== "i8" && b.dtype !== "u8") || (a.dtype !== "u8" && a.dtype !== "i8"))
    return `no kernel multiplies ${a.dtype} with ${b.dtype}`;
  if (shape.length !== 2) return "the weight is not a plain matrix";
  if (shape[0]! * shape[1]! < leastElements) return "the weight is small";
  if (b.constant === undefined && rowsOf(left) < leastRows) return "too few rows share it";
  if (zeroA !== undefined && staticShape(zeroA)?.some((d) => d !== 1) !== false) return "there is a zero point for every row";
  const { k, n } = extents(graph, node);
  const facts = { m: rowsOf(left), n, k, isa: resolveIsa(ctx.options.isa, ctx.machine), bConstant: true };
  const answer = kernelOf("gemm_u8s8").accepts(facts);
  return answer === true ? undefined : answer;
}

export interface IntegerPacking {
  /** The packing and start values (unless another product made them) and the product. */
  readonly nodes: readonly Node[];
  /** New values, to be appended. */
  readonly values: readonly Value[];
}

/** What products of one weight share: panels and sums by weight, start values by weight and zero points. */
export type KnownPackings = Map<string, readonly ValueId[]>;

/** The product with its weight packed; `known` holds what was made for others. */
export function packInteger(
  graph: Graph,
  node: Node,
  nextNode: number,
  nextValue: ValueId,
  known: KnownPackings,
  ctx: PassContext,
): IntegerPacking | undefined {
  const why = refusal(graph, node, ctx);
  const kernel = kernelFor(graph, node, ctx);
  const weight = valueOf(graph, node.inputs[1] ?? 0);
  const when = weight.constant === undefined ? "at every run" : "once";
  ctx.verdict({
    subject: "layout",
    accepted: why === undefined,
    rule: "pack-weights/integers",
    because: why === undefined ? `packed ${when}: ${kernel} reads four rows of a column at a time` : `left as it is: ${why}`,
    facts: [{ name: "elements", value: staticShape(weight)?.reduce((x, d) => x * d, 1) ?? 0 }],
    nodes: [node.id],
    value: weight.id,
  });
  if (why !== undefined) return undefined;
  const { k, n, transB } = extents(graph, node);
  const nodes: Node[] = [];
  const values: Value[] = [];
  const made = (key: string, name: string, make: () => { node: Omit<Node, "id" | "origin" | "outputs">; types: readonly Typed[] }) => {
    const have = known.get(key);
    if (have !== undefined) return have;
    const { node: fresh, types } = make();
    const outputs = types.map((t, i): Value => {
      return { id: nextValue + values.length + i, name: `${weight.name}.${t.name}`, ...t.type, shapeSource: "inferred", layout: "plain" };
    });
    nodes.push({
      ...fresh,
      name: `${name} ${weight.name}`,
      id: nextNode + nodes.length,
      outputs: outputs.map((v) => v.id),
      origin: node.origin,
    });
    values.push(...outputs);
    const ids = outputs.map((v) => v.id);
    known.set(key, ids);
    return ids;
  };
  const phase = weight.constant === undefined ? node.phase : "init";
  const panel = panelOf(graph, node, kernel, { n, k }, ctx);
  const [panels, sums] = made(`${weight.id} ${transB} ${panel}`, "pack", () => ({
    node: { op: "pack-integer", name: "", inputs: [weight.id], attrs: { panel, transB }, phase },
    types: [
      { name: "packed", type: { dtype: "i8", shape: [Math.ceil(n / panel), Math.ceil(k / 4), panel, 4] } },
      { name: "sums", type: { dtype: "i32", shape: [n] } },
    ],
  })) as readonly [ValueId, ValueId];
  const left = phase === "init" ? leftZero(graph, node, kernel) : undefined;
  const zeroB = node.inputs[3];
  const startIds =
    left === undefined || left === 0
      ? []
      : made(`${weight.id} ${transB} ${left} ${zeroB ?? "none"}`, "start values of", () => ({
          node: {
            op: "start-values",
            name: "",
            inputs: zeroB == null ? [sums] : [sums, zeroB],
            attrs: { k, left, less: packedLess(weight.dtype) },
            phase: "init",
          },
          types: [{ name: "start", type: { dtype: "i32", shape: [n] } }],
        }));
  const product: Node = {
    ...node,
    op: "matmul-packed",
    inputs: [node.inputs[0] ?? null, panels, sums, node.inputs[2] ?? null, node.inputs[3] ?? null, ...startIds],
    attrs: { n, kernel, less: packedLess(weight.dtype) },
  };
  return { nodes: [...nodes, product], values };
}

/** Columns of a panel: as usual, unless the product is tuned. */
function panelOf(graph: Graph, node: Node, kernel: string, { n, k }: { readonly n: number; readonly k: number }, ctx: PassContext): number {
  const isa = resolveIsa(ctx.options.isa, ctx.machine);
  if (!isGemmKernel(kernel)) return gemmU8S8Panel(isa);
  const m = rowsOf(staticShape(valueOf(graph, node.inputs[0] ?? 0)) ?? []);
  return panelWidth(ctx.machine, { kernel, m, n, k, batch: 1, threads: ctx.options.threads, isa });
}

interface Typed {
  readonly name: string;
  readonly type: { readonly dtype: "i8" | "i32"; readonly shape: readonly number[] };
}

/** The zero point of the left operand as the kernel reads it, where it and those of the columns are constant. */
function leftZero(graph: Graph, node: Node, kernel: string): number | undefined {
  const [, , zeroA, zeroB] = node.inputs;
  const isConstant = (v: ValueId | null | undefined): boolean => v == null || valueOf(graph, v).constant !== undefined;
  if (!isConstant(zeroA) || !isConstant(zeroB)) return undefined;
  const zero = zeroA == null ? 0 : Number(constantData(graph, valueOf(graph, zeroA))?.data[0]);
  return Number.isNaN(zero) ? undefined : zero + kernelShift(kernel);
}

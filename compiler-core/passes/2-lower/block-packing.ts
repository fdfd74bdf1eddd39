/** Products with weights of 4 bits rewired to panels that the kernel decodes: what `pack-weights` does with `matmul-blocks`. */
import { staticShape, valueOf, type Graph, type Group, type Node, type Value, type ValueId } from "../../graph/ir.ts";
import { bug } from "../../messages.ts";
import { gemmF32Tile, i4Block, i4Panels, rankGemms } from "../../kernels/index.ts";
import { resolveIsa } from "../../machine.ts";
import { operand } from "../../templates/template.ts";
import type { PassContext } from "../pass.ts";
import { nodeOf } from "../../graph/find-node.ts";

export interface BlockPacking {
  /** The packing, unless another product made it, and the product. */
  readonly nodes: readonly Node[];
  /** New values, to be appended. */
  readonly values: readonly Value[];
}

const rowsOf = (shape: readonly number[]): number => shape.slice(0, -1).reduce((m, d) => m * d, 1);

/** Why the weight stays as it is; undefined when the kernel can have it. */
function refusal(graph: Graph, node: Node): string | undefined {
  const parts = node.inputs.slice(1).filter((v) => v !== null);
  const block = Number(node.attrs["block"]);
  if (staticShape(valueOf(graph, operand(node, 0))) === undefined) return "the shapes are not known";
  if (block % i4Block !== 0) return `its blocks of ${block} are not made of the kernel's blocks of ${i4Block}`;
  return parts.every((v) => valueOf(graph, v).constant !== undefined) ? undefined : "the weight is computed at run time";
}

/** The product with its weight packed; `known` holds the panels, scales and zero points that were made for others. */
export function packBlocks(
  graph: Graph,
  node: Node,
  nextNode: number,
  nextValue: ValueId,
  known: Map<string, readonly ValueId[]>,
  ctx: PassContext,
): BlockPacking | undefined {
  const weight = valueOf(graph, operand(node, 1));
  const why = refusal(graph, node);
  const isa = resolveIsa(ctx.options.isa, ctx.machine);
  const { nr } = gemmF32Tile(isa);
  const shape = staticShape(valueOf(graph, operand(node, 0))) ?? [];
  const k = shape.at(-1) ?? 1;
  const n = staticShape(valueOf(graph, node.outputs[0] ?? 0))?.at(-1) ?? 1;
  const facts = { m: rowsOf(shape), n, k, isa, bConstant: true, b: "u4" as const };
  const mayRound = Number(node.attrs["leftBits"]) <= 8;
  const ranked = [...rankGemms({ ...facts, a: "f32" }), ...(mayRound ? rankGemms({ ...facts, a: "i8" }) : [])]
    .filter((r) => r.refused === undefined)
    .sort((a, b) => b.speed - a.speed);
  const kernel = ranked[0]?.kernel.name ?? bug("no kernel for weights of 4 bits");
  ctx.verdict({
    subject: "layout",
    accepted: why === undefined,
    rule: "pack-weights/blocks",
    because: why === undefined ? `packed once: ${kernel} decodes eight steps of a column from one lane` : `left as it is: ${why}`,
    facts: [
      { name: "k", value: k },
      { name: "n", value: n },
      { name: "block", value: Number(node.attrs["block"]) },
    ],
    nodes: [node.id],
    value: weight.id,
    alternatives: ranked.map((r) => ({
      choice: r.kernel.name,
      cost: r.speed,
      unit: "estimated speed, in f32 multiply-adds at their peak",
    })),
  });
  if (why !== undefined) return undefined;
  const attrs = { block: Number(node.attrs["block"]), transB: node.attrs["transB"] === true, zero: Number(node.attrs["zero"]) };
  const key = `${node.inputs.slice(1).join()} ${JSON.stringify(attrs)}`;
  const have = known.get(key);
  const hasZeros = node.inputs[3] != null || attrs.zero + (weight.dtype === "i4" ? 8 : 0) !== 8;
  const columns = [Math.ceil(n / nr), Math.ceil(k / i4Block), nr];
  const types = [
    { name: "packed", dtype: "u8", shape: i4Panels(k, n, nr) },
    { name: "scales", dtype: "f32", shape: columns },
    ...(hasZeros ? [{ name: "zeros", dtype: "u8", shape: columns } as const] : []),
  ] as const;
  const values =
    have !== undefined
      ? []
      : types.map(({ name, dtype, shape: extents }, i): Value => {
          return { id: nextValue + i, name: `${weight.name}.${name}`, dtype, shape: extents, shapeSource: "inferred", layout: "plain" };
        });
  const made = have ?? values.map((v) => v.id);
  known.set(key, made);
  const packing: Node = {
    id: nextNode,
    op: "pack-blocks",
    name: `pack ${weight.name}`,
    inputs: node.inputs.slice(1),
    outputs: made,
    attrs: { ...attrs, panel: nr },
    origin: node.origin,
    phase: "init",
  };
  const product: Node = { ...node, op: "matmul-i4", inputs: [node.inputs[0] ?? null, ...made], attrs: { n, kernel } };
  return { nodes: have === undefined ? [packing, product] : [product], values };
}

/** Few rows: columns are shared out, so that each thread reads its part of the weight; many rows: the rows. */
export function tileBlocks(graph: Graph, group: Group, ctx: PassContext): Group {
  const node = nodeOf(graph, group.leader) ?? bug(`group ${group.id} has no leader`);
  const rows = rowsOf(staticShape(valueOf(graph, operand(node, 0))) ?? []);
  const n = Number(node.attrs["n"]);
  const nr = staticShape(valueOf(graph, operand(node, 2)))?.[2] ?? 1;
  const { threads } = ctx.options;
  const byRows = rows >= 64 * threads;
  const columns = Math.min(n, Math.ceil(Math.ceil(n / threads) / nr) * nr);
  const params = byRows
    ? { rowsPerThread: Math.ceil(rows / threads), colsPerThread: n }
    : { rowsPerThread: Math.max(1, rows), colsPerThread: columns };
  ctx.verdict({
    subject: "schedule",
    accepted: true,
    rule: "choose-tiles/threads",
    because: `${byRows ? "rows" : "columns"} are shared out: ${params.rowsPerThread} rows and ${params.colsPerThread} columns for each thread`,
    facts: [
      { name: "m", value: rows },
      { name: "n", value: n },
      { name: "threads", value: threads },
    ],
    nodes: [group.leader],
    group: group.id,
  });
  return { ...group, params };
}

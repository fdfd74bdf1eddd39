/**
 * Chooses, for every matrix product, the kernel and how threads and cache blocks divide it. All candidates are counted out in bytes and
 * operations; the verdict keeps their costs.
 */
import { staticShape, valueOf, type Graph, type Group, type Node } from "../../graph/ir.ts";
import { gemmF32Tile, rankGemms } from "../../kernels/index.ts";
import { resolveIsa, type IsaName } from "../../machine.ts";
import { bug } from "../../messages.ts";
import { gemmShape, type GemmShape } from "../../templates/gemm-shape.ts";
import { operand } from "../../templates/template.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { tileConv } from "./conv-tiles.ts";
import { tileInteger } from "./integer-tiles.ts";
import { isCollidingPitch } from "./storage-plan.ts";

export const chooseTiles = graphPass({
  name: "choose-tiles",
  why: "Divides each matrix product over threads and cache blocks, at the least estimated time.",
  optional: false,
  run: (graph, ctx) => {
    const untiled = (g: Group): boolean => Object.keys(g.params).length === 0;
    const groups = graph.groups.map((g) =>
      g.template === "matmul" && untiled(g) ? tile(graph, g, ctx) : g.template === "conv" && untiled(g) ? tileConv(graph, g, ctx) : g,
    );
    return groups.every((g, i) => g === graph.groups[i]) ? graph : { ...graph, groups };
  },
});

function tile(graph: Graph, group: Group, ctx: PassContext): Group {
  const node = graph.nodes.find((n) => n.id === group.leader) ?? bug(`group ${group.id} has no leader`);
  if (node.op === "matmul-packed") return tileInteger(graph, group, ctx);
  const s = gemmShape(graph, node);
  const isa = resolveIsa(ctx.options.isa, ctx.machine);
  const kernel = chooseKernel(s, isa);
  const { nr } = gemmF32Tile(isa);
  const division = divide(s, isa, kernel, ctx, group);
  const kc = kernel === "gemm_f32" ? evenSteps(s.k, Math.max(256, Math.floor(ctx.machine.caches.l2 / 2 / (4 * nr)))) : s.k;
  const mc = blockRows(division.rows, s.k, isa, ctx.machine.caches.l2);
  const copyA = copies(graph, node, s) ? 1 : 0;
  const params = { kernel, rowsPerThread: division.rows, colsPerThread: division.cols, mc, kc, nr, copyA };
  ctx.hit({
    rule: "choose-tiles/gemm",
    before: [node.id],
    after: [node.id],
    note: Object.entries(params)
      .map(([k, v]) => `${k}=${v}`)
      .join(" "),
  });
  return { ...group, params };
}

/** What the operands' layout allows; among those the best score. */
function chooseKernel(s: GemmShape, isa: IsaName): string {
  if (s.bLayout === "panels") return "gemm_f32";
  if (s.bLayout === "transposed") return "gemm_f32_dot";
  return rankGemms({ m: s.m, n: s.n, k: s.k, isa, bConstant: false }).find((r) => r.kernel.name === "gemm_f32")?.kernel.name ?? "gemm_f32";
}

interface Division {
  readonly rows: number;
  readonly cols: number;
}

/**
 * Threads as a grid: rows go out in whole tiles, columns in whole panels. Cost of a choice is the time of its busiest thread, in
 * multiply-adds: its share of the padded product, plus the operands it has to bring in at 1 element per `streamCost` multiply-adds.
 */
function divide(s: GemmShape, isa: IsaName, kernel: string, ctx: PassContext, group: Group): Division {
  const { mr, nr } = gemmF32Tile(isa);
  const threads = s.batch.some((d) => d !== 1) ? 1 : ctx.options.threads;
  const unit = kernel === "gemm_f32" ? { m: mr, n: nr } : { m: 4, n: 4 };
  const grids = Array.from({ length: threads }, (_, i) => i + 1).flatMap((ms) =>
    Array.from({ length: Math.floor(threads / ms) }, (_, j) => [ms, j + 1] as const),
  );
  const candidates = grids.map(([ms, ns]) => {
    const rows = ms === 1 ? s.m : Math.min(s.m, roundUp(Math.ceil(s.m / ms), s.m / ms >= 2 * unit.m ? unit.m : 1));
    const cols = ns === 1 ? s.n : Math.min(s.n, roundUp(Math.ceil(s.n / ns), unit.n));
    return {
      rows,
      cols,
      choice: `${Math.ceil(s.m / rows)} x ${Math.ceil(s.n / cols)}`,
      cost: rows * roundUp(cols, unit.n) * s.k + streamCost * (rows + cols) * s.k,
    };
  });
  const ranked = [...candidates].sort((a, b) => a.cost - b.cost || b.cols - a.cols);
  const best = ranked[0] ?? { rows: s.m, cols: s.n, choice: "1 x 1", cost: 0 };
  ctx.verdict({
    subject: "schedule",
    accepted: true,
    rule: "choose-tiles/threads",
    nodes: [group.leader],
    group: group.id,
    because: `split ${best.choice} (rows x columns) over ${threads} thread${threads === 1 ? "" : "s"}: ${best.rows} rows and ${best.cols} columns each`,
    facts: [
      { name: "m", value: s.m },
      { name: "n", value: s.n },
      { name: "k", value: s.k },
      { name: "threads", value: threads },
    ],
    alternatives: dedupe(ranked)
      .slice(0, 6)
      .map(({ choice, cost }) => ({ choice, cost, unit: "multiply-adds of the busiest thread" })),
  });
  return best;
}

/** Multiply-adds one core does in the time one operand element comes from the last-level cache: about 16 lanes at 16 bytes a cycle. */
const streamCost = 4;

/** Rows per block: the block of A and the panel in use share half of the second-level cache. */
function blockRows(rows: number, k: number, isa: IsaName, l2: number): number {
  const { mr, nr } = gemmF32Tile(isa);
  const fit = Math.floor((l2 / 2 / 4 - k * nr) / k);
  const most = Math.max(mr, Math.floor(fit / mr) * mr);
  return rows <= most ? rows : roundUp(Math.ceil(rows / Math.ceil(rows / most)), mr);
}

/** `extent` in as few steps of at most `most` as possible, all about equal. */
const evenSteps = (extent: number, most: number): number =>
  extent <= most ? Math.max(1, extent) : Math.ceil(extent / Math.ceil(extent / most));

/** Rows of A that fall into the same cache sets are worth a copy when enough columns use it. */
function copies(graph: Graph, node: Node, s: GemmShape): boolean {
  const a = valueOf(graph, operand(node, 0));
  const outside = graph.inputs.includes(a.id) || a.constant !== undefined;
  return outside && (staticShape(a)?.length ?? 0) >= 2 && s.m >= 8 && s.n >= 64 && isCollidingPitch(s.k);
}

const roundUp = (x: number, unit: number): number => Math.ceil(x / unit) * unit;
const dedupe = <T extends { choice: string }>(list: readonly T[]): T[] =>
  list.filter((x, i) => list.findIndex((y) => y.choice === x.choice) === i);

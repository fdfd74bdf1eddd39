/**
 * Chooses, for every matrix product, the kernel and how threads, register tiles and cache blocks divide it: the point of the search space
 * (gemm-space.ts) with the least predicted time (gemm-cost.ts), unless the machine profile has a tuned one. The verdicts keep the predictions.
 */
import type { Graph, Group } from "../../graph/ir.ts";
import { gemmF32Tile } from "../../kernels/index.ts";
import { resolveIsa } from "../../machine.ts";
import { bug } from "../../messages.ts";
import { gemmShape, type GemmShape } from "../../templates/gemm-shape.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { tileBlocks } from "./block-packing.ts";
import { tileConv } from "./conv-tiles.ts";
import { tileConvLast } from "./conv-last-tiles.ts";
import { tilePacked } from "./packed-tiles.ts";
import { divideDot } from "./dot-tiles.ts";
import { coreFigures, pointText, rankGemm, type Predicted } from "./gemm-cost.ts";
import { gemmProblem, templateParams, type Params } from "./gemm-problem.ts";
import type { GemmPoint, GemmProblem } from "./gemm-space.ts";
import { tiledGroup } from "./tiled-group.ts";
import { tunedPoint } from "./tuned-point.ts";
import { nodeOf } from "../../graph/find-node.ts";

export const chooseTiles = graphPass({
  name: "choose-tiles",
  why: "Divides each matrix product over threads and cache blocks, at the least estimated time.",
  optional: false,
  run: (graph, ctx) => {
    const untiled = (g: Group): boolean => Object.keys(g.params).length === 0;
    const tilings: Readonly<Record<string, (graph: Graph, group: Group, ctx: PassContext) => Group>> = {
      matmul: tile,
      conv: tileConv,
      "conv-last": tileConvLast,
    };
    const groups = graph.groups.map((g) => (untiled(g) ? (tilings[g.template]?.(graph, g, ctx) ?? g) : g));
    return groups.every((g, i) => g === graph.groups[i]) ? graph : { ...graph, groups };
  },
});

function tile(graph: Graph, group: Group, ctx: PassContext): Group {
  const node = nodeOf(graph, group.leader) ?? bug(`group ${group.id} has no leader`);
  if (node.op === "matmul-i4") return tileBlocks(graph, group, ctx);
  if (node.op === "matmul-packed" || node.op === "matmul-bf16") return tilePacked(graph, group, ctx);
  const s = gemmShape(graph, node);
  const params = s.bLayout === "transposed" ? dotParams(s, group, ctx) : gemmParams(gemmProblem(graph, node, s, ctx), s, group, ctx);
  return tiledGroup(group, params, ctx);
}

function gemmParams(p: GemmProblem, s: GemmShape, group: Group, ctx: PassContext): Params {
  const ranked = rankGemm(ctx.machine, p);
  const best = ranked[0] ?? bug("no way to compute a product");
  const point = tunedPoint(p, { text: pointText(best.point), cost: best.ns, unit: "ns" }, group, ctx) ?? best.point;
  tellThreads(p, s, point, ranked, group, ctx);
  tellParts(p, s, point, ranked, group, ctx);
  tellBlocks(p, point, ranked, group, ctx);
  return templateParams(point, p);
}

const gridText = (s: GemmShape, { rowsPerThread, colsPerThread, parts }: GemmPoint): string =>
  `${Math.ceil(s.m / rowsPerThread)} x ${Math.ceil(s.n / colsPerThread)}${parts === undefined ? "" : ` x ${parts}`}`;

/** Threads that a point keeps busy. */
const busy = (s: GemmShape, { rowsPerThread, colsPerThread, parts }: GemmPoint): number =>
  Math.ceil(s.m / rowsPerThread) * Math.ceil(s.n / colsPerThread) * (parts ?? 1);

function tellThreads(p: GemmProblem, s: GemmShape, point: GemmPoint, ranked: readonly Predicted[], group: Group, ctx: PassContext): void {
  const { threads } = p;
  const grids = new Map<string, number>();
  for (const r of ranked) if (!grids.has(gridText(s, r.point))) grids.set(gridText(s, r.point), r.ns);
  ctx.verdict({
    subject: "schedule",
    accepted: true,
    rule: "choose-tiles/threads",
    nodes: [group.leader],
    group: group.id,
    because: `split ${gridText(s, point)} (rows x columns${point.parts === undefined ? "" : " x depth"}) over ${threads} thread${threads === 1 ? "" : "s"}: ${point.rowsPerThread} rows and ${point.colsPerThread} columns each${point.parts === undefined ? "" : `, ${point.kc} of ${s.k} steps of k`}`,
    facts: [
      { name: "m", value: s.m },
      { name: "n", value: s.n },
      { name: "k", value: s.k },
      { name: "threads", value: threads },
    ],
    alternatives: [...grids].slice(0, 6).map(([choice, cost]) => ({ choice, cost, unit: "ns, predicted" })),
  });
}

/** Where k is divided, or rows and columns do not fill the threads: the best with and without dividing it. */
function tellParts(p: GemmProblem, s: GemmShape, point: GemmPoint, ranked: readonly Predicted[], group: Group, ctx: PassContext): void {
  const accepted = point.parts !== undefined;
  const [whole, divided] = [ranked.find((r) => r.point.parts === undefined), ranked.find((r) => r.point.parts !== undefined)];
  if (divided === undefined || (!accepted && busy(s, point) >= p.threads)) return;
  const own = accepted ? (ranked.find((r) => pointText(r.point) === pointText(point)) ?? divided) : divided;
  const ns = (r: Predicted | undefined): string => `${Math.round(r?.ns ?? 0)} ns`;
  ctx.verdict({
    subject: "schedule",
    accepted,
    rule: "choose-tiles/depth",
    nodes: [group.leader],
    group: group.id,
    because: accepted
      ? `k divided in ${point.parts} parts: rows and columns alone keep ${whole === undefined ? 1 : busy(s, whole.point)} of ${p.threads} threads busy for ${ns(whole)}, with a sum of the parts behind a barrier it takes ${ns(own)} (predicted)`
      : `k not divided: adding up the parts behind a barrier takes ${ns(own)} in all, rows and columns alone ${ns(whole)} on ${busy(s, point)} of ${p.threads} threads (predicted)`,
    facts: [
      { name: "m", value: s.m },
      { name: "n", value: s.n },
      { name: "k", value: s.k },
      { name: "threads", value: p.threads },
    ],
    alternatives: [own, ...(whole === undefined ? [] : [whole])].map((r) => ({
      choice: gridText(s, r.point),
      cost: r.ns,
      unit: "ns, predicted",
    })),
  });
}

function tellBlocks(p: GemmProblem, point: GemmPoint, ranked: readonly Predicted[], group: Group, ctx: PassContext): void {
  const nominal = [...new Set(coreFigures(ctx.machine, p.isa, p.threads).nominal.map((n) => n.split(".")[0]))];
  const own = ranked.find((r) => pointText(r.point) === pointText(point));
  ctx.verdict({
    subject: "schedule",
    accepted: true,
    rule: "choose-tiles/blocks",
    nodes: [group.leader],
    group: group.id,
    because: `${pointText(point)}${own === undefined ? "" : `: ${Math.round(own.ns)} ns predicted`}${nominal.length === 0 ? "" : ` (nominal figures for ${nominal.join(", ")}: the profile has no measured ones)`}`,
    facts: [
      { name: "points compared", value: ranked.length },
      { name: "predicted", value: own?.ns ?? ranked[0]?.ns ?? 0, unit: "ns" },
    ],
    alternatives: ranked.slice(0, 6).map((r) => ({ choice: pointText(r.point), cost: r.ns, unit: "ns, predicted" })),
  });
}

function dotParams(s: GemmShape, group: Group, ctx: PassContext): Params {
  const threads = s.batch.some((d) => d !== 1) ? 1 : ctx.options.threads;
  const ranked = divideDot(s, threads);
  const best = ranked[0] ?? bug("no way to divide a product");
  ctx.verdict({
    subject: "schedule",
    accepted: true,
    rule: "choose-tiles/threads",
    nodes: [group.leader],
    group: group.id,
    because: `split ${best.grid} (rows x columns) over ${threads} thread${threads === 1 ? "" : "s"}: ${best.rows} rows and ${best.cols} columns each`,
    facts: [
      { name: "m", value: s.m },
      { name: "n", value: s.n },
      { name: "k", value: s.k },
      { name: "threads", value: threads },
    ],
    alternatives: ranked
      .filter((r, i) => ranked.findIndex((other) => other.grid === r.grid) === i)
      .slice(0, 6)
      .map(({ grid, cost }) => ({ choice: grid, cost, unit: "multiply-adds of the busiest thread" })),
  });
  const { nr } = gemmF32Tile(resolveIsa(ctx.options.isa, ctx.machine));
  return { kernel: "gemm_f32_dot", rowsPerThread: best.rows, colsPerThread: best.cols, mc: best.rows, kc: s.k, nr, copyA: 0 };
}

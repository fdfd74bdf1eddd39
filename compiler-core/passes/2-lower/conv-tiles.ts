/** How a convolution is divided over threads and cache blocks. */
import { bug } from "../../messages.ts";
import type { Graph, Group } from "../../graph/ir.ts";
import { convDepth } from "../../kernels/conv-f32.ts";
import { gemmF32Tile } from "../../kernels/index.ts";
import { resolveIsa } from "../../machine.ts";
import { convShape, type ConvShape } from "../../templates/conv-shape.ts";
import type { PassContext } from "../pass.ts";
import { convPointProblem, convProblem, convProblemKey, convText, predictConv } from "./conv-space.ts";
import { coreFigures } from "./gemm-cost.ts";
import type { Params } from "./gemm-problem.ts";
import { tunedParams } from "./tuned-point.ts";
import { nodeOf } from "../../graph/find-node.ts";

export function tileConv(graph: Graph, group: Group, ctx: PassContext): Group {
  const node = nodeOf(graph, group.leader) ?? bug(`group ${group.id} has no leader`);
  const s = convShape(graph, node);
  const { nr, nv } = gemmF32Tile(resolveIsa(ctx.options.isa, ctx.machine));
  const usual = divide(s, nr, ctx.options.threads, ctx.machine.caches.l2);
  const { rows, columns } = tuned(s, usual, group, ctx) ?? usual;
  ctx.hit({
    rule: "choose-tiles/conv",
    before: [node.id],
    after: [node.id],
    note: `blocks of ${Math.min(rows, s.rows)} channels x ${Math.min(columns, s.columns)} positions of ${s.rows} x ${s.columns}, k=${s.k}, tiles of ${s.tile}`,
  });
  return { ...group, params: { rows, columns, nr, nv } };
}

/** The division that the machine profile has for this convolution. */
function tuned(s: ConvShape, usual: Division, group: Group, ctx: PassContext): Division | undefined {
  const p = convProblem(s, ctx);
  const wrong = (point: Params): string | undefined =>
    convPointProblem(point, p) ?? (point["tile"] === s.tile ? undefined : `the kernel matrix is packed to tiles of ${s.tile} channels`);
  const point = { ...usual, tile: s.tile };
  const cost = predictConv(coreFigures(ctx.machine, p.isa, p.threads), p, point);
  const params = tunedParams(convProblemKey(p), wrong, { text: convText(point), cost, unit: "ns" }, group, ctx);
  return params && { rows: Number(params["rows"]), columns: Number(params["columns"]) };
}

interface Division {
  readonly rows: number;
  readonly columns: number;
}

/** Columns whose panels take a third of the second-level cache; fewer, then fewer rows, while threads would have nothing to do. */
function divide(s: ConvShape, nr: number, threads: number, l2: number): Division {
  const even = (extent: number, most: number, unit: number): number =>
    Math.ceil(Math.ceil(extent / Math.ceil(extent / most)) / unit) * unit;
  const fit = Math.max(nr, Math.floor(l2 / 3 / 4 / Math.min(s.k, convDepth) / nr) * nr);
  let columns = even(s.columns, Math.min(fit, 1024), nr);
  let rows = Math.ceil(s.rows / s.tile) * s.tile;
  const pieces = (): number => s.batch * s.groups * Math.ceil(s.columns / columns) * Math.ceil(s.rows / rows);
  while (pieces() < 2 * threads && threads > 1 && columns > 4 * nr) columns = even(s.columns, columns / 2, nr);
  if (pieces() < threads) rows = even(s.rows, Math.max(s.tile, s.rows / Math.ceil(threads / pieces())), s.tile);
  return { rows, columns };
}

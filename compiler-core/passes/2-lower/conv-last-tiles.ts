/** How a convolution with channels last is divided over threads and blocks, and which register tile it has. */
import { bug } from "../../messages.ts";
import type { Graph, Group } from "../../graph/ir.ts";
import { convLastScratch, winogradScratch } from "../../kernels/conv-last.ts";
import { gemmF32Tile, gemmU8S8Panel } from "../../kernels/index.ts";
import { f32Lanes, resolveIsa, type IsaName } from "../../machine.ts";
import { lastShape, type LastShape } from "../../templates/last-shape.ts";
import type { PassContext } from "../pass.ts";
import { nodeOf } from "../../graph/find-node.ts";

export function tileConvLast(graph: Graph, group: Group, ctx: PassContext): Group {
  const node = nodeOf(graph, group.leader) ?? bug(`group ${group.id} has no leader`);
  const s = lastShape(graph, node);
  const isa = resolveIsa(ctx.options.isa, ctx.machine);
  const ranked = s.depthwise ? depthwiseBlocks(s, isa, ctx) : s.winograd ? winogradBlocks(s, isa, ctx) : blocks(s, isa, ctx);
  const [best] = ranked;
  if (best === undefined) return bug("no way to divide a convolution");
  const tile = registerTile(s, isa);
  const text = (d: Division): string => `${d.rows} rows x ${d.columns} channels`;
  ctx.verdict({
    subject: "schedule",
    accepted: true,
    rule: "choose-tiles/conv-last",
    nodes: [group.leader],
    group: group.id,
    because: `blocks of ${text(best)} of ${s.outRows} x ${s.outputs}, ${s.depthwise ? "a channel each" : s.winograd ? "by tiles of 2 x 2" : `tiles of ${tile.tr} x ${tile.tw} positions`}`,
    facts: [
      { name: "rows", value: s.outRows },
      { name: "columns", value: s.window.out_columns },
      { name: "channels", value: s.outputs },
      { name: "threads", value: ctx.options.threads },
    ],
    alternatives: ranked.slice(0, 6).map((d) => ({ choice: text(d), cost: Math.round(d.cost), unit: "cycles, predicted" })),
  });
  ctx.hit({ rule: "choose-tiles/conv-last", before: [node.id], after: [node.id], note: text(best) });
  return {
    ...group,
    params: { rows: best.rows, columns: best.columns, ...(s.depthwise ? {} : s.winograd ? winogradParams(best, isa) : tile) },
  };
}

interface Division {
  readonly rows: number;
  readonly columns: number;
  /** Cycles of the busiest thread. */
  readonly cost: number;
}

/** Rows of a register tile, as gemm_f32_mr and gemm_u8s8_mr of the headers. */
function tileRows(s: LastShape, isa: IsaName): number {
  if (s.dtype === "f32") return gemmF32Tile(isa).mr;
  return isa === "scalar" ? 4 : isa === "avx2" || isa === "avx512" ? 8 : 14;
}
const panelWidth = (s: LastShape, isa: IsaName): number => (s.dtype === "f32" ? gemmF32Tile(isa).nr : gemmU8S8Panel(isa));

/** Several rows of a narrow result are one tile. */
const mostTileRows = 4;

function registerTile(s: LastShape, isa: IsaName): { readonly tr: number; readonly tw: number; readonly nr: number } {
  const most = tileRows(s, isa);
  const { out_columns: columns } = s.window;
  const tw = Math.max(1, Math.ceil(columns / Math.ceil(columns / most)));
  const tr = tw === columns ? Math.max(1, Math.min(mostTileRows, s.outRows, Math.floor(most / columns))) : 1;
  return { tr, tw, nr: panelWidth(s, isa) };
}

/** Bytes that a core moves per cycle to and from its second-level cache, and from beyond it. */
const nearBytes = 32;
const farBytes = 8;

const multiplesUpTo = (extent: number, unit: number): number[] => {
  const found = new Set<number>();
  for (let parts = 1; parts <= extent; parts *= 2) found.add(Math.min(Math.ceil(extent / unit), Math.ceil(extent / parts / unit)) * unit);
  for (const parts of [3, 6, 12]) if (parts <= extent) found.add(Math.ceil(extent / parts / unit) * unit);
  return [...found];
};

function blocks(s: LastShape, isa: IsaName, ctx: PassContext): readonly Division[] {
  const { window: w } = s;
  const { tr, nr } = registerTile(s, isa);
  const { threads } = ctx.options;
  const bytes = s.dtype === "f32" ? 4 : 1;
  const k = w.kh * w.kw * w.channels;
  const { l2 } = ctx.machine.caches;
  const candidates: Division[] = [];
  for (const rows of multiplesUpTo(s.outRows, tr))
    for (const columns of multiplesUpTo(s.outputs, nr)) {
      const scratch = convLastScratch(w, Math.min(rows, s.outRows)) * bytes;
      if (s.copy && scratch > l2 / 2 && rows > tr) continue;
      const pieces = s.batch * Math.ceil(s.outRows / rows) * Math.ceil(s.outputs / columns);
      const vectors =
        (Math.min(rows, s.outRows) * w.out_columns * k * Math.ceil(Math.min(columns, s.outputs) / f32Lanes(isa))) / (bytes === 1 ? 4 : 1);
      const weights = k * Math.min(columns, s.outputs) * bytes;
      const reading = weights / (weights > l2 / 2 ? farBytes : nearBytes) + (s.copy ? (2 * scratch) / nearBytes : 0);
      candidates.push({ rows, columns, cost: Math.ceil(pieces / threads) * (vectors + reading + callCycles) });
    }
  return candidates.sort((a, b) => a.cost - b.cost || b.rows - a.rows || b.columns - a.columns);
}
const callCycles = 200;

const winogradParams = (d: Division, isa: IsaName): Readonly<Record<string, number>> => {
  const { mr, nr } = gemmF32Tile(isa);
  return { ty: d.rows / 2, mr, nr };
};

/** Cycles to transform a tile of the image, and the sums of one, for a vector of channels. */
const tileCycles = 64;
const mostTileRowsOfBlock = 16;

/** Blocks of rows of tiles: 16 products of [tiles, channels] with the transformed kernel. */
function winogradBlocks(s: LastShape, isa: IsaName, ctx: PassContext): readonly Division[] {
  const { window: w } = s;
  const { mr, nr } = gemmF32Tile(isa);
  const { l2 } = ctx.machine.caches;
  const vectorsOf = (channels: number): number => Math.ceil(channels / f32Lanes(isa));
  const candidates: Division[] = [];
  for (let ty = 1; 2 * (ty - 1) < s.outRows && ty <= mostTileRowsOfBlock; ty++)
    for (const columns of multiplesUpTo(s.outputs, nr)) {
      const tiles = ty * Math.ceil(w.out_columns / 2);
      const scratch = 4 * winogradScratch(w, ty, { mr, nr });
      if (scratch > 4 * l2 && ty > 1) continue;
      const cols = Math.min(columns, s.outputs);
      const pieces = s.batch * Math.ceil(s.outRows / (2 * ty)) * Math.ceil(s.outputs / columns);
      // Short groups of tiles have fewer rows for each vector of the kernel that is read.
      const group = tiles / Math.ceil(tiles / mr);
      const products = 16 * tiles * w.channels * vectorsOf(cols) * (1 + 0.5 / group);
      const weights = 64 * w.channels * cols;
      const again = scratch > 0.8 * l2 ? ((cols / nr) * scratch) / (4 * farBytes) : 0;
      const reading = weights / (weights > l2 / 2 ? farBytes : nearBytes) + again;
      const turning = tileCycles * tiles * (vectorsOf(w.channels) + vectorsOf(cols));
      const each = products + reading + turning + callCycles;
      candidates.push({ rows: 2 * ty, columns, cost: Math.ceil(pieces / ctx.options.threads) * each });
    }
  return candidates.sort((a, b) => a.cost - b.cost || b.rows - a.rows || b.columns - a.columns);
}

/** Rows only: a pixel's channels lie together. */
function depthwiseBlocks(s: LastShape, isa: IsaName, ctx: PassContext): readonly Division[] {
  const { window: w } = s;
  const tile = s.dtype === "f32" ? 2 : w.sy === 1 ? 4 : 2;
  const { threads } = ctx.options;
  const perRow = w.out_columns * Math.ceil(s.outputs / f32Lanes(isa)) * (w.kh * w.kw + 8);
  return multiplesUpTo(s.outRows, tile)
    .map((rows) => {
      const pieces = s.batch * Math.ceil(s.outRows / rows);
      return { rows, columns: s.outputs, cost: Math.ceil(pieces / threads) * (Math.min(rows, s.outRows) * perRow + callCycles) };
    })
    .sort((a, b) => a.cost - b.cost || b.rows - a.rows);
}

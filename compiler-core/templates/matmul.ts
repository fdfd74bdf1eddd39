/**
 * Matrix products: threads split rows and columns, each walks its rows in blocks that fit the cache next to the panels of B, and one
 * kernel call computes a block. Members after the product are computed on the finished register tile (the kernel's epilogue).
 *
 *   for t in 0..mSplit*nSplit(*kSplit) parallel
 *     for mm in rows of t step mc
 *       [copy the block of A to rows that do not collide in the cache]
 *       for nn in columns of t step nc  (one step unless there are many; with order "columns" outside of mm)
 *         for kk in 0..K step kc        (one step unless K is long)
 *           gemm(A[mm.., kk..], B[kk.., nn..]) -> epilogue
 *
 * Where threads also divide the depth, the sums of each part go to a buffer, and a second nest adds them up, part after part:
 *
 *   for i in 0..M parallel
 *     for j in 0..N: sum of parts[..][i][j] -> the members after the product
 */
import { bug } from "../messages.ts";
import { valueOf, type Node } from "../graph/ir.ts";
import * as x from "../tensor/build.ts";
import type { BufferId, Epilogue, Expr, Ref, Stmt } from "../tensor/ir.ts";
import { substitute } from "../tensor/rewrite.ts";
import { gemmShape, type GemmShape } from "./gemm-shape.ts";
import { plus } from "./module-builder.ts";
import { overRows } from "./points.ts";
import { postOps, tileVars } from "./post-ops.ts";
import { overShares } from "./shares.ts";
import { operand, type Template, type TemplateCall } from "./template.ts";

/** Where the current block lies: first row and column, and the batch index. */
interface Block {
  readonly batch: readonly Expr[];
  readonly row: Expr;
  readonly col: Expr;
  readonly rows: Expr;
  readonly cols: Expr;
  /** The steps of k that are summed, where threads divide them, and where the sums go. */
  readonly part?: { readonly from: Expr; readonly size: Expr; readonly sums: Ref };
}

export const matmul: Template = (call) => {
  const leader = call.nodes[0] ?? bug("an empty group");
  const s = gemmShape(call.graph, leader);
  const batched = s.batch.some((d) => d !== 1);
  if (batched) return overRows(call, s.batch, (batch) => split(call, leader, s, batch, "serial"));
  return split(
    call,
    leader,
    s,
    s.batch.map(() => x.index(0)),
    "parallel",
  );
};

function split(call: TemplateCall, leader: Node, s: GemmShape, batch: readonly Expr[], kind: "parallel" | "serial"): Stmt[] {
  const { params } = call.group;
  const origin = call.nodes.map((n) => n.id);
  const all = (extent: number) => ({ extent, per: extent });
  const rows = kind === "serial" ? all(s.m) : { extent: s.m, per: numberParam(params, "rowsPerThread") };
  const cols = kind === "serial" ? all(s.n) : { extent: s.n, per: numberParam(params, "colsPerThread") };
  const sums = params["parts"] === undefined ? undefined : partSums(call, leader, s, batch);
  const depth = sums === undefined ? all(s.k) : { extent: s.k, per: numberParam(params, "kc") };
  const products = overShares(call.builder, origin, [rows, cols, depth], (share) => {
    const block = { batch, row: share.rows.from, col: share.cols.from, rows: share.rows.size, cols: share.cols.size };
    return blocks(call, leader, s, sums === undefined ? block : { ...block, part: { ...share.depth, sums: sums.of(share.part) } });
  });
  return [...products, ...(sums?.added ?? [])];
}

/** Where threads across the depth leave their sums, and the loops that add them up and go on with the members after the product. */
function partSums(
  call: TemplateCall,
  leader: Node,
  s: GemmShape,
  batch: readonly Expr[],
): { readonly of: (part: Expr) => Ref; readonly added: Stmt[] } {
  const { builder, group } = call;
  const parts = numberParam(group.params, "parts");
  const buffer = builder.buffer({ name: "parts", dtype: "f32", shape: [parts, s.m, s.n], scope: "arena" });
  const origin = call.nodes.map((n) => n.id);
  const end = epilogueOf(call, leader, s, { batch, row: x.index(0), col: x.index(0), rows: x.index(s.m), cols: x.index(s.n) });
  const added = builder.loop("parallel", "i", 0, s.m, origin, (i) => [
    builder.loop("vector", "j", 0, s.n, origin, (j) => {
      const all = Array.from({ length: parts }, (_, part) => x.load(buffer, [x.index(part), i, j], "f32"));
      const sum = builder.let(
        "sum",
        all.reduce((a, b) => x.add(a, b)),
        [leader.id],
      );
      const by = new Map([
        [end.row, i],
        [end.col, j],
        [end.acc, sum.ref],
      ]);
      return [sum.stmt, ...substitute(end.body, by)];
    }),
  ]);
  return { of: (part) => ({ buffer, index: [part, x.index(0), x.index(0)] }), added: [added] };
}

/** What a thread does: its rows in blocks, and each of them in blocks of columns, or the other way round. */
function blocks(call: TemplateCall, leader: Node, s: GemmShape, share: Block): Stmt[] {
  return call.group.params["order"] === "columns"
    ? columnBlocks(call, s, share, (block) => rowBlocks(call, leader, s, block))
    : rowBlocks(call, leader, s, share);
}

/** Columns of a thread, and of a block of it. */
const columnsPer = ({ group }: TemplateCall, s: GemmShape): { readonly thread: number; readonly block: number } => {
  const thread = Math.min(s.n, numberParam(group.params, "colsPerThread"));
  return { thread, block: Math.min(thread, Number(group.params["nc"] ?? thread)) };
};

/** Blocks of `nc` columns. */
function columnBlocks(call: TemplateCall, s: GemmShape, share: Block, body: (block: Block) => Stmt[]): Stmt[] {
  const { builder } = call;
  const per = columnsPer(call, s);
  if (per.block >= per.thread) return body(share);
  const origin = call.nodes.map((n) => n.id);
  const blockOf = (nn: Expr): Stmt[] => {
    const cols = builder.let("cols", x.binary("min", x.index(per.block), x.sub(share.cols, nn)), origin);
    return [cols.stmt, ...body({ ...share, col: plus(share.col, nn), cols: cols.ref })];
  };
  return [builder.loop("serial", "nn", 0, share.cols, origin, blockOf, per.block)];
}

/** Blocks of `mc` rows. */
function rowBlocks(call: TemplateCall, leader: Node, s: GemmShape, block: Block): Stmt[] {
  const { builder, group } = call;
  const origin = call.nodes.map((n) => n.id);
  const mc = numberParam(group.params, "mc");
  const perThread = Math.min(s.m, numberParam(group.params, "rowsPerThread"));
  if (mc >= perThread) return oneBlock(call, leader, s, block, perThread);
  return [
    builder.loop(
      "serial",
      "mm",
      0,
      block.rows,
      origin,
      (mm) => {
        const rows = builder.let("rows", x.binary("min", x.index(mc), x.sub(block.rows, mm)), origin);
        return [rows.stmt, ...oneBlock(call, leader, s, { ...block, row: plus(block.row, mm), rows: rows.ref }, mc)];
      },
      mc,
    ),
  ];
}

interface Operand {
  readonly ref: Ref;
  readonly ld: number;
}

function oneBlock(call: TemplateCall, leader: Node, s: GemmShape, block: Block, maxRows: number): Stmt[] {
  const { builder, group } = call;
  const origin = [leader.id];
  const a = operandA(call, leader, s, block);
  const kc = numberParam(group.params, "kc");
  const sums = (from: Operand): Stmt[] =>
    group.params["order"] === "columns"
      ? sumOverK(call, leader, s, block, from, kc, maxRows)
      : columnBlocks(call, s, block, (part) => sumOverK(call, leader, s, part, from, kc, maxRows));
  if (group.params["copyA"] !== 1) return sums(a);
  const pitch = s.k + 16;
  const rows = builder.buffer({ name: "a_rows", dtype: "f32", shape: [maxRows, pitch], scope: "thread" });
  const copy = builder.loop("serial", "i", 0, block.rows, origin, (i) => [
    builder.loop("vector", "p", 0, s.k, origin, (p) => {
      const from = call.storage.readAt(operand(leader, 0), { index: aIndex(s, block, plus(block.row, i), p) });
      return [builder.store({ buffer: rows, index: [i, p] }, from, origin)];
    }),
  ]);
  return [builder.alloc(rows, origin), copy, ...sums({ ref: { buffer: rows, index: [x.index(0), x.index(0)] }, ld: pitch })];
}

const aIndex = (s: GemmShape, block: Block, row: Expr, p: Expr): Expr[] => [...s.aBatch(block.batch), ...(s.aIsVector ? [] : [row]), p];

function operandA(call: TemplateCall, leader: Node, s: GemmShape, block: Block): Operand {
  const { storage, builder } = call;
  const ref = storage.ref(operand(leader, 0), { index: aIndex(s, block, block.row, x.index(0)) });
  const extents = builder.bufferOf(ref.buffer).shape;
  return { ref, ld: ref.index.length === 1 ? s.k : (extents.at(-1) ?? s.k) };
}

/** Rows of so many floats all fall into the same few cache sets. */
const isCollidingRow = (floats: number): boolean => floats % 512 === 0;

/** One kernel call, or several that hand partial sums on through a block of the thread's own. */
function sumOverK(call: TemplateCall, leader: Node, s: GemmShape, block: Block, a: Operand, kc: number, maxRows: number): Stmt[] {
  const { builder } = call;
  if (block.part !== undefined)
    return [gemm(call, leader, s, block, a, block.part, undefined, toBuffer(call, leader, block.part.sums, block))];
  if (kc >= s.k)
    return [gemm(call, leader, s, block, a, { from: x.index(0), size: x.index(s.k) }, undefined, epilogueOf(call, leader, s, block))];
  const maxCols = columnsPer(call, s).block;
  const pitch = isCollidingRow(maxCols) ? maxCols + 16 : maxCols;
  const partial = builder.buffer({ name: "partial", dtype: "f32", shape: [maxRows, pitch], scope: "thread" });
  const steps = Math.ceil(s.k / kc);
  const calls = Array.from({ length: steps }, (_, i) => {
    const k = { from: x.index(i * kc), size: x.index(Math.min(kc, s.k - i * kc)) };
    const last = i === steps - 1;
    return gemm(
      call,
      leader,
      s,
      block,
      a,
      k,
      i === 0 ? undefined : partial,
      last ? epilogueOf(call, leader, s, block) : toBuffer(call, leader, { buffer: partial, index: [] }),
    );
  });
  return [builder.alloc(partial, [leader.id]), ...calls];
}

function gemm(
  call: TemplateCall,
  leader: Node,
  s: GemmShape,
  block: Block,
  a: Operand,
  k: { readonly from: Expr; readonly size: Expr },
  start: BufferId | undefined,
  epilogue: Epilogue,
): Stmt {
  const { builder, storage, group } = call;
  const kernel = String(group.params["kernel"]);
  const bValue = operand(leader, 1);
  // Only asked for where B is packed: a view has no buffer of its own.
  const packed = (): BufferId => storage.bufferOf(bValue);
  const batch = s.bBatch(block.batch);
  const way = s.bLayout;
  const nr = numberParam(group.params, "nr");
  // Panels: [batch, panel, k, nr]; rows: [batch, k, n]; transposed: [batch, n, k].
  const bIndex: Record<GemmShape["bLayout"], () => Ref> = {
    panels: () => ({ buffer: packed(), index: [...batch, panelOf(block.col, nr), k.from, x.index(0)] }),
    rows: () => storage.ref(bValue, { index: [...batch, k.from, block.col] }),
    transposed: () =>
      valueOf(call.graph, bValue).layout !== "plain" && builder.bufferOf(packed()).shape.length === batch.length + 2
        ? { buffer: packed(), index: [...batch, block.col, k.from] }
        : storage.ref(bValue, { index: [...batch, block.col, k.from] }),
  };
  const ldb = way === "panels" ? undefined : way === "rows" ? s.n : s.k;
  const aAt = { ...a.ref, index: a.ref.index.map((e, i) => (i === a.ref.index.length - 1 ? plus(e, k.from) : e)) };
  return builder.kernel(
    {
      kernel,
      refs: { a: aAt, b: bIndex[way](), ...(start === undefined ? {} : { c: { buffer: start, index: [x.index(0), x.index(0)] } }) },
      args: {
        m: block.rows,
        n: block.cols,
        k: k.size,
        lda: x.index(a.ld),
        ...(ldb === undefined ? { kb: x.index(s.k) } : { ldb: x.index(ldb) }),
        ...(start === undefined ? {} : { ldc: x.index(builder.bufferOf(start).shape.at(-1) ?? 1) }),
      },
      params: kernel === "gemm_f32" ? { b: way === "panels" ? "panels" : "rows", nr, ...tileRows(group.params) } : {},
      epilogue,
    },
    [leader.id],
  );
}

/** Rows of the register tile, where it is not the usual one. */
const tileRows = ({ mr }: TemplateCall["group"]["params"]): { readonly mr?: number } => (typeof mr === "number" ? { mr } : {});

/** Panels are whole by construction: threads split columns at multiples of the panel width. */
const panelOf = (col: Expr, nr: number): Expr => (col.k === "const" ? x.index(Number(col.value) / nr) : x.div(col, x.index(nr)));

/** Sums as they are: to the block's place in a buffer of all of them, or (without index) to one of the block's own. */
function toBuffer(call: TemplateCall, leader: Node, { buffer, index }: Ref, block?: Block): Epilogue {
  const { builder } = call;
  const [row, col, acc] = tileVars(call, "f32");
  const place = block === undefined ? [row, col] : [...index.slice(0, -2), plus(block.row, row), plus(block.col, col)];
  return { row: row.id, col: col.id, acc: acc.id, body: [builder.store({ buffer, index: place }, acc, [leader.id])] };
}

/** The members after the product, element by element; what others need is stored. */
const epilogueOf = (call: TemplateCall, leader: Node, s: GemmShape, block: Block): Epilogue =>
  postOps(call, leader, {
    acc: "f32",
    named: true,
    index: (row, col) => [...block.batch, ...(s.aIsVector ? [] : [plus(block.row, row)]), plus(block.col, col)],
  });

const numberParam = (params: Readonly<Record<string, number | string>>, name: string): number => {
  const value = params[name];
  return typeof value === "number" ? value : bug(`the matmul template lacks parameter ${name}`);
};

/**
 * Transposes that have to be written out. Squares of 32-bit elements go through registers (the kernel `transpose_f32`); other elements are
 * copied by way of small blocks, so that a line of cache is used up while it is there.
 */
import { valueOf, type Node } from "../graph/ir.ts";
import * as x from "../tensor/build.ts";
import type { Expr, Stmt } from "../tensor/ir.ts";
import { plus, times, unlinear } from "./module-builder.ts";
import { nest, withAxis } from "./nest.ts";
import { operand, resultOf, type TemplateCall } from "./template.ts";

/** The nest of a transpose; undefined where the last axis stays the last one, so that plain rows are copied. */
export function transposed(
  call: TemplateCall,
  node: Node,
  output: readonly number[],
  from: (index: readonly Expr[]) => Expr,
): Stmt[] | undefined {
  return bySquares(call, node, output) ?? inBlocks(call, node, output, from);
}

/** Neighbouring axes of the result that lie behind each other in the operand too, as one: their extents, and the distances of neighbours in both. */
interface Run {
  readonly axes: readonly number[];
  readonly extent: number;
  readonly source: number;
  readonly target: number;
}

function runsOf(output: readonly number[], source: readonly number[], target: readonly number[]): readonly Run[] {
  const runs: Run[] = [];
  output.forEach((extent, axis) => {
    const [s, t] = [source[axis] ?? 0, target[axis] ?? 0];
    if (extent === 1) return;
    const before = runs.at(-1);
    if (before?.source === s * extent && before.target === t * extent)
      runs[runs.length - 1] = { axes: [...before.axes, axis], extent: before.extent * extent, source: s, target: t };
    else runs.push({ axes: [axis], extent, source: s, target: t });
  });
  return runs;
}

/** Shortest side that is worth a square; shorter ones are mostly mask. */
const shortest = 8;
/** Columns, or rows, of the operand that one iteration of a shared loop moves. */
const share = { columns: 64, rows: 256 };

/** By `transpose_f32`, where both matrices lie at fixed distances. */
function bySquares(call: TemplateCall, node: Node, output: readonly number[]): Stmt[] | undefined {
  const { storage, builder, graph } = call;
  const [source, target] = [operand(node, 0), resultOf(node)];
  const [near, far] = [storage.strides(source), storage.strides(target)];
  if (valueOf(graph, target).dtype !== "f32" || near === undefined || far === undefined) return undefined;
  const perm = node.attrs["perm"] as readonly number[];
  const placed = perm.map((axis) => near[axis] ?? 0);
  const runs = runsOf(output, placed, far);
  const [columns, rows] = [runs.find((r) => r.source === 1), runs.find((r) => r.target === 1)];
  if (columns === undefined || rows === undefined || columns === rows || Math.min(columns.extent, rows.extent) < shortest) return undefined;
  const others = runs.filter((r) => r !== columns && r !== rows);
  const origin = [node.id];
  const place = (positions: ReadonlyMap<Run, Expr>): Expr[] => {
    const index = output.map((): Expr => x.index(0));
    for (const [run, at] of positions)
      unlinear(
        at,
        run.axes.map((a) => output[a] ?? 1),
      ).forEach((e, i) => (index[run.axes[i] ?? 0] = e));
    return index;
  };
  const piece = (outer: ReadonlyMap<Run, Expr>, row: Expr, rowCount: Expr, column: Expr, columnCount: Expr): Stmt => {
    const index = place(new Map([...outer, [rows, row], [columns, column]]));
    const from = perm.map((_, axis) => index[perm.indexOf(axis)] ?? x.index(0));
    return builder.kernel(
      {
        kernel: "transpose_f32",
        refs: { src: storage.ref(source, { index: from }), dst: storage.ref(target, { index }) },
        args: { rows: rowCount, cols: columnCount, ld: x.index(rows.source), ldd: x.index(columns.target) },
      },
      origin,
    );
  };
  const all = { rows: x.index(rows.extent), columns: x.index(columns.extent) };
  if (others.length > 0)
    return nest(
      call,
      others.map((r) => r.extent),
      {},
      (at) => [piece(new Map(others.map((r, i) => [r, at[i] ?? x.index(0)])), x.index(0), all.rows, x.index(0), all.columns)],
    );
  const none: ReadonlyMap<Run, Expr> = new Map();
  const shared = (extent: number, step: number, body: (start: Expr, count: Expr) => Stmt): Stmt[] => [
    builder.loop("parallel", "b", 0, Math.ceil(extent / step), origin, (b) => {
      const start = builder.let("start", times(b, step), origin);
      const left = x.sub(x.index(extent), start.ref);
      return [start.stmt, body(start.ref, extent % step === 0 ? x.index(step) : x.binary("min", x.index(step), left))];
    }),
  ];
  return columns.extent >= rows.extent
    ? shared(columns.extent, share.columns, (start, count) => piece(none, x.index(0), all.rows, start, count))
    : shared(rows.extent, share.rows, (start, count) => piece(none, start, count, x.index(0), all.columns));
}

/** Elements of a square block of a transpose: its rows and columns together stay in the nearest cache. */
const blockSide = 16;

/**
 * Where the last axis of the result is not that of the operand, one of both is walked with large steps. Long axes are cut into blocks, so that
 * a line of cache is used up while it is there; a short last axis goes outside of the one that lies together in the operand.
 */
function inBlocks(call: TemplateCall, node: Node, output: readonly number[], from: (index: readonly Expr[]) => Expr): Stmt[] | undefined {
  const { builder, storage } = call;
  const last = output.length - 1;
  const together = (node.attrs["perm"] as readonly number[]).indexOf(last);
  if (together === last || output.length < 2) return undefined;
  const origin = [node.id];
  const store = (index: readonly Expr[]): Stmt => builder.store(storage.ref(resultOf(node), { index }), from(index), origin);
  const others = output.map((d, axis) => (axis === last || axis === together ? 1 : d));
  const [rows, columns] = [output[together] ?? 1, output[last] ?? 1];
  const whole = (axis: number, index: readonly Expr[], body: (index: readonly Expr[]) => Stmt[], inner: boolean): Stmt[] => [
    builder.loop(inner ? "vector" : "serial", `i${axis}`, 0, output[axis] ?? 1, origin, (i) => body(withAxis(index, axis, i))),
  ];
  if (columns < blockSide)
    return nest(call, others, {}, (index) => whole(last, index, (at) => whole(together, at, (i) => [store(i)], true), false));
  if (rows < blockSide)
    return nest(call, others, {}, (index) => whole(together, index, (at) => whole(last, at, (i) => [store(i)], true), false));
  const shared = others.every((d) => d === 1);
  const { dtype } = valueOf(call.graph, resultOf(node));
  return nest(call, others, {}, (index) => [
    // Rows of the operand outside: they are read as streams, which the hardware foresees; stores can wait.
    blocks(call, shared ? "parallel" : "serial", columns, (column) => [
      blocks(call, "serial", rows, (row) => {
        // By way of a small copy: lines of the operand at distances of a power of two would push each other out of the cache.
        const block = builder.buffer({ name: "block", dtype, shape: [blockSide, blockSide], scope: "thread" });
        const place = (i: Expr, j: Expr): readonly Expr[] => withAxis(withAxis(index, together, i), last, j);
        const within = (i: Expr, j: Expr): readonly Expr[] => [x.sub(j, column), x.sub(i, row)];
        return [
          builder.alloc(block, origin),
          inBlock(call, "serial", column, columns, (j) => [
            inBlock(call, "vector", row, rows, (i) => [builder.store({ buffer: block, index: within(i, j) }, from(place(i, j)), origin)]),
          ]),
          inBlock(call, "serial", row, rows, (i) => [
            inBlock(call, "vector", column, columns, (j) => [
              builder.store(storage.ref(resultOf(node), { index: place(i, j) }), x.load(block, within(i, j), dtype), origin),
            ]),
          ]),
        ];
      }),
    ]),
  ]);
}

function blocks({ builder, nodes }: TemplateCall, kind: "parallel" | "serial", extent: number, body: (start: Expr) => Stmt[]): Stmt {
  return builder.loop(kind, "b", 0, extent, nodes.map((n) => n.id), body, blockSide); // prettier-ignore
}

function inBlock(call: TemplateCall, kind: "vector" | "serial", start: Expr, extent: number, body: (i: Expr) => Stmt[]): Stmt {
  const end = extent % blockSide === 0 ? plus(start, blockSide) : x.binary("min", plus(start, blockSide), x.index(extent));
  return call.builder.loop(kind, "i", start, end, call.nodes.map((n) => n.id), body); // prettier-ignore
}

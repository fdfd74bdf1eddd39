/** Pad and tile: the middle is copied by rows; what stands around it is filled, or copied from the other end or backwards. */
import { axisPads, padSource, type AxisPad, type PadMode } from "../../graph/ops/pad.ts";
import { valueOf } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { plus, times } from "../module-builder.ts";
import { onlyNode } from "../movement.ts";
import { operand, resultOf, type Template } from "../template.ts";

/** A stretch [lo, hi) of an axis of the result whose positions in the operand follow one rule; undefined: the constant. */
interface Run {
  readonly lo: number;
  readonly hi: number;
  readonly from: ((i: Expr) => Expr) | undefined;
}

/** More stretches than this (a short axis wrapped many times) become one with a formula. */
const maxRuns = 8;

function runsOf(p: AxisPad, mode: PadMode): readonly Run[] {
  const source = (i: number): number | undefined => (i < p.extent ? padSource(i, p, mode) : undefined);
  const runs: Run[] = [];
  // Padding may be far longer than the operand: a run of constants is not walked, and too many runs end the search.
  for (let lo = 0; lo < p.extent && runs.length <= maxRuns;) {
    const [first, next] = [source(lo), source(lo + 1)];
    const step = first === undefined || next === undefined ? 0 : next - first;
    let hi = lo + 1;
    if (first === undefined) hi = lo < p.before ? p.before : p.extent;
    else while (hi < p.extent && source(hi) === first + (hi - lo) * step) hi++;
    const start = (first ?? 0) - lo * step;
    runs.push({ lo, hi, from: first === undefined ? undefined : (i) => plus(times(i, step), start) });
    lo = hi;
  }
  return runs.length <= maxRuns ? runs : [{ lo: 0, hi: p.extent, from: (i) => formula(i, p, mode) }];
}

/** Position in the operand of position `i` of a repeated axis: see `padSource`. */
function formula(i: Expr, p: AxisPad, mode: PadMode): Expr {
  const period = mode === "wrap" ? p.count : Math.max(1, 2 * (p.count - 1));
  const inPeriod = x.binary("mod", plus(i, -p.before), x.index(period));
  return plus(mode === "wrap" ? inPeriod : x.binary("min", inPeriod, x.sub(x.index(period), inPeriod)), p.first);
}

export const pad: Template = (call) => {
  const { builder, storage, graph } = call;
  const node = onlyNode(call);
  const [source, out] = [operand(node, 0), resultOf(node)];
  const axes = axisPads(storage.shape(source), node.attrs["pads"] as readonly number[]);
  const runs = axes.map((p) => runsOf(p, node.attrs["mode"] as PadMode));
  const { dtype } = valueOf(graph, out);
  const given = node.attrs["value"] as number | bigint;
  const value =
    node.inputs[2] == null ? x.constant(dtype === "bool" ? Number(given) !== 0 : given, dtype) : storage.read(node.inputs[2], []);
  const level = (axis: number, index: readonly Expr[], from: readonly Expr[] | undefined, shared: boolean): Stmt[] => {
    const p = axes[axis];
    if (p === undefined)
      return [builder.store(storage.ref(out, { index }), from === undefined ? value : storage.readAt(source, { index: from }), [node.id])];
    // Once outside of the operand, the other axes do not matter.
    const stretches: readonly Run[] = from === undefined ? [{ lo: 0, hi: p.extent, from: undefined }] : (runs[axis] ?? []);
    return stretches.flatMap((run) => {
      const inside = (i: Expr, still: boolean): Stmt[] =>
        level(axis + 1, [...index, i], from === undefined || run.from === undefined ? undefined : [...from, run.from(i)], still);
      if (run.hi - run.lo === 1) return inside(x.index(run.lo), shared);
      const kind = axis === axes.length - 1 ? "vector" : shared ? "parallel" : "serial";
      return [builder.loop(kind, `p${axis}`, run.lo, run.hi, [node.id], (i) => inside(i, false))];
    });
  };
  return level(0, [], [], true);
};

/** Copies side by side: a loop over the copies around the loop over the elements, axis by axis. */
export const tile: Template = (call) => {
  const { builder, storage } = call;
  const node = onlyNode(call);
  const [source, out] = [operand(node, 0), resultOf(node)];
  const shape = storage.shape(source);
  const repeats = node.attrs["repeats"] as readonly number[];
  const level = (axis: number, index: readonly Expr[], from: readonly Expr[], shared: boolean): Stmt[] => {
    const [extent, copies] = [shape[axis], repeats[axis] ?? 1];
    if (extent === undefined) return [builder.store(storage.ref(out, { index }), storage.readAt(source, { index: from }), [node.id])];
    const isLast = axis === shape.length - 1;
    const over = (n: number, innermost: boolean, free: boolean, body: (i: Expr, still: boolean) => Stmt[]): Stmt[] => {
      if (n === 1) return body(x.index(0), free);
      // A few copies of one element are better unrolled than stored through a mask.
      const few = innermost && extent === 1 && n < 16;
      return [
        builder.loop(few ? "serial" : innermost ? "vector" : free ? "parallel" : "serial", `t${axis}`, 0, n, [node.id], (i) =>
          body(i, false),
        ),
      ];
    };
    return over(copies, isLast && extent === 1, shared, (copy, free) =>
      over(extent, isLast, free, (i, still) => level(axis + 1, [...index, plus(times(copy, extent), i)], [...from, i], still)),
    );
  };
  return level(0, [], [], true);
};

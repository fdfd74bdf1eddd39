/** How threads share out a result: a parallel loop over a grid of its rows, columns and parts of the depth. */
import type { NodeId } from "../graph/ir.ts";
import * as x from "../tensor/build.ts";
import type { Expr, Stmt } from "../tensor/ir.ts";
import { times, type ModuleBuilder } from "./module-builder.ts";

/** An extent, and how much of it one thread gets. */
export interface Shared {
  readonly extent: number;
  readonly per: number;
}

/** A stretch of an axis. */
export interface Stretch {
  readonly from: Expr;
  readonly size: Expr;
}

/** One share: its rows, its columns, and, where the depth is divided, which part of it. */
export interface GridShare {
  readonly rows: Stretch;
  readonly cols: Stretch;
  readonly depth: Stretch;
  readonly part: Expr;
}

const pieces = ({ extent, per }: Shared): number => Math.ceil(extent / per);

/** A parallel loop whose body gets the share of each iteration; one share needs no loop. */
export function overShares(
  builder: ModuleBuilder,
  origin: readonly NodeId[],
  [rows, cols, depth]: readonly [Shared, Shared, Shared],
  body: (share: GridShare) => Stmt[],
): Stmt[] {
  const [ms, ns, ks] = [pieces(rows), pieces(cols), pieces(depth)];
  const whole = ({ extent }: Shared): Stretch => ({ from: x.index(0), size: x.index(extent) });
  if (ms * ns * ks === 1) return body({ rows: whole(rows), cols: whole(cols), depth: whole(depth), part: x.index(0) });
  const stretch = (name: string, index: Expr, shared: Shared): Stretch & { readonly stmts: Stmt[] } => {
    const { extent, per } = shared;
    if (per >= extent) return { stmts: [], ...whole(shared) };
    const from = builder.let(`${name}0`, times(index, per), origin);
    if (extent % per === 0) return { stmts: [from.stmt], from: from.ref, size: x.index(per) };
    const size = builder.let(`${name}0_size`, x.binary("min", x.index(per), x.sub(x.index(extent), from.ref)), origin);
    return { stmts: [from.stmt, size.stmt], from: from.ref, size: size.ref };
  };
  const loop = builder.loop("parallel", "t", 0, ms * ns * ks, origin, (t) => {
    const part = ks === 1 ? undefined : builder.let("part", ms * ns === 1 ? t : x.div(t, x.index(ms * ns)), origin);
    const place = part === undefined || ms * ns === 1 ? t : x.binary("mod", t, x.index(ms * ns));
    const m = stretch("m", ns === 1 ? place : x.div(place, x.index(ns)), rows);
    const n = stretch("n", ms === 1 ? place : x.binary("mod", place, x.index(ns)), cols);
    const k = stretch("k", part?.ref ?? x.index(0), depth);
    const share = { rows: m, cols: n, depth: k, part: part?.ref ?? x.index(0) };
    return [...(part === undefined ? [] : [part.stmt]), ...m.stmts, ...n.stmts, ...k.stmts, ...body(share)];
  });
  return [loop];
}

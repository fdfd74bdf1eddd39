/** Which buffers and variables a statement reads and writes: the facts behind every reordering. */
import { findKernel } from "../../kernels/index.ts";
import type { BufferId, Expr, Ref, Stmt, VarId } from "../../tensor/ir.ts";
import { visitOwnExprs, visitStmts } from "../../tensor/rewrite.ts";

export interface Access {
  readonly buffer: BufferId;
  readonly index: readonly Expr[];
  readonly write: boolean;
  readonly lanes: number;
  /** Set for operands of kernels and holes, which touch more than the element (of holes: all of it, and there is no index). */
  readonly kernel: boolean;
  readonly stmt: Stmt;
}

/** Statements do not change, and every pass asks about those that it found as they were. */
const accessesByStmt = new WeakMap<Stmt, readonly Access[]>();
const effectsByStmt = new WeakMap<Stmt, Effects>();

/** Accesses of the statement itself, without its children. */
export function ownAccesses(s: Stmt): readonly Access[] {
  const known = accessesByStmt.get(s);
  if (known !== undefined) return known;
  const found = findAccesses(s);
  accessesByStmt.set(s, found);
  return found;
}

function findAccesses(s: Stmt): readonly Access[] {
  const out: Access[] = [];
  const add = (r: Ref, write: boolean, lanes: number, kernel: boolean): void => {
    out.push({ buffer: r.buffer, index: r.index, write, lanes, kernel, stmt: s });
  };
  if (s.k === "store") add(s, true, s.value.type.lanes, false);
  if (s.k === "kernel") {
    const kernel = findKernel(s.kernel);
    for (const [name, ref] of Object.entries(s.refs)) {
      const access = kernel?.operands[name]?.access ?? "write";
      add(ref, access === "write", 1, true);
    }
  }
  if (s.k === "hole") {
    for (const { buffer } of s.inputs) add({ buffer, index: [] }, false, 1, true);
    for (const { buffer } of s.outputs) add({ buffer, index: [] }, true, 1, true);
  }
  visitOwnExprs(s, (e) => {
    if (e.k === "load") add(e, false, e.type.lanes, false);
  });
  return out;
}

/** Accesses of a statement list and everything in it, in order. */
export function accessesOf(body: readonly Stmt[]): readonly Access[] {
  const out: Access[] = [];
  visitStmts(body, (s) => out.push(...ownAccesses(s)));
  return out;
}

export interface Effects {
  readonly reads: ReadonlySet<BufferId>;
  readonly writes: ReadonlySet<BufferId>;
  /** Buffers that come to life here. */
  readonly allocates: ReadonlySet<BufferId>;
  /** Variables read, and registers changed. */
  readonly uses: ReadonlySet<VarId>;
  readonly sets: ReadonlySet<VarId>;
  /** Variables named inside. */
  readonly defines: ReadonlySet<VarId>;
}

export function effectsOf(body: readonly Stmt[]): Effects {
  const [only] = body;
  if (only === undefined || body.length > 1) return findEffects(body);
  const found = effectsByStmt.get(only) ?? findEffects(body);
  effectsByStmt.set(only, found);
  return found;
}

function findEffects(body: readonly Stmt[]): Effects {
  const reads = new Set<BufferId>();
  const writes = new Set<BufferId>();
  const allocates = new Set<BufferId>();
  const uses = new Set<VarId>();
  const sets = new Set<VarId>();
  const defines = new Set<VarId>();
  visitStmts(body, (s) => {
    for (const a of ownAccesses(s)) (a.write ? writes : reads).add(a.buffer);
    if (s.k === "alloc") allocates.add(s.buffer);
    if (s.k === "let" || s.k === "register" || s.k === "for") defines.add(s.v);
    if (s.k === "kernel" && s.epilogue !== undefined) {
      const { row, col, acc, count } = s.epilogue;
      for (const v of count === undefined ? [row, col, acc] : [row, col, acc, count]) defines.add(v);
    }
    if (s.k === "accum" || s.k === "assign") sets.add(s.v);
    visitOwnExprs(s, (e) => {
      if (e.k === "var") uses.add(e.id);
    });
  });
  return { reads, writes, allocates, uses, sets, defines };
}

const meet = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean => {
  for (const x of a) if (b.has(x)) return true;
  return false;
};

/** May two statement lists change places? Nothing that one writes or names is read, written or named by the other. */
export function independent(a: Effects, b: Effects): boolean {
  const needs = (from: Effects, of: Effects): boolean =>
    meet(from.writes, of.reads) ||
    meet(from.allocates, of.reads) ||
    meet(from.allocates, of.writes) ||
    meet(from.sets, of.uses) ||
    meet(from.defines, of.uses) ||
    meet(from.defines, of.sets);
  return !needs(a, b) && !needs(b, a) && !meet(a.writes, b.writes) && !meet(a.sets, b.sets);
}

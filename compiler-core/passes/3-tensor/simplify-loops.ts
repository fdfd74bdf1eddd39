/** Index algebra on whole modules: constants, ranges of loop counters, loops of one or no iteration, decided branches, plain lets. */
import type { Expr, Stmt, VarId } from "../../tensor/ir.ts";
import { linearOf } from "../../tensor/linear.ts";
import { rangeOf, type Range } from "../../tensor/ranges.ts";
import { mapBodies, mapFuncs, mapOwnExprs, substitute, visitAllExprs, visitStmts } from "../../tensor/rewrite.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { simplifyExpr } from "./simplify-expr.ts";

export const simplifyLoops = tensorPass({
  name: "simplify-loops",
  why: "Folds constants and index arithmetic, and drops loops of one iteration, decided branches and unused names.",
  optional: false,
  run: (module, ctx) => mapFuncs(module, (body) => new Simplifier(ctx).whole(body)),
});

class Simplifier {
  private readonly ranges = new Map<VarId, Range>();
  constructor(private readonly ctx: PassContext) {}

  /** Until nothing changes: one round can make a loop's bounds constant, the next then drops the loop. */
  whole(body: readonly Stmt[]): readonly Stmt[] {
    let now = body;
    for (let round = 0; round < 6; round++) {
      this.ranges.clear();
      const next = dropUnusedLets(this.block(now));
      if (next === now) break;
      now = next;
    }
    return now;
  }

  private block(body: readonly Stmt[]): readonly Stmt[] {
    let changed = false;
    const out: Stmt[] = [];
    const inlined = new Map<VarId, Expr>();
    for (const original of body) {
      const [replaced = original] = substitute([original], inlined);
      const now = this.stmt(replaced, inlined);
      if (now.length !== 1 || now[0] !== original) changed = true;
      out.push(...now);
    }
    return changed ? out : body;
  }

  private stmt(s: Stmt, inlined: Map<VarId, Expr>): readonly Stmt[] {
    const own = mapOwnExprs(s, (e) => simplifyExpr(e, this.ranges));
    if (own.k === "let") {
      if (own.value.k === "const" || own.value.k === "var") {
        inlined.set(own.v, own.value);
        return [];
      }
      const range = own.value.type.dtype === "i64" && own.value.type.lanes === 1 ? rangeOf(own.value, this.ranges) : undefined;
      if (range !== undefined) this.ranges.set(own.v, range);
      return [own];
    }
    if (own.k === "for") return this.loop(own);
    if (own.k === "if" && own.cond.k === "const") {
      this.ctx.hit({ rule: "simplify-loops/decided-branch", before: [own.id], after: [] });
      return this.block(own.cond.value === true ? own.then : own.else);
    }
    if (own.k === "kernel" && own.epilogue !== undefined) {
      this.extent(own.epilogue.row, own.args["m"]);
      this.extent(own.epilogue.col, own.args["n"]);
    }
    return [mapBodies(own, (b) => this.block(b))];
  }

  private extent(v: VarId, size: Expr | undefined): void {
    const range = size === undefined ? undefined : rangeOf(size, this.ranges);
    if (range !== undefined) this.ranges.set(v, { lo: 0, hi: Math.max(0, range.hi - 1) });
  }

  private loop(s: Extract<Stmt, { k: "for" }>): readonly Stmt[] {
    const trip = linearOf({ k: "binary", op: "sub", a: s.hi, b: s.lo, type: s.lo.type });
    if (trip.terms.size === 0 && trip.constant <= 0) {
      this.ctx.hit({ rule: "simplify-loops/no-iteration", before: [s.id], after: [] });
      return [];
    }
    if (trip.terms.size === 0 && trip.constant <= s.step) {
      this.ctx.hit({ rule: "simplify-loops/one-iteration", before: [s.id], after: s.body.map((b) => b.id) });
      const body = this.block(substitute(s.body, new Map([[s.v, s.lo]])));
      // A statement keeps its own origin: the loop's is that of all its statements together.
      return body.map((b) => (b.origin.length === 0 && s.origin.length > 0 ? { ...b, origin: s.origin } : b));
    }
    const lo = rangeOf(s.lo, this.ranges);
    const hi = rangeOf(s.hi, this.ranges);
    if (lo !== undefined && hi !== undefined) this.ranges.set(s.v, { lo: lo.lo, hi: lastIndex(s, lo, hi) });
    return [mapBodies(s, (b) => this.block(b))];
  }
}

/** The counter's largest value; with constant bounds the last multiple of the step. */
function lastIndex(s: Extract<Stmt, { k: "for" }>, lo: Range, hi: Range): number {
  const exact = lo.lo === lo.hi && hi.lo === hi.hi;
  return Math.max(lo.lo, exact ? lo.lo + Math.floor((hi.hi - 1 - lo.lo) / s.step) * s.step : hi.hi - 1);
}

/** Names that nothing reads any more. */
function dropUnusedLets(body: readonly Stmt[]): readonly Stmt[] {
  const used = new Set<VarId>();
  visitAllExprs(body, (e) => {
    if (e.k === "var") used.add(e.id);
  });
  let any = false;
  visitStmts(body, (s) => {
    if (s.k === "let" && !used.has(s.v)) any = true;
  });
  return any ? filterStmts(body, (s) => !(s.k === "let" && !used.has(s.v))) : body;
}

/** Keeps the statements that `keep` wants, at all depths. */
export function filterStmts(body: readonly Stmt[], keep: (s: Stmt) => boolean): readonly Stmt[] {
  let changed = false;
  const out: Stmt[] = [];
  for (const s of body) {
    if (!keep(s)) {
      changed = true;
      continue;
    }
    const next = mapBodies(s, (b) => filterStmts(b, keep));
    if (next !== s) changed = true;
    out.push(next);
  }
  return changed ? out : body;
}

/** What does not change inside a loop is computed before it: names, and loads of elements that the loop does not write. */
import type { Expr, For, Stmt } from "../../tensor/ir.ts";
import { exprKey } from "../../tensor/linear.ts";
import { rangeOf } from "../../tensor/ranges.ts";
import { Fresh } from "../../tensor/fresh.ts";
import { mapAllExprs, mapBodies, mapExpr, mapFuncs, visitAllExprs } from "../../tensor/rewrite.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { effectsOf } from "./accesses.ts";

export const hoist = tensorPass({
  name: "hoist",
  why: "Computes before a loop what does not change in it: index names, scale factors, row statistics.",
  optional: true,
  run: (module, ctx) => {
    const fresh = new Fresh(module);
    return fresh.finish(mapFuncs(module, (body) => hoistList(body, fresh, ctx)));
  },
});

function hoistList(body: readonly Stmt[], fresh: Fresh, ctx: PassContext): readonly Stmt[] {
  let changed = false;
  const out: Stmt[] = [];
  for (const s of body) {
    const inner = mapBodies(s, (b) => hoistList(b, fresh, ctx));
    // A parallel loop's invariants stay inside: every thread would need them anyway, and they would be separated from their loop.
    const result = inner.k === "for" && inner.kind !== "parallel" ? outOf(inner, fresh, ctx) : [inner];
    if (result.length !== 1 || result[0] !== s) changed = true;
    out.push(...result);
  }
  return changed ? out : body;
}

function outOf(loop: For, fresh: Fresh, ctx: PassContext): readonly Stmt[] {
  const runs = alwaysRuns(loop);
  const before: Stmt[] = [];
  const { defines, writes, sets } = effectsOf([loop]);
  const inside = new Set(defines);
  const invariant = (e: Expr): boolean => {
    let ok = true;
    visitAllExprs([{ k: "let", id: 0, origin: [], v: 0, value: e }], (x) => {
      if (x.k === "var" && (inside.has(x.id) || sets.has(x.id))) ok = false;
      if (x.k === "load" && (writes.has(x.buffer) || !runs)) ok = false;
    });
    return ok;
  };
  const kept: Stmt[] = [];
  for (const s of loop.body) {
    if (s.k !== "let" || !invariant(s.value)) {
      kept.push(s);
      continue;
    }
    inside.delete(s.v);
    before.push(s);
    ctx.hit({ rule: "hoist/invariant-name", before: [s.id], after: [s.id] });
  }
  const named = new Map<string, Expr>();
  const body = mapAllExprs(kept, (whole) =>
    mapExpr(whole, (e) => {
      if (e.k !== "load" || e.type.lanes !== 1 || !invariant(e)) return e;
      const key = exprKey(e);
      const known = named.get(key);
      if (known !== undefined) return known;
      const v = fresh.variable("held", e.type);
      const id = fresh.stmt();
      before.push({ k: "let", id, origin: loop.origin, v, value: e });
      ctx.hit({ rule: "hoist/invariant-load", before: [loop.id], after: [id, loop.id] });
      const ref: Expr = { k: "var", id: v, type: e.type };
      named.set(key, ref);
      return ref;
    }),
  );
  return before.length === 0 ? [loop] : [...before, { ...loop, body }];
}

/** At least one iteration, whatever the counters around it are. */
function alwaysRuns(loop: For): boolean {
  const none = new Map<number, never>();
  const [lo, hi] = [rangeOf(loop.lo, none), rangeOf(loop.hi, none)];
  return lo !== undefined && hi !== undefined && hi.lo > lo.hi;
}

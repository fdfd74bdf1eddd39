/** A load of the element that was just stored takes the stored value: the element lives in a register (scalar replacement). */
import type { BufferId, Expr, Ref, Stmt, VarId, VType } from "../../tensor/ir.ts";
import { exprKey } from "../../tensor/linear.ts";
import { Fresh } from "../../tensor/fresh.ts";
import { mapBodies, mapExpr, mapFuncs, mapOwnExprs, visitStmts } from "../../tensor/rewrite.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { effectsOf } from "./accesses.ts";

export const forwardStores = tensorPass({
  name: "forward-stores",
  why: "Replaces a load of an element stored in the same iteration by the value itself, so that it stays in a register.",
  optional: true,
  run: (module, ctx) => {
    const fresh = new Fresh(module);
    const names = new Map(module.buffers.map((b) => [b.id, b.name]));
    return fresh.finish(mapFuncs(module, (body) => forward(body, new Map(), { fresh, ctx, names, registers: registersOf(body) })));
  },
});

interface Tools {
  readonly fresh: Fresh;
  readonly ctx: PassContext;
  readonly names: ReadonlyMap<BufferId, string>;
  /** Variables that may change: their present value needs a name of its own. */
  readonly registers: ReadonlySet<VarId>;
}

function registersOf(body: readonly Stmt[]): ReadonlySet<VarId> {
  const ids = new Set<VarId>();
  visitStmts(body, (s) => {
    if (s.k === "register") ids.add(s.v);
  });
  return ids;
}
const fixed = (e: Expr, registers: ReadonlySet<VarId>): boolean => e.k === "const" || (e.k === "var" && !registers.has(e.id));

/** What is known of memory: by place, the variable that holds its value, and the store that put it there. */
type Known = Map<string, { readonly buffer: BufferId; readonly value: Expr; readonly store: number }>;

const placeKey = (r: Ref, type: VType, count?: Expr): string =>
  `${r.buffer}[${r.index.map(exprKey).join(",")}]${type.lanes}/${count === undefined ? "" : exprKey(count)}`;

function forward(body: readonly Stmt[], outer: Known, tools: Tools): readonly Stmt[] {
  const known: Known = new Map(outer);
  const lastRead = lastReads(body);
  let changed = false;
  const out: Stmt[] = [];
  for (const [at, s] of body.entries()) {
    const now = replaceLoads(s, known, tools);
    if (now.k === "store") {
      const [stored, lets] = (lastRead.get(now.buffer) ?? -1) > at ? named(now, tools) : [now, []];
      forget(known, new Set([now.buffer]));
      if (fixed(stored.value, tools.registers))
        known.set(placeKey(now, now.value.type, now.count), { buffer: now.buffer, value: stored.value, store: now.id });
      out.push(...lets, stored);
      if (stored !== s) changed = true;
      continue;
    }
    const { writes } = effectsOf([now]);
    if (writes.size > 0) forget(known, writes);
    const inside = mapBodies(now, (b) => forward(b, known, tools));
    if (inside !== s) changed = true;
    out.push(inside);
  }
  return changed ? out : body;
}

/** By buffer, the last statement of the list that reads it. */
function lastReads(body: readonly Stmt[]): ReadonlyMap<BufferId, number> {
  return new Map(body.flatMap((s, at) => [...effectsOf([s]).reads].map((buffer) => [buffer, at] as const)));
}

/** A store whose element is loaded later in its list gets a name for its value. */
function named(s: Extract<Stmt, { k: "store" }>, { fresh, registers }: Tools): readonly [Extract<Stmt, { k: "store" }>, readonly Stmt[]] {
  if (fixed(s.value, registers)) return [s, []];
  const v: VarId = fresh.variable("kept", s.value.type);
  const value: Expr = { k: "var", id: v, type: s.value.type };
  return [{ ...s, value }, [{ k: "let", id: fresh.stmt(), origin: s.origin, v, value: s.value }]];
}

function replaceLoads(s: Stmt, known: Known, { ctx, names }: Tools): Stmt {
  if (known.size === 0) return s;
  return mapOwnExprs(s, (whole) =>
    mapExpr(whole, (e) => {
      const hit = e.k === "load" ? known.get(placeKey(e, e.type, e.count)) : undefined;
      if (hit === undefined) return e;
      ctx.hit({ rule: "forward-stores/same-element", before: [hit.store, s.id], after: [s.id], note: names.get(hit.buffer) ?? "" });
      return hit.value;
    }),
  );
}

function forget(known: Known, buffers: ReadonlySet<BufferId>): void {
  for (const [key, k] of known) if (buffers.has(k.buffer)) known.delete(key);
}

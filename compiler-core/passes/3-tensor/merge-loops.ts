/**
 * Loops over the same range become one, when each iteration touches only its own slice of every shared buffer. What stands between
 * them moves out of the way when it can. Lists nested in merged loops are looked at again.
 */
import type { For, Stmt, VarId } from "../../tensor/ir.ts";
import { coefficientOf, exprKey, linearKey, linearOf, type Linear } from "../../tensor/linear.ts";
import { mapBodies, mapFuncs, mapSame, substitute, unionOrigin, visitStmts } from "../../tensor/rewrite.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { accessesOf, effectsOf, independent } from "./accesses.ts";

export const mergeLoops = tensorPass({
  name: "merge-loops",
  why: "Runs neighbouring loops over the same range as one, so that what one writes is still in a register or the nearest cache for the next.",
  optional: true,
  run: (module, ctx) => mapFuncs(module, (body) => mergeLists(body, ctx)),
});

function mergeLists(body: readonly Stmt[], ctx: PassContext): readonly Stmt[] {
  let now = body;
  for (let merged = mergeOnce(now, ctx); merged !== undefined; merged = mergeOnce(now, ctx)) now = merged;
  return mapSame(now, (s) => mapBodies(s, (b) => mergeLists(b, ctx)));
}

const rangeKey = (s: For): string => `${s.kind} ${s.threads ?? ""} ${exprKey(s.lo)} ${exprKey(s.hi)} ${s.step}`;

/** The list with one pair of loops merged; undefined when there is none. */
function mergeOnce(body: readonly Stmt[], ctx: PassContext): readonly Stmt[] | undefined {
  for (let p = 0; p < body.length; p++) {
    const a = body[p] as Stmt;
    if (a.k !== "for") continue;
    for (let q = p + 1; q < body.length; q++) {
      const b = body[q] as Stmt;
      if (b.k === "barrier") break;
      if (b.k !== "for" || rangeKey(a) !== rangeKey(b)) continue;
      const between = body.slice(p + 1, q);
      const place = meetingPlace(a, b, between);
      if (place === undefined || !mergeable(a, b)) continue;
      const one = joined(a, b);
      ctx.hit({ rule: "merge-loops/same-range", before: [a.id, b.id], after: [one.id] });
      const middle = place === "first" ? [one, ...between] : [...between, one];
      return [...body.slice(0, p), ...middle, ...body.slice(q + 1)];
    }
  }
  return undefined;
}

/** Where the merged loop can stand: the second moves up, or the first moves down. */
function meetingPlace(a: For, b: For, between: readonly Stmt[]): "first" | "second" | undefined {
  const [ea, eb] = [effectsOf([a]), effectsOf([b])];
  const rest = between.map((s) => effectsOf([s]));
  if (rest.every((r) => independent(r, eb))) return "first";
  return rest.every((r) => independent(ea, r)) ? "second" : undefined;
}

function joined(a: For, b: For): For {
  const body = substitute(b.body, new Map([[b.v, { k: "var", id: a.v, type: b.lo.type }]]));
  return { ...a, body: [...a.body, ...body], origin: unionOrigin(a.origin, b.origin) };
}

/** Linear forms of the index lets in a body, so that accesses through names compare. */
export function letForms(body: readonly Stmt[]): ReadonlyMap<VarId, Linear> {
  const forms = new Map<VarId, Linear>();
  visitStmts(body, (s) => {
    if (s.k === "let" && s.value.type.dtype === "i64" && s.value.type.lanes === 1) forms.set(s.v, linearOf(s.value, forms));
  });
  return forms;
}

/** Every buffer that both touch and one writes is split along one axis: iteration i touches slice i only, in both loops. */
export function mergeable(a: For, b: For): boolean {
  const [ea, eb] = [effectsOf(a.body), effectsOf(b.body)];
  for (const v of ea.sets) if (eb.uses.has(v) || eb.sets.has(v)) return false;
  for (const v of eb.sets) if (ea.uses.has(v)) return false;
  const renamed = joined(a, b).body.slice(a.body.length);
  const own = (body: readonly Stmt[]): ReturnType<typeof accessesOf> => accessesOf(body);
  const forms = new Map([...letForms(a.body), ...letForms(renamed)]);
  const inner = new Set([...ea.defines, ...eb.defines]);
  const [first, second] = [own(a.body), own(renamed)];
  return first.every((x) =>
    second.every((y) => {
      if (x.buffer !== y.buffer || (!x.write && !y.write)) return true;
      if (x.kernel || y.kernel) return false;
      return x.index.some((e, d) => {
        const other = y.index[d];
        if (other === undefined) return false;
        const [l, r] = [linearOf(e, forms), linearOf(other, forms)];
        const c = coefficientOf(l, a.v);
        return c !== undefined && c !== 0 && linearKey(l) === linearKey(r) && free(l, inner);
      });
    }),
  );
}

/** No variable of `inner` appears in the form. */
function free(l: Linear, inner: ReadonlySet<VarId>): boolean {
  return [...l.terms.keys()].every((key) => ![...key.matchAll(/\bv(\d+)\b/g)].some((m) => inner.has(Number(m[1]))));
}

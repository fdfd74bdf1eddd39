/**
 * Loops over the same range become one, when each iteration touches only its own slice of every shared buffer. What stands between
 * them moves out of the way when it can. Lists nested in merged loops are looked at again.
 */
import type { BufferId, Expr, For, Stmt, VarId } from "../../tensor/ir.ts";
import { coefficientOf, exprKey, linearKey, linearOf, type Linear } from "../../tensor/linear.ts";
import { mapBodies, mapFuncs, mapSame, substitute, unionOrigin, visitStmts } from "../../tensor/rewrite.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { accessesOf, effectsOf, independent, type Access } from "./accesses.ts";

export const mergeLoops = tensorPass({
  name: "merge-loops",
  why: "Runs neighbouring loops over the same range as one, so that what one writes is still in a register or the nearest cache for the next.",
  optional: true,
  run: (module, ctx) => mapFuncs(module, (body) => mergeLists(body, ctx)),
});

/** How many statements behind a loop are looked at: what a list costs must not grow with its square. */
const lookahead = 64;

function mergeLists(body: readonly Stmt[], ctx: PassContext): readonly Stmt[] {
  const now = [...body];
  let changed = false;
  for (let p = 0; p < now.length; p++) {
    if (!mergeAt(now, p, ctx)) continue;
    changed = true;
    // Loops that stand near in front may now be merged with, or past, what stands here.
    p = Math.max(0, p - lookahead) - 1;
  }
  return mapSame(changed ? now : body, (s) => mapBodies(s, (b) => mergeLists(b, ctx)));
}

const rangeKey = (s: For): string => `${s.kind} ${s.threads ?? ""} ${s.first ?? ""} ${exprKey(s.lo)} ${exprKey(s.hi)} ${s.step}`;

/** Merges the loop at `p` with the first one behind it that allows it; false when there is none. */
function mergeAt(body: Stmt[], p: number, ctx: PassContext): boolean {
  const a = body[p] as Stmt;
  if (a.k !== "for") return false;
  for (let q = p + 1; q < Math.min(body.length, p + 1 + lookahead); q++) {
    const b = body[q] as Stmt;
    if (b.k === "barrier") return false;
    if (b.k !== "for" || rangeKey(a) !== rangeKey(b)) continue;
    const place = meetingPlace(a, b, body.slice(p + 1, q));
    const one = place === undefined ? undefined : mergeTwo(a, b);
    if (one === undefined) continue;
    ctx.hit({ rule: "merge-loops/same-range", before: [a.id, b.id], after: [one.id] });
    body[place === "first" ? p : q] = one;
    body.splice(place === "first" ? q : p, 1);
    return true;
  }
  return false;
}

/** Where the merged loop can stand: the second moves up, or the first moves down. */
function meetingPlace(a: For, b: For, between: readonly Stmt[]): "first" | "second" | undefined {
  if (between.length === 0) return "first";
  const [ea, eb] = [effectsOf([a]), effectsOf([b])];
  const rest = between.map((s) => effectsOf([s]));
  if (rest.every((r) => independent(r, eb))) return "first";
  return rest.every((r) => independent(ea, r)) ? "second" : undefined;
}

/** What a loop's body does. It grows with what is merged into the loop, so that a long chain of loops is looked at once. */
interface LoopFacts {
  readonly uses: Set<VarId>;
  readonly sets: Set<VarId>;
  readonly defines: Set<VarId>;
  readonly accesses: Map<BufferId, Access[]>;
  /** Linear forms of the index lets, so that accesses through names compare. */
  readonly forms: Map<VarId, Linear>;
}

const factsByLoop = new WeakMap<For, LoopFacts>();

function factsOf(body: readonly Stmt[]): LoopFacts {
  const { uses, sets, defines } = effectsOf(body);
  const accesses = new Map<BufferId, Access[]>();
  for (const x of accessesOf(body)) append(accesses, x.buffer, [x]);
  return { uses: new Set(uses), sets: new Set(sets), defines: new Set(defines), accesses, forms: new Map(letForms(body)) };
}

function append<K, V>(lists: Map<K, V[]>, key: K, more: readonly V[]): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [...more]);
  else list.push(...more);
}

/** The two loops as one; undefined where that would change what they mean. */
function mergeTwo(a: For, b: For): For | undefined {
  const body = substitute(b.body, new Map([[b.v, { k: "var", id: a.v, type: b.lo.type }]]));
  const [first, second] = [factsByLoop.get(a) ?? factsOf(a.body), factsOf(body)];
  if (!mergeable(a.v, first, second)) return undefined;
  const one: For = { ...a, body: [...a.body, ...body], origin: unionOrigin(a.origin, b.origin) };
  for (const set of ["uses", "sets", "defines"] as const) for (const v of second[set]) first[set].add(v);
  for (const [buffer, list] of second.accesses) append(first.accesses, buffer, list);
  for (const [v, form] of second.forms) first.forms.set(v, form);
  factsByLoop.delete(a);
  factsByLoop.set(one, first);
  return one;
}

/** Linear forms of the index lets in a body. */
function letForms(body: readonly Stmt[]): ReadonlyMap<VarId, Linear> {
  const forms = new Map<VarId, Linear>();
  visitStmts(body, (s) => {
    if (s.k === "let" && s.value.type.dtype === "i64" && s.value.type.lanes === 1) forms.set(s.v, linearOf(s.value, forms));
  });
  return forms;
}

/** Every buffer that both touch and one writes is split along one axis: iteration `v` touches slice `v` only, in both loops. */
function mergeable(v: VarId, a: LoopFacts, b: LoopFacts): boolean {
  for (const x of a.sets) if (b.uses.has(x) || b.sets.has(x)) return false;
  for (const x of b.sets) if (a.uses.has(x)) return false;
  const inner = (id: VarId): boolean => a.defines.has(id) || b.defines.has(id);
  const formOf = (e: Expr): Linear => linearOf(e, { get: (id) => b.forms.get(id) ?? a.forms.get(id) });
  const apart = (x: Access, y: Access): boolean => {
    if (!x.write && !y.write) return true;
    if (x.kernel || y.kernel) return false;
    return x.index.some((e, d) => {
      const other = y.index[d];
      if (other === undefined) return false;
      const [l, r] = [formOf(e), formOf(other)];
      const c = coefficientOf(l, v);
      return c !== undefined && c !== 0 && linearKey(l) === linearKey(r) && free(l, inner);
    });
  };
  return [...b.accesses].every(([buffer, list]) => (a.accesses.get(buffer) ?? []).every((x) => list.every((y) => apart(x, y))));
}

/** No variable that `inner` tells of appears in the form. */
function free(l: Linear, inner: (v: VarId) => boolean): boolean {
  return [...l.terms.keys()].every((key) => ![...key.matchAll(/\bv(\d+)\b/g)].some((m) => inner(Number(m[1]))));
}

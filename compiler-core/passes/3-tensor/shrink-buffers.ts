/**
 * A temporary that is written and read only inside the iterations of one loop keeps just the slice that an iteration uses, and each thread
 * has its own: it fits the nearest cache instead of filling memory.
 */
import { sub } from "../../tensor/build.ts";
import type { Alloc, Buffer, BufferId, Expr, For, Module, Stmt, VarId } from "../../tensor/ir.ts";
import { linearAdd, linearExpr, linearKey, linearOf, type Linear } from "../../tensor/linear.ts";
import { rangeOf, type Range } from "../../tensor/ranges.ts";
import { bodies, mapExpr, mapFuncs, mapOwnExprs, mapSame, mapStmts, visitStmts } from "../../tensor/rewrite.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { ownAccesses, type Access } from "./accesses.ts";
import { filterStmts } from "./simplify-loops.ts";

export const shrinkBuffers = tensorPass({
  name: "shrink-buffers",
  why: "Keeps only the slice of a temporary that one iteration uses, in memory of the thread's own.",
  optional: true,
  run: (module, ctx) => {
    const uses = arenaUses(module);
    const plans = new Map<BufferId, Plan>();
    for (const b of module.buffers) {
      const plan = decide(b, uses.get(b.id) ?? [], ctx);
      if (plan !== undefined) plans.set(b.id, plan);
    }
    return plans.size === 0 ? module : apply(module, plans);
  },
});

/** What surrounds an access: the loops and index names from the outside in. */
interface Nest {
  readonly loops: readonly For[];
  readonly lets: ReadonlyMap<VarId, Linear>;
}
interface Use {
  readonly access: Access;
  readonly nest: Nest;
}

/** One axis of the shrunken buffer: where the slice begins (`undefined`: the axis stays whole) and how long it is. */
interface Slice {
  readonly base: Expr | undefined;
  readonly extent: number;
}

interface Plan {
  /** The loop whose iterations each have a slice of their own. */
  readonly loop: For;
  readonly slices: readonly Slice[];
}

/** The slice to keep of one buffer, with the verdict. */
function decide(b: Buffer, uses: readonly Use[], ctx: PassContext): Plan | undefined {
  if (uses.length === 0) return undefined;
  const plan = planFor(b, uses);
  const size = (shape: readonly number[]): number => shape.reduce((x, y) => x * y, 1);
  const nodes = [...new Set(uses.flatMap((u) => u.access.stmt.origin))].sort((x, y) => x - y);
  if (typeof plan === "string") {
    if (b.value !== undefined && plan !== "")
      ctx.verdict({
        subject: "buffer",
        accepted: false,
        rule: "shrink-buffers/slice",
        because: `not shrunk: ${plan}`,
        facts: [{ name: "elements", value: size(b.shape) }],
        nodes,
        value: b.value,
      });
    return undefined;
  }
  const shape = plan.slices.map((s) => s.extent);
  ctx.hit({
    rule: "shrink-buffers/slice",
    before: uses.map((u) => u.access.stmt.id),
    after: uses.map((u) => u.access.stmt.id),
    note: `${b.name}: ${b.shape.join("x")} -> ${shape.join("x")}`,
  });
  if (b.value !== undefined) {
    ctx.verdict({
      subject: "buffer",
      accepted: true,
      rule: "shrink-buffers/slice",
      because: `shrunk from ${b.shape.join("x")} to ${shape.join("x")} per thread: one iteration uses no more`,
      facts: [
        { name: "before", value: size(b.shape), unit: "elements" },
        { name: "after", value: size(shape), unit: "elements per thread" },
      ],
      nodes,
      value: b.value,
    });
  }
  return plan;
}

/** Every access of every shared temporary, in one walk. */
function arenaUses(module: Module): ReadonlyMap<BufferId, readonly Use[]> {
  const uses = new Map<BufferId, Use[]>();
  for (const b of module.buffers) if (b.scope === "arena") uses.set(b.id, []);
  const walk = (list: readonly Stmt[], nest: Nest): void => {
    let { lets } = nest;
    for (const s of list) {
      for (const access of ownAccesses(s)) uses.get(access.buffer)?.push({ access, nest: { loops: nest.loops, lets } });
      if (s.k === "let" && s.value.type.dtype === "i64" && s.value.type.lanes === 1) lets = new Map(lets).set(s.v, linearOf(s.value, lets));
      const loops = s.k === "for" ? [...nest.loops, s] : nest.loops;
      for (const inner of bodies(s)) walk(inner, { loops, lets });
    }
  };
  for (const f of [module.init, module.run]) walk(f.body, { loops: [], lets: new Map() });
  return uses;
}

/** The slices, or why not. An empty reason: nothing to gain. */
function planFor(b: Buffer, uses: readonly Use[]): Plan | string {
  if (uses.some((u) => u.access.kernel)) return "a microkernel reads or writes it with its full row stride";
  const common = commonLoops(uses);
  if (common.length === 0) return "it is used in more than one loop nest";
  // The innermost loop whose iterations, and those of all loops around it, use disjoint slices.
  for (let depth = common.length; depth > 0; depth--) {
    const around = common.slice(0, depth);
    const outer = new Set(around.map((l) => l.v));
    const slices = b.shape.map((extent, d) => sliceOf(extent, d, uses, outer));
    if (around.every((l) => slices.some((s) => s.base !== undefined && movesWith(s.base, l, s.extent))))
      return { loop: around.at(-1) as For, slices };
  }
  return "iterations use the same elements";
}

function commonLoops(uses: readonly Use[]): readonly For[] {
  const [first, ...rest] = uses;
  if (first === undefined) return [];
  return first.nest.loops.filter((l, i) => rest.every((u) => u.nest.loops[i] === l));
}

/** Successive iterations use disjoint stretches of the axis. */
function movesWith(base: Expr, loop: For, extent: number): boolean {
  const factor = linearOf(base).terms.get(`v${loop.v}`)?.factor ?? 0;
  return Math.abs(factor * loop.step) >= extent;
}

function sliceOf(extent: number, d: number, uses: readonly Use[], outer: ReadonlySet<VarId>): Slice {
  const whole: Slice = { base: undefined, extent };
  let base: { key: string; form: Linear } | undefined;
  let top = 0;
  for (const u of uses) {
    const parts = split(u, u.access.index[d] as Expr, outer);
    if (parts === undefined) return whole;
    const key = linearKey(parts.base);
    if (base !== undefined && base.key !== key) return whole;
    base ??= { key, form: parts.base };
    if (parts.offset.lo < 0) return whole;
    top = Math.max(top, parts.offset.hi);
  }
  if (base === undefined || base.form.terms.size === 0 || top + 1 >= extent) return whole;
  return { base: linearExpr(base.form), extent: top + 1 };
}

/** An index as (part that is fixed in an iteration of the outer loops) + (offset of known range). */
function split(u: Use, e: Expr, outer: ReadonlySet<VarId>): { readonly base: Linear; readonly offset: Range } | undefined {
  let rest = linearOf(e, u.nest.lets);
  let offset: Range = { lo: 0, hi: 0 };
  // Inner counters from the inside out: v = lo + (0 .. extent-1).
  for (const loop of [...u.nest.loops].reverse()) {
    if (outer.has(loop.v)) continue;
    const term = rest.terms.get(`v${loop.v}`);
    if (term === undefined) continue;
    const lo = linearOf(loop.lo, u.nest.lets);
    const reach = upper(loop.hi, lo, u.nest.lets);
    if (reach === undefined || term.factor < 0) return undefined;
    rest = linearAdd(linearAdd(rest, { constant: 0, terms: new Map([[`v${loop.v}`, term]]) }, -1), lo, term.factor);
    offset = { lo: offset.lo, hi: offset.hi + term.factor * (reach - 1) };
  }
  const fixed = [...rest.terms.values()].every((t) => t.atom.k === "var" && outer.has(t.atom.id));
  return fixed ? { base: { ...rest, constant: 0 }, offset: { lo: offset.lo + rest.constant, hi: offset.hi + rest.constant } } : undefined;
}

/** The largest value of `hi - lo`, if it is bounded by a constant. */
function upper(hi: Expr, lo: Linear, lets: ReadonlyMap<VarId, Linear>): number | undefined {
  const form = linearOf(hi, lets);
  const gap = linearAdd(form, lo, -1);
  if (gap.terms.size === 0) return gap.constant;
  const [only] = gap.terms.size === 1 ? [...gap.terms.values()] : [];
  const candidates: number[] = [];
  for (const t of form.terms.values()) {
    if (t.atom.k !== "binary" || t.atom.op !== "min" || t.factor !== 1) continue;
    for (const side of [t.atom.a, t.atom.b]) {
      const other = linearAdd(linearAdd(linearAdd(form, linearOf(t.atom, lets), -1), linearOf(side, lets)), lo, -1);
      if (other.terms.size === 0) candidates.push(other.constant);
    }
  }
  if (candidates.length > 0) return Math.min(...candidates);
  return only === undefined ? undefined : rangeOf(linearExpr(gap), new Map())?.hi;
}

/** Rewrites all accesses, and brings each buffer to life inside its loop instead of at the start. */
function apply(module: Module, plans: ReadonlyMap<BufferId, Plan>): Module {
  const relative = (buffer: BufferId, at: readonly Expr[]): readonly Expr[] =>
    at.map((e, d) => {
      const base = plans.get(buffer)?.slices[d]?.base;
      return base === undefined ? e : linearExpr(linearOf(sub(e, base)));
    });
  const allocs = new Map<number, Alloc[]>();
  const moved = new Set<Stmt>();
  visitStmts(module.run.body, (s) => {
    const plan = s.k === "alloc" ? plans.get(s.buffer) : undefined;
    if (s.k !== "alloc" || plan === undefined) return;
    moved.add(s);
    allocs.set(plan.loop.id, [...(allocs.get(plan.loop.id) ?? []), s]);
  });
  const body = (list: readonly Stmt[]): readonly Stmt[] =>
    mapStmts(
      filterStmts(list, (s) => !moved.has(s)),
      (s) => {
        const own = mapOwnExprs(s, (whole) =>
          mapExpr(whole, (e) => (e.k === "load" && plans.has(e.buffer) ? { ...e, index: relative(e.buffer, e.index) } : e)),
        );
        const stored = own.k === "store" && plans.has(own.buffer) ? { ...own, index: relative(own.buffer, own.index) } : own;
        const here = stored.k === "for" ? allocs.get(stored.id) : undefined;
        return stored.k === "for" && here !== undefined ? { ...stored, body: [...here, ...stored.body] } : stored;
      },
    );
  const buffers = mapSame(module.buffers, (x) => {
    const plan = plans.get(x.id);
    return plan === undefined ? x : { ...x, shape: plan.slices.map((s) => s.extent), scope: "thread" as const };
  });
  return { ...mapFuncs(module, body), buffers };
}

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
    let now = module;
    for (const b of module.buffers) if (b.scope === "arena") now = shrink(now, b, ctx);
    return now;
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

function shrink(module: Module, b: Buffer, ctx: PassContext): Module {
  const uses = [...usesOf(module.init.body, b.id), ...usesOf(module.run.body, b.id)];
  if (uses.length === 0) return module;
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
    return module;
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
  return apply(module, b, plan.loop, plan.slices);
}

function usesOf(body: readonly Stmt[], id: BufferId): readonly Use[] {
  const out: Use[] = [];
  const walk = (list: readonly Stmt[], nest: Nest): void => {
    const lets = new Map(nest.lets);
    for (const s of list) {
      for (const access of ownAccesses(s)) if (access.buffer === id) out.push({ access, nest: { loops: nest.loops, lets: new Map(lets) } });
      if (s.k === "let" && s.value.type.dtype === "i64" && s.value.type.lanes === 1) lets.set(s.v, linearOf(s.value, lets));
      const loops = s.k === "for" ? [...nest.loops, s] : nest.loops;
      for (const inner of bodies(s)) walk(inner, { loops, lets });
    }
  };
  walk(body, { loops: [], lets: new Map() });
  return out;
}

/** The slices, or why not. An empty reason: nothing to gain. */
function planFor(b: Buffer, uses: readonly Use[]): { readonly loop: For; readonly slices: readonly Slice[] } | string {
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

function apply(module: Module, b: Buffer, loop: For, slices: readonly Slice[]): Module {
  const relative = (at: readonly Expr[]): readonly Expr[] =>
    at.map((e, d) => {
      const base = slices[d]?.base;
      return base === undefined ? e : linearExpr(linearOf(sub(e, base)));
    });
  let alloc: Alloc | undefined;
  visitStmts(module.run.body, (s) => {
    if (s.k === "alloc" && s.buffer === b.id) alloc = s;
  });
  const moved = alloc;
  const body = (list: readonly Stmt[]): readonly Stmt[] =>
    mapStmts(
      filterStmts(list, (s) => s !== moved),
      (s) => {
        const own = mapOwnExprs(s, (whole) =>
          mapExpr(whole, (e) => (e.k === "load" && e.buffer === b.id ? { ...e, index: relative(e.index) } : e)),
        );
        const stored = own.k === "store" && own.buffer === b.id ? { ...own, index: relative(own.index) } : own;
        return stored.k === "for" && stored.id === loop.id && moved !== undefined ? { ...stored, body: [moved, ...stored.body] } : stored;
      },
    );
  const buffers = mapSame(module.buffers, (x) =>
    x.id === b.id ? { ...x, shape: slices.map((s) => s.extent), scope: "thread" as const } : x,
  );
  return { ...mapFuncs(module, body), buffers };
}

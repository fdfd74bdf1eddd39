/**
 * Takes barriers out where no thread touches what another one wrote: shares of neighbouring loops that agree (the same rows, the same columns), or parts
 * of a buffer that are apart. A loop with more iterations than its neighbour may be cut into the neighbour's shares for that.
 */
import { targetIsa } from "../../codegen/target.ts";
import * as x from "../../tensor/build.ts";
import { Fresh } from "../../tensor/fresh.ts";
import type { Barrier, Buffer, BufferId, For, Func, Module, Stmt, VarId } from "../../tensor/ir.ts";
import { linearOf, type Linear } from "../../tensor/linear.ts";
import { buffersById, mapFuncs, mapStmts } from "../../tensor/rewrite.ts";
import { forAllThreads, sharedLets } from "../../tensor/team.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { footprintsOf, spaceOf } from "./footprints.ts";
import { meetingPlace, type Doer, type Work } from "./thread-conflicts.ts";
import { barrierCycles, workOf } from "./work.ts";

export const dropBarriers = tensorPass({
  name: "drop-barriers",
  why: "Takes out barriers between nests whose threads keep to their own rows, columns or parts of a buffer.",
  optional: true,
  when: ({ threads }) => threads > 1 || "one thread waits for nobody",
  run: (module, ctx) => {
    const fresh = new Fresh(module);
    const search = new BarrierSearch(module, fresh, ctx);
    const gone = new Set([...search.unneeded(module.init), ...search.unneeded(module.run)]);
    if (gone.size === 0) return module;
    const cut = (body: readonly Stmt[]): readonly Stmt[] => mapStmts(body, (s) => (gone.has(s.id) ? [] : (search.recut.get(s.id) ?? s)));
    return fresh.finish(mapFuncs(module, cut));
  },
});

/** A stretch of work between barriers that one statement is. */
interface Piece extends Work {
  readonly stmt: Stmt;
  readonly region: string;
  readonly lets: ReadonlyMap<VarId, Linear>;
}

type Item = { readonly barrier: Barrier } | { readonly piece: Piece };

/** Pairs that are looked at for one barrier: beyond that, it stays. */
const mostPairs = 4096;

class BarrierSearch {
  /** Loops that were cut into the shares of a neighbour, by the number of the statement they replace. */
  readonly recut = new Map<number, For>();
  private readonly buffers: ReadonlyMap<BufferId, Buffer>;
  constructor(
    private readonly module: Module,
    private readonly fresh: Fresh,
    private readonly ctx: PassContext,
  ) {
    this.buffers = buffersById(module);
  }

  /** Numbers of the barriers of a function that nobody needs. */
  unneeded(func: Func): readonly number[] {
    const items = this.itemsOf(func);
    const gone: number[] = [];
    let since: Piece[] = [];
    // What follows a barrier that was taken out is among them before its turn.
    let seen = 0;
    items.forEach((item, at) => {
      if ("piece" in item) {
        if (seen-- <= 0) since.push(item.piece);
        return;
      }
      const after: Piece[] = [];
      for (let i = at + 1, next = items[i]; next !== undefined && "piece" in next; next = items[++i]) after.push(next.piece);
      const together = this.together(item.barrier, since, after);
      if (together !== undefined) gone.push(item.barrier.id);
      since = together ?? [];
      seen = together === undefined ? 0 : after.length;
    });
    return gone;
  }

  private itemsOf(func: Func): readonly Item[] {
    const shared = sharedLets(func.body);
    const lets = new Map<VarId, Linear>();
    const walk = (body: readonly Stmt[], region: string): readonly Item[] =>
      body.flatMap((s): readonly Item[] => {
        if (s.k === "region") return walk(s.body, s.name);
        if (s.k === "alloc") return [];
        if (s.k === "barrier") return [{ barrier: s }];
        if (s.k === "let" && s.value.type.dtype === "i64" && s.value.type.lanes === 1) lets.set(s.v, linearOf(s.value, lets));
        return [{ piece: this.piece(s, region, new Map(lets), forAllThreads(s, shared)) }];
      });
    return walk(func.body, "");
  }

  private piece(stmt: Stmt, region: string, lets: ReadonlyMap<VarId, Linear>, isTeam: boolean): Piece {
    return { stmt, region, lets, doer: doerOf(stmt, isTeam), footprints: footprintsOf(stmt, this.buffers, lets) };
  }

  /** What stands between the neighbouring barriers when this one goes; undefined when it has to stay. */
  private together(barrier: Barrier, before: readonly Piece[], after: readonly Piece[]): Piece[] | undefined {
    const [first] = after;
    if (first === undefined || before.length * after.length > mostPairs) return undefined;
    const clash = firstClash(before, after);
    if (clash === undefined) {
      this.tell(barrier, first, "drop-barriers/apart", "no thread touches what another one wrote since the last barrier", []);
      return [...before, ...after];
    }
    const same = this.alike(before, after);
    if ("because" in same) {
      this.keep(first, clash.buffer, same.because);
      return undefined;
    }
    for (const c of same.cuts) this.recut.set(c.piece.stmt.id, c.loop);
    const names = same.cuts.map((c) => c.piece.region).join(", ");
    this.tell(
      barrier,
      first,
      "drop-barriers/shares",
      `${names} ${same.cuts.length > 1 ? "go" : "goes"} over the ${same.into} shares of the neighbour, so every thread finds its own part: ${Math.round(same.extra)} cycles more on the busiest thread, a barrier is ${Math.round(this.barrier)}`,
      [
        { name: "shares", value: same.into },
        { name: "more on the busiest thread", value: Math.round(same.extra), unit: "cycles" },
        { name: "barrier", value: Math.round(this.barrier), unit: "cycles" },
      ],
    );
    return replaced([...before, ...after], same.cuts);
  }

  private get barrier(): number {
    return barrierCycles(this.ctx.machine, this.module.threads);
  }

  /** The loops of one side that have to be cut into the shares of the other, so that the barrier between the two can go; or why there are none. */
  private alike(before: readonly Piece[], after: readonly Piece[]): Alike | { readonly because: string } {
    const pairs = before.flatMap((p) => after.map((q) => [p, q] as const)).filter(([p, q]) => meetingPlace(p, q) !== undefined);
    let because = "each thread needs what others wrote";
    for (const [p, q] of pairs.slice(0, 4)) {
      const [a, b] = [countOf(p), countOf(q)];
      if (a === undefined || b === undefined || a === b) continue;
      const into = Math.min(a, b);
      const side = a > b ? before : after;
      // Neighbours on that side may rely on the same shares.
      const cuts = side.filter((x) => countOf(x) === Math.max(a, b)).flatMap((x) => this.cut(x, into) ?? []);
      const [front, back] = [replaced(before, cuts), replaced(after, cuts)];
      if (cuts.length === 0 || firstClash(front, back) !== undefined) continue;
      if (
        side === before &&
        cuts.some(
          (c) =>
            firstClash(
              [c.now],
              front.filter((x) => x !== c.now),
            ) !== undefined,
        )
      )
        continue;
      const extra = cuts.reduce((sum, c) => sum + c.extra, 0);
      if (extra <= this.barrier) return { cuts, into, extra };
      because = `in ${into} shares the busiest thread of ${cuts.map((c) => c.piece.region).join(", ")} would have ${Math.round(extra)} cycles more, a barrier is ${Math.round(this.barrier)}`;
    }
    return { because };
  }

  private cut(piece: Piece, into: number): Recut | undefined {
    const { stmt } = piece;
    const space = spaceOf(stmt);
    if (stmt.k !== "for" || space === undefined || this.recut.has(stmt.id)) return undefined;
    const each = Math.ceil(space.count / into);
    if (Math.ceil(space.count / each) !== into) return undefined;
    const loop = sharesOf(stmt, space.count, each, this.fresh);
    const now = { ...this.piece(loop, piece.region, piece.lets, true), stmt: { ...loop, id: stmt.id } };
    const { threads } = this.module;
    const isa = targetIsa(this.ctx.options, this.ctx.machine);
    const one = workOf([{ ...stmt, kind: "serial" }], isa) / space.count;
    return { piece, loop, now, extra: (Math.ceil(into / threads) * each - Math.ceil(space.count / threads)) * one };
  }

  private tell(barrier: Barrier, next: Piece, rule: string, why: string, facts: Parameters<PassContext["verdict"]>[0]["facts"]): void {
    this.ctx.hit({ rule, before: [barrier.id, next.stmt.id], after: [next.stmt.id] });
    this.ctx.verdict({
      subject: "schedule",
      accepted: true,
      rule,
      because: `nobody waits before ${next.region}: ${why}`,
      facts,
      nodes: next.stmt.origin,
    });
  }

  private keep(next: Piece, buffer: BufferId, why: string): void {
    const name = this.buffers.get(buffer)?.name;
    this.ctx.verdict({
      subject: "schedule",
      accepted: false,
      rule: "drop-barriers/kept",
      because: `the barrier before ${next.region} stays, for ${name === undefined || name === "" ? `buffer #${buffer}` : name}: ${why}`,
      facts: [],
      nodes: next.stmt.origin,
    });
  }
}

interface Recut {
  readonly piece: Piece;
  /** What takes the place of its statement, and the piece that this is. */
  readonly loop: For;
  readonly now: Piece;
  /** Cycles that the busiest thread has more to do. */
  readonly extra: number;
}

interface Alike {
  readonly cuts: readonly Recut[];
  readonly into: number;
  readonly extra: number;
}

const replaced = (list: readonly Piece[], cuts: readonly Recut[]): Piece[] => list.map((p) => cuts.find((c) => c.piece === p)?.now ?? p);

/** Loops of one iteration are done by thread 0. */
function doerOf(s: Stmt, isTeam: boolean): Doer {
  if (!isTeam) return { k: "first" };
  if (s.k !== "for") return { k: "all" };
  const space = spaceOf(s);
  return space?.count === 1 && space.first === 0 ? { k: "first" } : { k: "loop", space };
}

const countOf = (p: Piece): number | undefined => (p.doer.k === "loop" ? p.doer.space?.count : undefined);

function firstClash(before: readonly Work[], after: readonly Work[]): { readonly buffer: BufferId } | undefined {
  for (const q of after)
    for (const p of before) {
      const buffer = meetingPlace(p, q);
      if (buffer !== undefined) return { buffer };
    }
  return undefined;
}

/** The loop as one over shares of `each` of its `count` iterations. */
function sharesOf(s: For, count: number, each: number, fresh: Fresh): For {
  const { threads, first, ...loop } = s;
  const type = s.lo.type;
  const t = fresh.variable("share", type);
  const stride = each * s.step;
  const start = x.mul({ k: "var", id: t, type }, x.index(stride));
  const lo = s.lo.k === "const" && s.lo.value === 0 ? start : x.add(start, s.lo);
  const end = x.add(lo, x.index(stride));
  const hi = count % each === 0 && s.step === 1 ? end : x.binary("min", end, s.hi);
  return {
    ...loop,
    ...(threads === undefined ? {} : { threads }),
    ...(first === undefined ? {} : { first }),
    id: fresh.stmt(),
    v: t,
    lo: x.index(0),
    hi: x.index(Math.ceil(count / each)),
    step: 1,
    body: [{ ...loop, kind: "serial", lo, hi }],
  };
}

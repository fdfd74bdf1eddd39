/**
 * Decides which loops are worth sharing out, and where threads must wait for each other: a barrier stands between two pieces of work
 * exactly when one needs (or overwrites) what another thread did in the other since the last barrier.
 */
import { targetIsa } from "../../codegen/target.ts";
import type { BufferId, For, Func, Module, Stmt, VarId } from "../../tensor/ir.ts";
import { Fresh } from "../../tensor/fresh.ts";
import { mapBodies, mapSame } from "../../tensor/rewrite.ts";
import { forAllThreads, sharedLets } from "../../tensor/team.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { effectsOf, type Effects } from "./accesses.ts";
import { leastWork, workOf } from "./work.ts";

export const scheduleParallel = tensorPass({
  name: "schedule-parallel",
  why: "Shares out loops that are long enough to pay for waking other threads, and puts barriers between nests that depend on each other.",
  optional: false,
  run: (module, ctx) => {
    const sized = limitThreads(module, ctx);
    const fresh = new Fresh(sized);
    const names = new Map(sized.buffers.map((b) => [b.id, b.name]));
    const one = (f: Func): Func => {
      const body = new BarrierPlacer(fresh, ctx, sharedLets(f.body), names).list(f.body);
      return body === f.body ? f : { ...f, body };
    };
    const init = one(sized.init);
    const run = one(sized.run);
    return init === sized.init && run === sized.run ? sized : fresh.finish({ ...sized, init, run });
  },
});

function limitThreads(module: Module, ctx: PassContext): Module {
  if (module.threads === 1) return module;
  const isa = targetIsa(ctx.options, ctx.machine);
  const least = leastWork(ctx.machine, module.threads);
  const visit = (body: readonly Stmt[]): readonly Stmt[] =>
    mapSame(body, (s) => {
      if (s.k === "region") return mapBodies(s, visit);
      return s.k === "for" && s.kind === "parallel" && s.first === undefined
        ? limited(s, module.threads, workOf([{ ...s, kind: "serial" }], isa), least, ctx)
        : s;
    });
  const body = visit(module.run.body);
  return body === module.run.body ? module : { ...module, run: { ...module.run, body } };
}

function limited(s: For, threads: number, work: number, least: number, ctx: PassContext): Stmt {
  const worth = Math.max(1, Math.floor(work / least));
  const facts = [
    { name: "estimated work", value: Math.round(work), unit: "cycles" },
    { name: "least per thread", value: Math.round(least), unit: "cycles" },
    { name: "threads", value: threads },
  ];
  if (worth >= threads) {
    ctx.verdict({
      subject: "schedule",
      accepted: true,
      rule: "schedule-parallel/shared",
      because: `shared by ${threads} threads: about ${Math.round(work)} cycles of work`,
      facts,
      nodes: s.origin,
    });
    return s;
  }
  ctx.verdict({
    subject: "schedule",
    accepted: false,
    rule: "schedule-parallel/too-small",
    facts,
    nodes: s.origin,
    because: `run by ${worth} of ${threads} threads: about ${Math.round(work)} cycles, one thread needs ${Math.round(least)} to pay for a barrier`,
  });
  ctx.hit({ rule: "schedule-parallel/too-small", before: [s.id], after: [s.id] });
  return worth === 1 ? { ...s, kind: "serial" } : { ...s, threads: worth };
}

interface Piece {
  readonly effects: Effects;
  /** Done by thread 0 alone. */
  readonly single: boolean;
}

class BarrierPlacer {
  /** What was done since the last barrier. */
  private since: Piece[] = [];
  constructor(
    private readonly fresh: Fresh,
    private readonly ctx: PassContext,
    private readonly shared: ReadonlySet<VarId>,
    private readonly names: ReadonlyMap<BufferId, string>,
  ) {}

  list(body: readonly Stmt[]): readonly Stmt[] {
    let changed = false;
    const out: Stmt[] = [];
    // Statements before this one stand in a stretch that was looked at as a whole: what it adds to `since` is thread 0's own.
    let settled = 0;
    for (const [p, s] of body.entries()) {
      if (s.k === "barrier") {
        this.since = [];
        out.push(s);
        continue;
      }
      const [clash, end] = p < settled ? [undefined, settled] : this.firstClash(body, p);
      settled = end;
      if (clash !== undefined) {
        const id = this.fresh.stmt();
        this.explain(id, clash, s);
        out.push({ k: "barrier", id, origin: [] });
        this.since = [];
        changed = true;
      }
      const next = s.k === "region" ? mapBodies(s, (b) => this.list(b)) : s;
      if (next !== s) changed = true;
      if (s.k !== "region") {
        const piece = pieceOf(s, this.shared);
        if (piece !== undefined) this.since.push(piece);
      }
      out.push(next);
    }
    return changed ? out : body;
  }

  /**
   * The buffer for whose sake statement `p` has to wait, and the first statement that this does not answer for. A stretch of statements
   * for thread 0 alone waits as a whole, in front of its first one: what they name is in scope only while they stay together.
   */
  private firstClash(body: readonly Stmt[], p: number): readonly [BufferId | undefined, number] {
    for (let i = p; i < body.length; i++) {
      const s = body[i] as Stmt;
      if (s.k === "barrier") return [undefined, i];
      const piece = firstPiece(s, this.shared);
      const continues = s.k === "alloc" || (s.k !== "region" && piece?.single === true);
      // What comes after the stretch waits for itself.
      if (i > p && !continues) return [undefined, i];
      const clash = piece === undefined ? undefined : this.clash(piece);
      if (clash !== undefined || !continues) return [clash, i + 1];
    }
    return [undefined, body.length];
  }

  /** The buffer for whose sake this piece has to wait; undefined when it can start at once. */
  private clash(piece: Piece): BufferId | undefined {
    for (const p of this.since) {
      const buffer = p.single && piece.single ? undefined : conflict(p.effects, piece.effects);
      if (buffer !== undefined) return buffer;
    }
    return undefined;
  }

  private explain(barrier: number, buffer: BufferId, next: Stmt): void {
    this.ctx.hit({ rule: "schedule-parallel/barrier", before: [next.id], after: [barrier, next.id] });
    this.ctx.verdict({
      subject: "schedule",
      accepted: true,
      rule: "schedule-parallel/barrier",
      because: `all threads wait before ${next.k === "region" ? next.name : `statement ${next.id}`}: it touches ${this.names.get(buffer) ?? `#${buffer}`}, which other threads wrote or still read`,
      facts: [{ name: "pieces of work since the last barrier", value: this.since.length }],
      nodes: next.origin,
    });
  }
}

/** The first work that a statement does, for the barrier in front of it. */
function firstPiece(s: Stmt, shared: ReadonlySet<VarId>): Piece | undefined {
  if (s.k !== "region") return pieceOf(s, shared);
  for (const x of s.body) {
    const piece = firstPiece(x, shared);
    if (piece !== undefined) return piece;
  }
  return undefined;
}

function pieceOf(s: Stmt, shared: ReadonlySet<VarId>): Piece | undefined {
  if (s.k === "alloc") return undefined;
  return { effects: effectsOf([s]), single: !forAllThreads(s, shared) };
}

/** A buffer that one writes and the other reads or writes. (Threads have their own variables.) */
function conflict(a: Effects, b: Effects): BufferId | undefined {
  for (const x of a.writes) if (b.reads.has(x) || b.writes.has(x)) return x;
  for (const x of b.writes) if (a.reads.has(x)) return x;
  return undefined;
}

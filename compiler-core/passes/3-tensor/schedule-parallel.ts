/**
 * Decides which loops are worth sharing out, and where threads must wait for each other: a barrier stands between two pieces of work
 * exactly when one needs (or overwrites) what another thread did in the other since the last barrier.
 */
import { targetIsa } from "../../codegen/target.ts";
import type { For, Func, Module, Stmt, VarId } from "../../tensor/ir.ts";
import { Fresh, mapBodies, mapSame } from "../../tensor/rewrite.ts";
import { forAllThreads, sharedLets } from "../../tensor/team.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { effectsOf, type Effects } from "./accesses.ts";
import { workOf } from "./work.ts";

export const scheduleParallel = tensorPass({
  name: "schedule-parallel",
  why: "Shares out loops that are long enough to pay for waking other threads, and puts barriers between nests that depend on each other.",
  optional: false,
  run: (module, ctx) => {
    const sized = limitThreads(module, ctx);
    const fresh = new Fresh(sized);
    const one = (f: Func): Func => {
      const body = new BarrierPlacer(fresh, ctx, sharedLets(f.body)).list(f.body);
      return body === f.body ? f : { ...f, body };
    };
    const init = one(sized.init);
    const run = one(sized.run);
    return init === sized.init && run === sized.run ? sized : fresh.finish({ ...sized, init, run });
  },
});

/** Cycles of work that make it worth waking one more thread: a barrier's round trip, a few microseconds, is 10 % of it. */
const cyclesPerThread = 15_000;

function limitThreads(module: Module, ctx: PassContext): Module {
  if (module.threads === 1) return module;
  const isa = targetIsa(ctx.options, ctx.machine);
  const visit = (body: readonly Stmt[]): readonly Stmt[] =>
    mapSame(body, (s) => {
      if (s.k === "region") return mapBodies(s, visit);
      return s.k === "for" && s.kind === "parallel" ? limited(s, module.threads, workOf([{ ...s, kind: "serial" }], isa), ctx) : s;
    });
  const body = visit(module.run.body);
  return body === module.run.body ? module : { ...module, run: { ...module.run, body } };
}

function limited(s: For, threads: number, work: number, ctx: PassContext): Stmt {
  const worth = Math.max(1, Math.floor(work / cyclesPerThread));
  const facts = [
    { name: "estimated work", value: Math.round(work), unit: "cycles" },
    { name: "least per thread", value: cyclesPerThread, unit: "cycles" },
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
    because: `run by ${worth} of ${threads} threads: about ${Math.round(work)} cycles, one thread needs ${cyclesPerThread} to pay for a barrier`,
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
  ) {}

  list(body: readonly Stmt[]): readonly Stmt[] {
    let changed = false;
    const out: Stmt[] = [];
    for (const s of body) {
      if (s.k === "barrier") {
        this.since = [];
        out.push(s);
        continue;
      }
      const first = firstPiece(s, this.shared);
      if (first !== undefined && this.clashes(first)) {
        out.push({ k: "barrier", id: this.fresh.stmt(), origin: [] });
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

  private clashes(piece: Piece): boolean {
    const against = this.since.find((p) => !(p.single && piece.single) && conflict(p.effects, piece.effects));
    if (against === undefined) return false;
    this.ctx.hit({ rule: "schedule-parallel/barrier", before: [], after: [] });
    return true;
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

/** Does one read or write memory that the other writes? (Threads have their own variables.) */
function conflict(a: Effects, b: Effects): boolean {
  for (const x of a.writes) if (b.reads.has(x) || b.writes.has(x)) return true;
  for (const x of b.writes) if (a.reads.has(x)) return true;
  return false;
}

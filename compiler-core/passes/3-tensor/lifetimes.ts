/**
 * When buffers are alive. Shared ones count barriers and serial work: between two barriers the threads may be anywhere in a shared loop, but
 * what thread 0 does alone has an order. A thread's own buffers count statements in program order.
 */
import type { Buffer, BufferId, Func, Module, Stmt, VarId } from "../../tensor/ir.ts";
import { bodies, visitStmts } from "../../tensor/rewrite.ts";
import { forAllThreads, sharedLets } from "../../tensor/team.ts";
import { ownAccesses } from "./accesses.ts";

/** Both ends included. */
export interface Lifetime {
  readonly first: number;
  readonly last: number;
  /** Number of accesses, weighted by nothing: how hot it is. */
  readonly accesses: number;
}

/** Top-level pieces of `run` by number (regions and loose statements, without allocs and barriers). */
export function stepsOf(func: Func): readonly Stmt[] {
  return func.body.filter((s) => s.k !== "alloc" && s.k !== "barrier");
}

function widen(map: Map<BufferId, Lifetime>, id: BufferId, first: number, last: number): void {
  const old = map.get(id);
  map.set(
    id,
    old === undefined
      ? { first, last, accesses: 1 }
      : { first: Math.min(old.first, first), last: Math.max(old.last, last), accesses: old.accesses + 1 },
  );
}

/**
 * In stretches that follow each other for all threads. A barrier ends one; so does each statement of serial work, as long as only thread 0 has
 * worked since the barrier. Shared work may run beside anything since the barrier, so it counts for all of that.
 */
export function sharedLifetimes(module: Module): ReadonlyMap<BufferId, Lifetime> {
  const out = new Map<BufferId, Lifetime>();
  let stretch = 0;
  const touch = (body: readonly Stmt[], first: number): void =>
    visitStmts(body, (s) => ownAccesses(s).forEach((a) => widen(out, a.buffer, first, stretch)));
  const team = (body: readonly Stmt[], shared: ReadonlySet<VarId>, since: { barrier: number; sharedWork: boolean }): void => {
    for (const s of body) {
      if (s.k === "region") team(s.body, shared, since);
      else if (s.k === "barrier") {
        since.barrier = ++stretch;
        since.sharedWork = false;
      } else if (forAllThreads(s, shared)) {
        touch([s], since.barrier);
        since.sharedWork ||= s.k !== "alloc";
      } else {
        if (!since.sharedWork) stretch++;
        touch([s], stretch);
      }
    }
  };
  // Constant work comes first and ends with a barrier of the host's.
  for (const f of [module.init, module.run]) {
    team(f.body, sharedLets(f.body), { barrier: stretch, sharedWork: false });
    stretch++;
  }
  return out;
}

/** Statement positions of a thread's own buffers: from the alloc to the end of the last statement of its list that uses it. */
export function threadLifetimes(module: Module): ReadonlyMap<BufferId, Lifetime> {
  const out = new Map<BufferId, Lifetime>();
  const scopes = new Map(module.buffers.map((b: Buffer) => [b.id, b.scope]));
  let clock = 0;
  /** Gives the buffers used inside, so that the enclosing list can extend lives to the end of the statement. */
  const walk = (body: readonly Stmt[]): ReadonlySet<BufferId> => {
    const used = new Set<BufferId>();
    const mine = new Set<BufferId>();
    for (const s of body) {
      const start = clock++;
      if (s.k === "alloc" && scopes.get(s.buffer) === "thread") {
        mine.add(s.buffer);
        widen(out, s.buffer, start, start);
      }
      const touched = new Set(ownAccesses(s).map((a) => a.buffer));
      for (const b of bodies(s)) for (const id of walk(b)) touched.add(id);
      const end = clock++;
      for (const id of touched) {
        if (mine.has(id)) widen(out, id, start, end);
        else used.add(id);
      }
    }
    return used;
  };
  walk(module.init.body);
  walk(module.run.body);
  return out;
}

/** First and last step (number of a top-level piece of `run`) that touches each buffer. */
export function stepLifetimes(module: Module): ReadonlyMap<BufferId, Lifetime> {
  const out = new Map<BufferId, Lifetime>();
  stepsOf(module.run).forEach((step, i) => {
    const walk = (s: Stmt): void => {
      for (const a of ownAccesses(s)) widen(out, a.buffer, i, i);
      for (const b of bodies(s)) b.forEach(walk);
    };
    walk(step);
  });
  return out;
}

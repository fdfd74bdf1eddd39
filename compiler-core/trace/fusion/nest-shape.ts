/** What the loops of a group look like in the end: pieces, threads, barriers, and buffers that a thread keeps to itself. */
import { ownAccesses } from "../../passes/3-tensor/accesses.ts";
import { buffersById, visitStmts } from "../../tensor/rewrite.ts";
import { rangeOf } from "../../tensor/ranges.ts";
import type { Buffer, BufferId, For, Func, Module, Stmt } from "../../tensor/ir.ts";
import { elements } from "../../graph/ir.ts";
import { dtypeBytes } from "../../support/dtype.ts";

export interface NestShape {
  /** Iterations of the parallel loop with the most of them; 1 where thread 0 works alone. */
  readonly pieces: number;
  /** Threads that may take part. */
  readonly threads: number;
  /** In it, and in front of it. */
  readonly barriers: number;
  /** Bytes of the thread's own buffers. */
  readonly scratch: number;
}

/** By group. */
export function nestShapes(module: Module): ReadonlyMap<number, NestShape> {
  const buffers = buffersById(module);
  const shapes = new Map<number, NestShape>();
  const one = ({ body }: Func): void => {
    let waiting = 0;
    for (const s of body) {
      if (s.k === "barrier") waiting++;
      if (s.k !== "region") continue;
      const before = shapes.get(s.group) ?? { pieces: 1, threads: 1, barriers: 0, scratch: 0 };
      const shared = sharing(s.body, module.threads);
      const more = shared.pieces > before.pieces ? shared : before;
      const { pieces, threads } = more;
      const barriers = before.barriers + waiting + countBarriers(s.body);
      shapes.set(s.group, { pieces, threads, barriers, scratch: Math.max(before.scratch, scratchOf(s.body, buffers)) });
      waiting = 0;
    }
  };
  one(module.init);
  one(module.run);
  return shapes;
}

function sharing(body: readonly Stmt[], team: number): { readonly pieces: number; readonly threads: number } {
  let best = { pieces: 1, threads: 1 };
  visitStmts(body, (s) => {
    if (s.k !== "for" || s.kind !== "parallel") return;
    const pieces = trips(s);
    if (pieces > best.pieces) best = { pieces, threads: Math.min(team, s.threads ?? team, pieces) };
  });
  return best;
}

/** A parallel loop has constant bounds as long as nothing around it counts; else it is taken for one that has work for all. */
function trips({ lo, hi, step }: For): number {
  const [from, to] = [rangeOf(lo, new Map()), rangeOf(hi, new Map())];
  return from === undefined || to === undefined ? 64 : Math.max(1, Math.ceil((to.hi - from.lo) / step));
}

function countBarriers(body: readonly Stmt[]): number {
  let count = 0;
  visitStmts(body, (s) => (count += s.k === "barrier" ? 1 : 0));
  return count;
}

/** They share memory where they do not live together: from the lowest to the highest byte. */
function scratchOf(body: readonly Stmt[], buffers: ReturnType<typeof buffersById>): number {
  const used = new Set<BufferId>();
  visitStmts(body, (s) => ownAccesses(s).forEach(({ buffer }) => used.add(buffer)));
  let [low, high] = [Infinity, 0];
  for (const id of used) {
    const b = buffers.get(id);
    if (b?.scope !== "thread") continue;
    const at = b.offset ?? 0;
    low = Math.min(low, at);
    high = Math.max(high, at + bytesOf(b));
  }
  return high > low ? high - low : 0;
}

const bytesOf = ({ dtype, shape }: Buffer): number => dtypeBytes(dtype, elements(shape));

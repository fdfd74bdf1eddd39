/** Puts buffers with lifetimes into one block of memory, so that those alive together never overlap. */
import type { BufferId } from "../../tensor/ir.ts";

export interface Request {
  readonly id: BufferId;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}
export interface Placement {
  readonly offsets: ReadonlyMap<BufferId, number>;
  readonly total: number;
  /** Buffers whose memory each one takes over, dead by then. */
  readonly reuses: ReadonlyMap<BufferId, readonly BufferId[]>;
}

export const alignment = 64;
export const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

const together = (a: Request, b: Request): boolean => a.first <= b.last && b.first <= a.last;

interface Placed {
  readonly r: Request;
  readonly at: number;
  readonly end: number;
}

/** Dead buffers whose place is considered for its heat: older ones have left the caches. */
const recent = 16;

/**
 * Largest first. Among the places that do not grow the block the hottest wins: where the buffer that lived there last was
 * used most recently, because its lines are still in a cache; then the lowest.
 */
export function placeBuffers(requests: readonly Request[]): Placement {
  const placed: Placed[] = [];
  const offsets = new Map<BufferId, number>();
  const order = [...requests].sort((a, b) => b.bytes - a.bytes || a.first - b.first || a.id - b.id);
  let total = 0;
  for (const r of order) {
    const size = aligned(r.bytes);
    const busy = placed.filter((p) => together(p.r, r)).sort((a, b) => a.at - b.at);
    const dead = placed
      .filter((p) => p.r.last < r.first)
      .sort((a, b) => b.r.last - a.r.last)
      .slice(0, recent);
    const growth = (at: number): number => Math.max(0, at + size - total);
    const heat = (at: number): number =>
      dead.reduce((h, p) => (p.at < at + size && at < p.end ? Math.max(h, 1 / (1 + r.first - p.r.last)) : h), 0);
    const best = places(busy, dead, size)
      .map((at) => ({ at, growth: growth(at), heat: heat(at) }))
      .reduce((x, y) => ((y.growth - x.growth || x.heat - y.heat || y.at - x.at) < 0 ? y : x));
    placed.push({ r, at: best.at, end: best.at + size });
    offsets.set(r.id, best.at);
    total = Math.max(total, best.at + size);
  }
  return { offsets, total, reuses: reuses(placed) };
}

/** Offsets where `size` bytes are free: the start of every gap between the living, and the starts of recently dead buffers inside of gaps. */
function places(busy: readonly Placed[], dead: readonly Placed[], size: number): number[] {
  const gaps: { from: number; to: number }[] = [];
  let from = 0;
  for (const p of busy) {
    if (p.at - from >= size) gaps.push({ from, to: p.at });
    from = Math.max(from, p.end);
  }
  gaps.push({ from, to: Infinity });
  const inGap = (at: number): boolean => gaps.some((g) => at >= g.from && at + size <= g.to);
  return [...gaps.map((g) => g.from), ...dead.map((p) => p.at).filter(inGap)];
}

/** By place: only neighbours in memory are compared. */
function reuses(placed: readonly Placed[]): Placement["reuses"] {
  const out = new Map<BufferId, BufferId[]>(placed.map((p) => [p.r.id, []]));
  const sorted = [...placed].sort((a, b) => a.at - b.at);
  sorted.forEach((p, i) => {
    for (let j = i + 1; j < sorted.length; j++) {
      const q = sorted[j];
      if (q === undefined || q.at >= p.end) break;
      const [old, young] = p.r.first < q.r.first ? [p, q] : [q, p];
      if (old.r.last < young.r.first) out.get(young.r.id)?.push(old.r.id);
    }
  });
  return out;
}

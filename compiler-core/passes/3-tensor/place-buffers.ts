/** Puts buffers with lifetimes into one block of memory, so that those alive together never overlap. */
import type { BufferId } from "../../tensor/ir.ts";
import { PlacedInTime, type Placed } from "./placed-in-time.ts";
import { tookFrom } from "./took-from.ts";

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

/** Dead buffers whose place is considered for its heat: older ones have left the caches. */
const recent = 16;

/**
 * Largest first. Among the places that do not grow the block the hottest wins: where the buffer that lived there last was
 * used most recently, because its lines are still in a cache; then the lowest.
 */
export function placeBuffers(requests: readonly Request[]): Placement {
  const placed = new PlacedInTime();
  const all: Placed[] = [];
  const offsets = new Map<BufferId, number>();
  const order = [...requests].sort((a, b) => b.bytes - a.bytes || a.first - b.first || a.id - b.id);
  let total = 0;
  for (const r of order) {
    const size = aligned(r.bytes);
    const busy = placed.alive(r).sort((a, b) => a.at - b.at);
    const dead = placed.lastDead(r.first, recent);
    const growth = (at: number): number => Math.max(0, at + size - total);
    const heat = (at: number): number =>
      dead.reduce((h, p) => (p.at < at + size && at < p.end ? Math.max(h, 1 / (1 + r.first - p.r.last)) : h), 0);
    const best = places(busy, dead, size)
      .map((at) => ({ at, growth: growth(at), heat: heat(at) }))
      .reduce((x, y) => ((y.growth - x.growth || x.heat - y.heat || y.at - x.at) < 0 ? y : x));
    const one = { r, at: best.at, end: best.at + size };
    placed.add(one);
    all.push(one);
    offsets.set(r.id, best.at);
    total = Math.max(total, best.at + size);
  }
  return { offsets, total, reuses: tookFrom(all.map(({ r, at, end }) => ({ id: r.id, first: r.first, at, end }))) };
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

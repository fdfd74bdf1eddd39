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

/**
 * Largest first. Among the places that do not grow the block the hottest wins: where the buffer that lived there last was
 * used most recently, because its lines are still in a cache; then the lowest.
 */
export function placeBuffers(requests: readonly Request[]): Placement {
  const placed: { readonly r: Request; readonly at: number; readonly end: number }[] = [];
  const offsets = new Map<BufferId, number>();
  const order = [...requests].sort((a, b) => b.bytes - a.bytes || a.first - b.first || a.id - b.id);
  let total = 0;
  for (const r of order) {
    const size = aligned(r.bytes);
    const busy = placed.filter((p) => together(p.r, r)).sort((a, b) => a.at - b.at);
    const fits = (at: number): boolean => busy.every((p) => at + size <= p.at || at >= p.end);
    const candidates = [0, ...placed.flatMap((p) => [p.at, p.end])].filter(fits);
    const growth = (at: number): number => Math.max(0, at + size - total);
    const heat = (at: number): number =>
      placed.reduce((h, p) => (p.r.last < r.first && p.at < at + size && at < p.end ? Math.max(h, 1 / (1 + r.first - p.r.last)) : h), 0);
    const best = candidates.reduce((x, y) => ((growth(y) - growth(x) || heat(x) - heat(y) || y - x) < 0 ? y : x));
    placed.push({ r, at: best, end: best + size });
    offsets.set(r.id, best);
    total = Math.max(total, best + size);
  }
  const reuses = new Map(
    placed.map((p) => [p.r.id, placed.filter((q) => q.r.last < p.r.first && q.at < p.end && p.at < q.end).map((q) => q.r.id)]),
  );
  return { offsets, total, reuses };
}

/** Whose memory a buffer takes over: for each byte, the last that was there before it. Those further back have lost their place already. */
import type { BufferId } from "../../tensor/ir.ts";

export interface Occupant {
  readonly id: BufferId;
  /** When its life begins: no two that are alive together share a byte. */
  readonly first: number;
  /** Bytes `at` to `end`, the end not included. */
  readonly at: number;
  readonly end: number;
}

/** By buffer: those it takes from, in the order of their places. As many in all as there are borders between buffers, about. */
export function tookFrom(occupants: readonly Occupant[]): ReadonlyMap<BufferId, readonly BufferId[]> {
  const out = new Map<BufferId, readonly BufferId[]>();
  /** Who was last in which bytes: pieces that follow each other. */
  const pieces: Occupant[] = [];
  for (const one of [...occupants].sort((a, b) => a.first - b.first || a.id - b.id)) {
    if (one.end <= one.at) {
      out.set(one.id, []);
      continue;
    }
    const from = firstEndingPast(pieces, one.at);
    let to = from;
    while (to < pieces.length && pieces[to]!.at < one.end) to++;
    const old = pieces.slice(from, to);
    out.set(one.id, [...new Set(old.map(({ id }) => id))]);
    const [head, tail] = [old[0], old.at(-1)];
    const left = head !== undefined && head.at < one.at ? [{ ...head, end: one.at }] : [];
    const right = tail !== undefined && tail.end > one.end ? [{ ...tail, at: one.end }] : [];
    pieces.splice(from, to - from, ...left, one, ...right);
  }
  return out;
}

/** The first piece that ends past a byte. */
function firstEndingPast(pieces: readonly Occupant[], at: number): number {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pieces[middle]!.end > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

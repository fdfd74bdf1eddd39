/** Buffers that have their place, by when they are alive: who is beside a new one, and who died last before it, without looking at all others. */
import type { Request } from "./place-buffers.ts";

export interface Placed {
  readonly r: Request;
  readonly at: number;
  readonly end: number;
}

/** Stretches that share a list. Most buffers live for a few. */
const span = 16;
const blockOf = (stretch: number): number => Math.floor(stretch / span);

export class PlacedInTime {
  /** By block of stretches: those alive in it. */
  readonly #alive = new Map<number, Placed[]>();
  /** By their last stretch, in the order of placing. */
  readonly #byEnd = new Map<number, Placed[]>();
  #firstEnd = Infinity;

  add(p: Placed): void {
    for (let b = blockOf(p.r.first); b <= blockOf(p.r.last); b++) enter(this.#alive, b, p);
    enter(this.#byEnd, p.r.last, p);
    this.#firstEnd = Math.min(this.#firstEnd, p.r.last);
  }

  /** Those alive together with `r`, in no order. */
  alive(r: Request): Placed[] {
    const found: Placed[] = [];
    const begin = blockOf(r.first);
    for (let b = begin; b <= blockOf(r.last); b++) {
      for (const p of this.#alive.get(b) ?? []) {
        const isFirstMeeting = Math.max(begin, blockOf(p.r.first)) === b;
        if (isFirstMeeting && p.r.first <= r.last && r.first <= p.r.last) found.push(p);
      }
    }
    return found;
  }

  /** At most `count` of those that ended before a stretch, the last ones first; the order of placing where they ended together. */
  lastDead(before: number, count: number): readonly Placed[] {
    const found: Placed[] = [];
    for (let end = before - 1; end >= this.#firstEnd && found.length < count; end--) found.push(...(this.#byEnd.get(end) ?? []));
    return found.slice(0, count);
  }
}

function enter(table: Map<number, Placed[]>, key: number, p: Placed): void {
  const known = table.get(key);
  if (known === undefined) table.set(key, [p]);
  else known.push(p);
}

/** Layers by longest path, without recursion; edges that close a cycle are found and left out. */
import { groupBy } from "./types.ts";

export interface Ranks {
  readonly rank: Int32Array;
  readonly layers: number;
  /** 1: the edge does not go downwards. */
  readonly back: Uint8Array;
}

/**
 * Ranks of `count` nodes. Pinned ones have the first or the last layer for themselves. Sources, and nodes with more consumers than producers, sink to just
 * above their first consumer.
 */
export function ranksOf(count: number, from: Int32Array, to: Int32Array, pin: Uint8Array): Ranks {
  const out = groupBy(from, count);
  const rank = new Int32Array(count);
  // Behind the first layer, if that is taken.
  if (pin.includes(1)) pin.forEach((where, node) => (rank[node] = where === 1 ? 0 : 1));
  const waiting = new Int32Array(count);
  const back = new Uint8Array(from.length);
  for (const target of to) waiting[target]! += 1;
  const order = new Int32Array(count);
  const done = new Uint8Array(count);
  let tail = 0;
  const enqueue = (node: number): void => {
    done[node] = 1;
    order[tail] = node;
    tail += 1;
  };
  for (let node = 0; node < count; node += 1) if (waiting[node] === 0) enqueue(node);
  let search = 0;
  for (let head = 0; head < count; head += 1) {
    if (head === tail) {
      while (done[search] === 1) search += 1;
      enqueue(search);
    }
    const node = order[head] as number;
    for (let i = out.start[node] as number; i < (out.start[node + 1] as number); i += 1) {
      const edge = out.items[i] as number;
      const target = to[edge] as number;
      if (done[target] === 1 && pin[target] === 2) continue; // behind everything in any case
      if (done[target] === 1) {
        back[edge] = 1;
        continue;
      }
      rank[target] = Math.max(rank[target] as number, (rank[node] as number) + 1);
      waiting[target]! -= 1;
      if (waiting[target] === 0) enqueue(target);
    }
  }
  sink(order, rank, out, to, back, pin);
  let layers = 0;
  for (let node = 0; node < count; node += 1) if (pin[node] !== 2) layers = Math.max(layers, (rank[node] as number) + 1);
  if (pin.includes(2)) {
    pin.forEach((where, node) => where === 2 && (rank[node] = layers));
    layers += 1;
  }
  return { rank, layers, back };
}

function sink(
  order: Int32Array,
  rank: Int32Array,
  out: ReturnType<typeof groupBy>,
  to: Int32Array,
  back: Uint8Array,
  pin: Uint8Array,
): void {
  const entering = new Int32Array(rank.length);
  for (let edge = 0; edge < to.length; edge += 1) if (back[edge] === 0) entering[to[edge] as number]! += 1;
  for (let i = order.length - 1; i >= 0; i -= 1) {
    const node = order[i] as number;
    let lowest = Infinity;
    let leaving = 0;
    for (let k = out.start[node] as number; k < (out.start[node + 1] as number); k += 1) {
      const edge = out.items[k] as number;
      if (back[edge] === 1) continue;
      leaving += 1;
      // What is last comes to stand behind everything.
      lowest = Math.min(lowest, pin[to[edge] as number] === 2 ? Infinity : (rank[to[edge] as number] as number));
    }
    if (pin[node] === 0 && lowest < Infinity && leaving > (entering[node] as number)) rank[node] = lowest - 1;
  }
}

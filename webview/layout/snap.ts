/** Small bends are worse than none: items move exactly in line with a neighbour where the order and the gaps leave room. */
import type { Chains } from "./chains.ts";
import type { Ordering } from "./order.ts";
import { gapBetween, type Extents } from "./place.ts";
import { groupBy, type Csr } from "./types.ts";

/** Further than this nothing moves: it would pull at other ways. */
const reach = 600;

/** Changes the middles of items: down the layers in line with producers, then up, where there was none, with consumers. */
export function snap(chains: Chains, { layers }: Ordering, extents: Extents, x: Float64Array): void {
  const preds = groupBy(chains.to, chains.count);
  const succs = groupBy(chains.from, chains.count);
  const inLine = new Uint8Array(chains.count);
  const room = (place: number, layer: number): readonly [number, number] => {
    const item = layers.items[place] as number;
    const before = place > (layers.start[layer] as number) ? (layers.items[place - 1] as number) : -1;
    const after = place + 1 < (layers.start[layer + 1] as number) ? (layers.items[place + 1] as number) : -1;
    return [
      before < 0 ? -Infinity : (x[before] as number) + gapBetween(extents, before, item),
      after < 0 ? Infinity : (x[after] as number) - gapBetween(extents, item, after),
    ];
  };
  const pull = (
    item: number,
    place: number,
    layer: number,
    rows: Csr,
    ends: Int32Array,
    at: Float64Array,
    ownAt: Float64Array,
  ): boolean => {
    const [low, high] = room(place, layer);
    let best = NaN;
    let least = Infinity;
    for (let k = rows.start[item] as number; k < (rows.start[item + 1] as number); k += 1) {
      const segment = rows.items[k] as number;
      const other = ends[segment] as number;
      const wish = (x[other] as number) + (at[segment] as number) - (ownAt[segment] as number);
      if (Math.abs(wish - (x[item] as number)) > reach || wish < low || wish > high) continue;
      // A box stands below a box rather than at the end of a long way.
      const cost = Math.abs(wish - (x[item] as number)) + (item < extents.count && other >= extents.count ? reach : 0);
      if (cost >= least) continue;
      least = cost;
      best = wish;
    }
    if (Number.isNaN(best)) return false;
    x[item] = best;
    return true;
  };
  const count = layers.start.length - 1;
  for (let l = 1; l < count; l += 1) {
    for (let p = layers.start[l] as number; p < (layers.start[l + 1] as number); p += 1) {
      const item = layers.items[p] as number;
      if (pull(item, p, l, preds, chains.from, chains.fromAt, chains.toAt)) inLine[item] = 1;
    }
  }
  for (let l = count - 2; l >= 0; l -= 1) {
    for (let p = layers.start[l] as number; p < (layers.start[l + 1] as number); p += 1) {
      const item = layers.items[p] as number;
      if (inLine[item] === 0) pull(item, p, l, succs, chains.to, chains.toAt, chains.fromAt);
    }
  }
}

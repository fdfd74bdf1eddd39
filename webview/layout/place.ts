/**
 * Horizontal places: every item wants to be at the weighted mean of its neighbours in the layer above or below; in each layer the
 * wishes are met as well as the order and the gaps allow (least squares, by pooling adjacent violators: linear time).
 */
import { groupBy, type Csr } from "./types.ts";
import type { Chains } from "./chains.ts";
import type { Ordering } from "./order.ts";

const nodeGap = 30;
const dummyGap = 16;
/** Items smoothed in all, and the most rounds: what straightens small graphs best and big ones enough. */
const smoothing = 120_000;
const mostRounds = 24;
/** The ends of long edges pull little, so that the trunk of a graph stands straight; their middles hold together. */
const weights = { nodes: 1, mixed: 0.25, dummies: 4 };

/** What placing needs to know of the items. */
export interface Extents {
  readonly count: number;
  /** Room before and after the middle of each. */
  readonly before: Float64Array;
  readonly after: Float64Array;
  readonly hint?: Float64Array;
}

/** Least distance between the middles of neighbours in a layer. */
export function gapBetween({ count, before, after }: Extents, left: number, right: number): number {
  const gap = left < count || right < count ? nodeGap : dummyGap;
  return (left < count ? (after[left] as number) : 0) + (right < count ? (before[right] as number) : 0) + gap;
}

/** Middles of all items across the flow. */
export function* placeItems(chains: Chains, { layers }: Ordering, extents: Extents): Generator<void, Float64Array> {
  const { count: nodes, hint } = extents;
  const x = new Float64Array(chains.count);
  const pool = new Pool(layers, extents);
  const layerCount = layers.start.length - 1;
  const light = new Float64Array(chains.count).fill(nothingPulls);
  const begin = new Float64Array(chains.count);
  if (hint) begin.set(hint.subarray(0, nodes));
  for (let l = 0; l < layerCount; l += 1) pool.settle(l, x, begin, light);
  const above: Side = { rows: groupBy(chains.to, chains.count), ends: chains.from, at: chains.fromAt, ownAt: chains.toAt };
  const below: Side = { rows: groupBy(chains.from, chains.count), ends: chains.to, at: chains.toAt, ownAt: chains.fromAt };
  const [down, up, both] = [
    pullsOf(chains.count, nodes, [above]),
    pullsOf(chains.count, nodes, [below]),
    pullsOf(chains.count, nodes, [above, below]),
  ];
  for (let round = 0; round < 3; round += 1) {
    for (let l = 1; l < layerCount; l += 1) pool.follow(l, x, down);
    for (let l = layerCount - 2; l >= 0; l -= 1) pool.follow(l, x, up);
    yield;
  }
  const rounds = Math.min(mostRounds, Math.max(2, Math.round(smoothing / Math.max(1, chains.count))));
  for (let round = 0; round < rounds; round += 1) {
    for (let l = 0; l < layerCount; l += 1) pool.follow(l, x, both);
    for (let l = layerCount - 1; l >= 0; l -= 1) pool.follow(l, x, both);
    yield;
  }
  const heavy = new Float64Array(chains.count).fill(1);
  heavy.fill(1e6, 0, nodes);
  const straight = straightened(chains, nodes, x);
  for (let l = 0; l < layerCount; l += 1) pool.settle(l, x, straight, heavy);
  return x;
}

/** Segments to one side of the items, and where they meet their far and their near end, from the middles. */
interface Side {
  readonly rows: Csr;
  readonly ends: Int32Array;
  readonly at: Float64Array;
  readonly ownAt: Float64Array;
}

/** What pulls at each item, row by row: others, from `shift` beside their middles, so strongly; and how strong all of them are. */
interface Pulls {
  readonly start: Int32Array;
  readonly others: Int32Array;
  readonly shift: Float64Array;
  readonly strength: Float64Array;
  readonly weight: Float64Array;
}

/** The weight of an item that stays where it is unless others push it. */
const nothingPulls = 1e-3;

function pullsOf(count: number, nodes: number, sides: readonly Side[]): Pulls {
  const size = sides.reduce((sum, { rows }) => sum + rows.items.length, 0);
  const start = new Int32Array(count + 1);
  const others = new Int32Array(size);
  const shift = new Float64Array(size);
  const strength = new Float64Array(size);
  const weight = new Float64Array(count);
  let next = 0;
  for (let item = 0; item < count; item += 1) {
    for (const { rows, ends, at, ownAt } of sides) {
      for (let k = rows.start[item] as number; k < (rows.start[item + 1] as number); k += 1) {
        const segment = rows.items[k] as number;
        const other = ends[segment] as number;
        const dummies = (item >= nodes ? 1 : 0) + (other >= nodes ? 1 : 0);
        others[next] = other;
        shift[next] = (at[segment] as number) - (ownAt[segment] as number);
        strength[next] = dummies === 2 ? weights.dummies : dummies === 1 ? weights.mixed : weights.nodes;
        weight[item]! += strength[next] as number;
        next += 1;
      }
    }
    start[item + 1] = next;
  }
  return { start, others, shift, strength, weight };
}

/** With the nodes held, every dummy wishes to be in the middle of its chain: long edges become straight where nothing is in the way. */
function straightened(chains: Chains, nodes: number, x: Float64Array): Float64Array {
  const middle = new Float64Array(chains.count);
  const chainOf = new Int32Array(chains.count).fill(-1);
  const length = new Int32Array(chains.count);
  for (let s = 0; s < chains.from.length; s += 1) {
    const [from, to] = [chains.from[s] as number, chains.to[s] as number];
    if (to >= nodes) chainOf[to] = from < nodes ? to : (chainOf[from] as number);
  }
  for (let item = nodes; item < chains.count; item += 1) {
    const chain = chainOf[item] as number;
    middle[chain]! += x[item] as number;
    length[chain]! += 1;
  }
  return x.map((own, item) =>
    item < nodes ? own : (middle[chainOf[item] as number] as number) / (length[chainOf[item] as number] as number),
  );
}

/** Moves the items of one layer at a time to where they wish to be, in order and without overlap. */
class Pool {
  /** Of each place in the layers, from the first of its layer: the least distance. */
  private readonly offset: Float64Array;
  /** By item. */
  private readonly wish: Float64Array;
  private readonly sum: Float64Array;
  private readonly mass: Float64Array;
  private readonly first: Int32Array;

  constructor(
    private readonly layers: Csr,
    extents: Extents,
  ) {
    const { start, items } = layers;
    this.offset = new Float64Array(items.length);
    let widest = 1;
    for (let l = 0; l + 1 < start.length; l += 1) {
      const [begin, end] = [start[l] as number, start[l + 1] as number];
      widest = Math.max(widest, end - begin);
      for (let p = begin + 1; p < end; p += 1)
        this.offset[p] = (this.offset[p - 1] as number) + gapBetween(extents, items[p - 1] as number, items[p] as number);
    }
    this.wish = new Float64Array(items.length);
    this.sum = new Float64Array(widest);
    this.mass = new Float64Array(widest);
    this.first = new Int32Array(widest + 1);
  }

  /** Every item wishes to be where others pull it. */
  follow(l: number, x: Float64Array, { start, others, shift, strength, weight }: Pulls): void {
    const { layers, wish } = this;
    for (let p = layers.start[l] as number; p < (layers.start[l + 1] as number); p += 1) {
      const item = layers.items[p] as number;
      const total = weight[item] as number;
      let sum = 0;
      for (let k = start[item] as number; k < (start[item + 1] as number); k += 1)
        sum += (strength[k] as number) * ((x[others[k] as number] as number) + (shift[k] as number));
      wish[item] = total > 0 ? sum / total : (x[item] as number);
    }
    this.settle(l, x, wish, weight);
  }

  /** @param wish of each item: where it would be @param weight of each item: how much it would */
  settle(l: number, x: Float64Array, wish: Float64Array, weight: Float64Array): void {
    const { layers, offset, sum, mass, first } = this;
    const begin = layers.start[l] as number;
    const end = layers.start[l + 1] as number;
    let blocks = 0;
    for (let p = begin; p < end; p += 1) {
      const item = layers.items[p] as number;
      const wished = wish[item] as number;
      let heavy = (weight[item] as number) || nothingPulls;
      let total = heavy * ((Number.isNaN(wished) ? 0 : wished) - (offset[p] as number));
      let from = p;
      // Those that would overlap stand together, where all of them wish to be on average.
      while (blocks > 0 && (sum[blocks - 1] as number) / (mass[blocks - 1] as number) >= total / heavy) {
        blocks -= 1;
        total += sum[blocks] as number;
        heavy += mass[blocks] as number;
        from = first[blocks] as number;
      }
      first[blocks] = from;
      sum[blocks] = total;
      mass[blocks] = heavy;
      blocks += 1;
    }
    first[blocks] = end;
    for (let b = 0; b < blocks; b += 1) {
      const base = (sum[b] as number) / (mass[b] as number);
      for (let p = first[b] as number; p < (first[b + 1] as number); p += 1) x[layers.items[p] as number] = base + (offset[p] as number);
    }
  }
}

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
  const preds = groupBy(chains.to, chains.count);
  const succs = groupBy(chains.from, chains.count);
  const x = new Float64Array(chains.count);
  const pool = new Pool(layers, extents);
  const layerCount = layers.start.length - 1;
  for (let l = 0; l < layerCount; l += 1)
    pool.settle(
      l,
      x,
      (item) => (hint && item < nodes ? (hint[item] as number) : 0),
      () => 1e-3,
    );
  type Side = readonly [Csr, Int32Array, Float64Array, Float64Array];
  const towards = (sides: readonly Side[]) => (item: number) => {
    let sum = 0;
    let weight = 0;
    for (const [rows, others, at, ownAt] of sides) {
      for (let k = rows.start[item] as number; k < (rows.start[item + 1] as number); k += 1) {
        const segment = rows.items[k] as number;
        const other = others[segment] as number;
        const pull = (item >= nodes ? 1 : 0) + (other >= nodes ? 1 : 0);
        const strength = pull === 2 ? weights.dummies : pull === 1 ? weights.mixed : weights.nodes;
        sum += strength * ((x[other] as number) + (at[segment] as number) - (ownAt[segment] as number));
        weight += strength;
      }
    }
    pool.weight = weight > 0 ? weight : 1e-3;
    return weight > 0 ? sum / weight : (x[item] as number);
  };
  const above: Side = [preds, chains.from, chains.fromAt, chains.toAt];
  const below: Side = [succs, chains.to, chains.toAt, chains.fromAt];
  const [down, up, both] = [towards([above]), towards([below]), towards([above, below])];
  for (let round = 0; round < 3; round += 1) {
    for (let l = 1; l < layerCount; l += 1) pool.settle(l, x, down);
    for (let l = layerCount - 2; l >= 0; l -= 1) pool.settle(l, x, up);
    yield;
  }
  const rounds = Math.min(mostRounds, Math.max(2, Math.round(smoothing / Math.max(1, chains.count))));
  for (let round = 0; round < rounds; round += 1) {
    for (let l = 0; l < layerCount; l += 1) pool.settle(l, x, both);
    for (let l = layerCount - 1; l >= 0; l -= 1) pool.settle(l, x, both);
    yield;
  }
  straighten(chains, nodes, x, (wish) => {
    for (let l = 0; l < layerCount; l += 1) pool.settle(l, x, wish, (item) => (item < nodes ? 1e6 : 1));
  });
  return x;
}

/** With the nodes held, every dummy wishes to be in the middle of its chain: long edges become straight where nothing is in the way. */
function straighten(chains: Chains, nodes: number, x: Float64Array, settle: (wish: (item: number) => number) => void): void {
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
  settle((item) =>
    item < nodes ? (x[item] as number) : (middle[chainOf[item] as number] as number) / (length[chainOf[item] as number] as number),
  );
}

/** Scratch space for one layer at a time. */
class Pool {
  /** Weight of the wish computed last. */
  weight = 1;
  private readonly offset: Float64Array;
  private readonly sum: Float64Array;
  private readonly mass: Float64Array;
  private readonly first: Int32Array;

  constructor(
    private readonly layers: Csr,
    private readonly extents: Extents,
  ) {
    let widest = 1;
    for (let l = 0; l + 1 < layers.start.length; l += 1)
      widest = Math.max(widest, (layers.start[l + 1] as number) - (layers.start[l] as number));
    this.offset = new Float64Array(widest);
    this.sum = new Float64Array(widest);
    this.mass = new Float64Array(widest);
    this.first = new Int32Array(widest + 1);
  }

  /** Moves the items of a layer to where they wish to be, in order and without overlap. */
  settle(l: number, x: Float64Array, wish: (item: number) => number, weightOf: (item: number) => number = () => this.weight): void {
    const { layers, offset, sum, mass, first } = this;
    const begin = layers.start[l] as number;
    const count = (layers.start[l + 1] as number) - begin;
    let blocks = 0;
    for (let i = 0; i < count; i += 1) {
      const item = layers.items[begin + i] as number;
      const previous = layers.items[begin + i - 1] as number;
      offset[i] = i === 0 ? 0 : (offset[i - 1] as number) + gapBetween(this.extents, previous, item);
      const wished = wish(item);
      const weight = weightOf(item);
      first[blocks] = i;
      sum[blocks] = weight * ((Number.isNaN(wished) ? 0 : wished) - (offset[i] as number));
      mass[blocks] = weight;
      blocks += 1;
      while (
        blocks > 1 &&
        (sum[blocks - 2] as number) / (mass[blocks - 2] as number) >= (sum[blocks - 1] as number) / (mass[blocks - 1] as number)
      ) {
        sum[blocks - 2]! += sum[blocks - 1] as number;
        mass[blocks - 2]! += mass[blocks - 1] as number;
        blocks -= 1;
      }
    }
    first[blocks] = count;
    for (let b = 0; b < blocks; b += 1) {
      const base = (sum[b] as number) / (mass[b] as number);
      for (let i = first[b] as number; i < (first[b + 1] as number); i += 1)
        x[layers.items[begin + i] as number] = base + (offset[i] as number);
    }
  }
}

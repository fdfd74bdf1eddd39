/** Order within layers: barycentre sweeps over a start order, keeping the best one where counting crossings is affordable. */
import { groupBy, type Csr } from "./types.ts";
import type { Chains } from "./chains.ts";

/** Layers as compressed rows of items; `position` is the inverse. */
export interface Ordering {
  readonly layers: Csr;
  readonly position: Int32Array;
}

const countLimit = 60_000;
/** With hints, a new order must save this share of the crossings: people know their way in the old one. */
const worthMoving = 0.5;

/**
 * Orders the items of every layer.
 * @param hint wished horizontal position per real node; with hints the sweeps are few, so that the picture keeps its order
 */
export function* orderLayers(chains: Chains, layerCount: number, nodes: number, hint: Float64Array | undefined): Generator<void, Ordering> {
  const layers = groupBy(chains.layerOf, layerCount);
  const position = new Int32Array(chains.count);
  const preds = groupBy(chains.to, chains.count);
  const succs = groupBy(chains.from, chains.count);
  const score = hint ? hintScores(chains, preds, nodes, hint) : visitOrder(chains, succs, preds);
  for (let l = 0; l < layerCount; l += 1) sortLayer(layers, l, position, score);
  const counted = chains.from.length <= countLimit;
  const rounds = hint ? 1 : counted ? 6 : 3;
  const best = { crossings: counted ? crossings(chains, layers, position, succs) : Infinity, items: layers.items.slice() };
  for (let round = 0; round < rounds && best.crossings > 0; round += 1) {
    for (let l = 1; l < layerCount; l += 1) sweep(layers, l, position, preds, chains.from, chains.fromAt, score);
    for (let l = layerCount - 2; l >= 0; l -= 1) sweep(layers, l, position, succs, chains.to, chains.toAt, score);
    yield;
    const now = counted ? crossings(chains, layers, position, succs) : -round;
    if (now >= best.crossings * (hint ? worthMoving : 1)) continue;
    best.crossings = now;
    best.items.set(layers.items);
  }
  layers.items.set(best.items);
  for (let l = 0; l < layerCount; l += 1) renumber(layers, l, position);
  return { layers, position };
}

function renumber(layers: Csr, l: number, position: Int32Array): void {
  const begin = layers.start[l] as number;
  for (let i = begin; i < (layers.start[l + 1] as number); i += 1) position[layers.items[i] as number] = i - begin;
}

function sortLayer(layers: Csr, l: number, position: Int32Array, score: Float64Array): void {
  const items = layers.items.subarray(layers.start[l], layers.start[l + 1]);
  items.sort((a, b) => (score[a] as number) - (score[b] as number) || (position[a] as number) - (position[b] as number) || a - b);
  renumber(layers, l, position);
}

function sweep(layers: Csr, l: number, position: Int32Array, near: Csr, ends: Int32Array, at: Float64Array, score: Float64Array): void {
  const begin = layers.start[l] as number;
  const end = layers.start[l + 1] as number;
  if (end - begin < 2) return;
  for (let i = begin; i < end; i += 1) {
    const item = layers.items[i] as number;
    let sum = 0;
    const first = near.start[item] as number;
    const last = near.start[item + 1] as number;
    for (let k = first; k < last; k += 1) {
      const segment = near.items[k] as number;
      // Ways that leave one frame keep the order in which they leave it.
      sum += (position[ends[segment] as number] as number) + Math.max(-0.4, Math.min(0.4, (at[segment] as number) / 2000));
    }
    score[item] = last > first ? sum / (last - first) : (position[item] as number);
  }
  sortLayer(layers, l, position, score);
}

/** Depth-first numbers: what hangs together stays together. Iterative, so that deep graphs do not overflow the stack. */
function visitOrder(chains: Chains, succs: Csr, preds: Csr): Float64Array {
  const score = new Float64Array(chains.count).fill(-1);
  const stack: number[] = [];
  let next = 0;
  for (let root = 0; root < chains.count; root += 1) {
    if (score[root] !== -1 || preds.start[root] !== preds.start[root + 1]) continue;
    stack.push(root);
    for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
      if (score[item] !== -1) continue;
      score[item] = next;
      next += 1;
      for (let k = (succs.start[item + 1] as number) - 1; k >= (succs.start[item] as number); k -= 1) {
        stack.push(chains.to[succs.items[k] as number] as number);
      }
    }
  }
  return score;
}

/** Old positions; what is new takes the mean of its known producers, in layer order. */
function hintScores(chains: Chains, preds: Csr, nodes: number, hint: Float64Array): Float64Array {
  const score = new Float64Array(chains.count).fill(NaN);
  score.set(hint.subarray(0, nodes));
  const byLayer = Array.from(chains.layerOf.keys()).sort((a, b) => (chains.layerOf[a] as number) - (chains.layerOf[b] as number) || a - b);
  for (const item of byLayer) {
    if (!Number.isNaN(score[item])) continue;
    let sum = 0;
    const first = preds.start[item] as number;
    const last = preds.start[item + 1] as number;
    for (let k = first; k < last; k += 1) sum += score[chains.from[preds.items[k] as number] as number] as number;
    score[item] = last > first ? sum / (last - first) : 0;
  }
  return score;
}

/** Crossings between all neighbouring layers, by counting inversions in a Fenwick tree. */
function crossings(chains: Chains, layers: Csr, position: Int32Array, succs: Csr): number {
  let total = 0;
  const widest = layers.start.reduce((most, begin, l) => Math.max(most, (layers.start[l + 1] ?? begin) - begin), 0);
  const tree = new Int32Array(widest + 1);
  const ends: number[] = [];
  for (let l = 0; l + 1 < layers.start.length - 1; l += 1) {
    tree.fill(0);
    let seen = 0;
    for (let i = layers.start[l] as number; i < (layers.start[l + 1] as number); i += 1) {
      const item = layers.items[i] as number;
      ends.length = 0;
      for (let k = succs.start[item] as number; k < (succs.start[item + 1] as number); k += 1) {
        ends.push(position[chains.to[succs.items[k] as number] as number] as number);
      }
      for (const end of ends) {
        let before = 0;
        for (let t = end + 1; t > 0; t -= t & -t) before += tree[t] as number;
        total += seen - before;
      }
      for (const end of ends) for (let t = end + 1; t <= widest; t += t & -t) tree[t]! += 1;
      seen += ends.length;
    }
  }
  return total;
}

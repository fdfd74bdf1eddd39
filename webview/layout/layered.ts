/** The page's own layered layout: linear in nodes + dummies per sweep, iterative throughout, the same result for the same input. */
import { chainsOf, type Chains } from "./chains.ts";
import { orderLayers } from "./order.ts";
import { placeItems } from "./place.ts";
import { ranksOf, type Ranks } from "./rank.ts";
import type { LayoutInput, Placement } from "./types.ts";

const layerGap = 46;
const looseGap = 24;

/** Lays a graph out top-down. Boxes never overlap. Cycles and repeated edges are allowed. */
export function layered(input: LayoutInput): Placement {
  const { joined, joinedIndex, loose } = splitLoose(input);
  const ranks = ranksOf(joined.count, joined.from, joined.to);
  const chains = chainsOf(joined, ranks);
  const ordering = orderLayers(chains, ranks.layers, joined.count, joined.hint);
  const centre = placeItems(chains, ordering, joined.count, joined.w, joined.hint);
  plumb(chains, ranks.layers, centre);
  const tops = layerTops(joined, ranks);
  const x = new Float64Array(input.count);
  const y = new Float64Array(input.count);
  let right = -Infinity;
  let left = Infinity;
  joinedIndex.forEach((index, j) => {
    const layer = ranks.rank[j] as number;
    x[index] = (centre[j] as number) - (joined.w[j] as number) / 2;
    y[index] = (tops.top[layer] as number) + ((tops.height[layer] as number) - (joined.h[j] as number)) / 2;
    left = Math.min(left, x[index] as number);
    right = Math.max(right, (x[index] as number) + (joined.w[j] as number));
  });
  if (joined.count === 0) left = right = 0;
  const bottom = placeLoose(input, loose, x, y, left, right, tops.bottom);
  const ways = waysOf(joined, chains, ranks, centre, tops, (j) => y[joinedIndex[j] as number] as number);
  const extent = loose.reduce((most, i) => Math.max(most, (x[i] as number) + (input.w[i] as number)), right);
  return { x, y, ...ways, orthogonal: false, frames: new Float64Array(), left, top: 0, width: extent - left, height: bottom };
}

/** Boxes without edges do not belong in layers: they would make the first one endless. */
function splitLoose(input: LayoutInput) {
  const touched = new Uint8Array(input.count);
  for (const i of input.from) touched[i] = 1;
  for (const i of input.to) touched[i] = 1;
  const joinedIndex: number[] = [];
  const loose: number[] = [];
  const compact = new Int32Array(input.count);
  for (let i = 0; i < input.count; i += 1) {
    if (touched[i] === 1) compact[i] = joinedIndex.push(i) - 1;
    else loose.push(i);
  }
  const pick = (column: Float64Array): Float64Array => Float64Array.from(joinedIndex, (i) => column[i] as number);
  const known = input.hint && joinedIndex.some((i) => !Number.isNaN(input.hint?.[i]));
  const joined: LayoutInput = {
    count: joinedIndex.length,
    w: pick(input.w),
    h: pick(input.h),
    from: input.from.map((i) => compact[i] as number),
    to: input.to.map((i) => compact[i] as number),
    value: input.value,
    ...(known && input.hint ? { hint: pick(input.hint) } : {}),
  };
  return { joined, joinedIndex, loose };
}

/** Layers averaged over to see where a tall graph drifts to. */
const plumbWindow = 60;

/** Tall graphs lean: every block pushes the next a little to one side. Takes that slow drift out, layer by layer. */
function plumb(chains: Chains, layers: number, x: Float64Array): void {
  if (layers < 2 * plumbWindow) return;
  const sum = new Float64Array(layers + 1);
  const seen = new Float64Array(layers + 1);
  for (let item = 0; item < chains.count; item += 1) {
    sum[(chains.layerOf[item] as number) + 1]! += x[item] as number;
    seen[(chains.layerOf[item] as number) + 1]! += 1;
  }
  for (let l = 0; l < layers; l += 1) {
    sum[l + 1]! += sum[l] as number;
    seen[l + 1]! += seen[l] as number;
  }
  for (let item = 0; item < chains.count; item += 1) {
    const layer = chains.layerOf[item] as number;
    const [from, to] = [Math.max(0, layer - plumbWindow), Math.min(layers, layer + plumbWindow + 1)];
    x[item]! -= ((sum[to] as number) - (sum[from] as number)) / Math.max(1, (seen[to] as number) - (seen[from] as number));
  }
}

interface Tops {
  readonly top: Float64Array;
  readonly height: Float64Array;
  readonly bottom: number;
}

function layerTops(input: LayoutInput, { rank, layers }: Ranks): Tops {
  const height = new Float64Array(layers);
  rank.forEach((layer, i) => (height[layer] = Math.max(height[layer] as number, input.h[i] as number)));
  const top = new Float64Array(layers);
  let y = 0;
  for (let l = 0; l < layers; l += 1) {
    top[l] = y;
    y += (height[l] as number) + layerGap;
  }
  return { top, height, bottom: Math.max(0, y - layerGap) };
}

/** Rows below the rest, about as wide as it, or square when there is nothing else. Returns the lower edge of all. */
function placeLoose(
  input: LayoutInput,
  loose: number[],
  x: Float64Array,
  y: Float64Array,
  left: number,
  right: number,
  bottom: number,
): number {
  if (loose.length === 0) return bottom;
  const area = loose.reduce((sum, i) => sum + ((input.w[i] as number) + looseGap) * ((input.h[i] as number) + looseGap), 0);
  const limit = left + Math.max(right - left, Math.sqrt(area) * 1.4);
  let cx = left;
  let cy = bottom > 0 ? bottom + layerGap : 0;
  let rowHeight = 0;
  for (const i of loose) {
    if (cx > left && cx + (input.w[i] as number) > limit) {
      cx = left;
      cy += rowHeight + looseGap;
      rowHeight = 0;
    }
    x[i] = cx;
    y[i] = cy;
    cx += (input.w[i] as number) + looseGap;
    rowHeight = Math.max(rowHeight, input.h[i] as number);
  }
  return cy + rowHeight;
}

/** From the lower edge of the producer through its dummies to the upper edge of the consumer. */
function waysOf(input: LayoutInput, chains: Chains, ranks: Ranks, centre: Float64Array, tops: Tops, yOf: (j: number) => number) {
  const edges = input.from.length;
  const start = new Int32Array(edges + 1);
  const points: number[] = [];
  for (let edge = 0; edge < edges; edge += 1) {
    const source = input.from[edge] as number;
    const target = input.to[edge] as number;
    points.push(centre[source] as number, yOf(source) + (input.h[source] as number));
    for (let step = 0; step < (chains.dummies[edge] as number); step += 1) {
      const layer = (ranks.rank[source] as number) + 1 + step;
      const cx = centre[(chains.firstDummy[edge] as number) + step] as number;
      points.push(cx, tops.top[layer] as number, cx, (tops.top[layer] as number) + (tops.height[layer] as number));
    }
    points.push(centre[target] as number, yOf(target));
    start[edge + 1] = points.length / 2;
  }
  return { start, points: Float64Array.from(points) };
}

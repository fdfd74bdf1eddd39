/**
 * The layout of one level: boxes, frames that are placed already, and ports on the frame around, in layers. It knows no direction: data flows
 * along the axis `along`, layers lie across.
 */
import { chainsOf } from "./chains.ts";
import { orderLayers } from "./order.ts";
import { placeItems } from "./place.ts";
import { plumb } from "./plumb.ts";
import { snap } from "./snap.ts";
import { ranksOf, type Ranks } from "./rank.ts";
import { waysOf } from "./ways.ts";

/** Where an item has to stand. */
export enum Pin {
  Free,
  First,
  Last,
}

export interface LevelInput {
  readonly count: number;
  /** Room of each item before and after its middle across the flow, and along it. */
  readonly before: Float64Array;
  readonly after: Float64Array;
  readonly length: Float64Array;
  /** Where the ways leave an item, from its beginning along the flow: what is behind is room for a tag. */
  readonly exit: Float64Array;
  readonly pin: Uint8Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly value: Int32Array;
  /** Where an edge leaves and reaches its items across the flow, from their middles. */
  readonly fromAt: Float64Array;
  readonly toAt: Float64Array;
  readonly hint?: Float64Array;
  /** Least room between the first layer and the next, and before the last. */
  readonly firstGap: number;
  readonly lastGap: number;
}

export interface LevelPlacement {
  /** Middle across the flow, and beginning along it. */
  readonly across: Float64Array;
  readonly along: Float64Array;
  /** Ways of edges: across, along, across, along ... */
  readonly start: Int32Array;
  readonly points: Float64Array;
  /** What all of it covers; along the flow it begins at 0. */
  readonly least: number;
  readonly most: number;
  readonly length: number;
}

const layerGap = 34;
const looseGap = 24;

/** Places a level. Yields between sweeps, so that it can be given up. */
export function* placeLevel(input: LevelInput): Generator<void, LevelPlacement> {
  const { joined, joinedIndex, loose } = splitLoose(input);
  const ranks = ranksOf(joined.count, joined.from, joined.to, joined.pin);
  const chains = chainsOf(joined, ranks);
  yield;
  const ordering = yield* orderLayers(chains, ranks.layers, joined.count, joined.hint);
  const middle = yield* placeItems(chains, ordering, joined);
  plumb(chains, ranks.layers, middle);
  snap(chains, ordering, joined, middle);
  const depth = layerDepths(joined, ranks);
  yield;
  const ways = waysOf(joined, chains, ranks, middle, depth, gapsOf(joined, ranks));
  const across = new Float64Array(input.count);
  const along = new Float64Array(input.count);
  let [least, most] = [Infinity, -Infinity];
  joinedIndex.forEach((index, j) => {
    across[index] = middle[j] as number;
    along[index] = ways.along[j] as number;
    least = Math.min(least, (middle[j] as number) - (joined.before[j] as number));
    most = Math.max(most, (middle[j] as number) + (joined.after[j] as number));
  });
  for (let p = 0; p < ways.points.length; p += 2) {
    least = Math.min(least, ways.points[p] as number);
    most = Math.max(most, ways.points[p] as number);
  }
  if (joined.count === 0) least = most = 0;
  const room = { least, most, length: ways.length };
  const extent = loose.length === 0 ? room : placeLoose(input, loose, across, along, room);
  return { across, along, start: ways.start, points: ways.points, ...extent };
}

/** Items without edges do not belong in layers: they would make the first one endless. */
function splitLoose(input: LevelInput) {
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
  if (loose.length === 0) return { joined: knownHints(input), joinedIndex, loose };
  const pick = (column: Float64Array): Float64Array => Float64Array.from(joinedIndex, (i) => column[i] as number);
  const joined: LevelInput = {
    ...input,
    count: joinedIndex.length,
    before: pick(input.before),
    after: pick(input.after),
    length: pick(input.length),
    exit: pick(input.exit),
    pin: Uint8Array.from(joinedIndex, (i) => input.pin[i] as number),
    from: input.from.map((i) => compact[i] as number),
    to: input.to.map((i) => compact[i] as number),
    ...(input.hint ? { hint: pick(input.hint) } : {}),
  };
  return { joined: knownHints(joined), joinedIndex, loose };
}

/** Hints that say nothing are none. */
function knownHints(input: LevelInput): LevelInput {
  if (!input.hint || input.hint.some((hint) => !Number.isNaN(hint))) return input;
  const { hint: _, ...rest } = input;
  return rest;
}

/** How long each layer is along the flow. */
function layerDepths(input: LevelInput, { rank, layers }: Ranks): Float64Array {
  const depth = new Float64Array(layers);
  rank.forEach((layer, i) => (depth[layer] = Math.max(depth[layer] as number, input.length[i] as number)));
  return depth;
}

/** Least room behind each layer. */
function gapsOf({ pin, firstGap, lastGap }: LevelInput, { layers }: Ranks): Float64Array {
  const gaps = new Float64Array(Math.max(0, layers - 1)).fill(layerGap);
  if (gaps.length === 0) return gaps;
  if (pin.includes(Pin.First)) gaps[0] = firstGap;
  if (pin.includes(Pin.Last)) gaps[gaps.length - 1] = gaps.length === 1 ? Math.max(gaps[0] as number, lastGap) : lastGap;
  return gaps;
}

interface Room {
  readonly least: number;
  readonly most: number;
  readonly length: number;
}

/** Rows behind the rest, about as wide as it, or square when there is nothing else; beside the rest where ways leave behind it. */
function placeLoose(input: LevelInput, loose: readonly number[], across: Float64Array, along: Float64Array, room: Room): Room {
  const { before, after, length } = input;
  const breadth = (i: number): number => (before[i] as number) + (after[i] as number);
  const area = loose.reduce((sum, i) => sum + (breadth(i) + looseGap) * ((length[i] as number) + looseGap), 0);
  const beside = input.pin.includes(Pin.Last);
  const least = beside ? room.most + looseGap : room.least;
  const limit = least + Math.max(beside ? 0 : room.most - room.least, Math.sqrt(area) * 1.4);
  let [at, row, depth, most] = [least, beside ? input.firstGap : room.length > 0 ? room.length + layerGap : 0, 0, room.most];
  for (const i of loose) {
    if (at > least && at + breadth(i) > limit) {
      at = least;
      row += depth + looseGap;
      depth = 0;
    }
    across[i] = at + (before[i] as number);
    along[i] = row;
    at += breadth(i) + looseGap;
    most = Math.max(most, at - looseGap);
    depth = Math.max(depth, length[i] as number);
  }
  return { least: room.least, most, length: Math.max(room.length, row + depth + (beside ? input.lastGap : 0)) };
}

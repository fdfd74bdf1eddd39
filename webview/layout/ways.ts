/** The ways of edges: along the flow through layers, across it on tracks between layers. They meet no item but their ends. */
import type { Chains } from "./chains.ts";
import type { LevelInput } from "./level.ts";
import type { Ranks } from "./rank.ts";
import { bundleOf, straightEnough, tracksOf, type Bundle } from "./tracks.ts";
import { groupBy } from "./types.ts";

/** Distance between tracks, and room before the first and behind the last one. */
const trackGap = 8;
const trackRoom = 15;
/** Tracks of a crowded gap move together. */
const mostTrackRoom = 260;
/** Edges against the flow go around on lanes beside everything. */
const laneGap = 9;
const mostLanes = 16;
const laneRoom = 9;

export interface Ways {
  /** Beginning of each item along the flow. */
  readonly along: Float64Array;
  readonly start: Int32Array;
  readonly points: Float64Array;
  readonly length: number;
}

/**
 * @param depth length of each layer along the flow
 * @param gaps least room behind each layer
 */
export function waysOf(
  input: LevelInput,
  chains: Chains,
  ranks: Ranks,
  middle: Float64Array,
  depth: Float64Array,
  gaps: Float64Array,
): Ways {
  const { tracks, trackOf } = allTracks(chains, ranks, middle);
  const top = new Float64Array(ranks.layers);
  const first = new Float64Array(ranks.layers);
  const step = new Float64Array(ranks.layers);
  let at = 0;
  for (let l = 0; l < ranks.layers; l += 1) {
    top[l] = at;
    const count = tracks[l] as number;
    step[l] = count > 1 ? Math.min(trackGap, mostTrackRoom / count) : 0;
    const gap = Math.max(gaps[l] ?? 0, count > 0 ? 2 * trackRoom + (count - 1) * (step[l] as number) : 0);
    // Tracks lie near the next layer's arrows no more than near the layer before: in the middle of the gap.
    first[l] = at + (depth[l] as number) + (gap - Math.max(0, count - 1) * (step[l] as number)) / 2;
    at += (depth[l] as number) + (l + 1 < ranks.layers ? gap : 0);
  }
  const along = Float64Array.from(ranks.rank, (layer, i) =>
    i < input.count ? (top[layer] as number) + ((depth[layer] as number) - (input.length[i] as number)) / 2 : 0,
  );
  const turn = (segment: number): number => {
    const layer = chains.layerOf[chains.from[segment] as number] as number;
    return (first[layer] as number) + (trackOf[segment] as number) * (step[layer] as number);
  };
  return { along, ...traced(input, chains, ranks, middle, along, top, depth, trackOf, turn), length: at };
}

/** Number of tracks behind each layer, and the track of each segment; -1: it is straight. */
function allTracks(chains: Chains, ranks: Ranks, middle: Float64Array) {
  const byLayer = groupBy(
    chains.from.map((item) => chains.layerOf[item] as number),
    ranks.layers,
  );
  const trackOf = new Int32Array(chains.from.length).fill(-1);
  const tracks = new Int32Array(ranks.layers);
  for (let l = 0; l < ranks.layers; l += 1) {
    const bundles = new Map<number, { at: number; ends: number[]; segments: number[] }>();
    for (let k = byLayer.start[l] as number; k < (byLayer.start[l + 1] as number); k += 1) {
      const segment = byLayer.items[k] as number;
      const at = (middle[chains.from[segment] as number] as number) + (chains.fromAt[segment] as number);
      const end = (middle[chains.to[segment] as number] as number) + (chains.toAt[segment] as number);
      // All that leaves a box leaves it at one place.
      const key = (chains.from[segment] as number) * 4096 + (Math.round(chains.fromAt[segment] as number) % 2048) + 2048;
      const bundle = bundles.get(key);
      if (bundle) {
        bundle.ends.push(end);
        bundle.segments.push(segment);
      } else bundles.set(key, { at, ends: [end], segments: [segment] });
    }
    const list = [...bundles.values()];
    const made: Bundle[] = list.map(({ at, ends }) => bundleOf(at, ends));
    const found = tracksOf(made);
    tracks[l] = found.tracks;
    list.forEach(({ segments }, b) => {
      for (const segment of segments) trackOf[segment] = found.track[b] as number;
    });
  }
  return { tracks, trackOf };
}

function traced(
  input: LevelInput,
  chains: Chains,
  ranks: Ranks,
  middle: Float64Array,
  along: Float64Array,
  top: Float64Array,
  depth: Float64Array,
  trackOf: Int32Array,
  turn: (segment: number) => number,
) {
  const edges = input.from.length;
  const start = new Int32Array(edges + 1);
  const points: number[] = [];
  const lanes = new Lanes(input, middle);
  for (let edge = 0; edge < edges; edge += 1) {
    const [source, target] = [input.from[edge] as number, input.to[edge] as number];
    const a = (middle[source] as number) + (input.fromAt[edge] as number);
    const b = (middle[target] as number) + (input.toAt[edge] as number);
    const [leaves, arrives] = [(along[source] as number) + (input.exit[source] as number), along[target] as number];
    points.push(a, leaves);
    let at = a;
    let segment = chains.firstSegment[edge] as number;
    for (let k = chains.segments[edge] as number; k > 0; k -= 1) {
      // The last segment of an edge is its own; those before lie behind each other.
      if (k === 1) segment = chains.lastSegment[edge] as number;
      const end = (middle[chains.to[segment] as number] as number) + (chains.toAt[segment] as number);
      if ((trackOf[segment] as number) >= 0 && Math.abs(end - at) > straightEnough) points.push(at, turn(segment), end, turn(segment));
      at = end;
      segment += 1;
    }
    if (ranks.back[edge] === 1) {
      const lane = lanes.take();
      const layer = ranks.rank[source] as number;
      const low = (top[layer] as number) + (depth[layer] as number) + laneRoom;
      const high = (top[ranks.rank[target] as number] as number) - laneRoom;
      points.push(a, low, lane, low, lane, high, b, high);
    }
    points.push(b, arrives);
    start[edge + 1] = points.length / 2;
  }
  return { start, points: Float64Array.from(points) };
}

class Lanes {
  private least = Infinity;
  private taken = 0;

  constructor(
    private readonly input: LevelInput,
    private readonly middle: Float64Array,
  ) {}

  take(): number {
    const { input, middle } = this;
    if (this.least === Infinity)
      for (let i = 0; i < input.count; i += 1) this.least = Math.min(this.least, (middle[i] as number) - (input.before[i] as number));
    this.taken += 1;
    return this.least - 14 - laneGap * ((this.taken - 1) % mostLanes);
  }
}

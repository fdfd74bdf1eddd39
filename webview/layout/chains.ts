/** Long edges become chains of dummies, one per layer crossed; edges of the same value share their chain. */
import type { Ranks } from "./rank.ts";

/** Edges longer than this many layers are drawn straight: their dummies would outnumber the graph. */
const longest = 120;

export interface ChainInput {
  readonly count: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly value: Int32Array;
  readonly fromAt: Float64Array;
  readonly toAt: Float64Array;
}

export interface Chains {
  /** Nodes first, then dummies. */
  readonly count: number;
  readonly layerOf: Int32Array;
  /** Segments between neighbouring layers, and where they meet their ends, from their middles. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly fromAt: Float64Array;
  readonly toAt: Float64Array;
  /** Segments of each edge: `segments - 1` from `firstSegment` on, then `lastSegment`; 0: it has none. */
  readonly segments: Int32Array;
  readonly firstSegment: Int32Array;
  readonly lastSegment: Int32Array;
}

/** Splits the edges of a ranked graph. */
export function chainsOf(input: ChainInput, { rank, back }: Ranks): Chains {
  const edges = input.from.length;
  const spanOf = (edge: number): number => (rank[input.to[edge] as number] as number) - (rank[input.from[edge] as number] as number);
  const reach = new Map<number, { span: number; first: number; segment: number }>();
  const keyOf = (edge: number): number => ((input.value[edge] as number) + 1) * input.count + (input.from[edge] as number);
  const split = (edge: number): boolean => back[edge] === 0 && spanOf(edge) > 1 && spanOf(edge) <= longest;
  for (let edge = 0; edge < edges; edge += 1) {
    if (!split(edge)) continue;
    const chain = reach.get(keyOf(edge));
    if (!chain) reach.set(keyOf(edge), { span: spanOf(edge), first: -1, segment: -1 });
    else chain.span = Math.max(chain.span, spanOf(edge));
  }
  const layers: number[] = Array.from(rank);
  const [from, to]: [number[], number[]] = [[], []];
  const [fromAt, toAt]: [number[], number[]] = [[], []];
  const join = (a: number, b: number, aAt: number, bAt: number): number => {
    fromAt.push(aAt);
    toAt.push(bAt);
    to.push(b);
    return from.push(a) - 1;
  };
  const [segments, firstSegment, lastSegment] = [new Int32Array(edges), new Int32Array(edges), new Int32Array(edges)];
  for (let edge = 0; edge < edges; edge += 1) {
    const source = input.from[edge] as number;
    const span = spanOf(edge);
    if (back[edge] === 1 || span > longest || span < 1) continue;
    const chain = split(edge) ? reach.get(keyOf(edge)) : undefined;
    const at = input.fromAt[edge] as number;
    if (chain && chain.first < 0) {
      chain.first = layers.length;
      for (let step = 1; step < chain.span; step += 1) {
        const segment = join(step === 1 ? source : layers.length - 1, layers.length, step === 1 ? at : 0, 0);
        if (step === 1) chain.segment = segment;
        layers.push((rank[source] as number) + step);
      }
    }
    segments[edge] = span;
    const last = join(chain ? chain.first + span - 2 : source, input.to[edge] as number, chain ? 0 : at, input.toAt[edge] as number);
    lastSegment[edge] = last;
    firstSegment[edge] = chain ? chain.segment : last;
  }
  return {
    count: layers.length,
    layerOf: Int32Array.from(layers),
    from: Int32Array.from(from),
    to: Int32Array.from(to),
    fromAt: Float64Array.from(fromAt),
    toAt: Float64Array.from(toAt),
    segments,
    firstSegment,
    lastSegment,
  };
}

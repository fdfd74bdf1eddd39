/** Long edges become chains of dummies, one per layer crossed; edges of the same value share their chain. */
import type { LayoutInput } from "./types.ts";
import type { Ranks } from "./rank.ts";

/** Edges longer than this many layers are drawn straight: their dummies would outnumber the graph. */
const longest = 120;

export interface Chains {
  /** Nodes first, then dummies. */
  readonly count: number;
  readonly layerOf: Int32Array;
  /** Segments between neighbouring layers. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** First dummy of each edge's chain, and how many of them the edge follows; -1 when it follows none. */
  readonly firstDummy: Int32Array;
  readonly dummies: Int32Array;
}

/** Splits the edges of a ranked graph. */
export function chainsOf(input: LayoutInput, { rank, back }: Ranks): Chains {
  const edges = input.from.length;
  const reach = new Map<number, { span: number; first: number }>();
  const spanOf = (edge: number): number => (rank[input.to[edge] as number] as number) - (rank[input.from[edge] as number] as number);
  const keyOf = (edge: number): number => (input.value[edge] as number) * input.count + (input.from[edge] as number);
  const split = (edge: number): boolean => back[edge] === 0 && spanOf(edge) > 1 && spanOf(edge) <= longest;
  for (let edge = 0; edge < edges; edge += 1) {
    if (!split(edge)) continue;
    const chain = reach.get(keyOf(edge));
    if (!chain) reach.set(keyOf(edge), { span: spanOf(edge), first: -1 });
    else chain.span = Math.max(chain.span, spanOf(edge));
  }
  const layers: number[] = Array.from(rank);
  const from: number[] = [];
  const to: number[] = [];
  const firstDummy = new Int32Array(edges).fill(-1);
  const dummies = new Int32Array(edges);
  for (let edge = 0; edge < edges; edge += 1) {
    const source = input.from[edge] as number;
    const span = spanOf(edge);
    if (back[edge] === 1 || span > longest || span < 1) continue;
    const chain = split(edge) ? reach.get(keyOf(edge)) : undefined;
    if (chain && chain.first < 0) {
      chain.first = layers.length;
      for (let step = 1; step < chain.span; step += 1) {
        from.push(step === 1 ? source : layers.length - 1);
        to.push(layers.length);
        layers.push((rank[source] as number) + step);
      }
    }
    firstDummy[edge] = chain ? chain.first : -1;
    dummies[edge] = chain ? span - 1 : 0;
    from.push(chain ? chain.first + span - 2 : source);
    to.push(input.to[edge] as number);
  }
  return {
    count: layers.length,
    layerOf: Int32Array.from(layers),
    from: Int32Array.from(from),
    to: Int32Array.from(to),
    firstDummy,
    dummies,
  };
}

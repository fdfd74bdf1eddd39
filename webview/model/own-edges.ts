/** Which edges of the last graph are those of a selection, where operators carry more ONNX nodes than were selected. */
import type { Verdict } from "#protocol";

export interface EndsOfSelection {
  /** Nodes of the last graph that the selection became. */
  readonly ends: ReadonlySet<number>;
  /** Selected nodes that are in the last graph themselves: all of their edges count. */
  readonly selected: ReadonlySet<number>;
  /** ONNX nodes that the selection comes from. */
  readonly sources: ReadonlySet<number>;
  /** ONNX nodes that a node of the last graph comes from. */
  readonly origin: (node: number) => Iterable<number>;
}

/**
 * Fusions over the border of a selection, also through a view. An operator that several ONNX nodes share (one reshape for three products) has
 * edges to each of them: those between it and another's operator are the other's own.
 */
export function ownEdges(verdicts: readonly Verdict[], { ends, selected, sources, origin }: EndsOfSelection): readonly Verdict[] {
  const isOthers = (own: number, far: number): boolean => {
    if (selected.has(own)) return false;
    const there = new Set(origin(far));
    return [...origin(own)].some((source) => !sources.has(source) && there.has(source));
  };
  return verdicts.filter(({ subject, nodes: [from = -1, to = -1], behind = -1 }) => {
    if (subject !== "fusion") return false;
    if (ends.has(from) === ends.has(to)) return !ends.has(from) && ends.has(behind);
    return ends.has(from) ? !isOthers(from, to) : !isOthers(to, from);
  });
}

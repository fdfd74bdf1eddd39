/** Which edges of the last graph are those of a selection, where operators carry more ONNX nodes than were selected. */
import type { Verdict } from "./trace.ts";

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
 * An operator that several ONNX nodes share (one reshape for three products) has edges to each of them: those between it and another's operator
 * are the other's own.
 */
export function isOthersEdge({ nodes: [from = -1, to = -1] }: Verdict, { ends, selected, sources, origin }: EndsOfSelection): boolean {
  if (ends.has(from) === ends.has(to)) return false;
  const [own, far] = ends.has(from) ? [from, to] : [to, from];
  if (selected.has(own)) return false;
  const there = new Set(origin(far));
  return [...origin(own)].some((source) => !sources.has(source) && there.has(source));
}

/** Fusions over the border of a selection, also through a view, without those of others. */
export function ownEdges(verdicts: readonly Verdict[], selection: EndsOfSelection): readonly Verdict[] {
  const { ends } = selection;
  return verdicts.filter((verdict) => {
    const [from = -1, to = -1] = verdict.nodes;
    if (verdict.subject !== "fusion") return false;
    if (ends.has(from) === ends.has(to)) return !ends.has(from) && ends.has(verdict.behind ?? -1);
    return !isOthersEdge(verdict, selection);
  });
}

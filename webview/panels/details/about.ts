/** Which decisions are about a selection. */
import { isOthersEdge, type EndsOfSelection, type Verdict } from "#protocol";

export interface Subject {
  /** Nodes of the last graph. */
  readonly last: ReadonlySet<number>;
  /** Nodes of any stage that come from the same ONNX nodes: decisions before the last graph speak of those. */
  readonly ever: ReadonlySet<number>;
  readonly groups: ReadonlySet<number>;
  /** Of a node of the last graph that is selected itself all edges count; `sources` are those of the selection. */
  readonly shares: Omit<EndsOfSelection, "ends">;
}

export interface About {
  readonly all: readonly Verdict[];
  /** Edges with both ends selected, and with one. */
  readonly inside: readonly Verdict[];
  readonly border: readonly Verdict[];
  readonly others: readonly Verdict[];
}

/** Fusion is decided on edges of the last graph; everything else on nodes of any stage, or on a whole group. */
export function verdictsAbout(verdicts: readonly Verdict[], { last, ever, groups, shares }: Subject): About {
  const fusion = verdicts
    .filter(({ subject, nodes, behind = -1 }) => subject === "fusion" && (nodes.some((node) => last.has(node)) || last.has(behind)))
    .filter((verdict) => !isOthersEdge(verdict, { ...shares, ends: last }));
  const others = verdicts.filter(
    ({ subject, nodes, group }) =>
      subject !== "fusion" && (nodes.some((node) => ever.has(node) || last.has(node)) || (group !== undefined && groups.has(group))),
  );
  const isInside = ({ nodes }: Verdict): boolean => nodes.every((node) => last.has(node));
  return { all: [...fusion, ...others], inside: fusion.filter(isInside), border: fusion.filter((v) => !isInside(v)), others };
}

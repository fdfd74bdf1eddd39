/** A consumer of a view reads what another node made: why it is not computed in the nest of that one. */
import type { Graph, Node, ValueId } from "../../graph/ir.ts";
import { admit, type Admission, type AdmissionContext } from "./admission.ts";
import type { Draft } from "./draft.ts";

/** The node whose result a view, or views of views, show. */
export interface Behind {
  readonly node: Node;
  readonly draft: Draft;
  readonly value: ValueId;
}

/** Undefined where that is an operand of the graph or a constant. */
export function behindView(view: Node, producer: ReadonlyMap<ValueId, Node>, draftOf: ReadonlyMap<number, Draft>): Behind | undefined {
  for (let node = view; ;) {
    const value = node.inputs[0] ?? undefined;
    const from = value === undefined ? undefined : producer.get(value);
    const draft = from === undefined ? undefined : draftOf.get(from.id);
    if (value === undefined || from === undefined || draft === undefined) return undefined;
    if (draft.template !== "view") return { node: from, draft, value };
    node = from;
  }
}

/** What the ladder says of the nest behind the view; undefined where no nest of this phase is there. */
export function throughView(graph: Graph, node: Node, { node: from, draft }: Behind, context: AdmissionContext): Admission | undefined {
  if (draft.template === "hole" || draft.leader.phase !== node.phase) return undefined;
  const { accepted, because, facts } = admit(graph, node, draft, context);
  const why = accepted ? "the view gives its elements in another order" : because.replace(/^not fused: /, "");
  return {
    accepted: false,
    rule: "fuse/behind-view",
    because: `not fused with ${from.op} of group ${draft.id}, behind the view: ${why}`,
    facts: [{ name: "group behind the view", value: draft.id }, ...(accepted ? [] : facts)],
  };
}

/** Verdicts about edges between nests that were merged, or were not: they replace what was said before of the same edges. */
import type { Group } from "../../graph/ir.ts";
import type { Fact, Verdict } from "../../protocol/trace.ts";
import type { NestRefusal } from "./match-attention.ts";
import type { NestIndex } from "./nest-index.ts";

export interface MergedNest {
  readonly group: Group;
  readonly parts: readonly Group[];
  readonly because: string;
  readonly facts: readonly Fact[];
  readonly alternatives: Verdict["alternatives"];
}

/** One verdict for each edge from one part of a merged nest to another. */
export function nestVerdicts(index: NestIndex, merged: MergedNest): readonly Verdict[] {
  const parts = new Set(merged.parts);
  return merged.parts.flatMap((part) =>
    index.members(part).flatMap((node) =>
      [...new Set(node.inputs)].flatMap((value): Verdict[] => {
        const from = value === null ? undefined : index.maker(value);
        if (value === null || from === undefined) return [];
        const home = index.groupOf(from);
        if (home === part || !parts.has(home)) return [];
        const bytes = index.bytes(value);
        return [
          {
            subject: "fusion",
            accepted: true,
            rule: `${merged.group.template === "chain" ? "chain" : "merge"}-nests/${merged.group.template}`,
            because: merged.because,
            facts: [...merged.facts, { name: "not written and read back", value: bytes, unit: "B" }],
            nodes: [from.id, node.id],
            value,
            group: merged.group.id,
            ...(merged.alternatives === undefined ? {} : { alternatives: merged.alternatives }),
          },
        ];
      }),
    ),
  );
}

export const refusalVerdict = ({ rule, because, facts, from, to, value }: NestRefusal): Verdict => ({
  subject: "fusion",
  accepted: false,
  rule,
  because,
  facts,
  nodes: [from.id, to.id],
  value,
});

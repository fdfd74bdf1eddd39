/** A chain of nests as one group: the groups it was made of are kept in its members' anchors and its parameters. */
import type { Group } from "../graph/ir.ts";

type Params = Record<string, number | string>;

/** The merged group; `parts` in execution order, `rows` of each parallel iteration. */
export function chainOf(id: number, parts: readonly Group[], order: (node: number) => number, rows: number): Group {
  const params: Params = { rows, parts: parts.length };
  parts.forEach((part, i) => {
    params[`template_${i}`] = part.template;
    params[`leader_${i}`] = part.leader;
    for (const [name, value] of Object.entries(part.params)) params[`${name}_${i}`] = value;
  });
  const members = parts.flatMap((part, i) => part.members.map((m) => ({ node: m.node, anchor: `${i} ${m.anchor}` })));
  const [first] = parts;
  return {
    id,
    name: `chain_${id}_of_${parts.length}`,
    template: "chain",
    leader: first?.leader ?? -1,
    phase: first?.phase ?? "run",
    members: members.sort((a, b) => order(a.node) - order(b.node)),
    params,
  };
}

/** The groups a chain was made of; any other group is its own only part. */
export function partsOf(group: Group): readonly Group[] {
  if (group.template !== "chain") return [group];
  return Array.from({ length: Number(group.params["parts"]) }, (_, i) => {
    const own = group.members.filter((m) => m.anchor.startsWith(`${i} `));
    const params: Params = {};
    for (const [name, value] of Object.entries(group.params)) if (name.endsWith(`_${i}`)) params[name.slice(0, -`_${i}`.length)] = value;
    const { template, leader, ...rest } = params;
    return {
      id: group.id,
      name: group.name,
      template: String(template),
      leader: Number(leader),
      phase: group.phase,
      params: rest,
      members: own.map((m) => ({ node: m.node, anchor: m.anchor.slice(`${i} `.length) })),
    };
  });
}

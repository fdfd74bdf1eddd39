/** Keeps what one cluster shows at once small: long rows of clusters are gathered in consecutive parts. */
import type { Cluster, Leaves } from "./tree.ts";

/** More clusters than this beside each other are gathered, into about so many parts. */
const mostBeside = 64;
const parts = 16;

/** The same tree with a layer between a cluster and its many children, wherever there are too many. */
export function spread(clusters: readonly Cluster[], leaves: Leaves): { readonly clusters: readonly Cluster[]; readonly leaves: Leaves } {
  const beside = new Map<number, number[]>();
  clusters.forEach(({ parent }, c) => {
    const list = beside.get(parent);
    if (list) list.push(c);
    else beside.set(parent, [c]);
  });
  if ([...beside.values()].every((list) => list.length <= mostBeside)) return { clusters, leaves };
  const partOf = new Map<number, { readonly id: string; readonly title: string; readonly parent: number }>();
  for (const [parent, list] of beside) {
    if (list.length <= mostBeside) continue;
    const size = Math.ceil(list.length / Math.max(parts, Math.ceil(Math.sqrt(list.length))));
    for (let begin = 0; begin < list.length; begin += size) {
      const members = list.slice(begin, begin + size);
      const [first, last] = [clusters[members[0] as number] as Cluster, clusters[members[members.length - 1] as number] as Cluster];
      if (members.length < 2) continue;
      const part = { id: `part:${first.id}`, title: `${first.title} … ${last.title}`, parent };
      for (const member of members) partOf.set(member, part);
    }
  }
  return rebuilt(clusters, leaves, partOf);
}

function rebuilt(
  clusters: readonly Cluster[],
  leaves: Leaves,
  partOf: ReadonlyMap<number, { readonly id: string; readonly title: string; readonly parent: number }>,
) {
  const made: Cluster[] = [];
  const now = new Int32Array(clusters.length);
  const madePart = new Map<string, number>();
  clusters.forEach((cluster, c) => {
    const part = partOf.get(c);
    let parent = cluster.parent < 0 ? -1 : (now[cluster.parent] as number);
    if (part) {
      const known = madePart.get(part.id);
      const index = known ?? made.push({ id: part.id, title: part.title, parent, times: 1, group: -1 }) - 1;
      madePart.set(part.id, index);
      parent = index;
    }
    now[c] = made.push({ ...cluster, parent }) - 1;
  });
  return { clusters: made, leaves: new Map([...leaves].map(([source, leaf]) => [source, leaf < 0 ? -1 : (now[leaf] as number)])) };
}

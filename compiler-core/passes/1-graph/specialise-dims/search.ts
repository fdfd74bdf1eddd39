/** Finds extents that fit: the sensible ones first, then, from the best of them, the extents that the refused node itself asks for. */
import { dimNames } from "../../../graph/dims.ts";
import { valueOf, type Graph, type Node } from "../../../graph/ir.ts";
import { assignSizes, type Assigned } from "./assign.ts";

/** Assignments tried after the sensible ones; each is one walk over the graph. */
const maxRepairs = 64;

/** The first assignment that fits, or the one with the fewest refused nodes. Names in `fixed` keep their extent. */
export function bestFit(graph: Graph, tries: readonly ReadonlyMap<string, number>[], fixed: ReadonlySet<string>): Assigned {
  let best: Assigned | undefined;
  for (const sizes of tries) {
    const found = assignSizes(graph, sizes);
    if (best === undefined || found.refused.length < best.refused.length) best = found;
    if (best.refused.length === 0) return best;
  }
  return repaired(graph, best ?? assignSizes(graph, new Map()), fixed);
}

/** Gives the names at the first refused node the extents that stand there, one name first, then several; repeats while it helps. */
function repaired(graph: Graph, from: Assigned, fixed: ReadonlySet<string>): Assigned {
  let best = from;
  let left = maxRepairs;
  for (let before: Assigned | undefined; before !== best && best.refused.length > 0 && left > 0;) {
    before = best;
    for (const sizes of alternatives(graph, best, fixed)) {
      if (left-- <= 0) break;
      const found = assignSizes(graph, sizes);
      if (isBetter(graph, found, best)) best = found;
      if (best.refused.length === 0) break;
    }
  }
  return best;
}

/** Fewer refused nodes, or as many and the first one later. */
function isBetter(graph: Graph, a: Assigned, b: Assigned): boolean {
  if (a.refused.length !== b.refused.length) return a.refused.length < b.refused.length;
  const at = (x: Assigned): number => graph.nodes.findIndex((n) => n.id === x.refused[0]?.node.id);
  return at(a) > at(b);
}

function alternatives(graph: Graph, { sizes, refused }: Assigned, fixed: ReadonlySet<string>): readonly ReadonlyMap<string, number>[] {
  const [first] = refused;
  if (first === undefined) return [];
  const names = namesAt(graph, first.node, sizes).filter((name) => !fixed.has(name));
  const extents = [...new Set([...first.shapes.flatMap((s) => s ?? []), ...names.map((n) => sizes.get(n)!), 1])].filter(
    (d) => typeof d === "number",
  );
  let found: Map<string, number>[] = [new Map()];
  for (const name of names.slice(0, 3)) found = found.flatMap((m) => [m, ...extents.map((d) => new Map([...m, [name, d]]))]);
  return found
    .filter((m) => m.size > 0)
    .sort((a, b) => a.size - b.size)
    .map((m) => new Map([...sizes, ...m]));
}

/** The symbolic extents that the operands of a node depend on, as far as their shapes tell; else all. */
export function namesAt(graph: Graph, node: Node, sizes: ReadonlyMap<string, number>): readonly string[] {
  const involved = node.inputs
    .flatMap((id) => (id === null ? [] : (valueOf(graph, id).shape ?? []).flatMap(dimNames)))
    .filter((n) => sizes.has(n));
  return [...new Set(involved.length > 0 ? involved : sizes.keys())];
}

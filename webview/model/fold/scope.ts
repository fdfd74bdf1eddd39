/** Clusters by name: `/encoder/layer.0/attention/MatMul` lies in encoder, layer.0 and attention. */
import { adopt } from "./adopt.ts";
import type { Imported } from "./imported.ts";
import { leavesOf, treeByOrigin, TreeBuilder, type Cluster, type FoldTree } from "./tree.ts";
import { spread } from "./spread.ts";

/** Scopes of a name, outermost first: its parts without the last one, which names the node itself. */
export function scopesOf(name: string): readonly string[] {
  const [first = ""] = name.split(";"); // TensorFlow lists what was fused into a node
  if (first.includes("/"))
    return first
      .split("/")
      .filter((part) => part !== "")
      .slice(0, -1);
  if (first.includes("::")) return first.split("::").slice(0, -1);
  // `encoder.layers.0.attention.matmul`: a number belongs to the name before it.
  const parts: string[] = [];
  for (const part of first.split(".")) {
    if (/^\d+$/.test(part) && parts.length > 0) parts.push(`${parts.pop()}.${part}`);
    else if (part !== "") parts.push(part);
  }
  return parts.slice(0, -1);
}

/** A scope of fewer nodes is no cluster: its nodes are in the one around it. */
const fewest = 2;

export function scopeTree(graph: Imported): FoldTree {
  const builder = new TreeBuilder();
  const leafOf = (name: string): number => {
    let [path, parent] = ["scope:", -1];
    for (const part of scopesOf(name)) {
      path += `/${part}`;
      parent = builder.add(path, part, parent);
    }
    return parent;
  };
  const place = Int32Array.from(graph.names, leafOf);
  adopt(graph, builder.clusters, place, false);
  const made = withoutTrivial(builder.clusters, leavesOf(graph, place));
  const spreadOut = spread(made.clusters, made.leaves);
  return treeByOrigin(spreadOut.clusters, spreadOut.leaves);
}

/** Leaves out scopes with too few nodes, and joins those that only hold one other: `model/encoder`. */
function withoutTrivial(clusters: readonly Cluster[], leaves: ReadonlyMap<number, number>) {
  const size = new Int32Array(clusters.length);
  const own = new Int32Array(clusters.length);
  const children = new Int32Array(clusters.length);
  const inChildren = new Int32Array(clusters.length);
  for (const leaf of leaves.values()) if (leaf >= 0) own[leaf]! += 1;
  for (let c = clusters.length - 1; c >= 0; c -= 1) {
    size[c]! += own[c] as number;
    const { parent } = clusters[c] as Cluster;
    if (parent < 0) continue;
    size[parent]! += size[c] as number;
    if ((size[c] as number) < fewest) continue;
    children[parent]! += 1;
    inChildren[parent]! += size[c] as number;
  }
  const now = new Int32Array(clusters.length);
  const kept: Cluster[] = [];
  const prefix: string[] = [];
  clusters.forEach((cluster, c) => {
    const around = cluster.parent < 0 ? -1 : (now[cluster.parent] as number);
    const title = `${cluster.parent < 0 ? "" : (prefix[cluster.parent] ?? "")}${cluster.title}`;
    now[c] = around;
    if ((size[c] as number) < fewest) return;
    if (children[c] === 1 && size[c] === inChildren[c]) prefix[c] = `${title}/`;
    else now[c] = kept.push({ ...cluster, title, parent: around }) - 1;
  });
  return { clusters: kept, leaves: new Map([...leaves].map(([source, leaf]) => [source, leaf < 0 ? -1 : (now[leaf] as number)])) };
}

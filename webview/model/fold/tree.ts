/** A tree of clusters over the nodes of the model as it was imported. Nodes of later stages find their cluster by their origins. */
import type { NodeRow } from "../trace.ts";

export interface Cluster {
  /** The same at every stage, and for every compilation of the model. */
  readonly id: string;
  /** As the model has it: hostile text is made visible where it is drawn. */
  readonly title: string;
  /** Index of the cluster around it; -1: none. Comes before. */
  readonly parent: number;
  /** How many equal blocks it is; 1: it is no repetition. */
  readonly times: number;
  /** Fusion group; -1: none. */
  readonly group: number;
}

export interface FoldTree {
  readonly clusters: readonly Cluster[];
  /** Imported nodes directly in each, and with those of the clusters in it. */
  readonly own: Int32Array;
  readonly size: Int32Array;
  /** Imported nodes in no cluster. */
  readonly loose: number;
  /** Innermost cluster of a node; -1: none. */
  readonly clusterOf: (node: NodeRow) => number;
}

/** Clusters of imported nodes by the index of their ONNX node. */
export type Leaves = ReadonlyMap<number, number>;

/** Clusters by ONNX node from those of the imported nodes, in order. */
export function leavesOf({ nodes }: { readonly nodes: readonly NodeRow[] }, place: Int32Array): Leaves {
  const leaves = new Map<number, number>();
  nodes.forEach(({ origin }, i) => {
    for (const source of origin) if (!leaves.has(source)) leaves.set(source, place[i] as number);
  });
  return leaves;
}

export const noTree: FoldTree = { clusters: [], own: new Int32Array(), size: new Int32Array(), loose: 0, clusterOf: () => -1 };

export class TreeBuilder {
  readonly clusters: Cluster[] = [];
  private readonly known = new Map<string, number>();

  /** The cluster of that id, made if it is new. */
  add(id: string, title: string, parent: number, times = 1, group = -1): number {
    const known = this.known.get(id);
    if (known !== undefined) return known;
    this.known.set(id, this.clusters.length);
    this.clusters.push({ id, title, parent, times, group });
    return this.clusters.length - 1;
  }
}

/** A tree whose nodes are in the innermost cluster that holds all their origins. */
export function treeByOrigin(clusters: readonly Cluster[], leaves: Leaves): FoldTree {
  const depth = depthsOf(clusters);
  const own = new Int32Array(clusters.length);
  let loose = 0;
  for (const leaf of leaves.values()) {
    if (leaf >= 0) own[leaf]! += 1;
    else loose += 1;
  }
  const size = own.slice();
  for (let c = clusters.length - 1; c >= 0; c -= 1) {
    const { parent } = clusters[c] as Cluster;
    if (parent >= 0) size[parent]! += size[c] as number;
  }
  const common = commonOf(clusters, depth);
  const clusterOf = (node: NodeRow): number => {
    let found: number | undefined;
    for (const source of node.origin) {
      const leaf = leaves.get(source);
      if (leaf === undefined) continue;
      found = found === undefined ? leaf : common(found, leaf);
    }
    return found ?? -1;
  };
  return { clusters, own, size, loose, clusterOf };
}

/** The innermost cluster that holds two; -1: none. */
export function commonOf(clusters: readonly Cluster[], depth = depthsOf(clusters)): (a: number, b: number) => number {
  return (a, b) => {
    while (a !== b) {
      if (a < 0 || b < 0) return -1;
      if ((depth[a] as number) >= (depth[b] as number)) a = clusters[a]?.parent ?? -1;
      else b = clusters[b]?.parent ?? -1;
    }
    return a;
  };
}

/** Clusters around each: 0 for the outermost. */
function depthsOf(clusters: readonly Cluster[]): Int32Array {
  const depth = new Int32Array(clusters.length);
  clusters.forEach(({ parent }, i) => (depth[i] = parent < 0 ? 0 : (depth[parent] as number) + 1));
  return depth;
}

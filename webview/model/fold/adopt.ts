/** Nodes that only depend on constants join those that read what they make. */
import type { Imported } from "./imported.ts";
import { commonOf, type Cluster } from "./tree.ts";

/**
 * Changes the clusters of steady nodes: to the innermost one that holds all their readers.
 * @param place cluster of each node; -1: none
 * @param all also those that have a cluster
 */
export function adopt({ nodes, producers, steady }: Imported, clusters: readonly Cluster[], place: Int32Array, all: boolean): void {
  const common = commonOf(clusters);
  const wished = new Int32Array(nodes.length).fill(-2);
  // Readers come later in the order, so they are settled first.
  for (let i = nodes.length - 1; i >= 0; i -= 1) {
    if (steady[i] === 1 && (wished[i] as number) !== -2 && (all || (place[i] as number) < 0)) place[i] = wished[i] as number;
    for (const producer of producers[i] ?? []) {
      if (producer < 0 || steady[producer] === 0) continue;
      const before = wished[producer] as number;
      wished[producer] = before === -2 ? (place[i] as number) : common(before, place[i] as number);
    }
  }
}

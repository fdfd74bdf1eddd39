/** Box keys of clusters: numbers for their ids, the same as long as the page lives. */
import { firstCluster } from "../boxes.ts";

const keys = new Map<string, number>();
const ids: string[] = [];

/** Key of the box of a cluster; 2^30 or more. */
export function clusterKey(id: string): number {
  const known = keys.get(id);
  if (known !== undefined) return known;
  const key = firstCluster + ids.length;
  ids.push(id);
  keys.set(id, key);
  return key;
}

/** The cluster that a key was made for. */
export const clusterId = (key: number): string | undefined => ids[key - firstCluster];

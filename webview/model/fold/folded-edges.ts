/** Edges between boxes where some are clusters: one per pair, with how many values it stands for and their bytes. */
import type { Boxes } from "../boxes.ts";
import type { ValueRow } from "../trace.ts";

interface Columns {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly value: Int32Array;
  readonly edgeValues: Int32Array;
  readonly edgeBytes: Float64Array;
  readonly firstGhostEdge: number;
}

/**
 * @param place box of each flat box
 * @param gathers true for boxes of clusters
 * @returns the columns, and the values that leave each cluster
 */
export function foldedEdges(
  flat: Boxes,
  place: Int32Array,
  gathers: (box: number) => boolean,
  value: (id: number) => ValueRow | undefined,
): { readonly columns: Columns; readonly leaving: ReadonlyMap<number, readonly number[]> } {
  const [from, to, values, counts, bytes]: [number[], number[], number[], number[], number[]] = [[], [], [], [], []];
  const pairs = new Map<number, number>();
  const seen = new Set<string>();
  const leaving = new Map<number, number[]>();
  let firstGhostEdge = -1;
  for (let e = 0; e < flat.from.length; e += 1) {
    if (e === flat.firstGhostEdge) firstGhostEdge = from.length;
    const [a, b, id] = [place[flat.from[e] as number] as number, place[flat.to[e] as number] as number, flat.value[e] as number];
    if (a === b) continue;
    const size = value(id)?.bytes ?? NaN;
    const merges = gathers(a) || gathers(b);
    const pair = merges ? pairs.get(a * place.length + b) : undefined;
    if (gathers(a) && e < flat.firstGhostEdge && !seen.has(`${a} ${id}`)) {
      seen.add(`${a} ${id}`);
      const list = leaving.get(a);
      if (list) list.push(id);
      else leaving.set(a, [id]);
    }
    if (pair !== undefined) {
      // A value that several nodes of a cluster read comes in once. What was removed is not counted with what is there.
      if (seen.has(`${pair}:${id}`) || (firstGhostEdge >= 0 && pair < firstGhostEdge)) continue;
      seen.add(`${pair}:${id}`);
      counts[pair]! += 1;
      bytes[pair]! += size;
      values[pair] = -1;
      continue;
    }
    if (merges) {
      pairs.set(a * place.length + b, from.length);
      seen.add(`${from.length}:${id}`);
    }
    from.push(a);
    to.push(b);
    values.push(id);
    counts.push(1);
    bytes.push(size);
  }
  const columns: Columns = {
    from: Int32Array.from(from),
    to: Int32Array.from(to),
    value: Int32Array.from(values),
    edgeValues: Int32Array.from(counts),
    edgeBytes: Float64Array.from(bytes),
    firstGhostEdge: firstGhostEdge < 0 ? from.length : firstGhostEdge,
  };
  return { columns, leaving };
}

/** What the pointer says over clusters and over edges that stand for many. */
import type { App } from "../../app.ts";
import type { Scene } from "../../draw/scene.ts";
import { isCluster, valueText } from "../../model/boxes.ts";
import { bytesText, flopsText, visible } from "../../model/format.ts";

const mostKinds = 5;

/** Lines for a closed cluster. */
export function describeCluster(app: App, scene: Scene, key: number): readonly string[] {
  const cluster = scene.boxes.clusters.get(key);
  const box = scene.boxes.indexOf.get(key);
  if (!cluster || box === undefined) return [];
  const { nodes } = app.shown();
  const ops = new Map<string, number>();
  for (const id of cluster.members) {
    const op = nodes.get(id)?.op;
    if (op !== undefined) ops.set(op, (ops.get(op) ?? 0) + 1);
  }
  const kinds = [...ops].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const listed = kinds.slice(0, mostKinds).map(([op, count]) => `${count} ${visible(op)}`);
  const counts = scene.counts.get(box);
  const changes = counts ? [`this pass: ${counts.added} added, ${counts.changed} changed, ${counts.removed} removed`] : [];
  return [
    scene.boxes.title[box] ?? "",
    `${cluster.ops} ops${cluster.times > 1 ? ` in ${cluster.times} blocks` : ""}`,
    `${listed.join(", ")}${kinds.length > mostKinds ? ", …" : ""}`,
    ...(cluster.flops > 0 ? [flopsText(cluster.flops)] : []),
    ...changes,
    "double click or E opens it",
  ].filter((line) => line !== "");
}

/** Lines for the title bar of an open cluster. */
export function describeFrame({ boxes }: Scene, index: number): readonly string[] {
  const frame = boxes.frames[index];
  if (!frame) return [];
  return [frame.title, frame.subtitle, ...(isCluster(frame.key) ? ["double click or C closes it"] : [])].filter((line) => line !== "");
}

/** What goes along an edge: one value, or how many and how much. */
export function describeEdge(app: App, { boxes }: Scene, edge: number): string {
  const count = boxes.edgeValues?.[edge] ?? 1;
  if (count === 1) return valueText(app.shown().values.get(boxes.value[edge] as number));
  const bytes = boxes.edgeBytes?.[edge] ?? NaN;
  return `${count} tensors${Number.isFinite(bytes) ? ` · ${bytesText(bytes)}` : ""}`;
}

/** What a stage did to the nodes in closed clusters: counts, as a badge on their corner. */
import type { Boxes, ClusterBox } from "../model/boxes.ts";
import type { StageChange } from "../model/trace.ts";
import type { Pen } from "./pen.ts";
import { Mark } from "./scene.ts";

export interface ChangeCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

/** Counts of the nodes of a cluster; undefined when nothing happened to them. */
function changeCounts(
  { members }: ClusterBox,
  { added, changed, removed, retyped, tuned, replaces }: StageChange,
  side: "before" | "after",
): ChangeCounts | undefined {
  const counts = { added: 0, changed: 0, removed: 0 };
  const rewritten = side === "before" ? new Set(replaces.values()) : undefined;
  for (const id of members) {
    if (removed.has(id)) counts.removed += 1;
    else if (side === "after" && added.has(id)) counts.added += 1;
    else if (changed.has(id) || retyped.has(id) || tuned.has(id) || rewritten?.has(id)) counts.changed += 1;
  }
  return counts.added + counts.changed + counts.removed > 0 ? counts : undefined;
}

/** Marks the boxes of clusters: by what happened to all of it, else as changed. Returns the counts by box index. */
export function markClusters(
  boxes: Boxes,
  change: StageChange | undefined,
  side: "before" | "after",
  marks: Uint8Array,
): ReadonlyMap<number, ChangeCounts> {
  const all = new Map<number, ChangeCounts>();
  for (const [key, cluster] of boxes.clusters) {
    const i = boxes.indexOf.get(key);
    if (i === undefined || i >= boxes.firstGhost) continue;
    const counts = change && changeCounts(cluster, change, side);
    marks[i] = counts ? markOf(counts, cluster.members.length) : Mark.None;
    if (counts) all.set(i, counts);
  }
  return all;
}

function markOf({ added, removed }: ChangeCounts, members: number): Mark {
  if (added === members) return Mark.Added;
  return removed === members ? Mark.Removed : Mark.Changed;
}

/** `+3 ~2 −5` on the upper right corner of a box. */
export function drawCounts({ ctx, theme }: Pen, counts: ChangeCounts, x: number, y: number): void {
  const parts = (
    [
      ["+", counts.added, theme.added],
      ["~", counts.changed, theme.changed],
      ["−", counts.removed, theme.removed],
    ] as const
  ).filter(([, count]) => count > 0);
  ctx.font = `700 11px ${theme.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  const texts = parts.map(([sign, count]) => `${sign}${count}`);
  const widths = texts.map((text) => ctx.measureText(text).width);
  const width = widths.reduce((sum, w) => sum + w + 6, 6);
  const left = x - width + 8;
  ctx.beginPath();
  ctx.roundRect(left, y - 9, width, 18, 9);
  ctx.fillStyle = theme.background;
  ctx.fill();
  ctx.strokeStyle = theme.changed;
  ctx.lineWidth = 1.2;
  ctx.stroke();
  let at = left + 6;
  parts.forEach(([, , colour], p) => {
    ctx.fillStyle = colour;
    ctx.fillText(texts[p] as string, at, y + 0.5);
    at += (widths[p] as number) + 6;
  });
}

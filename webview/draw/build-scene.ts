/** Puts a scene together: boxes, places, marks, ghosts, hulls, rejected edges. Pure. */
import { polygonHull } from "d3";
import type { GroupInfo, Verdict } from "#protocol";
import { isHoleGroup, templateText } from "../model/holes.ts";
import type { Boxes } from "../model/boxes.ts";
import type { Snapshot, StageChange } from "../model/trace.ts";
import type { Placement } from "../layout/types.ts";
import { Grid } from "./grid.ts";
import { Mark, type Hull, type RejectedEdge, type Scene } from "./scene.ts";

export interface SceneParts {
  readonly snapshot: Snapshot;
  readonly boxes: Boxes;
  readonly placement: Placement;
  /** What to mark; none when changes are not shown. */
  readonly change?: StageChange;
  /** `before`: the picture is the one before the change, so only what goes away is marked. */
  readonly side: "before" | "after";
  readonly verdicts: readonly Verdict[];
}

const hullPadding = 12;
/** Room for the label. */
const hullTop = 26;

/** A scene without selection. */
export function buildScene({ snapshot, boxes, placement, change, side, verdicts }: SceneParts): Scene {
  return {
    boxes,
    placement,
    grid: new Grid(boxes, placement),
    marks: marksOf(boxes, change, side),
    hulls: hullsOf(snapshot.groups, boxes, placement),
    rejected: snapshot.groups.length > 0 ? rejectedOf(boxes, verdicts) : [],
    selected: new Set(),
    lit: new Set(),
    selectedGroup: undefined,
    selectedEdge: undefined,
  };
}

function marksOf(boxes: Boxes, change: StageChange | undefined, side: "before" | "after"): Uint8Array {
  const marks = new Uint8Array(boxes.count);
  marks.fill(Mark.Removed, boxes.firstGhost);
  if (!change) return marks;
  const put = (id: number, mark: Mark): void => {
    const i = boxes.indexOf.get(id);
    if (i !== undefined) marks[i] = mark;
  };
  if (side === "after") {
    for (const id of change.added) put(id, Mark.Added);
    for (const ids of [change.changed, change.retyped, change.tuned, change.moved]) for (const id of ids) put(id, Mark.Changed);
  } else {
    for (const id of change.removed) put(id, Mark.Removed);
    for (const id of change.changed) put(change.replaces.get(id) ?? id, Mark.Changed);
    for (const ids of [change.retyped, change.tuned, change.moved]) for (const id of ids) put(id, Mark.Changed);
  }
  return marks;
}

/** Convex outlines around the members of each group. */
export function hullsOf(groups: readonly GroupInfo[], boxes: Boxes, placement: Placement): Hull[] {
  const hulls: Hull[] = [];
  groups.forEach((group, order) => {
    const corners: [number, number][] = [];
    for (const { node } of group.members) {
      const i = boxes.indexOf.get(node);
      if (i === undefined) continue;
      const [left, top] = [(placement.x[i] as number) - hullPadding, (placement.y[i] as number) - hullTop];
      const [right, bottom] = [left + (boxes.w[i] as number) + 2 * hullPadding, top + (boxes.h[i] as number) + hullTop + hullPadding];
      corners.push([left, top], [right, top], [left, bottom], [right, bottom]);
    }
    const outline = polygonHull(corners);
    if (outline)
      hulls.push({
        group: group.id,
        label: `${group.id} · ${templateText(group.template)}`,
        colour: order,
        dashed: isHoleGroup(group),
        outline,
      });
  });
  return hulls;
}

/** Rejected fusion verdicts as edges of the picture. */
function rejectedOf(boxes: Boxes, verdicts: readonly Verdict[]): RejectedEdge[] {
  const reasons = new Map<string, string>();
  for (const verdict of verdicts) {
    if (verdict.subject === "fusion" && !verdict.accepted) reasons.set(`${verdict.nodes[0]} ${verdict.nodes[1]}`, verdict.because);
  }
  const rejected: RejectedEdge[] = [];
  if (reasons.size === 0) return rejected;
  for (let edge = 0; edge < boxes.from.length; edge += 1) {
    const because = reasons.get(`${boxes.keys[boxes.from[edge] as number]} ${boxes.keys[boxes.to[edge] as number]}`);
    if (because !== undefined) rejected.push({ edge, because });
  }
  return rejected;
}

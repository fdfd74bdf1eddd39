/** Puts a scene together: boxes, places, marks, ghosts, hulls, rejected edges. Pure. */
import type { GroupInfo, Verdict } from "#protocol";
import { quantityText, visible } from "../model/format.ts";
import { isHoleGroup, templateText } from "../model/holes.ts";
import { isNothingToFuse } from "../model/fusion-verdicts.ts";
import { BoxKind, type Boxes } from "../model/boxes.ts";
import type { Snapshot, StageChange } from "../model/trace.ts";
import type { Placement } from "../layout/types.ts";
import { markClusters } from "./cluster-counts.ts";
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

/** A scene without selection. */
export function buildScene({ snapshot, boxes, placement, change, side, verdicts }: SceneParts): Scene {
  const { hulls, hullOf } = hullsOf(snapshot.groups, boxes);
  const marks = marksOf(boxes, change, side);
  const counts = markClusters(boxes, change, side, marks);
  return {
    boxes,
    placement,
    grid: new Grid(boxes, placement),
    marks,
    counts,
    hulls,
    hullOf,
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
    for (const ids of [change.changed, change.retyped, change.tuned]) for (const id of ids) put(id, Mark.Changed);
    for (const id of change.moved) put(id, Mark.Moved);
  } else {
    for (const id of change.removed) put(id, Mark.Removed);
    for (const id of change.changed) put(change.replaces.get(id) ?? id, Mark.Changed);
    for (const ids of [change.retyped, change.tuned]) for (const id of ids) put(id, Mark.Changed);
    for (const id of change.moved) put(id, Mark.Moved);
  }
  return marks;
}

/** The boxes and inner edges of each group that is not a frame of the picture. A box of many nodes belongs to none. */
function hullsOf(groups: readonly GroupInfo[], boxes: Boxes): { readonly hulls: readonly Hull[]; readonly hullOf: Int32Array } {
  const framed = new Set(boxes.frames.filter(({ kind }) => kind === "group").map(({ group }) => group));
  const hullOf = new Int32Array(boxes.count).fill(-1);
  const hulls: (Hull & { members: number[]; ways: number[] })[] = [];
  groups.forEach((group, order) => {
    if (framed.has(group.id)) return;
    const members = group.members
      .map(({ node }) => boxes.indexOf.get(node))
      .filter((i) => i !== undefined && boxes.kind[i] !== BoxKind.Cluster && i < boxes.firstGhost) as number[];
    if (members.length === 0) return;
    for (const i of members) hullOf[i] = hulls.length;
    const label = `${group.id} · ${templateText(group.template)}`;
    hulls.push({ group: group.id, label, colour: order, dashed: isHoleGroup(group), members, ways: [] });
  });
  for (let edge = 0; edge < boxes.firstGhostEdge; edge += 1) {
    const hull = hullOf[boxes.from[edge] as number] as number;
    if (hull >= 0 && hull === hullOf[boxes.to[edge] as number]) hulls[hull]?.ways.push(edge);
  }
  return { hulls, hullOf };
}

/** What is done once at the first run, or is no code at all, costs nothing by standing alone. */
const isLost = ({ rule, because }: Verdict): boolean => rule !== "fuse/first-run" && !isNothingToFuse({ because });

/** Rejected fusion verdicts as edges of the picture. */
function rejectedOf(boxes: Boxes, verdicts: readonly Verdict[]): RejectedEdge[] {
  const reasons = new Map<string, Verdict>();
  for (const verdict of verdicts)
    if (verdict.subject === "fusion" && !verdict.accepted) reasons.set(`${verdict.nodes[0]} ${verdict.nodes[1]}`, verdict);
  const rejected: RejectedEdge[] = [];
  if (reasons.size === 0) return rejected;
  for (let edge = 0; edge < boxes.firstGhostEdge; edge += 1) {
    const verdict = reasons.get(`${boxes.keys[boxes.from[edge] as number]} ${boxes.keys[boxes.to[edge] as number]}`);
    if (!verdict) continue;
    const facts = verdict.facts.map(({ name, value, unit }) => `${visible(name)}: ${quantityText(value, unit)}`);
    rejected.push({ edge, because: verdict.because, facts, lost: isLost(verdict) });
  }
  return rejected;
}

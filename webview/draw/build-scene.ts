/** Puts a scene together: boxes, places, marks, ghosts, hulls, rejected edges. Pure. */
import { polygonHull } from "d3";
import type { GroupInfo, Verdict } from "#protocol";
import { boxesOf, type Boxes } from "../model/boxes.ts";
import { links } from "../model/links.ts";
import type { Snapshot, StageChange } from "../model/trace.ts";
import type { Placement } from "../layout/types.ts";
import { Grid } from "./grid.ts";
import { Mark, type Ghost, type Hull, type RejectedEdge, type Scene } from "./scene.ts";

/** Where a box of another picture was: its upper left corner and size. */
export type OldPlace = (key: number) => { readonly x: number; readonly y: number; readonly w: number; readonly h: number } | undefined;

export interface SceneParts {
  readonly snapshot: Snapshot;
  readonly placement: Placement;
  /** What to mark; none when changes are not shown. */
  readonly change?: StageChange;
  /** `before`: the picture is the one before the change, so only what goes away is marked. */
  readonly side: "before" | "after";
  /** The snapshot before and where its boxes were, for ghosts. */
  readonly base?: Snapshot;
  readonly oldPlace?: OldPlace;
  readonly verdicts: readonly Verdict[];
}

const hullPadding = 13;

/** A scene without selection. */
export function buildScene({ snapshot, placement, change, side, base, oldPlace, verdicts }: SceneParts): Scene {
  const boxes = boxesOf(snapshot);
  return {
    boxes,
    placement,
    grid: new Grid(boxes, placement),
    marks: marksOf(boxes, change, side),
    ghosts: change && base && oldPlace && side === "after" ? ghostsOf(change, base, boxes, placement, oldPlace) : [],
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
  if (!change) return marks;
  const put = (id: number, mark: Mark): void => {
    const i = boxes.indexOf.get(id);
    if (i !== undefined) marks[i] = mark;
  };
  if (side === "after") {
    for (const id of change.added) put(id, Mark.Added);
    for (const id of change.changed) put(id, Mark.Changed);
  } else {
    for (const id of change.removed) put(id, Mark.Removed);
    for (const id of change.changed) put(change.replaces.get(id) ?? id, Mark.Changed);
  }
  return marks;
}

/** Removed nodes at their old place; where that is not known, amid their old neighbours. */
function ghostsOf(change: StageChange, base: Snapshot, boxes: Boxes, placement: Placement, oldPlace: OldPlace): Ghost[] {
  const ghosts: Ghost[] = [];
  for (const id of change.removed) {
    const node = base.nodes.get(id);
    if (!node) continue;
    const place = oldPlace(id) ?? amidNeighbours(id, base, boxes, placement);
    if (place) ghosts.push({ key: id, title: node.op, ...place });
  }
  return ghosts;
}

function amidNeighbours(id: number, base: Snapshot, boxes: Boxes, placement: Placement) {
  const { producer, consumers } = links(base);
  const node = base.nodes.get(id);
  const near = [...(node?.inputs ?? [])].map((v) => producer.get(v)).concat([...(node?.outputs ?? [])].flatMap((v) => [...(consumers.get(v) ?? [])]));
  const known = near.map((key) => (key === undefined ? undefined : boxes.indexOf.get(key))).filter((i) => i !== undefined);
  if (known.length === 0) return undefined;
  const mean = (column: Float64Array): number => known.reduce((sum, i) => sum + (column[i] as number), 0) / known.length;
  return { x: mean(placement.x) + 40, y: mean(placement.y) + 30, w: 110, h: 40 };
}

/** Convex outlines around the members of each group. */
export function hullsOf(groups: readonly GroupInfo[], boxes: Boxes, placement: Placement): Hull[] {
  const hulls: Hull[] = [];
  groups.forEach((group, order) => {
    const corners: [number, number][] = [];
    for (const { node } of group.members) {
      const i = boxes.indexOf.get(node);
      if (i === undefined) continue;
      const [left, top] = [(placement.x[i] as number) - hullPadding, (placement.y[i] as number) - hullPadding];
      const [right, bottom] = [left + (boxes.w[i] as number) + 2 * hullPadding, top + (boxes.h[i] as number) + 2 * hullPadding];
      corners.push([left, top], [right, top], [left, bottom], [right, bottom]);
    }
    const outline = polygonHull(corners);
    if (outline) hulls.push({ group: group.id, label: `${group.id} · ${group.template}`, colour: order, outline });
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

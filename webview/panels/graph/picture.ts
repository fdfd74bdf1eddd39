/** What the graph shows for a state: which snapshots, with which marks. */
import type { Verdict } from "#protocol";
import { passRows } from "../../app.ts";
import { boxesOf, boxesWithGhosts, type Boxes } from "../../model/boxes.ts";
import { foldedBoxes, foldingOf, type Folding } from "../../model/fold/index.ts";
import type { Snapshot, StageChange, Trace } from "../../model/trace.ts";
import type { Direction, State } from "../../store.ts";

export interface Picture {
  readonly snapshot: Snapshot;
  /** The snapshot before and what was done to it, where the stage has a graph of its own and changes are wanted. */
  readonly base?: Snapshot;
  readonly change?: StageChange;
  readonly verdicts: readonly Verdict[];
  readonly compare: string;
  readonly folding: Folding;
  readonly direction: Direction;
  /** Attributes are written into the boxes. */
  readonly attributes: boolean;
}

const noVerdicts: readonly Verdict[] = [];

export function pictureOf(state: State, trace: Trace, body: Snapshot | undefined): Picture {
  const { attributes, direction, foldBy, turned } = state;
  const imported = body ?? trace.snapshot(trace.graphStages[0] ?? -1);
  const folding = foldingOf(imported, foldBy, turned);
  if (body) return { snapshot: body, verdicts: noVerdicts, compare: "off", folding, direction, attributes };
  const base = trace.baseOf(state.stage);
  const marked = trace.graphStage(state.stage) === state.stage && base >= 0 && state.compare !== "off";
  return {
    snapshot: trace.snapshot(state.stage),
    ...(marked ? { base: trace.snapshot(base), change: trace.change(state.stage) } : {}),
    verdicts: state.summary?.verdicts ?? noVerdicts,
    compare: state.compare,
    folding,
    direction,
    attributes,
  };
}

/** Boxes to show: with those that were removed where changes are marked in one picture, and folded. */
export function boxesFor(
  shown: Pick<Picture, "snapshot" | "base" | "change" | "folding" | "attributes"> & { readonly side: "before" | "after" },
): Boxes {
  const { snapshot, base, change, side, folding, attributes } = shown;
  const haunted = base !== undefined && change !== undefined && side === "after";
  const flat = haunted ? boxesWithGhosts(snapshot, base, change, attributes) : boxesOf(snapshot, attributes);
  return foldedBoxes(flat, snapshot, haunted ? base : undefined, folding);
}

/** True when nothing would be drawn otherwise: the stages after the one shown are still coming in. */
export const samePicture = (a: Picture, b: Picture): boolean =>
  a.snapshot.nodes === b.snapshot.nodes &&
  a.snapshot.values === b.snapshot.values &&
  a.snapshot.groups === b.snapshot.groups &&
  a.change === b.change &&
  a.verdicts === b.verdicts &&
  a.compare === b.compare &&
  a.folding === b.folding &&
  a.attributes === b.attributes &&
  a.direction === b.direction;

/** Steps over more stages than this are not followed node by node. */
const mostStages = 12;

/** Which node of the picture before each node takes the place of, over all the stages stepped, in either direction. */
export function replacements(trace: Trace, from: number, to: number): ReadonlyMap<number, number> {
  const stages = trace.graphStages.filter((stage) => stage > Math.min(from, to) && stage <= Math.max(from, to));
  const merged = new Map<number, number>();
  if (from < 0 || stages.length > mostStages) return merged;
  for (const stage of stages) {
    for (const [now, old] of trace.change(stage).replaces) {
      if (to > from) merged.set(now, merged.get(old) ?? old);
      else merged.set(old, now);
    }
  }
  return merged;
}

/** Makes ready what the next step either way will need, while the user looks. */
export function prepare(state: State, trace: Trace): void {
  const changing = passRows(state)
    .filter(({ status }) => status === "changed")
    .map(({ index }) => index);
  for (const stage of [changing.find((index) => index > state.stage), changing.filter((index) => index < state.stage).pop()]) {
    if (stage === undefined || trace.graphStage(stage) !== stage) continue;
    const { snapshot, base, change, folding, attributes } = pictureOf({ ...state, stage }, trace, undefined);
    const overlaid = state.compare === "overlay" && base && change ? { base, change } : {};
    boxesFor({ snapshot, ...overlaid, folding, attributes, side: "after" });
  }
}

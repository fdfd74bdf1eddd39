/** What stays where it is when the picture is laid out anew. */
import type { Boxes } from "../../model/boxes.ts";
import { clusterKey } from "../../model/fold/index.ts";
import type { Rect } from "../../draw/grid.ts";
import type { Scene } from "../../draw/scene.ts";
import type { Placement } from "../../layout/types.ts";

/** Where a box of the picture before was: its upper left corner and size. */
export type OldPlace = (key: number) => Rect | undefined;

export type Shift = readonly [number, number];

/** Places of boxes by key, of boxes that replace others, and of frames by the key of their cluster. */
export function placesOf(scene: Scene | undefined, replaces: ReadonlyMap<number, number>): OldPlace {
  if (!scene) return () => undefined;
  const { placement, boxes } = scene;
  const frames = new Map(boxes.frames.map(({ kind, key }, f) => [kind === "cluster" ? key : NaN, f]));
  return (key) => {
    const i = boxes.indexOf.get(key) ?? boxes.indexOf.get(replaces.get(key) ?? NaN);
    if (i !== undefined) return rectOf(boxes, placement, i);
    const frame = frames.get(key);
    return frame === undefined ? undefined : frameRect(placement, frame);
  };
}

const rectOf = (boxes: Boxes, { x, y }: Placement, i: number): Rect => ({
  x: x[i] as number,
  y: y[i] as number,
  w: boxes.w[i] as number,
  h: boxes.h[i] as number,
});

const frameRect = ({ frames }: Placement, f: number): Rect => {
  const [x, y, w, h] = frames.subarray(4 * f, 4 * f + 4) as unknown as [number, number, number, number];
  return { x, y, w, h };
};

/** The box of a cluster, or its frame. */
function clusterRect(boxes: Boxes, placement: Placement, id: string): Rect | undefined {
  const box = boxes.indexOf.get(clusterKey(id));
  if (box !== undefined) return rectOf(boxes, placement, box);
  const frame = boxes.frames.findIndex((one) => one.id === id);
  return frame < 0 ? undefined : frameRect(placement, frame);
}

/**
 * How to move a placement so that the cluster that was opened or closed stays: the middle of its upper edge where that is in sight; else a closed
 * one comes to stand where a selected node of it was, or in the middle of the view.
 */
export function turnedShift(before: Scene, boxes: Boxes, placement: Placement, id: string, view: Rect): Shift | undefined {
  const [old, now] = [clusterRect(before.boxes, before.placement, id), clusterRect(boxes, placement, id)];
  if (!old || !now) return undefined;
  const closes = boxes.clusters.has(clusterKey(id));
  const top = { x: old.x + old.w / 2, y: old.y };
  const inside = closes ? selectedIn(before, boxes.clusters.get(clusterKey(id))?.members ?? []) : undefined;
  const anchor =
    inside && inSight(inside, view) ? inside : inSight(top, view) || !closes ? top : { x: view.x + view.w / 2, y: view.y + view.h / 2 };
  return [anchor.x - now.x - now.w / 2, anchor.y - now.y];
}

const inSight = ({ x, y }: { readonly x: number; readonly y: number }, view: Rect): boolean =>
  x >= view.x && x <= view.x + view.w && y >= view.y && y <= view.y + view.h;

/** The middle of the upper edge of the selected box among some, if it is just one. */
function selectedIn({ boxes, placement, selected }: Scene, members: readonly number[]) {
  const found = new Set(members.filter((key) => selected.has(key)).map((key) => boxes.indexOf.get(key)));
  const [only] = found;
  if (found.size !== 1 || only === undefined) return undefined;
  const { x, y, w } = rectOf(boxes, placement, only);
  return { x: x + w / 2, y };
}

/** How to move a placement so that what is selected and in sight stays, else what is nearest to the middle of the view. */
export function nearestShift(boxes: Boxes, placement: Placement, oldPlace: OldPlace, view: Rect, selected: ReadonlySet<number>): Shift {
  let best: Shift = [0, 0];
  let least = Infinity;
  for (let i = 0; i < boxes.count; i += 1) {
    const key = boxes.keys[i] as number;
    const place = oldPlace(key);
    if (!place) continue;
    const near = Math.hypot(place.x + place.w / 2 - view.x - view.w / 2, place.y - view.y - view.h / 2);
    const cost = selected.has(key) && near < view.h ? -1 : near;
    if (cost >= least) continue;
    least = cost;
    best = [place.x + place.w / 2 - (placement.x[i] as number) - (boxes.w[i] as number) / 2, place.y - (placement.y[i] as number)];
  }
  return best;
}

/** Where the tag of a box goes: beside its first edge, where neither another box nor another text is. Found once per scene. */
import { frameTitle } from "../layout/types.ts";
import type { Rect } from "./grid.ts";
import { topBox } from "./graph-hulls.ts";
import { hullTop, type Scene } from "./scene.ts";
import { fitText, textWidth, type Surface } from "./surface.ts";

export interface TagPlace extends Rect {
  readonly lines: readonly string[];
}

const longest = 132;
const cell = 160;
export const tagLine = 12;

/** Rectangles that are taken, by cells. */
class Taken {
  private readonly cells = new Map<string, Rect[]>();

  private *around({ x, y, w, h }: Rect): Generator<string> {
    for (let row = Math.floor(y / cell); row <= Math.floor((y + h) / cell); row += 1)
      for (let column = Math.floor(x / cell); column <= Math.floor((x + w) / cell); column += 1) yield `${column} ${row}`;
  }

  add(rect: Rect): void {
    for (const at of this.around(rect)) {
      const list = this.cells.get(at);
      if (list) list.push(rect);
      else this.cells.set(at, [rect]);
    }
  }

  has(rect: Rect): boolean {
    for (const at of this.around(rect)) if (this.cells.get(at)?.some((other) => overlap(rect, other))) return true;
    return false;
  }
}

const overlap = (a: Rect, b: Rect): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

interface Room {
  readonly taken: Taken;
  readonly places: Map<number, TagPlace | undefined>;
}

/** Scenes of one placement share the places: they differ in what is selected. */
const rooms = new WeakMap<object, Room>();

function roomOf(ctx: Surface, scene: Scene): Room {
  const known = rooms.get(scene.hulls);
  if (known) return known;
  const taken = new Taken();
  const { x, y, frames } = scene.placement;
  for (const hull of scene.hulls) {
    const box = topBox({ scene, x, y }, hull);
    taken.add({ x: box.x, y: box.y - hullTop, w: Math.min(box.w + 10, textWidth(ctx, hull.label) + 4), h: hullTop });
  }
  scene.boxes.frames.forEach((frame, f) => {
    const w = Math.min(frames[4 * f + 2] as number, textWidth(ctx, `${frame.title}  ${frame.subtitle}`) * 1.1 + 24);
    taken.add({ x: frames[4 * f] as number, y: frames[4 * f + 1] as number, w, h: frameTitle });
  });
  const room = { taken, places: new Map<number, TagPlace | undefined>() };
  rooms.set(scene.hulls, room);
  return room;
}

/** The place of a box's tag; undefined where there is no room for it. The font of tags must be set. */
export function tagPlace(ctx: Surface, scene: Scene, i: number): TagPlace | undefined {
  const room = roomOf(ctx, scene);
  if (room.places.has(i)) return room.places.get(i);
  const lines = (scene.boxes.tag[i] ?? "").split("\n").map((line) => fitText(ctx, line, longest));
  const w = Math.max(...lines.map((line) => textWidth(ctx, line))) + 2;
  const found = candidates(scene, i, w, lines.length * tagLine).find((rect) => isFree(scene, room.taken, rect, i));
  const place = found && { ...found, lines };
  if (place) room.taken.add({ ...place, x: place.x - 2, w: place.w + 4 });
  room.places.set(i, place);
  return place;
}

/** Beside the edge that leaves the box: on its right, else on its left; below it, else above it where data flows to the right. */
function candidates({ boxes, placement }: Scene, i: number, w: number, h: number): readonly Rect[] {
  const [x, y, width, height] = [placement.x[i] as number, placement.y[i] as number, boxes.w[i] as number, boxes.h[i] as number];
  if (placement.direction === "right")
    return [y + height / 2 + 4, y + height / 2 - 4 - h].map((top) => ({ x: x + width + 5, y: top, w, h }));
  return [x + width / 2 + 7, x + width / 2 - 7 - w, x + width - w].map((left) => ({ x: left, y: y + height + 5, w, h }));
}

function isFree(scene: Scene, taken: Taken, rect: Rect, i: number): boolean {
  if (taken.has(rect)) return false;
  const { boxes, placement } = scene;
  return scene.grid.boxesIn(rect).every(
    (other) =>
      other === i ||
      !overlap(rect, {
        x: placement.x[other] as number,
        y: placement.y[other] as number,
        w: boxes.w[other] as number,
        h: boxes.h[other] as number,
      }),
  );
}

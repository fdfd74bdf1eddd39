/** What is at a point of the world: through the grid, never by a scan. */
import { frameTitle } from "../layout/types.ts";
import { hullPadding, hullTop, type Scene } from "./scene.ts";

export type Hit =
  | { readonly kind: "nothing" }
  | { readonly kind: "box"; readonly key: number }
  | { readonly kind: "edge"; readonly edge: number; readonly because?: string }
  /** The title bar of a frame; of a group's frame, all of it is a group. */
  | { readonly kind: "frame"; readonly frame: number }
  | { readonly kind: "group"; readonly group: number };

/** Boxes win over edges, rejected edges over others, edges over hulls. `k` is the zoom: edges are easier to hit when small. */
export function hitTest(scene: Scene, x: number, y: number, k: number): Hit {
  const { boxes, placement } = scene;
  for (const i of scene.grid.boxesIn({ x, y, w: 0, h: 0 }).reverse()) {
    const [dx, dy] = [x - (placement.x[i] as number), y - (placement.y[i] as number)];
    if (dx >= 0 && dy >= 0 && dx <= (boxes.w[i] as number) && dy <= (boxes.h[i] as number))
      return { kind: "box", key: boxes.keys[i] as number };
  }
  const reach = Math.min(30, 6 / k);
  const near = scene.grid
    .edgesIn({ x: x - reach, y: y - reach, w: 2 * reach, h: 2 * reach })
    .filter((e) => distance(scene, e, x, y) <= reach);
  const reasons = new Map(scene.rejected.map(({ edge, because }) => [edge, because]));
  const rejected = near.find((edge) => reasons.has(edge));
  if (rejected !== undefined) return { kind: "edge", edge: rejected, because: reasons.get(rejected) ?? "" };
  const edge = near[0];
  if (edge !== undefined && k > 0.3) return { kind: "edge", edge };
  return hullAt(scene, x, y, near) ?? frameAt(scene, x, y) ?? { kind: "nothing" };
}

/** The hull around a point: near one of its boxes, or on an edge inside of it. */
function hullAt(scene: Scene, x: number, y: number, near: readonly number[]): Hit | undefined {
  const { boxes, placement, hulls, hullOf } = scene;
  if (hulls.length === 0) return undefined;
  const around = { x: x - hullPadding, y: y - hullPadding, w: 2 * hullPadding, h: hullPadding + hullTop };
  const box = scene.grid.boxesIn(around).find((i) => {
    const [dx, dy] = [x - (placement.x[i] as number), y - (placement.y[i] as number)];
    const across = dx >= -hullPadding && dx <= (boxes.w[i] as number) + hullPadding;
    return (hullOf[i] as number) >= 0 && across && dy >= -hullTop && dy <= (boxes.h[i] as number) + hullPadding;
  });
  const inside = near.find(
    (e) => (hullOf[boxes.from[e] as number] as number) >= 0 && hullOf[boxes.from[e] as number] === hullOf[boxes.to[e] as number],
  );
  const member = box ?? (inside === undefined ? undefined : boxes.from[inside]);
  const hull = member === undefined ? undefined : hulls[hullOf[member] as number];
  return hull && { kind: "group", group: hull.group };
}

/** The innermost frame around a point: a group anywhere in it, a cluster by its title bar. */
function frameAt({ boxes, placement }: Scene, x: number, y: number): Hit | undefined {
  for (let f = boxes.frames.length - 1; f >= 0; f -= 1) {
    const [left, top, w, h] = [0, 1, 2, 3].map((side) => placement.frames[4 * f + side] as number) as [number, number, number, number];
    if (x < left || x > left + w || y < top || y > top + h) continue;
    const frame = boxes.frames[f];
    if (frame?.kind === "group") return { kind: "group", group: frame.group };
    if (y <= top + frameTitle) return { kind: "frame", frame: f };
  }
  return undefined;
}

/** Distance to the polygon through an edge's points: near enough to its curve. */
function distance({ placement: { start, points } }: Scene, edge: number, x: number, y: number): number {
  let least = Infinity;
  for (let p = start[edge] as number; p + 1 < (start[edge + 1] as number); p += 1) {
    const [ax, ay, bx, by] = [
      points[2 * p] as number,
      points[2 * p + 1] as number,
      points[2 * p + 2] as number,
      points[2 * p + 3] as number,
    ];
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const part = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length));
    least = Math.min(least, Math.hypot(x - ax - part * (bx - ax), y - ay - part * (by - ay)));
  }
  return least;
}

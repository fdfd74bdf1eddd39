/** What is at a point of the world: through the grid, never by a scan. */
import { polygonContains } from "d3";
import { labelPlace } from "./graph.ts";
import type { Scene } from "./scene.ts";

export type Hit =
  | { readonly kind: "nothing" }
  | { readonly kind: "box"; readonly key: number }
  | { readonly kind: "edge"; readonly edge: number; readonly because?: string }
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
  const group = scene.hulls.find((hull) => {
    const [lx, ly] = labelPlace(hull.outline);
    return (
      (x >= lx && x <= lx + hull.label.length * 7 && y >= ly && y <= ly + 24) || polygonContains(hull.outline as [number, number][], [x, y])
    );
  });
  const edge = near[0];
  if (edge !== undefined && k > 0.3) return { kind: "edge", edge };
  return group ? { kind: "group", group: group.group } : { kind: "nothing" };
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

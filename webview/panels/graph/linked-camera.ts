/** Panes side by side show two layouts: what stands in the middle of one is to stand in the middle of the other, too. */
import type { Camera, Scene } from "../../draw/scene.ts";

/** The part of a scene that says where its boxes are. */
export type Places = {
  readonly boxes: Pick<Scene["boxes"], "count" | "keys" | "indexOf" | "w" | "h">;
  readonly placement: Pick<Scene["placement"], "x" | "y">;
};

/**
 * The camera with which `to` shows what `camera` shows of `from`. Boxes that both have say how far the layouts are apart there: each counts the less
 * the farther it is from the middle of the pane, so that panes glide along each other. Without a common box it is the same camera.
 * @param width of a pane, in pixels of the screen, as is `height`
 */
export function linkedCamera(
  camera: Camera,
  { width, height }: { readonly width: number; readonly height: number },
  from: Places,
  to: Places,
): Camera {
  const { x, y, k } = camera;
  const [middleX, middleY] = [(width / 2 - x) / k, (height / 2 - y) / k];
  let [weights, dx, dy] = [0, 0, 0];
  for (let i = 0; i < from.boxes.count; i += 1) {
    const j = to.boxes.indexOf.get(from.boxes.keys[i] as number);
    if (j === undefined) continue;
    const [fromX, fromY] = middleOf(from, i);
    const [toX, toY] = middleOf(to, j);
    // 50: nearer boxes than that are in the middle, all the same.
    const weight = ((fromX - middleX) ** 2 + (fromY - middleY) ** 2 + 50 ** 2) ** -2;
    weights += weight;
    dx += weight * (toX - fromX);
    dy += weight * (toY - fromY);
  }
  return weights === 0 ? camera : { k, x: x - (dx / weights) * k, y: y - (dy / weights) * k };
}

const middleOf = ({ boxes, placement }: Places, i: number): readonly [number, number] => [
  (placement.x[i] as number) + (boxes.w[i] as number) / 2,
  (placement.y[i] as number) + (boxes.h[i] as number) / 2,
];

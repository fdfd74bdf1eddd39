/** Arrow keys in the graph: up and down along edges, left and right within a layer. */
import type { App } from "../../app.ts";
import type { Scene } from "../../draw/scene.ts";

/** The box to select next; undefined when there is nothing that way. */
export function moveSelection(app: App, scene: Scene | undefined, key: string): number | undefined {
  if (!scene || scene.boxes.count === 0) return undefined;
  const { boxes, placement } = scene;
  const selected = app.store.state.selection.nodes.map((node) => boxes.indexOf.get(node)).find((i) => i !== undefined);
  if (selected === undefined) return boxes.keys[0];
  const centre = (i: number): number => (placement.x[i] as number) + (boxes.w[i] as number) / 2;
  const nearest = (candidates: readonly number[]): number | undefined => {
    const best = [...candidates].sort(
      (a, b) => Math.abs(centre(a) - centre(selected)) - Math.abs(centre(b) - centre(selected)) || a - b,
    )[0];
    return best === undefined ? undefined : boxes.keys[best];
  };
  if (key === "ArrowDown" || key === "ArrowUp") {
    const down = key === "ArrowDown";
    const [near, far] = down ? [boxes.from, boxes.to] : [boxes.to, boxes.from];
    const ends: number[] = [];
    for (let e = 0; e < near.length; e += 1) if (near[e] === selected) ends.push(far[e] as number);
    return nearest(ends);
  }
  const middle = (i: number): number => (placement.y[i] as number) + (boxes.h[i] as number) / 2;
  const right = key === "ArrowRight";
  const row: number[] = [];
  for (let i = 0; i < boxes.count; i += 1) {
    const side = right ? centre(i) > centre(selected) : centre(i) < centre(selected);
    if (i !== selected && side && Math.abs(middle(i) - middle(selected)) < 30) row.push(i);
  }
  return nearest(row);
}

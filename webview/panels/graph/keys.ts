/** Arrow keys in the graph: along the flow they follow edges, across it they go to the neighbour in the same layer. */
import type { App } from "../../app.ts";
import type { Scene } from "../../draw/scene.ts";

/** What an arrow means where data flows to the right. */
const turned: Readonly<Record<string, string>> = {
  ArrowRight: "ArrowDown",
  ArrowLeft: "ArrowUp",
  ArrowDown: "ArrowRight",
  ArrowUp: "ArrowLeft",
};
/** Boxes of one layer lie within this distance along the flow. */
const sameLayer = 30;

/** The box to select next; undefined when there is nothing that way. */
export function moveSelection(app: App, scene: Scene | undefined, key: string): number | undefined {
  if (!scene || scene.boxes.count === 0) return undefined;
  const { boxes, placement } = scene;
  const selected = app.store.state.selection.nodes.map((node) => boxes.indexOf.get(node)).find((i) => i !== undefined);
  if (selected === undefined) return boxes.keys[0];
  const sideways = placement.direction === "right";
  const way = sideways ? turned[key] : key;
  const [across, acrossSize, along, alongSize] = sideways
    ? [placement.y, boxes.h, placement.x, boxes.w]
    : [placement.x, boxes.w, placement.y, boxes.h];
  const centre = (i: number): number => (across[i] as number) + (acrossSize[i] as number) / 2;
  const middle = (i: number): number => (along[i] as number) + (alongSize[i] as number) / 2;
  const nearest = (candidates: readonly number[]): number | undefined => {
    const far = (i: number): number => Math.abs(centre(i) - centre(selected));
    const best = [...candidates].sort((a, b) => far(a) - far(b) || a - b)[0];
    return best === undefined ? undefined : boxes.keys[best];
  };
  if (way === "ArrowDown" || way === "ArrowUp") {
    const [near, far] = way === "ArrowDown" ? [boxes.from, boxes.to] : [boxes.to, boxes.from];
    const ends: number[] = [];
    for (let e = 0; e < near.length; e += 1) if (near[e] === selected) ends.push(far[e] as number);
    return nearest(ends);
  }
  const layer: number[] = [];
  for (let i = 0; i < boxes.count; i += 1) {
    const beyond = way === "ArrowRight" ? centre(i) > centre(selected) : centre(i) < centre(selected);
    if (i !== selected && beyond && Math.abs(middle(i) - middle(selected)) < sameLayer) layer.push(i);
  }
  return nearest(layer);
}

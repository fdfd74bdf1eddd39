/** What a click on the graph selects. */
import type { App } from "../../app.ts";
import { clearSelection, select, selectGroup, selectNodes } from "../../actions.ts";
import type { Hit } from "../../draw/hit.ts";
import type { Scene } from "../../draw/scene.ts";
import { isCluster } from "../../model/boxes.ts";
import { nodesOfKeys } from "../../model/fold/index.ts";
import { selectBox, selectFrame } from "./fold-actions.ts";

/** With `extend`, a box is added to the selection or taken out of it. */
export function pick(app: App, scene: Scene | undefined, hit: Hit, extend: boolean): void {
  if (hit.kind === "box" && extend) selectNodes(app, nodesOfKeys(scene?.boxes, [hit.key]), true);
  else if (hit.kind === "box") selectBox(app, scene?.boxes, hit.key);
  else if (hit.kind === "frame" && scene) selectFrame(app, scene, hit.frame);
  else if (hit.kind === "group") selectGroup(app, hit.group);
  else if (hit.kind === "edge" && scene) selectEdge(app, scene, hit.edge);
  else clearSelection(app);
}

function selectEdge(app: App, { boxes }: Scene, index: number): void {
  const edge = [boxes.keys[boxes.from[index] as number] as number, boxes.keys[boxes.to[index] as number] as number] as const;
  // What lies between clusters is no single edge.
  if (edge.some(isCluster)) selectNodes(app, nodesOfKeys(boxes, edge));
  else select(app, { nodes: [], edge });
}

/** Opening and closing clusters: by double click, by the keys e, c and Enter. */
import type { App } from "../../app.ts";
import { select } from "../../actions.ts";
import type { Scene } from "../../draw/scene.ts";
import { isCluster, type Boxes } from "../../model/boxes.ts";
import { clusterId, foldingOf, nodesOfKeys } from "../../model/fold/index.ts";
import { visible } from "../../model/format.ts";
import type { NodeRow, Snapshot } from "../../model/trace.ts";

/** Opens a cluster that is closed, closes one that is open. */
function turnCluster(app: App, ids: readonly string[]): void {
  const turned = new Set(app.store.state.turned);
  for (const id of ids) if (!turned.delete(id)) turned.add(id);
  app.store.update({ turned });
}

/** Selects what a box stands for: of a cluster, the nodes in it. */
export function selectBox(app: App, boxes: Boxes | undefined, key: number): void {
  const id = isCluster(key) ? clusterId(key) : undefined;
  if (id === undefined) return select(app, { nodes: [key] });
  select(app, { nodes: [...nodesOfKeys(boxes, [key])], cluster: id });
}

/** Selects an open cluster by its frame. */
export function selectFrame(app: App, { boxes }: Scene, frame: number): void {
  const [chosen, inside] = [boxes.frames[frame], new Set([frame])];
  if (chosen?.kind !== "cluster") return;
  boxes.frames.forEach(({ parent }, f) => inside.has(parent) && inside.add(f));
  const keys = Array.from(boxes.keys).filter((key, i) => key >= 0 && inside.has(boxes.frameOf[i] as number));
  select(app, { nodes: [...nodesOfKeys(boxes, keys)], cluster: chosen.id });
}

/** Clusters that hide what is selected: one level of them, or, for a single node, all down to it. */
function hiding(app: App, boxes: Boxes): readonly string[] {
  const { nodes } = app.store.state.selection;
  const ids = new Set<string>();
  for (const node of nodes) {
    const box = boxes.indexOf.get(node);
    const key = box === undefined ? -1 : (boxes.keys[box] as number);
    if (isCluster(key)) ids.add(clusterId(key) ?? "");
  }
  if (nodes.length === 1 && ids.size === 1) return [...ids, ...closedBelow(app, nodes[0] as number, [...ids][0] as string)];
  return [...ids];
}

/** Closed clusters around a node that lie in a cluster. */
function closedBelow(app: App, node: number, outer: string): readonly string[] {
  const { state } = app.store;
  const snapshot = app.shown(state);
  const row: NodeRow | undefined = snapshot.nodes.get(node) ?? app.trace.snapshot(app.trace.baseOf(state.stage)).nodes.get(node);
  const folding = foldingOf(importedFor(app, snapshot), state.foldBy, state.turned);
  const tree = folding.treeOf(snapshot);
  const found: string[] = [];
  for (let c = row ? tree.clusterOf(row) : -1; c >= 0 && tree.clusters[c]?.id !== outer; c = tree.clusters[c]?.parent ?? -1) {
    const id = tree.clusters[c]?.id ?? "";
    if (!folding.isOpen(id)) found.push(id);
  }
  return found;
}

const importedFor = (app: App, shown: Snapshot): Snapshot =>
  app.store.state.bodies.length > 0 ? shown : app.trace.snapshot(app.trace.graphStages[0] ?? -1);

/** Opens what hides the selection. False when nothing does. */
export function expand(app: App, scene: Scene | undefined): boolean {
  const ids = scene ? hiding(app, scene.boxes) : [];
  if (ids.length === 0) return false;
  turnCluster(app, ids);
  app.announce(ids.length === 1 ? "Opened." : `Opened ${ids.length} clusters.`);
  return true;
}

/** Closes the innermost open cluster around the selection. False when there is none. */
export function collapse(app: App, scene: Scene | undefined): boolean {
  if (!scene) return false;
  const { boxes } = scene;
  const { nodes, cluster } = app.store.state.selection;
  const chosen = boxes.frames.findIndex(({ id }) => id === cluster);
  const frames = new Set(nodes.map((node) => boxes.frameOf[boxes.indexOf.get(node) ?? -1] ?? -1));
  // A group that is only drawn around its nodes is no cluster.
  const closable = (frame: number): number => {
    let f = frame;
    while (f >= 0 && !isCluster(boxes.frames[f]?.key ?? -1)) f = boxes.frames[f]?.parent ?? -1;
    return f;
  };
  const outermost = chosen >= 0 ? chosen : Math.min(...[...frames].map(closable));
  const frame = boxes.frames[outermost];
  if (!frame) return false;
  turnCluster(app, [frame.id]);
  app.announce(`Closed ${visible(frame.title)}.`);
  return true;
}

/** Opens or closes the cluster of a box or a frame that was clicked twice. False for other boxes. */
export function turnAt(app: App, scene: Scene | undefined, hit: { readonly key?: number; readonly frame?: number }): boolean {
  const key = hit.key ?? scene?.boxes.frames[hit.frame ?? -1]?.key ?? -1;
  const id = isCluster(key) ? clusterId(key) : undefined;
  if (id === undefined) return false;
  turnCluster(app, [id]);
  return true;
}

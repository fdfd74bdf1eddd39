/** What survives hiding, closing and restarting: stage, view, selection, camera. The host keeps it; it is never trusted to be whole. */
import type { App } from "./app.ts";
import { lastStage } from "./app.ts";
import { followSelection, graphCamera, setGraphCamera } from "./panels/graph/index.ts";
import { searchFor } from "./search/session.ts";
import { isInside } from "./model/bodies.ts";
import type { ColorBy, Compare, Direction, FoldBy, State, View } from "./store.ts";

interface Saved {
  readonly version: 1;
  readonly stage: number;
  readonly view: View;
  readonly compare: Compare;
  readonly nodes: readonly number[];
  readonly group?: number;
  readonly camera?: { readonly x: number; readonly y: number; readonly k: number };
  readonly showUnchanged: boolean;
  readonly loopText?: boolean;
  readonly search?: string;
  readonly direction?: Direction;
  readonly attributes?: boolean;
  readonly graphBeside?: boolean;
  readonly colorBy?: ColorBy;
  readonly foldBy?: FoldBy;
  readonly turned?: readonly string[];
}

const saveAfterMs = 400;
let wanted: Saved | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Saves a while after the last change, and tells the host at once what its trees and menus need. */
export function keepState(app: App): void {
  app.store.subscribe((state, previous) => {
    if (state.stage !== previous.stage) app.host.send({ type: "stage", stage: state.stage });
    if (state.selection !== previous.selection)
      app.host.send({
        type: "selected",
        stage: state.stage,
        nodes: state.selection.nodes.filter((id) => id >= 0 && !isInside(id)),
        sources: sources(app, state),
      });
    scheduleSave(app);
  });
  document.addEventListener("pointerup", () => scheduleSave(app));
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save(app));
}

function sources(app: App, state: State): number[] {
  const { nodes } = app.shown(state);
  return [...new Set(state.selection.nodes.flatMap((id) => [...(nodes.get(id)?.origin ?? [])]))];
}

function scheduleSave(app: App): void {
  clearTimeout(timer);
  timer = setTimeout(() => save(app), saveAfterMs);
}

function save(app: App): void {
  clearTimeout(timer);
  const { state } = app.store;
  if (!state.summary || wanted) return;
  const { nodes, group } = state.selection;
  const camera = graphCamera();
  const saved: Saved = {
    version: 1,
    stage: state.stage,
    view: state.view === "compare" ? "graph" : state.view,
    compare: state.compare,
    nodes: nodes.filter((id) => !isInside(id)).slice(0, 200),
    showUnchanged: state.showUnchanged,
    loopText: state.loopText,
    ...(state.search.text === "" ? {} : { search: state.search.text.slice(0, 500) }),
    direction: state.direction,
    ...(state.attributes ? { attributes: true } : {}),
    ...(state.graphBeside ? {} : { graphBeside: false }),
    colorBy: state.colorBy,
    foldBy: state.foldBy,
    turned: [...state.turned].slice(0, 500),
    ...(group === undefined ? {} : { group }),
    ...(camera && state.bodies.length === 0 ? { camera } : {}),
  };
  app.host
    .request("saveState", { state: saved })
    .result.then(() => (document.body.dataset.saved = String(state.stage)))
    .catch(() => undefined);
}

/** Remembers what to restore, and restores it once the compilation is there. */
export function restore(app: App, stored: unknown): void {
  if (isSaved(stored)) {
    wanted = stored;
    const { attributes, direction, foldBy, turned, colorBy } = stored;
    if (colorBy) app.store.update({ colorBy });
    // Before the first graph comes, which would be laid out twice.
    if (direction) app.store.update({ direction, attributes: attributes === true });
    if (foldBy) app.store.update({ foldBy, turned: new Set(turned), foldChosen: true });
  }
  const { state } = app.store;
  if (!wanted || !state.summary) return;
  const { stage, view, compare, nodes, group, camera, showUnchanged, loopText = true, search = "", graphBeside } = wanted;
  wanted = undefined;
  app.store.update({
    stage: Math.min(Math.max(0, stage), lastStage(state)),
    view,
    compare,
    showUnchanged,
    loopText,
    graphBeside: graphBeside !== false,
    selection: { nodes, ...(group === undefined ? {} : { group }) },
  });
  searchFor(app, search);
  if (camera) setGraphCamera(camera);
  if (nodes.length > 0) followSelection(); // a layout that came out otherwise has it elsewhere
}

function isSaved(value: unknown): value is Saved {
  if (typeof value !== "object" || value === null) return false;
  const saved = value as Partial<Saved>;
  const numbers = (list: unknown): boolean => Array.isArray(list) && list.every((item) => Number.isInteger(item));
  const cameraFine = saved.camera === undefined || [saved.camera.x, saved.camera.y, saved.camera.k].every((n) => Number.isFinite(n));
  return (
    saved.version === 1 &&
    Number.isInteger(saved.stage) &&
    ["graph", "kernels", "buffers", "bench", "fusion", "values"].includes(saved.view ?? "") &&
    ["overlay", "split", "off"].includes(saved.compare ?? "") &&
    ["down", "right"].includes(saved.direction ?? "down") &&
    ["none", "scope", "repetition", "group"].includes(saved.foldBy ?? "none") &&
    ["kind", "dtype", "layout", "group", "flops", "bytes", "time", "ort"].includes(saved.colorBy ?? "kind") &&
    (saved.turned === undefined || (Array.isArray(saved.turned) && saved.turned.every((id) => typeof id === "string"))) &&
    ["undefined", "boolean"].includes(typeof saved.attributes) &&
    ["undefined", "boolean"].includes(typeof saved.graphBeside) &&
    ["undefined", "string"].includes(typeof saved.search) &&
    numbers(saved.nodes) &&
    cameraFine
  );
}

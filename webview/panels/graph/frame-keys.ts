/** Keys of the graph's frame: camera, selection, folding, following, stepping. */
import type { App } from "../../app.ts";
import { clearSelection, leaveBody, step } from "../../actions.ts";
import type { GraphView } from "../../draw/graph-view.ts";
import { collapse, expand, selectBox } from "./fold-actions.ts";
import type { Following } from "./following.ts";
import { moveSelection } from "./keys.ts";

export interface FrameParts {
  readonly view: GraphView;
  readonly following: Following;
  /** Opens what is selected. */
  readonly open: () => void;
  /** Opens the menu beside what is selected. */
  readonly menu: () => void;
}

/** Pixels by which the picture moves. */
const pan: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, 80],
  ArrowDown: [0, -80],
  ArrowLeft: [80, 0],
  ArrowRight: [-80, 0],
};

/** Carries out a key that means something here; others go on to the page. */
export function frameKey(app: App, parts: FrameParts, event: KeyboardEvent): void {
  const { view } = parts;
  const by = pan[event.key];
  const action = event.ctrlKey || event.metaKey ? undefined : actions(app, parts, event)[event.key];
  if (by && event.shiftKey) view.panBy(by[0], by[1]);
  else if (by) {
    const next = moveSelection(app, view.shown, event.key);
    if (next !== undefined) {
      selectBox(app, view.shown?.boxes, next);
      view.reveal([next]);
    }
  } else if (action) action();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function actions(app: App, { view, following, open, menu }: FrameParts, event: KeyboardEvent): Readonly<Record<string, () => void>> {
  const leave = (): void => leaveBody(app, app.store.state.bodies.length - 1);
  return {
    "+": () => view.zoomBy(1.3),
    "=": () => view.zoomBy(1.3),
    "-": () => view.zoomBy(1 / 1.3),
    "0": () => view.fit(true),
    Escape: () => {
      if (following.active) return following.follow(undefined);
      return app.store.state.selection.nodes.length === 0 ? leave() : clearSelection(app);
    },
    u: () => following.follow("up"),
    d: () => following.follow("down"),
    ContextMenu: menu,
    F10: () => event.shiftKey && menu(),
    Backspace: leave,
    Enter: () => expand(app, view.shown) || open(),
    e: () => expand(app, view.shown),
    c: () => collapse(app, view.shown),
    PageDown: () => step(app, 1, true),
    PageUp: () => step(app, -1, true),
  };
}

/** The two panes of before and after: linked cameras, the same emphasis, and what waits until both have their places. */
import { graphHit } from "../../actions.ts";
import type { GraphView } from "../../draw/graph-view.ts";
import type { State } from "../../store.ts";
import { linkedCamera } from "./linked-camera.ts";
import type { StageView } from "./stage-view.ts";

export class Panes {
  /** What is selected is brought into sight when the picture is placed. */
  awaited = false;
  /** The pane of before follows, once both have their places. */
  linkAwaited = false;

  constructor(
    private readonly after: StageView,
    private readonly before: StageView,
  ) {}

  /** A pane follows the other one. */
  link(from: GraphView, to: GraphView): void {
    const [here, there] = [from.shown, to.shown];
    to.setCamera(here && there ? linkedCamera(from.camera, from.size, here, there) : from.camera, true);
  }

  /** After every painting: does what waited for places. */
  settle(isSplit: boolean, selected: readonly number[]): void {
    if (!this.after.settled || (isSplit && !this.before.settled)) return;
    if (this.linkAwaited) {
      this.linkAwaited = false;
      this.link(this.after.view, this.before.view);
    }
    if (this.awaited) {
      this.awaited = false;
      this.after.view.reveal(selected);
    }
  }

  emphasise(state: State): void {
    const { selection } = state;
    const emphasis = {
      selected: new Set(selection.nodes),
      lit: new Set([...state.litNodes, ...hitNodes(state)]),
      selectedGroup: selection.group,
      selectedEdge: selection.edge,
      cluster: selection.cluster,
    };
    this.after.emphasise(emphasis);
    if (state.compare === "split") this.before.emphasise(emphasis);
  }

  relook(): void {
    this.after.view.relook();
    this.before.view.relook();
  }
}

/** Nodes that the rule hit which is shown is about. */
export function hitNodes(state: State): readonly number[] {
  const hit = graphHit(state);
  return hit ? [...hit.after, ...hit.before] : [];
}

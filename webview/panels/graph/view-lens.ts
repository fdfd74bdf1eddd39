/** How the graph is looked at, from the page's state: made again only where something of it has changed. */
import type { App } from "../../app.ts";
import type { Lens } from "../../draw/lens.ts";
import { paintOf, type Paint } from "../../draw/paint.ts";
import type { Scene } from "../../draw/scene.ts";
import type { Boxes } from "../../model/boxes.ts";
import type { Snapshot } from "../../model/trace.ts";
import type { State } from "../../store.ts";
import { foundNodes } from "../../search/session.ts";
import { followed, type Follow } from "./follow.ts";

interface Known {
  readonly of: readonly unknown[];
  readonly paint: Paint;
}

export class ViewLens {
  /** What is followed: from where and which way. */
  follow: { readonly keys: readonly number[]; readonly way: Follow } | undefined;
  whyNot = true;
  private readonly paints = new WeakMap<Boxes, Known>();

  constructor(
    private readonly app: App,
    /** The snapshot that a scene of this view shows. */
    private readonly snapshotOf: (state: State) => Snapshot,
  ) {}

  of({ boxes }: Scene): Lens {
    const { state } = this.app.store;
    const way = this.follow && followed(boxes, this.follow.keys, this.follow.way);
    const at = state.search.found[state.search.at];
    return {
      paint: this.paint(boxes, state),
      whyNot: this.whyNot,
      found: new Set(foundNodes(state.search).map((id) => boxes.keys[boxes.indexOf.get(id) ?? -1] ?? id)),
      ...(at === undefined ? {} : { foundAt: boxes.keys[boxes.indexOf.get(at) ?? -1] ?? at }),
      ...(way ? { followed: way } : {}),
    };
  }

  paint(boxes: Boxes, state: State): Paint {
    const snapshot = this.snapshotOf(state);
    const groups = state.summary?.groups ?? [];
    const of = [state.colorBy, snapshot.nodes, snapshot.values, snapshot.groups, groups, state.measured, state.measuredFrom, state.profile];
    const known = this.paints.get(boxes);
    if (known && known.of.every((part, i) => part === of[i])) return known.paint;
    const stages = this.app.trace.graphStages;
    const paint = paintOf({
      by: state.colorBy,
      boxes,
      snapshot,
      groups,
      lastNodes: this.app.trace.snapshot(stages[stages.length - 1] ?? 0).nodes,
      ...(state.measured ? { measured: state.measured } : {}),
      ...(state.profile ? { profile: state.profile } : {}),
      ...(state.measuredFrom ? { measuredFrom: state.measuredFrom } : {}),
    });
    this.paints.set(boxes, { of, paint });
    return paint;
  }
}

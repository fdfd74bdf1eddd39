/** What is followed up or down from the selection, on both panes, and the note that says so. */
import type { App } from "../../app.ts";
import { el } from "../../dom.ts";
import type { Scene } from "../../draw/scene.ts";
import type { Follow } from "./follow.ts";
import { showFollowNote } from "./follow-note.ts";
import type { ViewLens } from "./view-lens.ts";

export interface FollowingParts {
  /** Of the picture that is shown, and of the one before it. */
  readonly lenses: readonly [ViewLens, ViewLens];
  readonly scene: () => Scene | undefined;
  readonly relook: () => void;
}

export class Following {
  readonly note = el("div", { class: "follow-note", role: "status", hidden: true });

  constructor(
    private readonly app: App,
    private readonly parts: FollowingParts,
  ) {}

  get active(): boolean {
    return this.parts.lenses[0].follow !== undefined;
  }

  /** Lights what the selection is made from, or what is made from it; the other way in addition, if one is lit already. */
  follow(way: Follow | undefined): void {
    const { nodes } = this.app.store.state.selection;
    const before = this.parts.lenses[0].follow;
    if (way !== undefined && nodes.length === 0) return this.app.announce("Select a node to follow first.");
    const both = before !== undefined && before.way !== way && before.keys.join() === nodes.join();
    this.set(way && { keys: nodes, way: both ? "both" : way });
    this.refresh();
    this.parts.relook();
  }

  /** After a step the way begins at what became of the nodes. */
  refresh(): void {
    const [lens] = this.parts.lenses;
    const { follow } = lens;
    const scene = this.parts.scene();
    if (!follow || !scene) return showFollowNote(this.note, undefined, "", 0, () => undefined);
    const { nodes } = this.app.store.state.selection;
    const keys = follow.keys.some((key) => scene.boxes.indexOf.has(key)) ? follow.keys : nodes;
    this.set({ ...follow, keys });
    const count = lens.of(scene).followed?.size ?? 0;
    const title = scene.boxes.title[scene.boxes.indexOf.get(keys[0] ?? NaN) ?? -1] ?? "";
    const name = keys.length === 1 ? title : `${keys.length} nodes`;
    showFollowNote(this.note, count > 0 ? follow.way : undefined, name, count, () => this.follow(undefined));
  }

  private set(follow: ViewLens["follow"]): void {
    for (const lens of this.parts.lenses) lens.follow = follow;
  }
}

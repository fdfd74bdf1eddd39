/** Shows snapshots in one graph view, so that the picture keeps its place from one to the next. */
import type { Verdict } from "#protocol";
import { boxesOf, boxesWithGhosts, type Boxes } from "../../model/boxes.ts";
import type { Snapshot, StageChange } from "../../model/trace.ts";
import { buildScene } from "../../draw/build-scene.ts";
import type { GraphView } from "../../draw/graph-view.ts";
import type { Scene } from "../../draw/scene.ts";
import { viewport, type Moving } from "../../draw/graph.ts";
import { moved, seedPlacement } from "../../layout/seed.ts";
import type { Placement } from "../../layout/types.ts";
import { Pictures } from "./pictures.ts";

export interface Shown {
  readonly snapshot: Snapshot;
  readonly change?: StageChange;
  readonly base?: Snapshot;
  readonly side: "before" | "after";
  readonly verdicts: readonly Verdict[];
  /** Node id -> the node of the picture before that it replaces, in either direction of stepping. */
  readonly replaces: ReadonlyMap<number, number>;
}

/** Where a box of the picture before was: its upper left corner and size. */
type OldPlace = (key: number) => { readonly x: number; readonly y: number; readonly w: number; readonly h: number } | undefined;

/** Boxes to show: with those that were removed where changes are marked in one picture. */
const boxesFor = ({ snapshot, base, change, side }: Shown): Boxes =>
  base && change && side === "after" ? boxesWithGhosts(snapshot, base, change) : boxesOf(snapshot);

export interface Emphasis {
  readonly selected: ReadonlySet<number>;
  readonly lit: ReadonlySet<number>;
  readonly selectedGroup: number | undefined;
  readonly selectedEdge: readonly [number, number] | undefined;
}

export class StageView {
  private readonly pictures: Pictures;
  private scene: Scene | undefined;
  /** The stage that was shown first and fitted, until another one is shown: better placements of it are fitted again. */
  private fittedStage: number | undefined;
  private emphasis: Emphasis = { selected: new Set(), lit: new Set(), selectedGroup: undefined, selectedEdge: undefined };

  constructor(
    readonly view: GraphView,
    failed: (error: unknown) => void,
  ) {
    this.pictures = new Pictures(failed, () => view.invalidate());
  }

  /** True once something is placed by a layout. */
  settled = false;

  /** True once nothing moves any more and no better placement is awaited. */
  get still(): boolean {
    return this.settled && !this.pictures.awaited && !this.view.moves;
  }

  show(shown: Shown): void {
    const before = this.scene;
    if (this.fittedStage !== shown.snapshot.stage) this.fittedStage = undefined;
    const oldPlace = placesOf(before, shown.replaces);
    const boxes = boxesFor(shown);
    const cached = this.pictures.get(boxes);
    this.settled = cached !== undefined;
    if (cached || before) {
      const placement = cached ? this.aligned(shown, cached, oldPlace) : seedPlacement(boxes, oldPlace);
      this.display(shown, placement);
    }
    if (cached) return this.pictures.cancel();
    const hint = before ? Float64Array.from(boxes.keys, (key, i) => hintFor(oldPlace, key, boxes.w[i] as number)) : undefined;
    this.pictures.request(boxes, hint, (placement) => {
      const current = placesOf(this.scene, new Map());
      this.settled = true;
      if (this.fittedStage === shown.snapshot.stage && this.view.untouched) this.scene = undefined;
      this.display(shown, this.aligned(shown, placement, current));
    });
  }

  emphasise(emphasis: Emphasis): void {
    this.emphasis = emphasis;
    if (!this.scene) return;
    this.scene = { ...this.scene, ...emphasis };
    this.view.setScene(this.scene);
  }

  forget(): void {
    this.pictures.cancel();
    this.scene = undefined;
  }

  private display(shown: Shown, placement: Placement): void {
    const first = this.scene === undefined;
    const from = first ? undefined : this.corners(shown, placement);
    this.scene = { ...buildScene({ ...shown, boxes: boxesFor(shown), placement }), ...this.emphasis };
    this.view.setScene(this.scene, from);
    if (!first) return;
    this.fittedStage = shown.snapshot.stage;
    this.view.fit();
  }

  /** Where the boxes are now; those that are new start where they end. */
  private corners(shown: Shown, placement: Placement): Moving | undefined {
    const now = placesOf(this.scene, shown.replaces);
    const boxes = boxesFor(shown);
    const x = placement.x.slice();
    const y = placement.y.slice();
    let movesAtAll = false;
    for (let i = 0; i < boxes.count; i += 1) {
      const place = now(boxes.keys[i] as number);
      if (!place) continue;
      movesAtAll ||= Math.abs((x[i] as number) - place.x) + Math.abs((y[i] as number) - place.y) > 1;
      x[i] = place.x;
      y[i] = place.y;
    }
    return movesAtAll ? { x, y } : undefined;
  }

  /** Moves a placement so that an anchor stays where it is: what is selected, else what is nearest to the middle of the view. */
  private aligned(shown: Shown, placement: Placement, oldPlace: OldPlace): Placement {
    if (!this.scene) return placement;
    const boxes = boxesFor(shown);
    const view = viewport(this.view.camera, this.view.canvas.clientWidth, this.view.canvas.clientHeight);
    let best: readonly [number, number] = [0, 0];
    let least = Infinity;
    for (let i = 0; i < boxes.count; i += 1) {
      const place = oldPlace(boxes.keys[i] as number);
      if (!place) continue;
      const near = Math.hypot(place.x + place.w / 2 - view.x - view.w / 2, place.y - view.y - view.h / 2);
      const cost = this.emphasis.selected.has(boxes.keys[i] as number) && near < view.h ? -1 : near;
      if (cost >= least) continue;
      least = cost;
      best = [place.x + place.w / 2 - (placement.x[i] as number) - (boxes.w[i] as number) / 2, place.y - (placement.y[i] as number)];
    }
    return moved(placement, best[0], best[1]);
  }
}

function hintFor(oldPlace: OldPlace, key: number, width: number): number {
  const place = oldPlace(key);
  return place ? place.x + width / 2 : NaN;
}

function placesOf(scene: Scene | undefined, replaces: ReadonlyMap<number, number>): OldPlace {
  return (key) => {
    const i = scene?.boxes.indexOf.get(key) ?? scene?.boxes.indexOf.get(replaces.get(key) ?? NaN);
    if (!scene || i === undefined) return undefined;
    const { placement, boxes } = scene;
    return { x: placement.x[i] as number, y: placement.y[i] as number, w: boxes.w[i] as number, h: boxes.h[i] as number };
  };
}

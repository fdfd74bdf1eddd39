/** Shows snapshots in one graph view, so that the picture keeps its place from one to the next. */
import type { Verdict } from "#protocol";
import type { Boxes } from "../../model/boxes.ts";
import { clusterKey, turnedBetween, type Folding } from "../../model/fold/index.ts";
import type { Snapshot, StageChange } from "../../model/trace.ts";
import type { Direction } from "../../store.ts";
import { buildScene } from "../../draw/build-scene.ts";
import type { GraphView } from "../../draw/graph-view.ts";
import type { Scene } from "../../draw/scene.ts";
import { viewport, type Moving } from "../../draw/graph.ts";
import { moved, seedPlacement } from "../../layout/seed.ts";
import type { Placement } from "../../layout/types.ts";
import { nearestShift, placesOf, turnedShift, type OldPlace } from "./anchor.ts";
import { boxesFor } from "./picture.ts";
import { mark } from "../../start-marks.ts";
import { Pictures } from "./pictures.ts";

export interface Shown {
  readonly snapshot: Snapshot;
  readonly change?: StageChange;
  readonly base?: Snapshot;
  readonly side: "before" | "after";
  readonly verdicts: readonly Verdict[];
  /** Node id -> the node of the picture before that it replaces, in either direction of stepping. */
  readonly replaces: ReadonlyMap<number, number>;
  readonly folding: Folding;
  readonly direction: Direction;
  readonly attributes: boolean;
}

export interface Emphasis {
  readonly selected: ReadonlySet<number>;
  readonly lit: ReadonlySet<number>;
  readonly selectedGroup: number | undefined;
  readonly selectedEdge: readonly [number, number] | undefined;
  /** Cluster that is selected as such. */
  readonly cluster?: string | undefined;
}

export class StageView {
  private readonly pictures: Pictures;
  private scene: Scene | undefined;
  /** What the picture on the screen shows. */
  private last: Shown | undefined;
  /** The stage that was shown first and fitted, until another one is shown: better placements of it are fitted again. */
  private fittedStage: number | undefined;
  private emphasis: Emphasis = { selected: new Set(), lit: new Set(), selectedGroup: undefined, selectedEdge: undefined };

  constructor(
    readonly view: GraphView,
    failed: (error: unknown) => void,
    /** What it shows is the first picture of the page. */
    isFirst = false,
  ) {
    this.pictures = new Pictures(failed, () => view.invalidate(), isFirst);
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
    const cached = this.pictures.get(boxes, shown.direction);
    this.settled = cached !== undefined;
    // What was opened has no place yet, and a turned picture none that would do: these wait for the layout, which takes a moment.
    const alike = (["folding", "direction", "attributes"] as const).every((key) => this.last?.[key] === shown[key]);
    const seeded = before !== undefined && alike;
    if (cached) this.display(shown, this.aligned(shown, cached, oldPlace));
    else if (seeded) this.display(shown, seedPlacement(boxes, oldPlace, shown.direction));
    if (cached && !this.pictures.isOpen(boxes)) return this.pictures.cancel();
    const turned = before !== undefined && this.last?.direction !== shown.direction;
    const hint = before && !turned && !cached ? hintsOf(boxes, oldPlace, shown.direction) : undefined;
    this.pictures.request(boxes, shown.direction, hint, (placement) => {
      const current = placesOf(this.scene, seeded ? new Map() : shown.replaces);
      this.settled = true;
      mark("placed");
      if (this.fittedStage === shown.snapshot.stage && this.view.untouched && !this.turnedIn(shown)) this.scene = undefined;
      this.display(shown, this.aligned(shown, placement, current));
    });
  }

  /** The cluster that was opened or closed since the picture on the screen. */
  private turnedIn(shown: Shown): string | undefined {
    return this.last && this.scene ? turnedBetween(this.last.folding, shown.folding) : undefined;
  }

  emphasise(emphasis: Emphasis): void {
    this.emphasis = emphasis;
    if (!this.scene) return;
    this.scene = { ...this.scene, ...this.marked(this.scene.boxes) };
    this.view.setScene(this.scene);
  }

  /** What is hidden in a cluster marks its box. */
  private marked(boxes: Boxes): Emphasis {
    const { selected, lit, cluster } = this.emphasis;
    if (boxes.clusters.size === 0 && cluster === undefined) return this.emphasis;
    const shownAs = (keys: ReadonlySet<number>): Set<number> => {
      const all = new Set(keys);
      for (const key of keys) {
        const box = boxes.indexOf.get(key);
        if (box !== undefined) all.add(boxes.keys[box] as number);
      }
      return all;
    };
    const chosen = shownAs(selected);
    if (cluster !== undefined) chosen.add(clusterKey(cluster));
    return { ...this.emphasis, selected: chosen, lit: shownAs(lit) };
  }

  forget(): void {
    this.pictures.cancel();
    this.scene = undefined;
    this.last = undefined;
  }

  private display(shown: Shown, placement: Placement): void {
    const first = this.scene === undefined;
    const from = first ? undefined : this.corners(shown, placement);
    const boxes = boxesFor(shown);
    this.scene = { ...buildScene({ ...shown, boxes, placement }), ...this.marked(boxes) };
    this.last = shown;
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

  /** Moves a placement so that an anchor stays where it is. */
  private aligned(shown: Shown, placement: Placement, oldPlace: OldPlace): Placement {
    if (!this.scene) return placement;
    const boxes = boxesFor(shown);
    const view = viewport(this.view.camera, this.view.canvas.clientWidth, this.view.canvas.clientHeight);
    const turned = this.turnedIn(shown);
    const shift =
      (turned === undefined ? undefined : turnedShift(this.scene, boxes, placement, turned, view)) ??
      nearestShift(boxes, placement, oldPlace, view, this.scene.selected);
    return moved(placement, shift[0], shift[1]);
  }
}

/** Middles across the flow where boxes were. */
const hintsOf = (boxes: Boxes, oldPlace: OldPlace, direction: Direction): Float64Array =>
  Float64Array.from(boxes.keys, (key) => {
    const place = oldPlace(key);
    if (!place) return NaN;
    return direction === "right" ? place.y + place.h / 2 : place.x + place.w / 2;
  });

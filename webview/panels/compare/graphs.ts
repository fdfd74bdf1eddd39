/** The two graphs side by side. Their pictures differ, so the cameras are linked by nodes: what is in the middle of one is in the middle of the other. */
import type { App } from "../../app.ts";
import { el } from "../../dom.ts";
import { viewport } from "../../draw/graph.ts";
import { GraphView } from "../../draw/graph-view.ts";
import type { Hit } from "../../draw/hit.ts";
import type { Lens } from "../../draw/lens.ts";
import { paintOf, type Paint } from "../../draw/paint.ts";
import type { Scene } from "../../draw/scene.ts";
import { errorInfo } from "../../host.ts";
import type { Difference } from "../../compare/difference.ts";
import type { Boxes } from "../../model/boxes.ts";
import { foldingOf } from "../../model/fold/index.ts";
import type { Snapshot, Trace } from "../../model/trace.ts";
import type { State } from "../../store.ts";
import { StageView } from "../graph/stage-view.ts";

export interface Chosen {
  readonly here?: number | undefined;
  readonly there?: number | undefined;
}

interface Side {
  readonly stage: StageView;
  readonly label: HTMLElement;
  /** The graph on the screen. */
  snapshot?: Snapshot;
}

const nothing: ReadonlySet<number> = new Set();

export class ComparedGraphs {
  readonly element: HTMLElement;
  private readonly here: Side;
  private readonly there: Side;
  private readonly paints = new WeakMap<Boxes, Paint>();
  private difference: Difference | undefined;
  /** Each picture was fitted for itself: the cameras are yet to be linked. */
  private apart = true;

  constructor(
    private readonly app: App,
    private readonly choose: (chosen: Chosen) => void,
  ) {
    this.here = this.side("here");
    this.there = this.side("there");
    const pane = ({ stage, label }: Side): HTMLElement => el("div", { class: "pane" }, label, stage.view.element);
    this.element = el("div", { class: "compare-graphs" }, pane(this.here), pane(this.there));
  }

  private side(which: keyof Chosen): Side {
    const view = new GraphView(this.app.theme, {
      pick: (hit) => this.pick(which, hit),
      hover: () => undefined,
      open: (hit) => this.pick(which, hit),
      camera: (_, byUser) => byUser && this.follow(which),
      painted: () => {
        const still = String(this.here.stage.still && this.there.stage.still);
        document.body.dataset.compared = still;
        if (still === "true" && this.apart) {
          this.apart = false;
          this.follow(
            "here",
            this.here.snapshot?.order.find((id) => this.difference?.pairs.there.has(id) === true),
          );
        }
        if (this.app.store.state.view === "compare") document.body.dataset.still = still;
      },
      menu: () => undefined,
      lens: (scene) => this.lens(which, scene),
    });
    return {
      stage: new StageView(view, (error) => this.app.announce(errorInfo(error).message)),
      label: el("div", { class: "pane-label" }),
    };
  }

  /** Shows two graphs, `traces` being the records they are from. */
  show(
    difference: Difference,
    graphs: { readonly here: Snapshot; readonly there: Snapshot },
    traces: { readonly here: Trace; readonly there: Trace },
    state: State,
    labels: { readonly here: string; readonly there: string },
  ): void {
    this.difference = difference;
    const { attributes, direction, foldBy, turned } = state;
    for (const which of ["here", "there"] as const) {
      const [side, snapshot, trace] = [this[which], graphs[which], traces[which]];
      side.snapshot = snapshot;
      side.label.textContent = labels[which];
      const folding = foldingOf(trace.snapshot(trace.graphStages[0] ?? -1), foldBy, turned);
      const change = difference.change;
      side.stage.show({
        snapshot,
        change,
        side: which === "here" ? "before" : "after",
        verdicts: [],
        replaces: new Map(),
        folding,
        direction,
        attributes,
      });
    }
  }

  forget(): void {
    this.apart = true;
    for (const { stage } of [this.here, this.there]) stage.forget();
  }

  emphasise({ here, there }: Chosen): void {
    for (const [{ stage }, node] of [
      [this.here, here],
      [this.there, there],
    ] as const) {
      stage.emphasise({
        selected: new Set(node === undefined ? [] : [node]),
        lit: nothing,
        selectedGroup: undefined,
        selectedEdge: undefined,
      });
    }
  }

  /** Brings a pair into sight, on the side where it is. */
  reveal({ here, there }: Chosen): void {
    if (here !== undefined) this.here.stage.view.reveal([here]);
    if (there !== undefined && here === undefined) this.there.stage.view.reveal([there]);
    if (here === undefined) this.follow("there", there);
    else this.follow("here", here);
  }

  repaint(): void {
    for (const { stage } of [this.here, this.there]) stage.view.setTheme(this.app.theme);
  }

  private pick(which: keyof Chosen, hit: Hit): void {
    if (hit.kind !== "box" || !this[which].snapshot?.nodes.has(hit.key)) return this.choose({});
    const { pairs } = this.difference ?? {};
    this.choose(
      which === "here" ? { here: hit.key, there: pairs?.there.get(hit.key) } : { here: pairs?.here.get(hit.key), there: hit.key },
    );
  }

  private lens(which: keyof Chosen, { boxes }: Scene): Lens {
    const { snapshot } = this[which];
    let paint = this.paints.get(boxes);
    if (!paint) {
      paint = paintOf({
        by: "kind",
        boxes,
        snapshot: snapshot as Snapshot,
        groups: snapshot?.groups ?? [],
        lastNodes: snapshot?.nodes ?? new Map(),
      });
      this.paints.set(boxes, paint);
    }
    return { paint, found: nothing, whyNot: false };
  }

  /**
   * Moves the other camera: same zoom, and the pair nearest to the middle, or that of `node`, at the same place. Where no pair is in sight, as far down and
   * across as this one is.
   */
  private follow(which: keyof Chosen, node?: number): void {
    const [from, to] = which === "here" ? [this.here.stage.view, this.there.stage.view] : [this.there.stage.view, this.here.stage.view];
    const [scene, other] = [from.shown, to.shown];
    const partners = which === "here" ? this.difference?.pairs.there : this.difference?.pairs.here;
    if (!scene || !other || !partners || from.canvas.clientWidth === 0) return;
    const view = viewport(from.camera, from.canvas.clientWidth, from.canvas.clientHeight);
    let [best, least] = [-1, Infinity];
    let partner = -1;
    const wanted = scene.boxes.indexOf.get(node ?? NaN);
    const among = wanted === undefined || partners.get(node ?? NaN) === undefined ? scene.boxes.keys.keys() : [wanted];
    for (const i of among) {
      const match = other.boxes.indexOf.get(partners.get(i === wanted ? (node as number) : (scene.boxes.keys[i] as number)) ?? NaN);
      if (match === undefined) continue;
      const [x, y] = middle(scene, i);
      const distance = Math.hypot(x - view.x - view.w / 2, y - view.y - view.h / 2);
      if (distance < least) [best, least, partner] = [i, distance, match];
    }
    const { x, y, k } = from.camera;
    const inSight = best >= 0 && least < Math.hypot(view.w, view.h);
    const centre = [view.x + view.w / 2, view.y + view.h / 2] as const;
    const [mineX, mineY] = inSight ? middle(scene, best) : centre;
    const [theirX, theirY] = inSight ? middle(other, partner) : sameShare(scene, other, centre);
    to.setCamera({ k, x: x + (mineX - theirX) * k, y: y + (mineY - theirY) * k }, true);
  }
}

/** The point of another picture that lies as far across and down as `point` does in this one. */
function sameShare({ placement: a }: Scene, { placement: b }: Scene, [x, y]: readonly [number, number]): readonly [number, number] {
  return [b.left + ((x - a.left) / Math.max(1, a.width)) * b.width, b.top + ((y - a.top) / Math.max(1, a.height)) * b.height];
}

const middle = ({ boxes, placement }: Scene, i: number): readonly [number, number] => [
  (placement.x[i] as number) + (boxes.w[i] as number) / 2,
  (placement.y[i] as number) + (boxes.h[i] as number) / 2,
];

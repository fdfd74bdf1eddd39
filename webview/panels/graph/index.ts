/** The graph: one canvas, or two with linked cameras for before and after. */
import type { App, Panel } from "../../app.ts";
import { clearSelection, enterBody, graphHit, leaveBody, showView, step } from "../../actions.ts";
import { iconButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { GraphView } from "../../draw/graph-view.ts";
import type { Hit } from "../../draw/hit.ts";
import type { Camera } from "../../draw/scene.ts";
import { errorInfo } from "../../host.ts";
import type { Placement } from "../../layout/types.ts";
import { benchmarkItems } from "../bench/measure.ts";
import { bodiesOf } from "../../model/bodies.ts";
import { visible } from "../../model/format.ts";
import type { State } from "../../store.ts";
import { showCurtain } from "./curtain.ts";
import type { Follow } from "./follow.ts";
import { showFollowNote } from "./follow-note.ts";
import { openGraphMenu, type PictureKind, type PicturePart } from "./graph-menu.ts";
import { collapse, expand, selectBox, turnAt } from "./fold-actions.ts";
import { showHeading } from "./heading.ts";
import { moveSelection } from "./keys.ts";
import { Notice } from "./notice.ts";
import { pick } from "./pick.ts";
import { showLegend } from "./legend.ts";
import { pictureOf, prepare, replacements, samePicture, type Picture } from "./picture.ts";
import { makeStageText, type StageTextView } from "../stage-text/index.ts";
import { StageView } from "./stage-view.ts";
import { saveGraph } from "./save-picture.ts";
import { graphToolbar, type Toolbar } from "./toolbar.ts";
import { describeHit, Tooltip } from "./tooltip.ts";
import { ViewLens } from "./view-lens.ts";

const prepareAfterMs = 80;

class GraphPanel {
  readonly element: HTMLElement;
  private readonly after: StageView;
  private readonly before: StageView;
  private readonly beforePane: HTMLElement;
  private readonly heading = el("div", { class: "graph-heading" });
  private readonly toolbar: Toolbar;
  private readonly lens: ViewLens;
  private readonly beforeLens: ViewLens;
  private readonly legend = el("ul", { class: "legend" });
  private readonly notice = new Notice();
  private readonly followNote = el("div", { class: "follow-note", role: "status", hidden: true });
  private readonly tooltip = new Tooltip();
  private readonly text: StageTextView;
  private readonly curtain = el("div", { class: "curtain" });
  private readonly frame: HTMLElement;
  private picture: Picture | undefined;
  private shownStage = -1;
  /** What is selected is brought into sight when the picture is placed. */
  following = false;
  /** What the legend and the toolbar speak of. */
  private described: Placement | undefined;
  private ahead: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly app: App) {
    const failed = (error: unknown): void => app.announce(errorInfo(error).message);
    this.lens = new ViewLens(app, (state) => app.shown(state));
    this.beforeLens = new ViewLens(app, (state) => app.trace.snapshot(app.trace.baseOf(state.stage)));
    this.after = new StageView(
      this.view(() => this.before, this.lens),
      failed,
    );
    this.before = new StageView(
      this.view(() => this.after, this.beforeLens),
      failed,
    );
    this.toolbar = graphToolbar(app, { whyNot: () => this.toggleWhyNot(), menu: (at) => this.menu(at) });
    const zoom = el(
      "div",
      { class: "zoom-tools", role: "group", attrs: { "aria-label": "Zoom" } },
      iconButton("plus", "Zoom in (+)", () => this.after.view.zoomBy(1.4)),
      iconButton("minus", "Zoom out (-)", () => this.after.view.zoomBy(1 / 1.4)),
      iconButton("fit", "Show the whole graph (0)", () => this.after.view.fit(true)),
    );
    this.beforePane = el("div", { class: "pane", hidden: true }, el("div", { class: "pane-label" }, "before"), this.before.view.element);
    this.text = makeStageText(app);
    this.frame = el(
      "div",
      {
        class: "graph-frame",
        tabIndex: 0,
        role: "application",
        attrs: {
          "aria-label":
            "Graph. Arrow keys follow edges, plus and minus zoom, 0 shows all, U and D follow a tensor. The Nodes list has the same content.",
        },
      },
      this.beforePane,
      el("div", { class: "pane" }, this.after.view.element),
      zoom,
      this.followNote,
      this.text.element,
      this.notice.element,
      this.tooltip.element,
    );
    this.frame.addEventListener("keydown", (event) => this.key(event));
    this.after.warm();
    this.element = el(
      "section",
      { class: "graph-panel" },
      el("div", { class: "toolbar" }, this.heading, this.toolbar.element),
      this.frame,
      this.legend,
      this.curtain,
    );
  }

  private view(other: () => StageView, lens: ViewLens): GraphView {
    return new GraphView(this.app.theme, {
      pick: (hit, event) => this.pick(hit, event),
      hover: (hit, event) => this.tooltip.show(describeHit(this.app, hit, this.after.view.shown), this.frame, event),
      open: (hit) => (hit.kind === "box" || hit.kind === "frame") && this.openAt(hit),
      camera: (camera) => this.app.store.state.compare === "split" && other().view.setCamera(camera, true),
      painted: () => {
        const { stage } = this.app.store.state;
        if (document.body.dataset.painted === undefined) this.app.onFirstPicture();
        if (this.following && this.after.settled) {
          this.following = false;
          this.after.view.reveal(this.app.store.state.selection.nodes);
        }
        document.body.dataset.painted = String(stage);
        document.body.dataset.settled = String(this.after.settled);
        document.body.dataset.still = String(this.after.still);
        this.afterPaint();
      },
      menu: (hit, at) => {
        if (hit.kind === "box" && !this.app.store.state.selection.nodes.includes(hit.key))
          selectBox(this.app, this.after.view.shown?.boxes, hit.key);
        this.menu(at);
      },
      lens: (scene) => lens.of(scene),
    });
  }

  fit(): void {
    this.after.view.fit();
  }

  get camera(): Camera {
    return this.after.view.camera;
  }

  setCamera(camera: Camera): void {
    this.after.view.setCamera(camera);
  }

  reveal(keys: readonly number[]): void {
    this.after.view.reveal(keys);
  }

  repaint(): void {
    this.after.view.setTheme(this.app.theme);
    this.before.view.setTheme(this.app.theme);
    this.describe(this.app.store.state);
  }

  update(state: State, previous: State): void {
    this.text.update(state, previous); // first: what it covers has no size
    if (state.generation !== previous.generation) this.picture = undefined;
    const stageChanged = state.stage !== this.shownStage;
    if (stageChanged) document.body.dataset.still = "false"; // until it is painted, which a hidden view is not
    const compareChanged = state.compare !== previous.compare;
    const dataChanged = state.version !== previous.version || state.summary !== previous.summary;
    const bodyChanged = state.bodies.join() !== previous.bodies.join(); // a step makes a new list, which may be as empty as the one before
    // Another graph comes: nothing of it has a place yet, and it is fitted.
    if (bodyChanged) for (const view of [this.after, this.before]) view.forget();
    // A step may lead from what is selected to other nodes, somewhere else: they are followed if they were looked at.
    if (stageChanged && this.after.view.isInSight(previous.selection.nodes)) this.following = true;
    const placeChanged = (["direction", "foldBy", "turned", "attributes"] as const).some((key) => state[key] !== previous[key]);
    if ((stageChanged || compareChanged || dataChanged || bodyChanged || placeChanged) && this.app.trace.graphStage(state.stage) >= 0)
      this.showStage(state);
    if (bodyChanged) this.after.view.reveal(state.selection.nodes);
    if (state.selection !== previous.selection || state.litNodes !== previous.litNodes || state.hit !== previous.hit || stageChanged)
      this.emphasise(state);
    if (state.hit !== previous.hit && state.hit >= 0) this.reveal(this.hitNodes(state));
    if (stageChanged || bodyChanged) this.refollow();
    if ((["colorBy", "measured", "search"] as const).some((key) => state[key] !== previous[key])) this.relook();
    this.describe(state);
    showHeading(this.app, this.heading, state);
    showCurtain(this.app, this.curtain, state);
  }

  private showStage(state: State): void {
    const { trace } = this.app;
    const from = trace.graphStage(this.shownStage);
    this.shownStage = state.stage;
    const picture = pictureOf(state, trace, state.bodies.length > 0 ? this.app.shown(state) : undefined);
    if (this.picture && samePicture(this.picture, picture)) return this.after.view.invalidate(); // the same picture, of another stage
    this.picture = picture;
    document.body.dataset.still = "false";
    const { snapshot, base, change, verdicts, folding, direction, attributes } = picture;
    const replaces = replacements(trace, from, snapshot.stage);
    const split = state.compare === "split" && base !== undefined;
    this.beforePane.hidden = !split;
    const marked = change ? { change } : {};
    this.after.show({
      snapshot,
      ...marked,
      ...(base && state.compare === "overlay" ? { base } : {}),
      side: "after",
      verdicts,
      replaces,
      folding,
      direction,
      attributes,
    });
    if (split) {
      this.before.show({ snapshot: base, ...marked, side: "before", verdicts, replaces, folding, direction, attributes });
      this.before.view.setCamera(this.after.view.camera, true);
    }
    clearTimeout(this.ahead);
    this.ahead = setTimeout(() => prepare(state, trace), prepareAfterMs);
  }

  private relook(): void {
    this.after.view.relook();
    this.before.view.relook();
  }

  /** The scene may have come after the state that asked for it. */
  private afterPaint(): void {
    if (this.described !== this.after.view.shown?.placement) this.describe(this.app.store.state);
  }

  private describe(state: State): void {
    const scene = this.after.view.shown;
    this.described = scene?.placement;
    this.drawLegend(state);
    this.toolbar.update(state, { on: this.lens.whyNot, count: scene?.rejected.filter((one) => one.lost).length ?? 0 });
    this.element.classList.toggle("wide", this.after.view.isWide);
  }

  private drawLegend(state: State): void {
    const boxes = this.after.view.shown?.boxes;
    if (!boxes) return;
    const rejected = this.lens.whyNot ? (this.after.view.shown?.rejected ?? []) : [];
    const lost = rejected.filter((one) => one.lost).length;
    showLegend(this.legend, this.lens.paint(boxes, state), this.app.theme, { lost, nothing: rejected.length - lost }, () =>
      showView(this.app, "bench"),
    );
  }

  private toggleWhyNot(): void {
    const on = !this.lens.whyNot;
    this.lens.whyNot = this.beforeLens.whyNot = on;
    this.relook();
    this.describe(this.app.store.state);
  }

  /** Lights what the selection is made from, or what is made from it; the other way in addition, if one is lit already. */
  follow(way: Follow | undefined): void {
    const { nodes } = this.app.store.state.selection;
    const before = this.lens.follow;
    if (way !== undefined && nodes.length === 0) return this.app.announce("Select a node to follow first.");
    const both = before !== undefined && before.way !== way && before.keys.join() === nodes.join();
    this.lens.follow = way && { keys: nodes, way: both ? "both" : way };
    this.beforeLens.follow = this.lens.follow;
    this.refollow();
    this.relook();
  }

  /** After a step the way begins at what became of the nodes. */
  private refollow(): void {
    const { follow } = this.lens;
    const scene = this.after.view.shown;
    if (!follow || !scene) return showFollowNote(this.followNote, undefined, "", 0, () => undefined);
    const { nodes } = this.app.store.state.selection;
    const keys = follow.keys.some((key) => scene.boxes.indexOf.has(key)) ? follow.keys : nodes;
    this.lens.follow = this.beforeLens.follow = { ...follow, keys };
    const count = this.lens.of(scene).followed?.size ?? 0;
    const title = scene.boxes.title[scene.boxes.indexOf.get(keys[0] ?? NaN) ?? -1] ?? "";
    const name = keys.length === 1 ? title : `${keys.length} nodes`;
    showFollowNote(this.followNote, count > 0 ? follow.way : undefined, name, count, () => this.follow(undefined));
  }

  private menu(at: { readonly x: number; readonly y: number }): void {
    const { selection } = this.app.store.state;
    const [key] = selection.nodes;
    const node = selection.nodes.length === 1 && key !== undefined ? this.app.shown().nodes.get(key) : undefined;
    const [body] = bodiesOf(node, this.app.store.state.summary?.sources ?? []);
    openGraphMenu(
      {
        canFollow: selection.nodes.length > 0,
        following: this.lens.follow !== undefined,
        follow: (way) => this.follow(way),
        save: (kind, part) => void this.save(kind, part),
        fit: () => this.after.view.fit(true),
        attributes: { on: this.app.store.state.attributes, toggle: () => this.toggleAttributes() },
        benchmark: benchmarkItems(this.app),
        ...(body ? { enter: () => void enterBody(this.app, body.path) } : {}),
        ...(node ? { name: visible(node.name) } : {}),
        ...(this.after.view.shown?.rejected.length ? { whyNot: { on: this.lens.whyNot, toggle: () => this.toggleWhyNot() } } : {}),
      },
      at,
    );
  }

  private toggleAttributes(): void {
    this.app.store.update({ attributes: !this.app.store.state.attributes });
  }

  /** Asks the host to keep a picture of the graph. */
  async save(kind: PictureKind, part: PicturePart): Promise<void> {
    const { view } = this.after;
    if (!view.shown) return;
    const size = { width: view.canvas.clientWidth, height: view.canvas.clientHeight };
    await saveGraph(this.app, { scene: view.shown, lens: this.lens.of(view.shown), camera: view.camera, size }, kind, part, (text, error) =>
      this.notice.say(text, error),
    );
  }

  private hitNodes(state: State): readonly number[] {
    const hit = graphHit(state);
    return hit ? [...hit.after, ...hit.before] : [];
  }

  private emphasise(state: State): void {
    const { selection } = state;
    const emphasis = {
      selected: new Set(selection.nodes),
      lit: new Set([...state.litNodes, ...this.hitNodes(state)]),
      selectedGroup: selection.group,
      selectedEdge: selection.edge,
      cluster: selection.cluster,
    };
    this.after.emphasise(emphasis);
    if (state.compare === "split") this.before.emphasise(emphasis);
  }

  private pick(hit: Hit, event: MouseEvent): void {
    this.frame.focus({ preventScroll: true });
    pick(this.app, this.after.view.shown, hit, event.shiftKey || event.ctrlKey || event.metaKey);
  }

  /** Enters a node with a graph inside; brings others into sight. */
  private open(keys: readonly number[]): void {
    const [body] =
      keys.length === 1 ? bodiesOf(this.app.shown().nodes.get(keys[0] as number), this.app.store.state.summary?.sources ?? []) : [];
    if (body) void enterBody(this.app, body.path);
    else this.after.view.reveal(keys);
  }

  /** A double click: opens and closes clusters, enters nodes. */
  private openAt(hit: { readonly key?: number; readonly frame?: number }): void {
    if (!turnAt(this.app, this.after.view.shown, hit) && hit.key !== undefined) this.open([hit.key]);
  }

  private leave(): void {
    leaveBody(this.app, this.app.store.state.bodies.length - 1);
  }

  /** The menu key opens the menu beside what is selected. */
  private menuAtSelection(): void {
    const bounds = this.frame.getBoundingClientRect();
    const place = this.after.view.placeOf(this.app.store.state.selection.nodes[0]);
    const inside = place && place.x > 0 && place.y > 0 && place.x < bounds.width && place.y < bounds.height;
    this.menu(inside ? { x: bounds.left + place.x, y: bounds.top + place.y } : { x: bounds.left + 40, y: bounds.top + 40 });
  }

  private key(event: KeyboardEvent): void {
    const { view } = this.after;
    const keys: Readonly<Record<string, () => void>> = {
      "+": () => view.zoomBy(1.3),
      "=": () => view.zoomBy(1.3),
      "-": () => view.zoomBy(1 / 1.3),
      "0": () => view.fit(true),
      Escape: () => {
        if (this.lens.follow) return this.follow(undefined);
        return this.app.store.state.selection.nodes.length === 0 ? this.leave() : clearSelection(this.app);
      },
      u: () => this.follow("up"),
      d: () => this.follow("down"),
      ContextMenu: () => this.menuAtSelection(),
      F10: () => event.shiftKey && this.menuAtSelection(),
      Backspace: () => this.leave(),
      Enter: () => expand(this.app, view.shown) || this.open(this.app.store.state.selection.nodes),
      e: () => expand(this.app, view.shown),
      c: () => collapse(this.app, view.shown),
      PageDown: () => step(this.app, 1, true),
      PageUp: () => step(this.app, -1, true),
    };
    const pan: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [0, 80],
      ArrowDown: [0, -80],
      ArrowLeft: [80, 0],
      ArrowRight: [-80, 0],
    };
    const by = pan[event.key];
    if (by && event.shiftKey) view.panBy(by[0], by[1]);
    else if (by) {
      const next = moveSelection(this.app, view.shown, event.key);
      if (next !== undefined) {
        selectBox(this.app, view.shown?.boxes, next);
        view.reveal([next]);
      }
    } else if (keys[event.key] && !event.ctrlKey && !event.metaKey) keys[event.key]?.();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

let panel: GraphPanel | undefined;

/** Shows the upper end of the graph, or all of it if it is small. */
export const fitGraph = (): void => panel?.fit();
/** Brings nodes into sight. */
/** Brings what is selected into sight, once the picture is placed, if it is not. */
export const followSelection = (): void => {
  if (panel) panel.following = true;
};

export const revealInGraph = (keys: readonly number[]): void => panel?.reveal(keys);
/** Camera, for the saved state. */
export const graphCamera = (): Camera | undefined => panel?.camera;
export const setGraphCamera = (camera: Camera): void => panel?.setCamera(camera);

export const graphPanel: Panel = {
  id: "graph",
  title: "Graph",
  render: (app) => (panel = new GraphPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
  repaint: () => panel?.repaint(),
};

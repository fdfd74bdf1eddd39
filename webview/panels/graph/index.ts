/** The graph: one canvas, or two with linked cameras for before and after. */
import type { App, Panel } from "../../app.ts";
import { enterBody, showView } from "../../actions.ts";
import { el } from "../../dom.ts";
import { GraphView } from "../../draw/graph-view.ts";
import type { Hit } from "../../draw/hit.ts";
import type { Camera } from "../../draw/scene.ts";
import { errorInfo } from "../../host.ts";
import type { Placement } from "../../layout/types.ts";
import { bodiesOf } from "../../model/bodies.ts";
import type { State } from "../../store.ts";
import { showCurtain } from "./curtain.ts";
import { Following } from "./following.ts";
import { graphFrame } from "./frame.ts";
import { frameKey } from "./frame-keys.ts";
import { menuOfSelection, placeOfMenu, type MenuParts } from "./menu-of-selection.ts";
import { selectBox, turnAt } from "./fold-actions.ts";
import { showHeading } from "./heading.ts";
import { Notice } from "./notice.ts";
import { hitNodes, Panes } from "./panes.ts";
import { pick } from "./pick.ts";
import { showLegend } from "./legend.ts";
import { pictureOf, prepare, replacements, samePicture, type Picture } from "./picture.ts";
import { openProfile } from "../lists/open-profile.ts";
import { makeStageText, type StageTextView } from "../stage-text/index.ts";
import { StageView } from "./stage-view.ts";
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
  private readonly following: Following;
  private readonly tooltip = new Tooltip();
  private readonly text: StageTextView;
  private readonly curtain = el("div", { class: "curtain" });
  private readonly frame: HTMLElement;
  private picture: Picture | undefined;
  private shownStage = -1;
  readonly panes: Panes;
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
      true,
    );
    this.before = new StageView(
      this.view(() => this.after, this.beforeLens),
      failed,
    );
    this.panes = new Panes(this.after, this.before);
    this.toolbar = graphToolbar(app, { whyNot: () => this.toggleWhyNot(), menu: (at) => this.menu(at) });
    this.text = makeStageText(app);
    this.following = new Following(app, {
      lenses: [this.lens, this.beforeLens],
      scene: () => this.after.view.shown,
      relook: () => this.panes.relook(),
    });
    const above = [this.following.note, this.text.element, this.notice.element, this.tooltip.element];
    ({ element: this.frame, beforePane: this.beforePane } = graphFrame(this.after.view, this.before.view, above));
    const parts = {
      view: this.after.view,
      following: this.following,
      open: () => this.open(app.store.state.selection.nodes),
      menu: () => this.menu(placeOfMenu(app, this.menuParts)),
    };
    this.frame.addEventListener("keydown", (event) => frameKey(app, parts, event));
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
    const view: GraphView = new GraphView(this.app.theme, {
      pick: (hit, event) => this.pick(hit, event),
      hover: (hit, event) => this.tooltip.show(describeHit(this.app, hit, this.after.view.shown), this.frame, event),
      open: (hit) => (hit.kind === "box" || hit.kind === "frame") && this.openAt(hit),
      camera: () => this.app.store.state.compare === "split" && this.panes.link(view, other().view),
      painted: () => this.painted(),
      menu: (hit, at) => {
        if (hit.kind === "box" && !this.app.store.state.selection.nodes.includes(hit.key))
          selectBox(this.app, this.after.view.shown?.boxes, hit.key);
        this.menu(at);
      },
      lens: (scene) => lens.of(scene),
    });
    return view;
  }

  private painted(): void {
    const { stage, selection } = this.app.store.state;
    if (document.body.dataset.painted === undefined) this.app.onFirstPicture();
    this.panes.settle(!this.beforePane.hidden, selection.nodes);
    document.body.dataset.painted = String(stage);
    document.body.dataset.settled = String(this.after.settled);
    document.body.dataset.still = String(this.after.still);
    this.afterPaint();
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
    // A step may lead from what is selected to other nodes, and panes side by side to other places: they are followed if they were looked at.
    if ((stageChanged || compareChanged) && this.after.view.isInSight(previous.selection.nodes)) this.panes.awaited = true;
    const placeChanged = (["direction", "foldBy", "turned", "attributes"] as const).some((key) => state[key] !== previous[key]);
    if ((stageChanged || compareChanged || dataChanged || bodyChanged || placeChanged) && this.app.trace.graphStage(state.stage) >= 0)
      this.showStage(state);
    if (bodyChanged) this.after.view.reveal(state.selection.nodes);
    if (
      state.selection !== previous.selection ||
      state.litNodes !== previous.litNodes ||
      state.hit !== previous.hit ||
      stageChanged ||
      compareChanged
    )
      this.panes.emphasise(state);
    if (state.hit !== previous.hit && state.hit >= 0) this.reveal(hitNodes(state));
    if (stageChanged || bodyChanged) this.following.refresh();
    if ((["colorBy", "measured", "profile", "search"] as const).some((key) => state[key] !== previous[key])) this.panes.relook();
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
      this.panes.linkAwaited = true;
    }
    clearTimeout(this.ahead);
    this.ahead = setTimeout(() => prepare(state, trace), prepareAfterMs);
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
    showLegend(
      this.legend,
      this.lens.paint(boxes, state),
      this.app.theme,
      { lost, nothing: rejected.length - lost },
      {
        time: () => showView(this.app, "bench"),
        ort: () => this.openProfile(),
      },
    );
  }

  private openProfile(): void {
    void openProfile(this.app).catch((error: unknown) => this.notice.say(errorInfo(error).message, errorInfo(error)));
  }

  private toggleWhyNot(): void {
    const on = !this.lens.whyNot;
    this.lens.whyNot = this.beforeLens.whyNot = on;
    this.panes.relook();
    this.describe(this.app.store.state);
  }

  private get menuParts(): MenuParts {
    const { frame, after, lens, following, notice } = this;
    return { frame, after, lens, following, notice, toggleWhyNot: () => this.toggleWhyNot(), openProfile: () => this.openProfile() };
  }

  private menu(at: { readonly x: number; readonly y: number }): void {
    menuOfSelection(this.app, this.menuParts, at);
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
}

let panel: GraphPanel | undefined;

/** Shows the upper end of the graph, or all of it if it is small. */
export const fitGraph = (): void => panel?.fit();
/** Brings what is selected into sight, once the picture is placed, if it is not. */
export const followSelection = (): void => {
  if (panel) panel.panes.awaited = true;
};

/** Brings nodes into sight. */
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

/** Loops, C++ and assembly side by side; a line lights what it came from and what came of it. */
import { heatOf, type GroupInfo, type KernelInfo, type TextKind, type TextReply } from "#protocol";
import { lastRunStage, passRows, type App, type Panel } from "../../app.ts";
import { groupOfSelection, nodesAtEnd, select, selectGroup, showStage } from "../../actions.ts";
import { dropdown, linkButton, type Choice } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { errorInfo } from "../../host.ts";
import { visible } from "../../model/format.ts";
import type { State } from "../../store.ts";
import { refreshDetails } from "../details/index.ts";
import { revealInGraph } from "../graph/index.ts";
import { AssemblyNotes } from "./assembly-notes.ts";
import { CodeView, titleOf, type CodeEvents } from "./code-view.ts";
import { columnsShown, textKinds as kinds, toggled, withText, type ColumnKind } from "./columns.ts";
import { HeaderColumn } from "./header-column.ts";
import { innermost, linesFor, nothingLinked, originOf, type Texts } from "./linking.ts";
import { mainGroup } from "./main-group.ts";
import { kernelsCalled } from "./native-links.ts";

class KernelsPanel {
  readonly element: HTMLElement;
  private readonly views: Readonly<Record<TextKind, CodeView>>;
  private readonly toolbar = el("div", { class: "toolbar" });
  private texts: Texts = {};
  private asked: Partial<Record<TextKind, string>> = {};
  private pendingLine: Partial<Record<TextKind, number>> = {};
  private picked: readonly number[] = [];
  private pointed = "";
  private readonly header: HeaderColumn;
  private readonly notes: AssemblyNotes;
  private readonly columns = el("div", { class: "code-columns" });
  private readonly switches = el("div", { class: "code-switches", role: "group", attrs: { "aria-label": "Texts shown" } });
  /** What the user wants to see; undefined: as many texts as fit. */
  private wanted: readonly TextKind[] | undefined;
  private shown: readonly TextKind[] = [];
  /** Instructions of the line of the header under the pointer. */
  private ofHeader: ReadonlySet<number> = new Set();
  private askedCalls = 0;

  constructor(private readonly app: App) {
    const events: CodeEvents = {
      hover: (kind, line) => this.hover(kind, line),
      pick: (kind, line) => this.pick(kind, line),
      open: (kind) => this.open(kind),
      retry: (kind) => kind !== "header" && this.load(kind),
      native: (name) => void this.header.open(name),
    };
    this.header = new HeaderColumn(app, events, () => this.arrange(true));
    this.views = { ir: new CodeView("ir", events), cpp: new CodeView("cpp", events), asm: new CodeView("asm", events) };
    this.notes = new AssemblyNotes(this.views.asm);
    this.element = el("section", { class: "kernels" }, el("div", { class: "kernels-head" }, this.toolbar, this.switches), this.columns);
    new ResizeObserver(() => this.arrange()).observe(this.columns);
    this.arrange();
  }

  /** Puts the texts that are to be seen side by side. */
  private arrange(again = false): void {
    const shown = columnsShown(this.columns.clientWidth || 800, this.wanted);
    if (!again && shown.join() === this.shown.join()) return;
    this.shown = shown;
    this.place(shown.map((kind) => (kind === "cpp" && this.header.isOpen ? this.header.view : this.views[kind])));
    this.columns.style.gridTemplateColumns = `repeat(${shown.length}, minmax(0, 1fr))`;
    fill(this.switches, ...kinds.map((kind) => this.switchOf(kind)));
    const { state } = this.app.store;
    if (state.view === "kernels" && state.summary) this.loadShown();
    this.light(state);
  }

  /** Puts texts side by side. Those that stay are not touched, and those that come back are where they were: moved elements lose their place. */
  private place(wanted: readonly CodeView[]): void {
    const { columns } = this;
    const elements = wanted.map(({ element }) => element);
    for (const view of [...Object.values(this.views), this.header.view]) {
      if (view.element.parentElement !== columns || elements.includes(view.element)) continue;
      view.keepPlace();
      view.element.remove();
    }
    wanted.forEach((view, i) => {
      if (columns.children[i] === view.element) return;
      columns.insertBefore(view.element, columns.children[i] ?? null);
      view.takePlace();
    });
  }

  private switchOf(kind: TextKind): HTMLElement {
    const toggle = (): void => {
      this.wanted = toggled(this.shown, kind);
      this.arrange(true);
      this.switches.querySelector<HTMLElement>(`[data-kind="${kind}"]`)?.focus();
    };
    const button = linkButton(titleOf(kind), toggle, `Show or hide ${titleOf(kind)}`);
    button.dataset["kind"] = kind;
    button.setAttribute("aria-pressed", String(this.shown.includes(kind)));
    return button;
  }

  /** Brings a text into sight that is not among those shown. */
  show(kind: TextKind): void {
    if (kind === "cpp" && this.header.isOpen) this.header.close();
    if (this.shown.includes(kind)) return;
    this.wanted = withText(this.shown, kind, this.columns.clientWidth || 800);
    this.arrange(true);
  }

  /** The inner loop of a function of the native library, in the place of the C++. */
  showNative(name: string): void {
    if (!this.shown.includes("cpp")) this.show("cpp");
    void this.header.open(name);
  }

  private open(kind: ColumnKind): void {
    if (kind === "header") return this.header.edit();
    const line = this.views[kind].firstLit;
    this.app.host
      .request("openText", { kind, stage: this.stageOf(kind), ...(line === undefined ? {} : { line }) })
      .result.catch((error: unknown) => this.app.announce(errorInfo(error).message));
  }

  private loadShown(): void {
    for (const kind of this.shown) if (this.asked[kind] !== this.keyOf(kind)) this.load(kind);
  }

  /** Loops are shown as they are at the shown stage, if it has loops; generated text is that of the last stage. */
  private stageOf(kind: TextKind): number {
    const { state } = this.app.store;
    const row = passRows(state).find(({ index }) => index === state.stage);
    const hasLoops = row !== undefined && ["lower", "tensor", "code"].includes(row.level) && row.status !== "failed";
    return kind === "ir" && hasLoops ? state.stage : lastRunStage(state);
  }

  update(state: State, previous: State): void {
    if (state.generation !== previous.generation) {
      this.texts = {};
      this.asked = {};
    }
    if (state.summary !== previous.summary) this.showKernels(state);
    if (state.measured !== previous.measured) this.warm(state);
    if (state.view !== "kernels" || !state.summary) return;
    this.loadShown();
    const lightChanged =
      state.litStatements !== previous.litStatements ||
      state.litNodes !== previous.litNodes ||
      state.selection !== previous.selection ||
      state.view !== previous.view;
    if (lightChanged) this.light(state);
    if ((state.selection !== previous.selection || state.view !== previous.view) && this.picked.length === 0) this.revealSelection();
    if (state.selection !== previous.selection) this.showKernels(state);
  }

  private keyOf(kind: TextKind): string {
    return `${this.app.store.state.generation}:${kind}:${this.stageOf(kind)}`;
  }

  private load(kind: TextKind): void {
    const key = this.keyOf(kind);
    this.asked[kind] = key;
    const stage = this.stageOf(kind);
    if (!this.app.textNow(kind, stage)) this.views[kind].wait();
    this.app.text(kind, stage).then(
      (text) => this.asked[kind] === key && this.arrived(kind, text, stage),
      (error: unknown) => this.asked[kind] === key && this.views[kind].fail(errorInfo(error)),
    );
  }

  private arrived(kind: TextKind, text: TextReply, stage: number): void {
    this.texts = { ...this.texts, [kind]: text };
    this.views[kind].show(
      kind === "asm" ? this.notes.shown(text) : text,
      kind === "ir"
        ? `after ${stage} ${visible(passRows(this.app.store.state).find(({ index }) => index === stage)?.name ?? "")}`
        : `${text.lines.length} lines`,
    );
    this.warm(this.app.store.state);
    this.light(this.app.store.state);
    const line = this.pendingLine[kind];
    if (line !== undefined) this.views[kind].reveal(line);
    else this.revealSelection();
    delete this.pendingLine[kind];
    refreshDetails();
  }

  /** The samples of the benchmark that is shown, if it is one of this compilation. */
  private warm({ measured }: State): void {
    const spots = measured?.hotSpots;
    for (const kind of kinds) {
      const text = this.texts[kind];
      this.views[kind].warm(spots && text ? heatOf(spots, kind, text) : new Map());
    }
  }

  goTo(kind: TextKind, line: number): void {
    this.show(kind);
    this.pendingLine = { [kind]: line };
    if (this.texts[kind]) this.views[kind].reveal(line);
    this.hover(kind, line);
  }

  private showKernels(state: State): void {
    const kernels = state.summary?.kernels ?? [];
    if (kernels.length === 0)
      return fill(this.toolbar, el("span", { class: "muted" }, state.summary ? "No kernel was generated: see the passes." : "…"));
    const group = groupOfSelection(this.app) ?? (state.selection.nodes.length > 0 ? mainGroup(this.app)?.id : undefined);
    const chosen = kernels.find((kernel) => kernel.group === group);
    const choices = kernelChoices(kernels, state.summary?.groups ?? []);
    // Not "": the toolkit takes that for the choice of every new list.
    const list = dropdown("Kernel", choices, chosen ? String(chosen.group) : "all", (value) => {
      const group = state.summary?.groups.find(({ id }) => String(id) === value);
      this.picked = [];
      if (group) {
        selectGroup(this.app, group.id);
        revealInGraph(group.members.map(({ node }) => node));
      } else select(this.app, { nodes: [] });
    });
    fill(
      this.toolbar,
      el("span", { class: "muted" }, "Kernel"),
      list.element,
      el("span", { class: "hint" }, "Point at a line to light what it came from; click to select its nodes."),
    );
  }

  private hover(kind: ColumnKind, line: number | undefined): void {
    // Lighting makes the rows anew, under the pointer too: that is not another line.
    const place = line === undefined ? "" : `${kind}:${line}`;
    if (place === this.pointed) return;
    this.pointed = place;
    const linked = line === undefined || kind === "header" ? nothingLinked : originOf(this.texts, kind, line);
    this.ofHeader = kind === "header" && line !== undefined ? this.header.instructions(this.texts.asm, line) : new Set();
    this.header.lightFor(this.texts.asm, kind === "asm" ? line : undefined);
    if (kind === "header") this.light(this.app.store.state);
    this.app.store.update({ litStatements: linked.statements, litNodes: linked.nodes });
  }

  private pick(kind: ColumnKind, line: number): void {
    if (kind === "header") return this.views.asm.revealFirst(this.header.instructions(this.texts.asm, line));
    const { nodes, statements } = originOf(this.texts, kind, line);
    this.picked = statements;
    const { nodes: present } = this.app.trace.snapshot(this.app.store.state.stage);
    if (nodes.some((node) => !present.has(node))) showStage(this.app, this.stageOf(kind));
    select(this.app, { nodes });
    const lines = linesFor(this.texts, { nodes, statements });
    for (const other of kinds) if (other !== kind) this.views[other].revealFirst(lines[other]);
    this.picked = [];
  }

  private light(state: State): void {
    const lit = linesFor(this.texts, { statements: state.litStatements, nodes: state.litNodes });
    const chosen = linesFor(this.texts, { statements: [], nodes: nodesAtEnd(this.app) });
    for (const kind of kinds) this.views[kind].light(kind === "asm" && this.ofHeader.size > 0 ? this.ofHeader : lit[kind], chosen[kind]);
    void this.linkKernels(chosen.cpp);
  }

  /** In the head of the C++ the way to the inner loops of what the chosen lines call. */
  private async linkKernels(lines: ReadonlySet<number>): Promise<void> {
    const asked = ++this.askedCalls;
    const { cpp } = this.texts;
    const links = cpp ? await kernelsCalled(this.app, cpp, lines) : [];
    if (asked !== this.askedCalls) return;
    fill(
      this.views.cpp.links,
      ...links
        .slice(0, 1)
        .map(({ name, source }) =>
          linkButton(`inner loop of ${name}`, () => this.showNative(name), `${source.loop?.file}, lines ${source.loop?.lines.join("–")}`),
        ),
    );
  }

  private revealSelection(): void {
    const group = mainGroup(this.app);
    const kernel = this.app.store.state.summary?.kernels.find((candidate) => candidate.group === group?.id);
    if (!group || !kernel) return;
    const members = new Set(group.members.map(({ node }) => node));
    const nodes = nodesAtEnd(this.app).filter((node) => members.has(node));
    const lines = innermost(this.texts, linesFor(this.texts, { statements: [], nodes }));
    for (const kind of kinds) {
      // Declarations stand before the kernel, far from its loops.
      const start = kind === "ir" ? kernel.irLines[0] : kind === "cpp" ? kernel.cppLines[0] : 0;
      const isLast = kind !== "ir" || this.stageOf(kind) === lastRunStage(this.app.store.state);
      const inside = isLast ? new Set([...lines[kind]].filter((line) => line >= start)) : lines[kind];
      if (inside.size > 0) this.views[kind].revealFirst(inside);
      else if (kind !== "asm") this.views[kind].reveal(kind === "ir" ? kernel.irLines[0] : kernel.cppLines[0]);
    }
  }
}

/** What runs once, to lay out weights, comes after what every run does. */
function kernelChoices(kernels: readonly KernelInfo[], groups: readonly GroupInfo[]): readonly Choice[] {
  const once = new Set(groups.flatMap(({ id, phase }) => (phase === "init" ? [id] : [])));
  const ordered = [...kernels].sort((a, b) => Number(once.has(a.group)) - Number(once.has(b.group)));
  return [
    { value: "all", label: `All ${kernels.length} kernels` },
    ...ordered.map(({ group, name }) => ({
      value: String(group),
      label: `${group} · ${visible(name)}${once.has(group) ? " (once)" : ""}`,
    })),
  ];
}

let panel: KernelsPanel | undefined;

/** Brings a line into sight, now or when its text has come. */
export const goToLine = (kind: TextKind, line: number): void => panel?.goTo(kind, line);

/** Brings a text into sight. */
export const showText = (kind: TextKind): void => panel?.show(kind);

/** Brings the inner loop of a function of the native library into sight. */
export const goToNative = (name: string): void => panel?.showNative(name);

export const kernelsPanel: Panel = {
  id: "kernels",
  title: "Kernels",
  render: (app) => (panel = new KernelsPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
};

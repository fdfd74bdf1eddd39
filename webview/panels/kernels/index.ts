/** Loops, C++ and assembly side by side; a line lights what it came from and what came of it. */
import type { GroupInfo, TextKind, TextReply } from "#protocol";
import { lastRunStage, passRows, type App, type Panel } from "../../app.ts";
import { groupOfSelection, nodesAtEnd, select, selectGroup, showStage } from "../../actions.ts";
import { dropdown } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { errorInfo } from "../../host.ts";
import { visible } from "../../model/format.ts";
import type { State } from "../../store.ts";
import { refreshDetails } from "../details/index.ts";
import { revealInGraph } from "../graph/index.ts";
import { CodeView } from "./code-view.ts";
import { innermost, linesFor, nothingLinked, originOf, type Texts } from "./linking.ts";

const kinds: readonly TextKind[] = ["ir", "cpp", "asm"];

class KernelsPanel {
  readonly element: HTMLElement;
  private readonly views: Readonly<Record<TextKind, CodeView>>;
  private readonly toolbar = el("div", { class: "toolbar" });
  private texts: Texts = {};
  private asked: Partial<Record<TextKind, string>> = {};
  private pendingLine: Partial<Record<TextKind, number>> = {};
  private picked: readonly number[] = [];
  private pointed = "";

  constructor(private readonly app: App) {
    const events = {
      hover: (kind: TextKind, line: number | undefined) => this.hover(kind, line),
      pick: (kind: TextKind, line: number) => this.pick(kind, line),
      open: (kind: TextKind) =>
        void app.host
          .request("openText", { kind, stage: this.stageOf(kind) })
          .result.catch((error: unknown) => app.announce(errorInfo(error).message)),
      retry: (kind: TextKind) => this.load(kind),
    };
    this.views = { ir: new CodeView("ir", events), cpp: new CodeView("cpp", events), asm: new CodeView("asm", events) };
    this.element = el(
      "section",
      { class: "kernels" },
      this.toolbar,
      el("div", { class: "code-columns" }, ...kinds.map((kind) => this.views[kind].element)),
    );
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
    if (state.view !== "kernels" || !state.summary) return;
    for (const kind of kinds) if (this.asked[kind] !== this.keyOf(kind)) this.load(kind);
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
      text,
      kind === "ir"
        ? `after ${stage} ${visible(passRows(this.app.store.state).find(({ index }) => index === stage)?.name ?? "")}`
        : `${text.lines.length} lines`,
    );
    this.light(this.app.store.state);
    const line = this.pendingLine[kind];
    if (line !== undefined) this.views[kind].reveal(line);
    else this.revealSelection();
    delete this.pendingLine[kind];
    refreshDetails();
  }

  goTo(kind: TextKind, line: number): void {
    this.pendingLine = { [kind]: line };
    if (this.texts[kind]) this.views[kind].reveal(line);
    this.hover(kind, line);
  }

  private showKernels(state: State): void {
    const kernels = state.summary?.kernels ?? [];
    if (kernels.length === 0)
      return fill(this.toolbar, el("span", { class: "muted" }, state.summary ? "No kernel was generated: see the passes." : "…"));
    const chosen = kernels.find(({ group }) => group === groupOfSelection(this.app));
    const choices = [
      { value: "all", label: `All ${kernels.length} kernels` },
      ...kernels.map(({ group, name }) => ({ value: String(group), label: `${group} · ${visible(name)}` })),
    ];
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

  private hover(kind: TextKind, line: number | undefined): void {
    // Lighting makes the rows anew, under the pointer too: that is not another line.
    const place = line === undefined ? "" : `${kind}:${line}`;
    if (place === this.pointed) return;
    this.pointed = place;
    const linked = line === undefined ? nothingLinked : originOf(this.texts, kind, line);
    this.app.store.update({ litStatements: linked.statements, litNodes: linked.nodes });
  }

  private pick(kind: TextKind, line: number): void {
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
    for (const kind of kinds) this.views[kind].light(lit[kind], chosen[kind]);
  }

  /** Of the groups that have a part of the selection the one that a run spends most on. */
  private mainGroup(): GroupInfo | undefined {
    const { summary, selection } = this.app.store.state;
    const ends = new Set(nodesAtEnd(this.app));
    const { nodes } = this.app.trace.snapshot(lastRunStage(this.app.store.state));
    const work = ({ phase, members }: GroupInfo): number =>
      phase === "init" ? -1 : members.reduce((sum, { node }) => sum + (ends.has(node) ? nodes.get(node)?.flops || 0 : 0), 0);
    const groups = (summary?.groups ?? []).filter(({ id, members }) =>
      selection.group === undefined ? members.some(({ node }) => ends.has(node)) : id === selection.group,
    );
    return groups.sort((a, b) => work(b) - work(a))[0];
  }

  private revealSelection(): void {
    const group = this.mainGroup();
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

let panel: KernelsPanel | undefined;

/** Brings a line into sight, now or when its text has come. */
export const goToLine = (kind: TextKind, line: number): void => panel?.goTo(kind, line);

export const kernelsPanel: Panel = {
  id: "kernels",
  title: "Kernels",
  render: (app) => (panel = new KernelsPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
};

/** The Tensor IR or the C++ of a stage in the graph's place, with what its pass changed. */
import type { TextReply } from "#protocol";
import { passRows, type App } from "../../app.ts";
import { hitsShown, nodesAtEnd, select } from "../../actions.ts";
import { checkbox, iconButton, linkButton, progressRing } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { errorInfo } from "../../host.ts";
import { visible } from "../../model/format.ts";
import { hunks, lineDiff, type DiffRow } from "../../model/line-diff.ts";
import type { State } from "../../store.ts";
import { VirtualList } from "../../virtual-list.ts";
import { originOf } from "../kernels/linking.ts";
import { foldSame, type TextRow } from "./fold.ts";
import { textRow, type RowMarks } from "./row.ts";
import { neighbours, stageText, type StageText } from "./stages.ts";

const lineHeight = 18;
/** A text that comes sooner replaces the one before without a ring in between. */
const patienceMs = 200;

/** What is on the screen. */
interface Shown {
  readonly of: StageText;
  readonly text: TextReply;
  readonly base: TextReply | undefined;
  readonly rows: readonly DiffRow[];
}

const diffs = new WeakMap<TextReply, { readonly base: TextReply | undefined; readonly rows: readonly DiffRow[] }>();

function diffOf(text: TextReply, base: TextReply | undefined): readonly DiffRow[] {
  const known = diffs.get(text);
  if (known && known.base === base) return known.rows;
  const rows = base ? lineDiff(base, text) : text.lines.map((_, i): DiffRow => ({ kind: "same", before: i, after: i }));
  diffs.set(text, { base, rows });
  return rows;
}

export class StageTextView {
  readonly element: HTMLElement;
  private readonly list: VirtualList;
  private readonly head = el("div", { class: "stage-text-head" });
  private readonly notice = el("div", { class: "code-notice", hidden: true });
  private readonly onlyChanges;
  private shown: Shown | undefined;
  private rows: readonly TextRow[] = [];
  private marks: RowMarks = { lit: new Set(), litBefore: new Set(), chosen: new Set() };
  private changes: readonly (readonly [number, number])[] = [];
  private at = -1;
  private asked = "";
  private folded = false;
  private ring: ReturnType<typeof setTimeout> | undefined;
  private ahead: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly app: App) {
    this.list = new VirtualList({
      label: "Text of the stage",
      role: "listbox",
      idPrefix: "stage-line-",
      rowHeight: lineHeight,
      row: (i) => this.row(i),
      selected: (i) => this.isChosen(i),
      onSelect: (i) => this.pick(i),
    });
    this.list.element.classList.add("code");
    this.onlyChanges = checkbox("Only changes", false, (on) => {
      this.folded = on;
      this.fold();
    });
    this.element = el("div", { class: "stage-text", hidden: true }, this.head, this.notice, this.list.element);
  }

  /** True while it stands in the graph's place. */
  get visible(): boolean {
    return !this.element.hidden;
  }

  update(state: State, previous: State): void {
    const wanted = state.loopText && state.view === "graph" ? stageText(state, state.stage) : undefined;
    this.element.hidden = wanted === undefined;
    // The graph behind it need not be painted.
    this.element.parentElement?.classList.toggle("covered", wanted !== undefined);
    this.prepare(state, previous);
    if (!wanted) {
      this.asked = "";
      return;
    }
    const key = `${state.generation}:${state.stage}:${wanted.kind}:${wanted.stage}`;
    if (key !== this.asked) this.load(wanted, key);
    else if (state.compare !== previous.compare) this.fold();
    if ((["selection", "hit", "litStatements"] as const).some((name) => state[name] !== previous[name]))
      this.light(state.hit !== previous.hit);
  }

  /** Asks for the texts of the neighbouring stages while the user looks. */
  private prepare(state: State, previous: State): void {
    if (state.stage === previous.stage && state.summary === previous.summary) return;
    clearTimeout(this.ahead);
    this.ahead = setTimeout(() => {
      for (const { kind, stage, base } of neighbours(this.app.store.state)) {
        for (const one of base === undefined ? [stage] : [base, stage]) this.app.text(kind, one).catch(() => undefined);
      }
    }, 60);
  }

  private load(of: StageText, key: string): void {
    this.asked = key;
    clearTimeout(this.ring);
    const { kind, stage, base } = of;
    const [now, was] = [this.app.textNow(kind, stage), base === undefined ? undefined : this.app.textNow(kind, base)];
    if (now && (base === undefined || was)) return this.show({ of, text: now, base: was, rows: diffOf(now, was) });
    this.ring = setTimeout(() => this.say(progressRing("Loading the text")), this.shown ? patienceMs : 0);
    Promise.all([this.app.text(kind, stage), base === undefined ? undefined : this.app.text(kind, base)]).then(
      ([text, before]) => this.asked === key && this.show({ of, text, base: before, rows: diffOf(text, before) }),
      (error: unknown) => this.asked === key && this.fail(error),
    );
  }

  private show(shown: Shown): void {
    clearTimeout(this.ring);
    this.shown = shown;
    this.at = -1;
    this.notice.hidden = true;
    this.list.element.hidden = false;
    this.marks = this.marksOf(shown);
    this.fold(() => {
      const lit = this.app.store.state.hit >= 0 ? this.litRow() : -1;
      return lit >= 0 ? lit : (this.changes[0]?.[0] ?? 0);
    });
    const stage = String(this.app.store.state.stage);
    requestAnimationFrame(() => {
      this.element.dataset.shown = stage;
      if (this.visible) Object.assign(document.body.dataset, { painted: stage, settled: "true", still: "true" });
    });
  }

  private say(...content: readonly (HTMLElement | false)[]): void {
    this.shown = undefined;
    this.list.set(0); // its rows are of the text that was shown: a resize would have them made again
    this.list.element.hidden = true;
    this.notice.hidden = false;
    fill(this.notice, ...content);
  }

  private fail(error: unknown): void {
    clearTimeout(this.ring);
    const { message, next } = errorInfo(error);
    const { store } = this.app;
    this.say(
      el("p", { class: "error-text" }, visible(message)),
      next !== "" && el("p", {}, visible(next)),
      linkButton("show the graph instead", () => store.update({ loopText: false })),
    );
    fill(this.head);
  }

  private get split(): boolean {
    return this.app.store.state.compare === "split" && this.shown?.base !== undefined;
  }

  /** Makes the rows anew: which lines are shown, and how. */
  private fold(reveal: () => number = () => -1): void {
    const { shown } = this;
    if (!shown) return;
    const { compare } = this.app.store.state;
    const all = compare === "off" || !shown.base ? shown.rows.filter(({ after }) => after >= 0) : shown.rows;
    this.rows = foldSame(all, { folded: this.folded && shown.base !== undefined, split: this.split });
    this.changes =
      compare === "off" ? [] : hunks(this.rows.map((row) => (row.kind === "fold" ? { kind: "same", before: -1, after: -1 } : row)));
    this.element.classList.toggle("split", this.split);
    const longest = shown.text.lines.reduce((most, line) => Math.max(most, line.length), 0);
    (this.list.element.firstElementChild as HTMLElement).style.minWidth = this.split ? "" : `${Math.min(longest, 4000) + 14}ch`;
    this.showRows(reveal);
    this.showHead(shown);
  }

  private showRows(reveal: () => number = () => -1): void {
    const lines = this.rows.map((row): DiffRow => (row.kind === "fold" ? { kind: "same", before: -1, after: -1 } : row));
    this.changes = this.app.store.state.compare === "off" ? [] : hunks(lines);
    this.list.set(this.rows.length, reveal());
  }

  private showHead({ of, text, base, rows }: Shown): void {
    const count = (kind: DiffRow["kind"], sign: string, name: string): HTMLElement | false => {
      const size = rows.filter((row) => row.kind === kind).length;
      return size > 0 && el("span", { class: `count ${kind}`, title: `${size} lines ${name}` }, `${sign}${size}`);
    };
    const origin = base ? `against stage ${of.base}` : of.kind === "cpp" ? "written from the Tensor IR" : "the first text of the loops";
    const same = base !== undefined && rows.every(({ kind }) => kind === "same");
    fill(
      this.head,
      el("b", {}, of.kind === "cpp" ? "C++" : "Tensor IR"),
      el(
        "span",
        { class: "muted" },
        `${text.lines.length} lines after ${of.pass.index} ${visible(of.pass.name)}, ${same ? `as at stage ${of.base}` : origin}`,
      ),
      base && count("added", "+", "added"),
      base && count("changed", "~", "changed"),
      base && count("moved", "↕", "in another place, counted in both"),
      base && count("removed", "−", "removed"),
      el(
        "div",
        { class: "tools" },
        base && !same && this.onlyChanges.element,
        this.changes.length > 0 && iconButton("up", "Previous change (p)", () => this.stepChange(-1)),
        this.changes.length > 0 && iconButton("down", "Next change (n)", () => this.stepChange(1)),
      ),
    );
  }

  /** Goes to the next place that changed; false when there is none. */
  stepChange(direction: 1 | -1): boolean {
    if (!this.visible || this.changes.length === 0) return false;
    this.at = Math.min(this.changes.length - 1, Math.max(0, this.at + direction));
    this.list.reveal(this.changes[this.at]?.[0] ?? 0);
    this.app.announce(`Change ${this.at + 1} of ${this.changes.length}`);
    return true;
  }

  /** Lines of the rule hit shown, of the statements pointed at, and of the selection. */
  private light(hitChanged: boolean): void {
    if (!this.shown) return;
    this.marks = this.marksOf(this.shown);
    const lit = hitChanged ? this.litRow() : -1;
    if (lit >= 0) this.list.reveal(lit);
    else this.list.draw();
  }

  private marksOf(shown: Shown): RowMarks {
    const { state } = this.app.store;
    const hit = state.stage === shown.of.stage ? hitsShown(state)[state.hit] : undefined;
    const linesOf = (text: TextReply | undefined, statements: readonly number[]): ReadonlySet<number> => {
      const wanted = new Set(statements);
      return new Set(text?.origins.filter(({ stmt }) => wanted.has(stmt)).map(({ line }) => line - 1));
    };
    const nodes = new Set(nodesAtEnd(this.app));
    const chosen = shown.text.origins.filter((origin) => origin.nodes.some((node) => nodes.has(node))).map(({ line }) => line - 1);
    return {
      lit: linesOf(shown.text, hit ? hit.after : state.litStatements),
      litBefore: linesOf(shown.base, hit ? hit.before : []),
      chosen: new Set(chosen),
    };
  }

  /** The first row in the light; -1: none. */
  private litRow(): number {
    const { lit, litBefore } = this.marks;
    return this.rows.findIndex(
      (row) => row.kind !== "fold" && (lit.has(row.after) || ((row.after < 0 || row.right !== undefined) && litBefore.has(row.before))),
    );
  }

  private isChosen(i: number): boolean {
    const row = this.rows[i];
    return row !== undefined && row.kind !== "fold" && this.marks.chosen.has(row.after);
  }

  private pick(i: number): void {
    const row = this.rows[i];
    if (!row || !this.shown) return;
    if (row.kind === "fold") {
      this.rows = [...this.rows.slice(0, i), ...row.rows, ...this.rows.slice(i + 1)];
      return this.showRows();
    }
    if (row.after < 0) return;
    const { nodes } = originOf({ [this.shown.of.kind]: this.shown.text }, this.shown.of.kind, row.after + 1);
    if (nodes.length > 0) select(this.app, { nodes });
  }

  private row(i: number): HTMLElement {
    const row = this.rows[i] as TextRow;
    const { of, text, base } = this.shown as Shown;
    const plain = this.app.store.state.compare === "off";
    return textRow(row, {
      before: base?.lines,
      after: text.lines,
      language: of.kind === "cpp" ? "cpp" : "ir",
      split: this.split,
      plain,
      marks: this.marks,
    });
  }
}

let view: StageTextView | undefined;

/** The one of the page, made once. */
export const makeStageText = (app: App): StageTextView => (view = new StageTextView(app));
/** Goes to the next place where the text shown differs from that of the stage before; false when no text is shown. */
export const stepChange = (direction: 1 | -1): boolean => view?.stepChange(direction) ?? false;

/** The stage has a text that can stand in the graph's place. */
export const hasStageText = (state: State): boolean => stageText(state, state.stage) !== undefined && passRows(state).length > 0;

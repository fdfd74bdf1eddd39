/** The pipeline as a tree: passes, and under the one shown the rules that fired. */
import { passRows, type App, type Panel, type PassRow } from "../../app.ts";
import { hitsShown, showStage, step, stepHit } from "../../actions.ts";
import { icon, iconButton, type IconName } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { timeText, visible } from "../../model/format.ts";
import type { State } from "../../store.ts";
import { VirtualList } from "../../virtual-list.ts";
import { showHitCard } from "./hit-card.ts";
import { hitText, ruleName, treeRows, type TreeRow } from "./rows.ts";
import { StageStrip } from "./stage-strip.ts";

const signs: Readonly<Record<string, readonly [IconName, string]>> = {
  changed: ["check", "changed the program"],
  same: ["dot", "changed nothing"],
  skipped: ["skip", "skipped"],
  failed: ["error", "failed"],
  pending: ["pending", "not run yet"],
};
const heights: Readonly<Record<TreeRow["kind"], number>> = { level: 22, pass: 22, fold: 22, rule: 22, hit: 36 };
const ids: Readonly<Record<"pass" | "hit", string>> = { pass: "pass-", hit: "hit-" };

class PassesPanel {
  readonly element: HTMLElement;
  private readonly list: VirtualList;
  private readonly strip: StageStrip;
  private readonly toggle: HTMLButtonElement;
  private readonly card = el("div", { class: "hit-card", hidden: true });
  private rows: readonly TreeRow[] = [];
  /** Rules whose many hits are listed, of the stage shown. */
  private open: ReadonlySet<string> = new Set();

  constructor(private readonly app: App) {
    this.strip = new StageStrip(app);
    this.toggle = iconButton("filter", "Show passes that changed nothing", () =>
      app.store.update({ showUnchanged: !app.store.state.showUnchanged }),
    );
    this.list = new VirtualList({
      label: "Passes",
      role: "tree",
      idPrefix: "passes-",
      margin: 60, // the whole pipeline for screen readers; only long lists of hits are cut
      id: (i) => this.idOf(this.rows[i]),
      rowHeight: (i) => heights[this.rows[i]?.kind ?? "pass"],
      row: (i) => this.row(this.rows[i] as TreeRow),
      selected: (i) => this.isSelected(this.rows[i]),
      level: (i) => this.levelOf(this.rows[i]),
      onSelect: (i) => this.choose(this.rows[i]),
      onToggle: (i, open) => this.openRule(this.rows[i], open),
      onKey: (event) => this.key(event),
    });
    this.list.element.classList.add("passes");
    const head = el(
      "div",
      { class: "section-head" },
      el("h2", {}, "Passes"),
      el(
        "div",
        { class: "tools" },
        this.toggle,
        iconButton("up", "Previous changed pass (k)", () => step(app, -1, true)),
        iconButton("down", "Next changed pass (j)", () => step(app, 1, true)),
      ),
    );
    this.element = el("section", { class: "section passes-section" }, head, this.strip.element, this.list.element, this.card);
  }

  update(state: State, previous: State): void {
    const relevant: (keyof State)[] = ["hello", "summary", "stage", "showUnchanged", "hit", "failed", "busy"];
    if (this.rows.length > 0 && relevant.every((key) => state[key] === previous[key])) return;
    if (state.stage !== previous.stage) this.open = new Set();
    const passes = passRows(state);
    this.strip.update(passes, state.stage);
    this.toggle.setAttribute("aria-pressed", String(state.showUnchanged));
    showHitCard(this.app, this.card, state);
    this.fillList(state, true);
  }

  private fillList(state: State, reveal: boolean): void {
    this.rows = treeRows(passRows(state), { ...state, open: this.open });
    this.list.set(this.rows.length, reveal ? this.rows.findIndex((row) => this.isSelected(row)) : -1);
  }

  private openRule(row: TreeRow | undefined, open: boolean): void {
    if (row?.kind !== "rule") return;
    this.open = new Set([...this.open].filter((rule) => rule !== row.rule).concat(open ? [row.rule] : []));
    this.fillList(this.app.store.state, false);
  }

  private isSelected(row: TreeRow | undefined): boolean {
    const { stage, hit } = this.app.store.state;
    if (row?.kind === "pass") return row.pass.index === stage && hit < 0;
    return row?.kind === "hit" && row.index === hit;
  }

  private idOf(row: TreeRow | undefined): string | undefined {
    if (row?.kind === "pass") return `${ids.pass}${row.pass.index}`;
    return row?.kind === "hit" ? `${ids.hit}${row.index}` : undefined;
  }

  private levelOf(row: TreeRow | undefined): { readonly level: number; readonly expanded?: boolean } {
    if (row?.kind === "hit") return { level: this.rows.some(({ kind }) => kind === "rule") ? 3 : 2 };
    if (row?.kind === "rule") return { level: 2, expanded: row.open };
    const open = row?.kind === "pass" && row.pass.index === this.app.store.state.stage && (row.pass.hits?.length ?? 0) > 0;
    return open ? { level: 1, expanded: true } : { level: 1 };
  }

  private choose(row: TreeRow | undefined): void {
    if (row?.kind === "hit") this.app.store.update({ hit: row.index });
    else if (row?.kind === "pass") showStage(this.app, row.pass.index);
    else if (row?.kind === "rule") this.openRule(row, !this.open.has(row.rule));
    else if (row?.kind === "fold") this.app.store.update({ showUnchanged: true });
  }

  private row(row: TreeRow): HTMLElement {
    if (row.kind === "level") return el("div", { class: "level", role: "presentation" }, row.title);
    if (row.kind === "fold") return foldRow(row.passes);
    if (row.kind === "rule") return ruleRow(row);
    return row.kind === "hit" ? hitRow(row) : passRow(row.pass);
  }

  /** Up and down walk through what is in the tree: passes, and once one of its hits is shown, the hits of the pass. */
  private key(event: KeyboardEvent): boolean {
    const { state } = this.app.store;
    if (event.ctrlKey || event.metaKey) return false;
    const direction = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (direction !== 0) {
      const next = state.hit + direction;
      const among = state.hit >= 0 && next >= -1 && next < hitsShown(state).length;
      if (among) this.app.store.update({ hit: next });
      else step(this.app, direction, !state.showUnchanged);
    } else if (event.key === "ArrowRight") stepHit(this.app, 1);
    else if (event.key === "ArrowLeft") this.app.store.update({ hit: Math.max(-1, state.hit - 1) });
    else if (event.key === "Home") showStage(this.app, 0);
    else if (event.key === "End") showStage(this.app, Number.MAX_SAFE_INTEGER);
    else return event.key === "PageDown" || event.key === "PageUp" ? false : event.key === "Enter";
    return true;
  }
}

function foldRow(folded: readonly PassRow[]): HTMLElement {
  const skipped = folded.every(({ status }) => status === "skipped");
  const text =
    folded.length === 1
      ? `${folded[0]?.name}: ${skipped ? "skipped" : "no change"}`
      : `${folded.length} passes ${skipped ? "skipped" : "without change"}`;
  const title = folded.map(({ name, reason }) => (reason === undefined ? name : `${name}: ${visible(reason)}`)).join("\n");
  return el("div", { class: "row fold", title }, text);
}

function opsText({ opsBefore, opsAfter }: PassRow): string {
  if (opsBefore === undefined || opsAfter === undefined) return "";
  return opsBefore === opsAfter ? `${opsAfter}` : `${opsBefore} → ${opsAfter}`;
}

function passRow(pass: PassRow): HTMLElement {
  const status = pass.status ?? "pending";
  const [sign, meaning] = signs[status] ?? signs.pending!;
  const [ops, ms] = [opsText(pass), pass.ms === undefined ? "" : timeText(pass.ms)];
  const title = [`${visible(pass.name)} — ${pass.why}`, pass.reason ?? meaning, ops && `${ops} operations`, ms];
  return el(
    "div",
    { class: `row pass ${status}`, title: title.filter((line) => line !== "").join("\n"), data: { stage: String(pass.index) } },
    el("span", { class: "pass-index" }, String(pass.index)),
    el("span", { class: "pass-sign" }, icon(sign)),
    el("span", { class: "pass-name" }, visible(pass.name)),
    el("span", { class: "pass-ops" }, ops),
    el("span", { class: "pass-ms" }, ms),
    el("span", { class: "for-readers" }, meaning),
  );
}

/** A rule with more hits than can be overlooked. */
function ruleRow({ pass, rule, hits, open }: Extract<TreeRow, { kind: "rule" }>): HTMLElement {
  return el(
    "div",
    { class: "row rule", title: `${visible(rule)}: ${open ? "click to fold its hits" : "click to list its hits"}` },
    icon(open ? "down" : "right"),
    el("span", { class: "hit-rule" }, visible(ruleName(pass, { rule }))),
    el("span", { class: "pass-ops" }, `×${hits}`),
  );
}

/** The rule on one line, what it says on the next. */
function hitRow({ pass, hit, index }: Extract<TreeRow, { kind: "hit" }>): HTMLElement {
  const rule = visible(ruleName(pass, hit));
  return el(
    "div",
    {
      class: "row hit",
      title: visible(hit.note === undefined ? hit.rule : `${hit.rule}\n${hit.note.replaceAll(/ (?=\w+=)/g, "\n")}`),
      data: { hit: String(index) },
    },
    el("span", { class: "hit-rule" }, rule),
    el("span", { class: "hit-note" }, visible(hitText(hit))),
  );
}

let panel: PassesPanel | undefined;

export const passesPanel: Panel = {
  id: "passes",
  title: "Passes",
  render: (app) => (panel = new PassesPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
};

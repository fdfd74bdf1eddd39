/** The pipeline as a tree: passes, and under the one shown the rules that fired. */
import { passRows, type App, type Panel, type PassRow } from "../../app.ts";
import { showStage, step } from "../../actions.ts";
import { icon, iconButton, slider, type IconName } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { timeText, visible } from "../../model/format.ts";
import type { State } from "../../store.ts";

const signs: Readonly<Record<string, readonly [IconName, string]>> = {
  changed: ["check", "changed the program"],
  same: ["dot", "changed nothing"],
  skipped: ["skip", "skipped"],
  failed: ["error", "failed"],
  pending: ["pending", "not run yet"],
};
const levelNames: Readonly<Record<string, string>> = { import: "Import", graph: "Graph", lower: "Lowering", tensor: "Loops", code: "Code" };
/** Rule hits listed under a pass; the rest are counted. */
const mostHits = 200;

const quiet = (row: PassRow): boolean => row.status === "same" || row.status === "skipped";

class PassesPanel {
  readonly element: HTMLElement;
  private readonly tree = el("div", { class: "tree passes", role: "tree", tabIndex: 0, attrs: { "aria-label": "Passes" } });
  private readonly slide;
  private readonly toggle: HTMLButtonElement;

  constructor(private readonly app: App) {
    this.slide = slider("Stage", (value) => showStage(app, value));
    this.toggle = iconButton("filter", "Show passes that changed nothing", () =>
      app.store.update({ showUnchanged: !app.store.state.showUnchanged }),
    );
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
    this.tree.addEventListener("keydown", (event) => this.key(event));
    this.element = el(
      "section",
      { class: "section passes-section" },
      head,
      el("div", { class: "slider-row" }, this.slide.element),
      this.tree,
    );
  }

  update(state: State, previous: State): void {
    const relevant: (keyof State)[] = ["hello", "summary", "stage", "showUnchanged", "hit", "failed", "busy"];
    if (relevant.every((key) => state[key] === previous[key])) return;
    const rows = passRows(state);
    const shown = rows.find((row) => row.index === state.stage);
    this.slide.set(state.stage, rows[rows.length - 1]?.index ?? 0, `${state.stage}: ${shown?.name ?? ""}`);
    this.toggle.setAttribute("aria-pressed", String(state.showUnchanged));
    fill(this.tree, ...this.rows(rows, state));
    const current = this.tree.querySelector<HTMLElement>(state.hit >= 0 ? `[data-hit="${state.hit}"]` : `[data-stage="${state.stage}"]`);
    if (current) {
      this.tree.setAttribute("aria-activedescendant", current.id);
      current.scrollIntoView({ block: "nearest" });
    }
  }

  private rows(rows: readonly PassRow[], state: State): HTMLElement[] {
    const made: HTMLElement[] = [];
    let level = "";
    let folded: PassRow[] = [];
    const unfold = (): void => {
      if (folded.length > 0) made.push(this.foldRow(folded));
      folded = [];
    };
    for (const row of rows) {
      if (row.level !== level) {
        unfold();
        level = row.level;
        made.push(el("div", { class: "level", role: "presentation" }, levelNames[level] ?? level));
      }
      if (quiet(row) && !state.showUnchanged && row.index !== state.stage) folded.push(row);
      else {
        unfold();
        made.push(this.row(row, state));
        if (row.index === state.stage) made.push(...this.details(row, state));
      }
    }
    unfold();
    return made;
  }

  private foldRow(folded: readonly PassRow[]): HTMLElement {
    const skipped = folded.every(({ status }) => status === "skipped");
    const text =
      folded.length === 1
        ? `${folded[0]?.name}: ${skipped ? "skipped" : "no change"}`
        : `${folded.length} passes ${skipped ? "skipped" : "without change"}`;
    return el(
      "div",
      {
        class: "row fold",
        role: "treeitem",
        title: folded.map(({ name, reason }) => (reason === undefined ? name : `${name}: ${visible(reason)}`)).join("\n"),
        attrs: { "aria-level": "1", "aria-selected": "false" },
        onClick: () => this.app.store.update({ showUnchanged: true }),
      },
      text,
    );
  }

  private row(row: PassRow, state: State): HTMLElement {
    const status = row.status ?? "pending";
    const [sign, meaning] = signs[status] ?? signs.pending!;
    const ops =
      row.opsBefore === undefined || row.opsAfter === undefined
        ? ""
        : row.opsBefore === row.opsAfter
          ? `${row.opsAfter}`
          : `${row.opsBefore} → ${row.opsAfter}`;
    const ms = row.ms === undefined ? "" : timeText(row.ms);
    const selected = row.index === state.stage;
    const expandable = selected && (row.hits?.length ?? 0) > 0;
    const element = el(
      "div",
      {
        class: `row pass ${status}`,
        role: "treeitem",
        id: `pass-${row.index}`,
        title: [`${visible(row.name)} — ${row.why}`, row.reason ?? meaning, ops && `${ops} operations`, ms]
          .filter((line) => line !== "")
          .join("\n"),
        data: { stage: String(row.index) },
        attrs: {
          "aria-level": "1",
          "aria-selected": String(selected && state.hit < 0),
          ...(expandable ? { "aria-expanded": "true" } : {}),
        },
        onClick: () => (selected ? this.app.store.update({ hit: -1 }) : showStage(this.app, row.index)),
      },
      el("span", { class: "pass-index" }, String(row.index)),
      el("span", { class: "pass-sign" }),
      el("span", { class: "pass-name" }, visible(row.name)),
      el("span", { class: "pass-ops" }, ops),
      el("span", { class: "pass-ms" }, ms),
      el("span", { class: "for-readers" }, meaning),
    );
    element.querySelector(".pass-sign")?.append(icon(sign));
    return element;
  }

  private details(row: PassRow, state: State): HTMLElement[] {
    const made: HTMLElement[] = [];
    if (row.status === "failed" || row.status === "skipped")
      made.push(el("div", { class: `row-note ${row.status}`, role: "presentation" }, visible(row.reason ?? "")));
    const hits = row.hits ?? [];
    hits.slice(0, mostHits).forEach((hit, i) =>
      made.push(
        el(
          "div",
          {
            class: "row hit",
            role: "treeitem",
            id: `hit-${i}`,
            title: visible(hit.note === undefined ? hit.rule : `${hit.rule}\n${hit.note}`),
            data: { hit: String(i) },
            attrs: { "aria-level": "2", "aria-selected": String(state.hit === i) },
            onClick: () => this.app.store.update({ hit: i }),
          },
          el("span", { class: "hit-rule" }, visible(hit.rule.startsWith(`${row.name}/`) ? hit.rule.slice(row.name.length + 1) : hit.rule)),
          el("span", { class: "hit-note" }, visible(hit.note ?? `${hit.before.length} → ${hit.after.length}`)),
        ),
      ),
    );
    if (hits.length > mostHits) made.push(el("div", { class: "row-note", role: "presentation" }, `and ${hits.length - mostHits} more`));
    return made;
  }

  /** Up and down walk through what is in the tree: passes, and the rules under the one shown. */
  private key(event: KeyboardEvent): void {
    const { state } = this.app.store;
    const direction = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (direction !== 0) {
      const hits = Math.min(mostHits, passRows(state).find((row) => row.index === state.stage)?.hits?.length ?? 0);
      const next = state.hit + direction;
      if (next >= -1 && next < hits && (state.hit >= 0 || (direction > 0 && event.altKey))) this.app.store.update({ hit: next });
      else step(this.app, direction, !state.showUnchanged);
    } else if (event.key === "ArrowRight") this.app.store.update({ hit: Math.max(0, state.hit) });
    else if (event.key === "ArrowLeft") this.app.store.update({ hit: -1 });
    else if (event.key === "Home") showStage(this.app, 0);
    else if (event.key === "End") showStage(this.app, Number.MAX_SAFE_INTEGER);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

let panel: PassesPanel | undefined;

export const passesPanel: Panel = {
  id: "passes",
  title: "Passes",
  render: (app) => (panel = new PassesPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
};

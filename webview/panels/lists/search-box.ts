/** The field of the search, with the count, the ways to the next and the one before, and what is wrong with a query. */
import { showStage } from "../../actions.ts";
import { passRows, type App } from "../../app.ts";
import { iconButton, linkButton, searchField } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { queryOf } from "../../search/match.ts";
import { QueryError } from "../../search/query.ts";
import { foundElsewhere, searchFor, stepFound } from "../../search/session.ts";
import type { State } from "../../store.ts";
import { t } from "../../strings.ts";
import { revealInGraph } from "../graph/index.ts";
import { SearchHelp } from "./search-help.ts";

/** Goes to the next result or the one before, and brings it into sight. */
export function lookAtFound(app: App, direction: 1 | -1): void {
  const nodes = stepFound(app, direction);
  if (nodes.length > 0) revealInGraph(nodes);
}

export class SearchBox {
  readonly element: HTMLElement;
  private readonly field: HTMLInputElement;
  private readonly count = el("span", { class: "search-count", attrs: { "aria-live": "polite" } });
  private readonly steps: readonly HTMLButtonElement[];
  private readonly problem = el("div", { class: "search-problem", id: "search-problem", role: "status", hidden: true });
  private readonly help: SearchHelp;
  /** Nothing was found here: where there is something. */
  private readonly elsewhere = el("div", { class: "search-elsewhere", role: "status", hidden: true });
  private asked: readonly unknown[] = [];

  constructor(
    private readonly app: App,
    /** Puts the focus into the results. */
    private readonly toResults: () => void,
  ) {
    this.field = searchField("Search: words, op:, A -> B", (text) => searchFor(app, text));
    this.field.setAttribute("aria-describedby", "search-problem");
    this.field.title = "Search the graph (Ctrl+F or /). Enter: next, Shift+Enter: the one before";
    this.steps = [
      iconButton("up", "Previous result (Shift+F3)", () => lookAtFound(app, -1)),
      iconButton("down", "Next result (F3)", () => lookAtFound(app, 1)),
    ];
    this.help = new SearchHelp((example) => {
      this.field.value = example;
      this.field.focus();
      searchFor(app, example);
    });
    this.field.addEventListener("keydown", (event) => this.key(event));
    const tools = el("div", { class: "search-tools" }, this.count, ...this.steps, this.help.button);
    this.element = el(
      "div",
      { class: "search-box", role: "search" },
      el("div", { class: "search-row" }, this.field, tools),
      this.problem,
      this.elsewhere,
      this.help.element,
    );
  }

  /** Puts the cursor here, with all of the text selected. */
  focus(): void {
    this.field.focus();
    this.field.select();
  }

  update({ search }: State): void {
    if (this.field.value !== search.text) this.field.value = search.text;
    const { found, at } = search;
    const asked = search.text.trim() !== "";
    this.count.textContent =
      !asked || search.error ? "" : found.length === 0 ? "none" : at < 0 ? String(found.length) : `${at + 1} of ${found.length}`;
    for (const button of this.steps) button.disabled = found.length === 0;
    const error = asked && search.error ? queryOf(search.text) : undefined;
    this.field.setAttribute("aria-invalid", String(error instanceof QueryError));
    this.problem.hidden = !(error instanceof QueryError);
    if (error instanceof QueryError) fill(this.problem, ...problemText(search.text, error));
    this.showElsewhere(this.app.store.state);
  }

  /** After `update`: a search through other stages is made once for each graph and text. */
  private showElsewhere({ search, stage, version, bodies }: State): void {
    const now = [search.text, search.found, stage, version, bodies];
    if (now.every((part, i) => part === this.asked[i])) return;
    this.asked = now;
    const found = foundElsewhere(this.app);
    this.elsewhere.hidden = found === undefined;
    if (!found) return;
    const pass = passRows(this.app.store.state).find(({ index }) => index === found.stage)?.name ?? "";
    const go = (): void => {
      showStage(this.app, found.stage);
      lookAtFound(this.app, 1);
    };
    const where = `${found.stage} ${visible(pass)}`;
    fill(
      this.elsewhere,
      t("Not in this graph, but in another stage:"),
      " ",
      linkButton(t("{0} in {1}", found.count, where), go, t("Show that stage")),
    );
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Enter") lookAtFound(this.app, event.shiftKey ? -1 : 1);
    else if (event.key === "ArrowDown") this.toResults();
    else if (event.key === "Escape" && this.field.value !== "") searchFor(this.app, "");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** The query with the place marked, what is wrong, what to write. */
function problemText(text: string, { at, length, what, instead }: QueryError): HTMLElement[] {
  const end = Math.max(at + length, at + 1);
  return [
    el("code", { class: "search-where" }, text.slice(0, at), el("mark", {}, text.slice(at, end) || " "), text.slice(end)),
    el("span", {}, what),
    el("span", { class: "muted" }, ` ${instead}`),
  ];
}

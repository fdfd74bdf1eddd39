/** The slider over the whole compilation, with a mark for every stage: what changed the program, what did not, what failed. */
import type { App, PassRow } from "../../app.ts";
import { showStage } from "../../actions.ts";
import { slider } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { levelName } from "./rows.ts";

export class StageStrip {
  readonly element: HTMLElement;
  private readonly slide;
  private readonly marks = el("div", { class: "stage-marks", attrs: { "aria-hidden": "true" } });
  private shown: readonly PassRow[] = [];

  constructor(private readonly app: App) {
    this.slide = slider("Stage", (value) => showStage(app, value));
    this.element = el("div", { class: "slider-row" }, this.slide.element, this.marks);
  }

  update(rows: readonly PassRow[], stage: number): void {
    const row = rows.find(({ index }) => index === stage);
    this.slide.set(stage, rows[rows.length - 1]?.index ?? 0, `${stage}: ${row?.name ?? ""}${row ? `, ${levelName(row.level)}` : ""}`);
    if (rows !== this.shown) fill(this.marks, ...rows.map((one, i) => this.mark(one, rows[i - 1])));
    this.shown = rows;
    this.marks.querySelector(".here")?.classList.remove("here");
    this.marks.children[rows.findIndex(({ index }) => index === stage)]?.classList.add("here");
  }

  private mark(row: PassRow, before: PassRow | undefined): HTMLElement {
    const begins = before !== undefined && before.level !== row.level;
    return el("span", {
      class: `stage-mark ${row.status ?? "pending"}${begins ? " begins" : ""}`,
      title: `${row.index} ${visible(row.name)}`,
      onClick: () => showStage(this.app, row.index),
    });
  }
}

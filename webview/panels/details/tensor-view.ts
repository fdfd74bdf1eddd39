/** The numbers of a constant: figures over all of them, a histogram, a table of any two axes, and a file of them. */
import type { TensorPage, TensorStats } from "#protocol";
import type { App } from "../../app.ts";
import { dropdown, linkButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { histogram } from "../../draw/histogram.ts";
import { errorInfo, type Reply } from "../../host.ts";
import { digits, visible } from "../../model/format.ts";
import type { ValueRow } from "../../model/trace.ts";
import { facts, type Fact } from "./blocks.ts";
import { numberText, TensorGrid, windowAt, type GridSource } from "./tensor-grid.ts";

/** Elements of a row where a tensor has one axis only. */
const foldedColumns = 4;

export class TensorView {
  readonly element: HTMLElement;
  private readonly figures = el("div", { class: "tensor-figures", role: "status" });
  private readonly pickers = el("div", { class: "tensor-pickers" });
  private readonly notice = el("div", { class: "tensor-notice", role: "status" });
  private readonly grid: TensorGrid;
  private readonly extents: readonly number[];
  private stats: Reply<TensorStats> | undefined;
  private at: number[];
  private rowAxis: number;
  private columnAxis: number;

  constructor(
    private readonly app: App,
    private readonly value: ValueRow,
    private readonly stage: number,
  ) {
    this.extents = value.shape === "scalar" || value.shape === "" ? [] : value.shape.split("x").map(Number);
    this.at = this.extents.map(() => 0);
    this.columnAxis = Math.max(0, this.extents.length - 1);
    this.rowAxis = Math.max(0, this.extents.length - 2);
    this.grid = new TensorGrid(`Elements of ${visible(value.name) || "a constant"}`);
    const save = linkButton("Save as .npy", () => void this.save(save), "Writes all elements as a NumPy array");
    this.element = el(
      "div",
      { class: "tensor-view" },
      this.figures,
      this.pickers,
      this.grid.element,
      el("div", { class: "tensor-tools" }, save),
      this.notice,
    );
    this.buildPickers();
    this.showGrid();
    void this.count();
  }

  /** Stops what is still being read. */
  dispose(): void {
    this.stats?.cancel();
  }

  private async count(): Promise<void> {
    const bar = el("progress", { attrs: { max: "1", "aria-label": "Reading" } });
    const stop = linkButton("stop", () => this.stats?.cancel());
    fill(this.figures, el("span", { class: "muted" }, "reading "), bar, stop);
    this.stats = this.app.host.request("tensorStats", { value: this.value.id, stage: this.stage }, (_, done) => {
      if (done !== null) bar.value = done;
    });
    try {
      this.showStats(await this.stats.result);
    } catch (error) {
      const { code, message } = errorInfo(error);
      const again = linkButton("compute the statistics", () => void this.count());
      fill(this.figures, code === "cancelled" ? again : el("span", { class: "error-text" }, visible(message)));
    } finally {
      this.stats = undefined;
    }
  }

  private showStats(stats: TensorStats): void {
    const { count, min, max, mean, std, zeros, nans, infinities } = stats;
    const list: Fact[] = [["Elements", count.toLocaleString("en")]];
    if (!Number.isNaN(min)) {
      list.push(["Range", `${numberText(min)} to ${numberText(max)}`], ["Mean", `${numberText(mean)}, std ${numberText(std)}`]);
      list.push(["Zeros", `${digits((100 * zeros) / count)} % (${zeros.toLocaleString("en")})`]);
    }
    if (nans + infinities > 0) list.push(["Not finite", `${nans} NaN, ${infinities} infinite`]);
    fill(this.figures, facts(list));
    if (stats.histogram.length === 0) return;
    const holder = el("div", { class: "plot" });
    holder.append(histogram(stats.histogram, { width: Math.max(160, this.element.clientWidth || 240), min, max, format: numberText }));
    this.figures.append(holder);
  }

  /** Which axes are shown, and where on the others. */
  private buildPickers(): void {
    const rank = this.extents.length;
    this.pickers.hidden = rank < 3;
    if (rank < 3) return;
    const axes = this.extents.map((extent, axis) => ({ value: String(axis), label: `axis ${axis} (${extent})` }));
    const pick = (label: string, now: number, set: (axis: number) => void): HTMLElement =>
      el("label", {}, `${label} `, dropdown(label, axes, String(now), (value) => set(Number(value))).element);
    const rows = pick("Rows", this.rowAxis, (axis) => this.turn(axis, axis === this.columnAxis ? this.rowAxis : this.columnAxis));
    const columns = pick("Columns", this.columnAxis, (axis) => this.turn(axis === this.rowAxis ? this.columnAxis : this.rowAxis, axis));
    const slices = this.extents.flatMap((extent, axis) =>
      axis === this.rowAxis || axis === this.columnAxis ? [] : [this.slicePicker(axis, extent)],
    );
    fill(this.pickers, rows, columns, ...slices);
  }

  private slicePicker(axis: number, extent: number): HTMLElement {
    const input = el("input", {
      class: "slice",
      attrs: {
        type: "number",
        min: "0",
        max: String(extent - 1),
        value: String(this.at[axis]),
        "aria-label": `Position along axis ${axis}`,
      },
    });
    input.addEventListener("input", () => {
      this.at[axis] = Math.max(0, Math.min(extent - 1, Math.trunc(Number(input.value)) || 0));
      this.showGrid();
    });
    input.addEventListener("keydown", (event) => event.stopPropagation());
    return el("label", {}, `axis ${axis} at `, input, ` of ${extent}`);
  }

  private turn(rowAxis: number, columnAxis: number): void {
    [this.rowAxis, this.columnAxis] = [rowAxis, columnAxis];
    this.buildPickers();
    this.showGrid();
  }

  private showGrid(): void {
    const wide = this.value.dtype === "string" || this.value.dtype.startsWith("c") ? 110 : /64/.test(this.value.dtype) ? 84 : 66;
    this.grid.show(this.extents.length >= 2 ? this.matrix() : this.list(), wide);
  }

  private matrix(): GridSource {
    const place = windowAt([...this.at], this.rowAxis, this.columnAxis);
    return {
      rows: this.extents[this.rowAxis] ?? 0,
      columns: this.extents[this.columnAxis] ?? 0,
      rowLabel: String,
      columnLabel: String,
      window: (row, column, rows, columns) => this.ask({ start: 0, count: 0, window: place(row, column, rows, columns) }),
    };
  }

  /** A list goes on from row to row. */
  private list(): GridSource {
    const length = this.extents[0] ?? 1;
    const columns = Math.min(foldedColumns, Math.max(1, length));
    const window: GridSource["window"] = async (row, column, rows, across) => {
      const page = await this.ask({ start: row * columns, count: rows * columns });
      if (across === columns) return page;
      const inSight = (_: unknown, i: number): boolean => i % columns >= column && i % columns < column + across;
      return { ...page, values: page.values.filter(inSight), ...(page.texts ? { texts: page.texts.filter(inSight) } : {}) };
    };
    return {
      rows: Math.ceil(length / columns),
      columns,
      rowLabel: (row) => String(row * columns),
      columnLabel: (column) => `+${column}`,
      window,
    };
  }

  private async ask(part: Pick<Parameters<typeof this.request>[0], "start" | "count" | "window">): Promise<TensorPage> {
    try {
      const page = await this.request(part);
      fill(this.notice);
      return page;
    } catch (error) {
      fill(this.notice, el("span", { class: "error-text" }, visible(errorInfo(error).message)));
      throw error;
    }
  }

  private request(part: { start: number; count: number; window?: ReturnType<ReturnType<typeof windowAt>> }): Promise<TensorPage> {
    return this.app.host.request("tensor", { value: this.value.id, stage: this.stage, ...part }).result;
  }

  private async save(trigger: HTMLButtonElement): Promise<void> {
    trigger.disabled = true;
    try {
      const { path, note } = await this.app.host.request("saveTensor", { value: this.value.id, stage: this.stage }, (_, done) => {
        fill(this.notice, `writing${done === null ? "" : ` ${Math.round(100 * done)} %`}`);
      }).result;
      fill(this.notice, path === undefined ? "" : `Saved: ${visible(path)}${note === undefined ? "" : ` (${note})`}`);
    } catch (error) {
      fill(this.notice, el("span", { class: "error-text" }, visible(errorInfo(error).message)));
    } finally {
      trigger.disabled = false;
    }
  }
}

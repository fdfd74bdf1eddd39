/** The elements of a constant as a table of which only the part in sight exists and is asked for. */
import type { TensorPage, TensorWindow } from "#protocol";
import { el, fill } from "../../dom.ts";
import { digits, visible } from "../../model/format.ts";

export interface GridSource {
  /** Elements of rows and columns from a corner on. */
  readonly window: (row: number, column: number, rows: number, columns: number) => Promise<TensorPage>;
  readonly rows: number;
  readonly columns: number;
  /** What stands before a row. */
  readonly rowLabel: (row: number) => string;
  readonly columnLabel: (column: number) => string;
}

const rowHeight = 18;
const margin = 4;
/** Browsers do not lay out taller elements; beyond it a pixel of the scroll bar stands for several rows. */
const tallest = 8_000_000;

export class TensorGrid {
  readonly element: HTMLElement;
  private readonly space = el("div", { class: "grid-space", role: "presentation" });
  private readonly body = el("div", { class: "grid-body", role: "presentation" });
  private source: GridSource | undefined;
  private cellWidth = 72;
  private labelWidth = 40;
  private asked = 0;
  private shown = "";

  constructor(label: string) {
    this.element = el("div", { class: "tensor-grid", tabIndex: 0, role: "table", attrs: { "aria-label": label } }, this.space, this.body);
    this.element.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  show(source: GridSource, cellWidth: number): void {
    this.source = source;
    this.cellWidth = cellWidth;
    this.labelWidth = 14 + 7 * source.rowLabel(Math.max(0, source.rows - 1)).length;
    this.element.setAttribute("aria-rowcount", String(source.rows));
    this.element.setAttribute("aria-colcount", String(source.columns));
    this.space.style.height = `${Math.min(tallest, (source.rows + 1) * rowHeight)}px`;
    this.space.style.width = `${this.labelWidth + source.columns * cellWidth}px`;
    this.element.scrollTo(0, 0);
    this.shown = "";
    this.draw();
  }

  /** Asks for what is in sight, unless it is there. */
  private draw(): void {
    const { source } = this;
    const { scrollTop, scrollLeft, clientHeight, clientWidth } = this.element;
    if (!source || clientHeight === 0) return;
    const whole = (source.rows + 1) * rowHeight;
    const ratio = whole > tallest ? (whole - clientHeight) / (tallest - clientHeight) : 1;
    const top = Math.min(Math.max(0, source.rows - 1), Math.floor((scrollTop * ratio) / rowHeight));
    const left = Math.min(Math.max(0, source.columns - 1), Math.floor(scrollLeft / this.cellWidth));
    const rows = Math.min(source.rows - top, Math.ceil(clientHeight / rowHeight) + margin);
    const columns = Math.min(source.columns - left, Math.ceil(clientWidth / this.cellWidth) + 1);
    const key = `${top},${left},${rows},${columns}`;
    if (key === this.shown) return;
    this.shown = key;
    this.asked += 1;
    const asked = this.asked;
    source.window(top, left, rows, columns).then(
      (page) => asked === this.asked && this.fill(page, top, left, columns),
      () => asked === this.asked && (this.shown = ""),
    );
  }

  private fill(page: TensorPage, top: number, left: number, columns: number): void {
    const { source } = this;
    if (!source) return;
    const cell = (text: string, width: number, role: "cell" | "rowheader" | "columnheader" | "corner", title = ""): HTMLElement => {
      const kind = role === "cell" ? "grid-cell" : "grid-cell label";
      const made = el("span", { class: kind, role: role === "corner" ? "cell" : role, ...(title ? { title } : {}) }, text);
      made.style.width = `${width}px`;
      return made;
    };
    const count = page.texts?.length ?? page.values.length;
    const texts = Array.from({ length: count }, (_, i) => visible(page.texts?.[i] ?? numberText(page.values[i] ?? NaN)));
    const head = el("div", { class: "grid-row grid-head", role: "row" }, cell("", this.labelWidth, "corner"));
    for (let c = 0; c < columns; c += 1) head.append(cell(source.columnLabel(left + c), this.cellWidth, "columnheader"));
    const rows = Array.from({ length: Math.ceil(count / Math.max(1, columns)) }, (_, r) => {
      const row = el("div", { class: "grid-row", role: "row" }, cell(source.rowLabel(top + r), this.labelWidth, "rowheader"));
      for (let c = 0; c < columns; c += 1) {
        const i = r * columns + c;
        if (i >= count) break;
        const exact = page.texts?.[i] ?? String(page.values[i]);
        row.append(cell(texts[i] ?? "", this.cellWidth, "cell", exact === texts[i] ? "" : visible(exact)));
      }
      return row;
    });
    const { scrollTop, scrollLeft } = this.element;
    this.body.style.transform = `translate(${Math.max(0, Math.min(scrollLeft, left * this.cellWidth))}px, ${scrollTop}px)`;
    fill(this.body, head, ...rows);
    this.element.dataset.shown = this.shown;
  }
}

export const numberText = (value: number): string => (Number.isFinite(value) ? digits(value) : String(value).replace("Infinity", "∞"));

/** A window of a tensor at fixed positions of the other axes. */
export const windowAt =
  (at: readonly number[], rowAxis: number, columnAxis: number) =>
  (row: number, column: number, rows: number, columns: number): TensorWindow => ({
    at: at.map((position, axis) => (axis === rowAxis ? row : axis === columnAxis ? column : position)),
    rowAxis,
    columnAxis,
    rows,
    columns,
  });

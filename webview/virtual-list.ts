/** A list of any length of which only the rows in sight exist. One focus stop; the active row is named by aria-activedescendant. */
import { el } from "./dom.ts";

export interface ListOptions {
  readonly label: string;
  /** `tree` for rows with levels. */
  readonly role: "tree" | "listbox";
  readonly idPrefix: string;
  /** Makes the row; role, place and id are set by the list. */
  readonly row: (index: number) => HTMLElement;
  readonly selected: (index: number) => boolean;
  readonly onSelect: (index: number, event: MouseEvent | KeyboardEvent) => void;
  readonly onOpen?: (index: number) => void;
  /** For trees: level and, for parents, whether it is open. */
  readonly level?: (index: number) => { readonly level: number; readonly expanded?: boolean };
  readonly onToggle?: (index: number, open: boolean) => void;
  readonly onHover?: (index: number | undefined) => void;
  /** In pixels; of each row, where they differ. */
  readonly rowHeight?: number | ((index: number) => number);
  /** Rows made above and below those in sight. */
  readonly margin?: number;
  /** Ids of rows that have one of their own. */
  readonly id?: (index: number) => string | undefined;
  /** Keys that mean something else here: true when it was one. */
  readonly onKey?: (event: KeyboardEvent) => boolean;
}

const usualMargin = 8;

export class VirtualList {
  readonly element: HTMLElement;
  private readonly scroller = el("div", { class: "scroller", role: "presentation" });
  /** Where each row begins, and after the last one the end. */
  private tops = new Float64Array(1);
  private count = 0;
  private active = -1;

  constructor(private readonly options: ListOptions) {
    this.element = el(
      "div",
      { class: options.role === "tree" ? "tree" : "list", role: options.role, tabIndex: 0, attrs: { "aria-label": options.label } },
      this.scroller,
    );
    this.element.addEventListener("scroll", () => this.draw(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.key(event));
    if (options.onHover) {
      this.element.addEventListener("pointerover", (event) => options.onHover?.(this.indexAt(event.target)));
      this.element.addEventListener("pointerleave", () => options.onHover?.(undefined));
    }
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Shows `count` rows again, with row `reveal` active and in sight if there is one. */
  set(count: number, reveal = -1): void {
    this.count = count;
    this.active = Math.min(this.active, count - 1);
    const { rowHeight = 22 } = this.options;
    this.tops = new Float64Array(count + 1);
    for (let i = 0; i < count; i += 1) {
      this.tops[i + 1] = (this.tops[i] as number) + (typeof rowHeight === "number" ? rowHeight : rowHeight(i));
    }
    this.scroller.style.height = `${this.top(count)}px`;
    if (reveal >= 0 && reveal < count) this.reveal(reveal);
    else this.draw();
  }

  private top(i: number): number {
    return this.tops[Math.min(i, this.count)] ?? 0;
  }

  /** The row at a height, from 0. */
  private rowAt(y: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.top(middle + 1) <= y) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Draws the rows in sight again: their content or the selection changed. */
  draw(): void {
    const { scrollTop, clientHeight } = this.element;
    const { margin = usualMargin } = this.options;
    const first = Math.max(0, this.rowAt(scrollTop) - margin);
    const last = Math.min(this.count, this.rowAt(scrollTop + clientHeight) + 1 + margin);
    const rows: HTMLElement[] = [];
    for (let i = first; i < last; i += 1) rows.push(this.makeRow(i));
    this.scroller.replaceChildren(...rows);
    const active = this.active >= first && this.active < last ? this.idOf(this.active) : "";
    if (active) this.element.setAttribute("aria-activedescendant", active);
    else this.element.removeAttribute("aria-activedescendant");
  }

  private idOf(i: number): string {
    return this.options.id?.(i) ?? `${this.options.idPrefix}${i}`;
  }

  private makeRow(i: number): HTMLElement {
    const { options } = this;
    const row = options.row(i);
    row.id = this.idOf(i);
    row.dataset.index = String(i);
    row.style.top = `${this.top(i)}px`;
    row.style.height = `${this.top(i + 1) - this.top(i)}px`;
    if (row.getAttribute("role") === "presentation") return row; // a heading between rows
    row.setAttribute("role", options.role === "tree" ? "treeitem" : "option");
    row.setAttribute("aria-selected", String(options.selected(i)));
    row.setAttribute("aria-posinset", String(i + 1));
    row.setAttribute("aria-setsize", String(this.count));
    const place = options.level?.(i);
    if (place) row.setAttribute("aria-level", String(place.level));
    if (place?.expanded !== undefined) row.setAttribute("aria-expanded", String(place.expanded));
    row.addEventListener("click", (event) => {
      this.active = i;
      options.onSelect(i, event);
    });
    row.addEventListener("dblclick", () => options.onOpen?.(i));
    return row;
  }

  private indexAt(target: EventTarget | null): number | undefined {
    const row = (target as Element | null)?.closest?.("[data-index]");
    return row instanceof HTMLElement ? Number(row.dataset.index) : undefined;
  }

  /** Makes a row the active one and brings it into sight. */
  reveal(index: number): void {
    if (index < 0 || index >= this.count) return;
    this.active = index;
    const [top, bottom] = [this.top(index), this.top(index + 1)];
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop || bottom > scrollTop + clientHeight) this.element.scrollTop = Math.max(0, top - clientHeight / 3);
    this.draw();
  }

  private key(event: KeyboardEvent): void {
    if (this.options.onKey?.(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const { scrollTop, clientHeight } = this.element;
    const page = Math.max(1, this.rowAt(scrollTop + clientHeight) - this.rowAt(scrollTop) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.count,
      End: this.count,
    };
    const move = moves[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (move !== undefined) {
      const next = Math.min(this.count - 1, Math.max(0, this.active + move));
      this.reveal(next);
      if (next >= 0 && this.count > 0) this.options.onSelect(next, event);
    } else if (event.key === "Enter" && this.active >= 0) this.options.onOpen?.(this.active);
    else if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && this.active >= 0 && this.options.onToggle)
      this.options.onToggle(this.active, event.key === "ArrowRight");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

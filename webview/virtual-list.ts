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
  readonly rowHeight?: number;
}

const margin = 8;

export class VirtualList {
  readonly element: HTMLElement;
  private readonly scroller = el("div", { class: "scroller", role: "presentation" });
  private readonly height: number;
  private count = 0;
  private active = -1;

  constructor(private readonly options: ListOptions) {
    this.height = options.rowHeight ?? 22;
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

  /** Shows `count` rows again. */
  set(count: number): void {
    this.count = count;
    this.active = Math.min(this.active, count - 1);
    this.scroller.style.height = `${count * this.height}px`;
    this.draw();
  }

  /** Draws the rows in sight again: their content or the selection changed. */
  draw(): void {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / this.height) - margin);
    const last = Math.min(this.count, Math.ceil((scrollTop + clientHeight) / this.height) + margin);
    const rows: HTMLElement[] = [];
    for (let i = first; i < last; i += 1) rows.push(this.makeRow(i));
    this.scroller.replaceChildren(...rows);
    const active = this.active >= first && this.active < last ? `${this.options.idPrefix}${this.active}` : "";
    if (active) this.element.setAttribute("aria-activedescendant", active);
    else this.element.removeAttribute("aria-activedescendant");
  }

  private makeRow(i: number): HTMLElement {
    const { options } = this;
    const row = options.row(i);
    row.id = `${options.idPrefix}${i}`;
    row.dataset.index = String(i);
    row.style.top = `${i * this.height}px`;
    row.style.height = `${this.height}px`;
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
    const top = index * this.height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop || top + this.height > scrollTop + clientHeight) this.element.scrollTop = Math.max(0, top - clientHeight / 3);
    this.draw();
  }

  private key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height) - 1);
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

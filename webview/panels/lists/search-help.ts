/** What can be searched for, with examples that can be tried by a click. */
import { el } from "../../dom.ts";
import { iconButton, linkButton } from "../../controls/index.ts";
import { fields } from "../../search/fields.ts";
import { farthest } from "../../search/structure.ts";

const general: readonly (readonly [example: string, what: string])[] = [
  ["attention add", "all words, in names, operators, shapes or types"],
  ['"layer 1"', "the text as it stands"],
  ["/layer\\.\\d+$/", "a regular expression"],
  ["matmul -name:head", "- or not: leaves out"],
];

const chains: readonly (readonly [example: string, what: string])[] = [
  ["MatMul -> * -> Softmax", "who feeds whom; * is any node"],
  ["LayerNorm ->> Softmax", `over any distance, up to ${farthest} edges`],
  ["Add -> (MatMul, Mul)", "branches of one node"],
  ["(Transpose, Softmax) -> MatMul", "or into one"],
  ["op:Add shape:?x768 -> -op:Add", "every field works in a chain, too"],
];

export class SearchHelp {
  readonly button: HTMLButtonElement;
  readonly element: HTMLElement;

  constructor(private readonly choose: (example: string) => void) {
    this.button = iconButton("help", "What can be searched for", () => this.show(this.element.hidden));
    this.button.setAttribute("aria-expanded", "false");
    const rows = Object.entries(fields).map(([, { example, what }]) => [example, what] as const);
    this.element = el(
      "div",
      { class: "search-help", role: "dialog", hidden: true, tabIndex: -1, attrs: { "aria-label": "Search help" } },
      el("h3", {}, "Text"),
      this.table(general),
      el("h3", {}, "Fields"),
      this.table(rows),
      el("h3", {}, "Structure"),
      this.table(chains),
      el(
        "p",
        { class: "muted" },
        "F3 and Shift+F3 go through the results from anywhere; stepping through the passes searches each stage again.",
      ),
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.show(false);
      this.button.focus();
    });
    document.addEventListener("pointerdown", (event) => {
      const inside = event.composedPath().some((part) => part === this.element || part === this.button);
      if (!this.element.hidden && !inside) this.show(false);
    });
  }

  private show(open: boolean): void {
    this.element.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    // The column is narrow: the help stands over the picture beside it.
    const place = this.button.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = this.element;
    this.element.style.left = `${Math.max(8, Math.min(place.right + 8, innerWidth - offsetWidth - 8))}px`;
    this.element.style.top = `${Math.max(8, Math.min(place.top, innerHeight - offsetHeight - 8))}px`;
    this.element.focus();
  }

  private table(rows: readonly (readonly [example: string, what: string])[]): HTMLElement {
    const list = el("dl", { class: "search-examples" });
    for (const [example, what] of rows) {
      const tried = linkButton(example, () => {
        this.show(false);
        this.choose(example);
      });
      list.append(el("dt", {}, tried), el("dd", {}, what));
    }
    return list;
  }
}

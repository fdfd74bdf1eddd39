/** Assembly with notes: what each instruction does, what a model of the processor says that it costs, and where in the headers it comes from. */
import type { InstructionNote, InstructionNotes, InstructionPrice, TextReply } from "#protocol";
import { linkButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { noteText, unitsText } from "../../model/instruction-text.ts";
import { t } from "../../strings.ts";
import type { CodeView, Shown } from "./code-view.ts";
import { placeOf, shortPlace } from "./native-links.ts";

/** Pixels of the text from which the columns of costs leave room for instructions. */
const roomForCosts = 460;

export class AssemblyNotes {
  /** The user's choice; undefined: where there is room. */
  private wanted: boolean | undefined;
  private text: TextReply | undefined;
  private readonly toggle: HTMLElement;

  constructor(private readonly view: CodeView) {
    this.toggle = linkButton(t("costs"), () => this.turn(), t("Latency, cycles each and units of every instruction"));
    fill(view.links, this.toggle);
    new ResizeObserver(() => this.text && this.wanted === undefined && this.refresh()).observe(view.element);
  }

  private drawn: boolean | undefined;

  private get on(): boolean {
    return this.wanted ?? this.view.element.clientWidth >= roomForCosts;
  }

  private turn(): void {
    this.wanted = !this.on;
    this.refresh();
  }

  private refresh(): void {
    if (this.text && this.drawn !== this.on) this.view.show(this.shown(this.text), `${this.text.lines.length} lines`);
  }

  /** The text as the view takes it. */
  shown(text: TextReply): Shown {
    this.text = text;
    this.drawn = this.on;
    const { notes } = text;
    this.toggle.hidden = notes === undefined;
    this.toggle.setAttribute("aria-pressed", String(this.on));
    this.view.remark.hidden = notes === undefined || !this.on;
    if (notes) fill(this.view.remark, ...remark(notes));
    const noteOf = (line: number): InstructionNote | undefined => notes?.rows[notes.row[line - 1] ?? -1];
    return {
      lines: text.lines,
      about: (line) => {
        const place = placeOf(text, line);
        const note = noteOf(line);
        const words = note && notes ? noteText(note, notes.prices) : "";
        const title = [words, place && `${place.file}:${place.line}`].filter(Boolean).join("\n");
        return title === "" ? undefined : { title, ...(place ? { behind: shortPlace(place.file, place.line) } : {}) };
      },
      ...(this.on && notes?.prices.valid ? { columns: (line: number) => costs(noteOf(line)?.price) } : {}),
    };
  }
}

const cell = (kind: string, text: string): HTMLElement => el("span", { class: `cost cost-${kind}` }, text);

const costs = (price: InstructionPrice | undefined): readonly HTMLElement[] => [
  cell("latency", price ? String(price.latency) : ""),
  cell("each", price ? String(Number(price.throughput.toFixed(2))) : ""),
  cell("units", price ? unitsText(price.ports) : ""),
];

/** Whose prices they are, and the heads of the columns; or why there are none. */
function remark({ prices }: InstructionNotes): HTMLElement[] {
  if (!prices.valid) return [el("p", {}, t("No costs of instructions: {0}.", visible(prices.why)))];
  const head = (kind: string, text: string, title: string): HTMLElement => el("span", { class: `cost cost-${kind}`, title }, text);
  return [
    el("p", {}, t("Costs by the model {0} of {1}: {2}. Estimates.", visible(prices.model), visible(prices.tool), visible(prices.modelIs))),
    el(
      "div",
      { class: "cost-heads" },
      el("span", { class: "line-number" }),
      head("latency", t("lat."), t("Latency: cycles from the operands to the result, a load in it")),
      head("each", t("each"), t("Cycles per instruction, when many follow that do not wait for each other")),
      head("units", t("units"), t("Execution units that may do it")),
    ),
  ];
}

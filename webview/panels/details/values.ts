/** Values with shape and where it is from, dtype, layout, size, and the numbers of constants on demand. */
import type { ProbedTensor } from "#protocol";
import type { App } from "../../app.ts";
import { linkButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { errorInfo } from "../../host.ts";
import { shapeText } from "../../model/boxes.ts";
import { bytesText, visible } from "../../model/format.ts";
import type { ValueRow } from "../../model/trace.ts";
import { block } from "./blocks.ts";
import { numberText } from "./tensor-grid.ts";
import { TensorView } from "./tensor-view.ts";

/** Names of the operator's operands or results, in order; the last one may stand for many. */
export type Roles = readonly (readonly [name: string, what: string])[];

export function valueBlock(app: App, title: string, values: readonly ValueRow[], stage: number, roles: Roles = []): HTMLElement {
  return block(title, ...values.map((value, i) => valueCard(app, value, stage, roles[i])));
}

const origins: Readonly<Record<string, string>> = {
  declared: "declared in the file",
  inferred: "inferred",
  set: "set by the options",
  unknown: "not known",
};

function valueCard(app: App, value: ValueRow, stage: number, role: Roles[number] | undefined): HTMLElement {
  const holder = el("div", { class: "numbers" });
  const inBody = app.store.state.bodies.length > 0;
  return el(
    "div",
    { class: "value", data: { value: String(value.id) } },
    el(
      "div",
      { class: "value-head" },
      role && el("span", { class: "value-role", title: role[1] }, role[0]),
      el("code", { class: "value-type" }, `${shapeText(value.shape)} ${value.dtype}`),
      el("span", { class: "value-bytes" }, Number.isFinite(value.bytes) ? bytesText(value.bytes) : ""),
    ),
    el("div", { class: "value-name" }, visible(value.name) || "(no name)"),
    el("div", { class: "value-notes" }, notes(value).join(" · ")),
    !inBody &&
      app.store.state.hello?.recorded !== true &&
      (value.constant ? valuesButton(app, value, stage, holder) : probeLinks(app, value, stage, holder)),
    holder,
  );
}

function notes(value: ValueRow): string[] {
  return [
    `shape ${origins[value.shapeSource] ?? value.shapeSource}`,
    value.layout === "" || value.layout === "plain" ? "row-major" : `layout ${value.layout}`,
    value.constant ? "constant" : "computed",
  ];
}

/** Views that are open, by value: details are made anew at every selection, and what is open stays. */
const open = new Map<string, TensorView>();
const mostOpen = 8;

function valuesButton(app: App, value: ValueRow, stage: number, holder: HTMLElement): HTMLElement {
  const key = `${app.store.state.generation}:${value.id}`;
  const toggle = linkButton("", () => {
    const view = open.get(key);
    if (view) {
      view.dispose();
      open.delete(key);
    } else openView(key, new TensorView(app, value, stage));
    draw();
  });
  const draw = (): void => {
    const view = open.get(key);
    toggle.textContent = view ? "hide values" : "show values";
    toggle.setAttribute("aria-expanded", String(view !== undefined));
    holder.replaceChildren(...(view ? [view.element] : []));
  };
  draw();
  return toggle;
}

/** Values that exist at run time only are shown of a run, on data that the user chooses. */
function probeLinks(app: App, value: ValueRow, stage: number, holder: HTMLElement): HTMLElement | false {
  const { hello } = app.store.state;
  if (hello?.trusted === false || hello?.cannotRun !== undefined) return false;
  const key = `${app.store.state.generation}:${value.id}:probed`;
  const note = el("div", { class: "tensor-notice", role: "status" });
  const links = el("span", { class: "value-links" });
  const drop = (): void => {
    open.get(key)?.dispose();
    open.delete(key);
  };
  const show = (): void => {
    const view = open.get(key);
    const toggle = linkButton(view ? "hide values" : "values of a run", () => (view ? (drop(), fill(note), show()) : void run(false)));
    toggle.setAttribute("aria-expanded", String(view !== undefined));
    fill(links, toggle, ...(view ? [" · ", linkButton("other data", () => void run(true))] : []));
    holder.replaceChildren(note, ...(view ? [view.element] : []));
  };
  const run = async (choose: boolean): Promise<void> => {
    holder.replaceChildren(note);
    fill(note, "running the model");
    try {
      const reply = app.host.request("probe", { value: value.id, stage, choose }, (text) => fill(note, visible(text)));
      const { tensor, data } = await reply.result;
      drop();
      if (tensor === null) fill(note);
      else {
        const shape = tensor.shape.length === 0 ? "scalar" : tensor.shape.join("x");
        openView(key, new TensorView(app, { ...value, shape, dtype: tensor.dtype }, stage));
        fill(note, probedText(tensor, data));
      }
      show();
    } catch (error) {
      fill(note, el("span", { class: "error-text" }, visible(errorInfo(error).message)));
    }
  };
  show();
  return links;
}

/** What it was run on, how the value was seen, and how it compares. */
function probedText({ how, against, notCompared }: ProbedTensor, data: string): string {
  const seen = how === "written out" ? "kept in registers or scratch by this code, so compiled once more with it as an output" : how;
  const beside =
    against !== undefined
      ? `${against.ok ? "agrees with" : "differs from"} ONNX Runtime, by ${numberText(against.maxAbs)} at most`
      : notCompared === undefined
        ? ""
        : `not compared: ${notCompared}`;
  return visible([`run on ${data}`, seen, beside].filter((s) => s !== "").join("; "));
}

function openView(key: string, view: TensorView): void {
  open.set(key, view);
  const [oldest] = open.keys();
  if (open.size <= mostOpen || oldest === undefined) return;
  open.get(oldest)?.dispose();
  open.delete(oldest);
}

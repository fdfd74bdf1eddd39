/** Values with shape, dtype, layout, size, and the numbers of constants on demand. */
import type { App } from "../../app.ts";
import { linkButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { errorInfo } from "../../host.ts";
import { shapeText } from "../../model/boxes.ts";
import { bytesText, digits, visible } from "../../model/format.ts";
import type { ValueRow } from "../../model/trace.ts";
import { block } from "./blocks.ts";

/** Numbers asked for at a time. */
const page = 64;

export function valueBlock(app: App, title: string, values: readonly ValueRow[], stage: number): HTMLElement {
  return block(title, ...values.map((value) => valueCard(app, value, stage)));
}

function valueCard(app: App, value: ValueRow, stage: number): HTMLElement {
  const numbers = el("div", { class: "numbers" });
  const show = linkButton("show values", () => void showNumbers(app, value.id, stage, numbers, show));
  return el(
    "div",
    { class: "value" },
    el(
      "div",
      { class: "value-head" },
      el("code", { class: "value-type" }, `${shapeText(value.shape)} ${value.dtype}`),
      el("span", { class: "value-bytes" }, Number.isFinite(value.bytes) ? bytesText(value.bytes) : ""),
    ),
    el("div", { class: "value-name" }, visible(value.name) || "(no name)"),
    el(
      "div",
      { class: "value-notes" },
      [
        value.layout !== "" && value.layout !== "plain" ? value.layout : "plain layout",
        value.constant ? "constant" : "",
        `shape ${value.shapeSource}`,
      ]
        .filter((note) => note !== "")
        .join(" · "),
    ),
    value.constant && app.store.state.bodies.length === 0 && show,
    numbers,
  );
}

const numberText = (value: number): string => (Number.isFinite(value) ? digits(value) : String(value).replace("Infinity", "∞"));

async function showNumbers(app: App, value: number, stage: number, into: HTMLElement, trigger: HTMLButtonElement): Promise<void> {
  trigger.disabled = true;
  fill(into, "reading …");
  try {
    const { values, texts } = await app.host.request("tensor", { value, stage, start: 0, count: page }).result;
    const rows = texts ? texts.map(visible).join("  ") : Array.from(values, numberText).join("  ");
    fill(
      into,
      values.length === 0 && "no elements",
      el("code", { class: "number-list" }, rows),
    );
    trigger.remove();
  } catch (error) {
    trigger.disabled = false;
    fill(into, el("span", { class: "error-text" }, visible(errorInfo(error).message)));
  }
}

/** Attributes of a node with their types; long ones are folded. */
import type { App } from "../../app.ts";
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import type { NodeRow } from "../../model/trace.ts";
import { table } from "./blocks.ts";

const longest = 60;

export function attributeTable(app: App, node: NodeRow): HTMLElement | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(node.attrs || "{}");
  } catch {
    return el("code", {}, visible(node.attrs));
  }
  const entries = typeof parsed === "object" && parsed !== null ? Object.entries(parsed) : [];
  if (entries.length === 0) return undefined;
  const words = new Map(app.store.state.hello?.opDocs?.[node.op]?.attributes ?? []);
  const rows = entries.map(([name, value]) => [el("span", { title: words.get(name) ?? "" }, visible(name)), valueOf(value), typeOf(value)]);
  const made = table(["attribute", "value", "type"], rows);
  made.classList.add("attributes");
  return made;
}

function valueOf(value: unknown): HTMLElement {
  const text = visible(typeof value === "string" ? value : JSON.stringify(value));
  if (text.length <= longest) return el("code", {}, text);
  const count = Array.isArray(value) ? `${value.length} elements` : `${text.length} characters`;
  return el("details", { class: "unfold" }, el("summary", {}, `${text.slice(0, 24)}… ${count}`), el("code", { class: "long-value" }, text));
}

/** As the graph's text writes them: 64-bit integers beyond 2^53, NaN and infinities are text in the record. */
function typeOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "list" : `${typeOf(value[0])}s`;
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "text" : typeof value;
}

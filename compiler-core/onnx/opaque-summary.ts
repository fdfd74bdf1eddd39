/** What is kept of a node that is not compiled: enough to show it. */
import type { OnnxAttribute, OnnxNode } from "./model.ts";

const maxText = 120;

/** `name = value` of every attribute, shortened. */
export const attributeTexts = (node: OnnxNode): readonly string[] => node.attributes.map((a) => `${a.name} = ${shorten(valueText(a))}`);

const shorten = (text: string): string => (text.length > maxText ? `${text.slice(0, maxText)}...` : text);

function valueText(a: OnnxAttribute): string {
  if (a.refAttrName !== "") return `@${a.refAttrName}`;
  if (a.kind === "float" || a.kind === "int") return String(a.value);
  if (a.kind === "string") return JSON.stringify(a.value);
  if (a.kind === "floats" || a.kind === "ints") return `[${a.value.slice(0, 32).join(", ")}${a.value.length > 32 ? ", ..." : ""}]`;
  if (a.kind === "strings")
    return `[${a.value
      .slice(0, 8)
      .map((s) => JSON.stringify(s))
      .join(", ")}]`;
  if (a.kind === "tensor") return `tensor ${a.value.dtype}[${a.value.dims.join(",")}]`;
  if (a.kind === "graph") return `graph of ${a.value.nodes.length} node${a.value.nodes.length === 1 ? "" : "s"}`;
  return a.kind;
}

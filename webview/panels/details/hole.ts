/** A node that is not compiled: why, who runs it, and what the file says about it. */
import type { App } from "../../app.ts";
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { fateOf } from "../../model/holes.ts";
import type { NodeRow } from "../../model/trace.ts";
import { block, facts, type Fact } from "./blocks.ts";

/** Undefined for what is compiled. */
export function holeBlock(app: App, node: NodeRow): HTMLElement | undefined {
  const { summary } = app.store.state;
  const fate = fateOf(node, summary);
  if (!fate) return undefined;
  const { hole } = node;
  const source = summary?.sources[node.origin[node.origin.length - 1] ?? -1];
  const domain = hole?.domain ?? source?.domain ?? "";
  const opType = hole?.opType ?? source?.opType ?? node.op;
  const known: Fact[] = [
    ...(fate.kind === "later" ? [] : [["Why", visible(fate.why)] as const]),
    ["Where", fate.where],
    ["Operator", visible(domain === "" ? opType : `${domain}.${opType}`)],
  ];
  const attributes = (hole?.attributes ?? []).map((line) => el("li", {}, el("code", {}, visible(line))));
  return block(
    fate.kind === "later" ? "As the file has it" : "Not compiled",
    facts(known),
    attributes.length > 0 ? el("ul", { class: "plain" }, ...attributes) : undefined,
  );
}

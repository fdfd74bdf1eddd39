/** A node that is not compiled: why, who runs it, and what the file says about it. */
import type { App } from "../../app.ts";
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { holePlace } from "../../model/holes.ts";
import type { NodeRow } from "../../model/trace.ts";
import { block, facts, type Fact } from "./blocks.ts";

/** Undefined for what is compiled. A node may be cut out later than at the stage shown: the reason is that of the last stage. */
export function holeBlock(app: App, node: NodeRow): HTMLElement | undefined {
  const { summary } = app.store.state;
  const paths = new Set([...node.origin].map((index) => summary?.sources[index]?.path));
  const found = summary?.unsupported.find((row) => paths.has(row.node));
  const { hole } = node;
  if (!hole && !found) return undefined;
  const called = hole?.called ?? summary?.holes?.some(({ nodes }) => nodes.some((inner) => inner.node === found?.node)) === true;
  const source = summary?.sources[node.origin[node.origin.length - 1] ?? -1];
  const domain = hole?.domain ?? source?.domain ?? "";
  const opType = hole?.opType ?? source?.opType ?? node.op;
  const known: Fact[] = [
    ["Why", visible(found?.reason ?? hole?.reason ?? "")],
    ["Where", holePlace({ called })],
    ["Operator", visible(domain === "" ? opType : `${domain}.${opType}`)],
  ];
  const attributes = (hole?.attributes ?? []).map((line) => el("li", {}, el("code", {}, visible(line))));
  return block("Not compiled", facts(known), attributes.length > 0 ? el("ul", { class: "plain" }, ...attributes) : undefined);
}

/** What the pass shown did to a node. */
import type { App } from "../../app.ts";
import { el } from "../../dom.ts";
import { isInside } from "../../model/bodies.ts";
import { changeLines } from "../../model/change-text.ts";
import type { NodeRow } from "../../model/trace.ts";
import type { Fact } from "./blocks.ts";

export function changedFacts(app: App, node: NodeRow): Fact[] {
  const lines = isInside(node.id) ? [] : changeLines(app.trace, app.store.state.stage, node.id);
  return lines.length === 0 ? [] : [["This pass", el("span", {}, ...lines.map((line) => el("div", {}, line)))]];
}

/** Graphs inside of a node, to be entered; and what is known of a node inside. */
import type { App } from "../../app.ts";
import { enterBody } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { bodiesByNode } from "../../model/bodies.ts";
import { visible } from "../../model/format.ts";
import type { NodeRow } from "../../model/trace.ts";
import { block } from "./blocks.ts";

/** Bodies of all nodes of the file that the node comes from: a node of an inlined function leads to the function. */
export function bodyBlock(app: App, node: NodeRow): HTMLElement[] {
  const sources = app.store.state.summary?.sources ?? [];
  const shown = app.store.state.bodies;
  const bodies = [...node.origin].flatMap((index) => bodiesByNode(sources).get(sources[index]?.path ?? "") ?? []);
  const rows = bodies
    .filter(({ path }) => !shown.includes(path))
    .map(({ name, path, nodes }) =>
      el(
        "li",
        {},
        linkButton(visible(name), () => void enterBody(app, path), "Show this graph (double click or Enter on the node)"),
        el("span", { class: "muted" }, ` ${nodes} node${nodes === 1 ? "" : "s"} · ${path}`),
      ),
    );
  return rows.length > 0 ? [block("Graphs inside", el("ul", { class: "plain" }, ...rows))] : [];
}

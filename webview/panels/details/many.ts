/** Several nodes: sums, and how many there are of each operator. */
import type { App } from "../../app.ts";
import { selectGroup, selectNodes, sourcesOfSelection } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { bytesText, flopsText, visible } from "../../model/format.ts";
import { groupOfNode } from "../../model/links.ts";
import type { NodeRow, Snapshot } from "../../model/trace.ts";
import { measureLink } from "../bench/measure.ts";
import { block, facts, fold, table, type Fact } from "./blocks.ts";
import { workFacts } from "./cost.ts";

const mostNodes = 12;

export function manyDetails(app: App, nodes: readonly NodeRow[]): HTMLElement[] {
  const snapshot = app.shown();
  const sources = sourcesOfSelection(app);
  const measure: Fact[] = sources.length > 0 ? [["Measure", measureLink(app, { kind: "nodes", nodes: sources })]] : [];
  const known: Fact[] = [...workFacts(app, nodes), ...constantFact(snapshot, nodes), ...groupFact(app, nodes), ...measure];
  const list = nodes.slice(0, mostNodes).map((node) => {
    const link = linkButton(`${visible(node.op)} #${node.id}`, () => selectNodes(app, [node.id]));
    return el("li", {}, link, el("span", { class: "muted" }, ` ${visible(node.name)}`));
  });
  if (nodes.length > mostNodes) list.push(el("li", { class: "muted" }, `and ${nodes.length - mostNodes} more`));
  return [
    block(
      `${nodes.length} nodes`,
      facts(known),
      operators(nodes),
      fold("nodes", "One by one", nodes.length <= mostNodes, el("ul", { class: "plain" }, ...list)),
    ),
  ];
}

/** Work of each operator, the greatest first. */
function operators(nodes: readonly NodeRow[]): HTMLElement {
  const byOp = new Map<string, NodeRow[]>();
  for (const node of nodes) byOp.set(node.op, [...(byOp.get(node.op) ?? []), node]);
  const sum = (list: readonly NodeRow[], of: (node: NodeRow) => number): number => list.reduce((total, node) => total + (of(node) || 0), 0);
  const rows = [...byOp].map(([op, list]) => ({
    op,
    count: list.length,
    flops: sum(list, (n) => n.flops),
    bytes: sum(list, (n) => n.bytes),
  }));
  rows.sort((a, b) => b.flops - a.flops || b.count - a.count);
  return table(
    ["operator", "nodes", "work", "moved"],
    rows.map(({ op, count, flops, bytes }) => [visible(op), String(count), flopsText(flops), bytesText(bytes)]),
    [1, 2, 3],
  );
}

function constantFact(snapshot: Snapshot, nodes: readonly NodeRow[]): Fact[] {
  const ids = new Set(nodes.flatMap((node) => [...node.inputs]));
  const constants = [...ids].map((id) => snapshot.values.get(id)).filter((value) => value?.constant === true);
  const bytes = constants.reduce((total, value) => total + (value?.bytes || 0), 0);
  return constants.length === 0 ? [] : [["Constants", `${constants.length}, ${bytesText(bytes)}`]];
}

function groupFact(app: App, nodes: readonly NodeRow[]): Fact[] {
  const byNode = groupOfNode(app.trace.snapshot(app.store.state.stage).groups);
  const groups = [...new Set(nodes.map(({ id }) => byNode.get(id)?.id))].filter((id) => id !== undefined);
  if (groups.length === 0) return [];
  const links = el("span");
  groups.slice(0, 6).forEach((id, i) =>
    links.append(
      i > 0 ? ", " : "",
      linkButton(String(id), () => selectGroup(app, id)),
    ),
  );
  if (groups.length > 6) links.append(` and ${groups.length - 6} more`);
  return [[groups.length === 1 ? "Group" : "Groups", links]];
}

/** An edge: its value, and the verdict about fusing over it. */
import type { App } from "../../app.ts";
import { selectNodes } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { inputKey } from "../../model/boxes.ts";
import { visible } from "../../model/format.ts";
import { links } from "../../model/links.ts";
import { block, facts } from "./blocks.ts";
import { valueBlock } from "./values.ts";
import { verdictBlock } from "./verdicts.ts";

export function edgeDetails(app: App, [from, to]: readonly [number, number]): HTMLElement[] {
  const { summary } = app.store.state;
  const snapshot = app.shown();
  const { producer } = links(snapshot);
  const label = (id: number): HTMLElement => {
    const node = snapshot.nodes.get(id);
    return linkButton(node ? `${visible(node.op)} #${id}` : id < 0 ? "graph input or output" : `#${id}`, () => selectNodes(app, [id]));
  };
  const target = snapshot.nodes.get(to);
  const carried = [...(target?.inputs ?? [])].filter((value) => (producer.get(value) ?? inputKey(value)) === from);
  const values = [...new Set(carried)].map((value) => snapshot.values.get(value)).filter((value) => value !== undefined);
  const [starts, ends] = [new Set(atEnd(app, from)), new Set(atEnd(app, to))];
  const about = (summary?.verdicts ?? []).filter(
    ({ subject, nodes: [a = -1, b = -1] }) => subject === "fusion" && starts.has(a) && ends.has(b),
  );
  return [
    block(
      "Edge",
      facts([
        ["From", label(from)],
        ["To", label(to)],
      ]),
    ),
    ...(values.length > 0 ? [valueBlock(app, "Carries", values, snapshot.stage)] : []),
    ...verdictBlock(app, about, "Fused or not"),
    ...(about.length === 0 && summary ? [el("p", { class: "empty" }, noVerdict(from, to, starts, ends))] : []),
  ];
}

/** What a node of the shown graph is in the last one, of which fusion is decided. */
function atEnd(app: App, id: number): readonly number[] {
  const last = app.trace.graphStages[app.trace.graphStages.length - 1] ?? 0;
  if (app.trace.snapshot(last).nodes.has(id)) return [id];
  const sources = app.shown().nodes.get(id)?.origin ?? [];
  return [...sources].flatMap((source) => [...app.lineage.at(source, last)]);
}

/** Why nothing was decided about an edge. */
function noVerdict(from: number, to: number, starts: ReadonlySet<number>, ends: ReadonlySet<number>): string {
  if (from < 0 || to < 0) return "Inputs and outputs of the model are in memory: there is nothing to fuse over this edge.";
  if ([...starts].some((id) => ends.has(id))) return "Both ends became one operator: see its lineage.";
  if (starts.size === 0 || ends.size === 0) return "One end is known at compile time or was removed: see its lineage.";
  return "No value goes from the one to the other in the last graph, of which fusion is decided: see the lineage of both ends.";
}

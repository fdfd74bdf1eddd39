/** An edge: its value, and the verdict about fusing over it. */
import type { App } from "../../app.ts";
import { selectNodes } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
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
  const about = (summary?.verdicts ?? []).filter(
    (verdict) => verdict.subject === "fusion" && verdict.nodes[0] === from && verdict.nodes[1] === to,
  );
  return [
    block(
      "Edge",
      facts([
        ["From", label(from)],
        ["To", label(to)],
      ]),
    ),
    valueBlock(app, "Carries", values, snapshot.stage),
    ...verdictBlock(app, about),
  ];
}

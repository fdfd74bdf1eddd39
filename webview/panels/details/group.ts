/** A fusion group: template, parameters, members with their anchors. */
import type { App } from "../../app.ts";
import { selectNodes } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { templateText } from "../../model/holes.ts";
import { block, facts, type Fact } from "./blocks.ts";

export function groupDetails(app: App, id: number): HTMLElement[] {
  const { stage, summary } = app.store.state;
  const snapshot = app.trace.snapshot(stage);
  const group = snapshot.groups.find((candidate) => candidate.id === id) ?? summary?.groups.find((candidate) => candidate.id === id);
  if (!group) return [];
  const known: Fact[] = [
    ["Name", visible(group.name)],
    ["Template", templateText(group.template)],
    ["Phase", group.phase === "init" ? "once, at the first run" : "every run"],
  ];
  const params = Object.entries(group.params).map(([name, value]) => [visible(name), visible(String(value))] as const);
  const members = group.members.map(({ node, anchor }) => {
    const row = snapshot.nodes.get(node);
    const leads = node === group.leader ? " (leads)" : "";
    return el(
      "li",
      {},
      linkButton(`${visible(row?.op ?? "?")} #${node}`, () => selectNodes(app, [node])),
      el("span", { class: "muted" }, ` at ${visible(anchor)}${leads}`),
    );
  });
  const made = [block(`Group ${id}`, facts(known))];
  if (params.length > 0) made.push(block("Parameters", facts(params)));
  made.push(block(`Members (${members.length})`, el("ol", { class: "plain" }, ...members)));
  return made;
}

/** A fusion group: template, parameters, cost, kernel, members with their anchors. */
import type { GroupInfo } from "#protocol";
import type { App } from "../../app.ts";
import { selectBuffer, selectNodes, showView } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { bytesText, visible } from "../../model/format.ts";
import { templateText } from "../../model/holes.ts";
import { goToLine } from "../kernels/index.ts";
import { measureLink } from "../bench/measure.ts";
import { block, facts, type Fact } from "./blocks.ts";
import { workFacts } from "./cost.ts";
import { estimateFacts } from "./group-estimate.ts";

export function groupDetails(app: App, id: number): HTMLElement[] {
  const { stage, summary } = app.store.state;
  const snapshot = app.trace.snapshot(stage);
  const group = snapshot.groups.find((candidate) => candidate.id === id) ?? summary?.groups.find((candidate) => candidate.id === id);
  if (!group) return [];
  const rows = group.members.map(({ node }) => snapshot.nodes.get(node)).filter((row) => row !== undefined);
  const known: Fact[] = [
    ["Name", visible(group.name)],
    ["Template", templateText(group.template)],
    ...(group.phase === "run" ? [["Measure", measureLink(app, { kind: "group", group: id })] as const] : []),
    ["Phase", group.phase === "init" ? "once, at the first run" : "every run"],
    ...workFacts(app, rows),
    ...(app.store.state.summary?.fusion ? estimateFacts(app, id) : savedFact(app, group)),
    ...kernelFacts(app, id),
    ...bufferFact(app, id),
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

/** What the group's own verdicts say that fusing saves, in traces without figures of groups. */
function savedFact(app: App, { id }: GroupInfo): Fact[] {
  const inside = (app.store.state.summary?.verdicts ?? []).filter((v) => v.subject === "fusion" && v.accepted && v.group === id);
  const facts = inside.flatMap((v) => v.facts.filter(({ name }) => name === "not written and read back"));
  const bytes = facts.reduce((sum, { value }) => sum + (typeof value === "number" ? value : 0), 0);
  return bytes > 0 ? [["Saved by fusing", `${bytesText(bytes)} not written and read back`]] : [];
}

function kernelFacts(app: App, id: number): Fact[] {
  const kernel = app.store.state.summary?.kernels.find(({ group }) => group === id);
  if (!kernel) return [];
  const link = (kind: "ir" | "cpp", [from, to]: readonly [number, number]): HTMLElement =>
    linkButton(`lines ${from}–${to}`, () => {
      showView(app, "kernels");
      goToLine(kind, from);
    });
  return [
    ["Kernel", visible(kernel.name)],
    ["Loops", link("ir", kernel.irLines)],
    ["C++", link("cpp", kernel.cppLines)],
  ];
}

function bufferFact(app: App, id: number): Fact[] {
  const buffers = (app.store.state.summary?.buffers ?? []).filter(({ groups }) => groups.includes(id));
  if (buffers.length === 0) return [];
  const links = el("div", { class: "one-by-one" });
  for (const { id: buffer, name, bytes } of buffers.slice(0, 8))
    links.append(
      el(
        "div",
        {},
        linkButton(visible(name), () => selectBuffer(app, buffer)),
        el("span", { class: "muted" }, ` ${bytesText(bytes)}`),
      ),
    );
  if (buffers.length > 8) links.append(`and ${buffers.length - 8} more`);
  return [["Buffers", links]];
}

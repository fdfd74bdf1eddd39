/** Which pass introduced a node, by which rule and from what; and which passes changed it since. */
import type { PassEvent } from "#protocol";
import { passRows, type App } from "../../app.ts";
import { selectNodes, showStage } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { changesOf, endingOf, introductionOf } from "../../model/ancestry.ts";
import { isInside } from "../../model/bodies.ts";
import { visible } from "../../model/format.ts";
import type { NodeRow } from "../../model/trace.ts";
import type { Fact } from "./blocks.ts";

const mostFrom = 8;

export function introducedFacts(app: App, node: NodeRow): Fact[] {
  if (isInside(node.id)) return [];
  const passes = passRows(app.store.state).map((row) => ({ ...row, hits: row.hits ?? [] })) as PassEvent[];
  const found = introductionOf(app.trace, passes, node);
  if (!found) return [];
  const { stage, pass, rule, note, from } = found;
  const base = app.trace.baseOf(stage);
  const made = el(
    "span",
    { data: { introduced: String(stage), rule: rule ?? "", from: from.map(({ id }) => id).join(",") } },
    base < 0
      ? linkButton("as it was imported", () => showAt(app, stage, [node.id]))
      : linkButton(`by pass ${stage} ${visible(pass)}`, () => showAt(app, stage, [node.id]), "Show the graph after this pass"),
  );
  if (rule !== undefined) made.append(`, rule ${visible(rule)}`);
  if (note !== undefined && note !== "") made.append(` (${visible(note)})`);
  if (from.length > 0) made.append(", from ");
  from.slice(0, mostFrom).forEach(({ id, op }, i) => {
    if (i > 0) made.append(", ");
    made.append(linkButton(`${visible(op)} #${id}`, () => showAt(app, base, [id]), "Show it in the graph before this pass"));
  });
  if (from.length > mostFrom) made.append(` and ${from.length - mostFrom} more`);
  const facts: Fact[] = [["Introduced", made]];
  const changes = changesOf(app.trace, passes, node);
  if (changes.length > 0) {
    const links = changes.flatMap((change, i) => {
      const title = change.rules.length > 0 ? change.rules.map(visible).join(", ") : "its operands, shapes or attributes";
      const link = linkButton(`${change.stage} ${visible(change.pass)}`, () => showAt(app, change.stage, [node.id]), title);
      return i === 0 ? [link] : [document.createTextNode(", "), link];
    });
    const list = el("span");
    list.append(...links);
    facts.push(["Changed by", list]);
  }
  return [...facts, ...endedFact(app, passes, node)];
}

/** The pass that took the node away, and what stands in its place. */
function endedFact(app: App, passes: readonly PassEvent[], node: NodeRow): Fact[] {
  const found = endingOf(app.trace, passes, node);
  if (!found) return [];
  const { stage, pass, rule, note, became } = found;
  const ids = became.map(({ id }) => id);
  const made = el(
    "span",
    { data: { ended: String(stage), rule: rule ?? "" } },
    linkButton(`by pass ${stage} ${visible(pass)}`, () => showAt(app, stage, ids), "Show the graph after this pass"),
  );
  if (rule !== undefined) made.append(`, rule ${visible(rule)}`);
  if (note !== undefined && note !== "") made.append(` (${visible(note)})`);
  if (became.length > 0) made.append(", by ");
  became.slice(0, mostFrom).forEach(({ id, op }, i) => {
    if (i > 0) made.append(", ");
    made.append(linkButton(`${visible(op)} #${id}`, () => showAt(app, stage, [id]), "Show it in the graph after this pass"));
  });
  if (became.length > mostFrom) made.append(` and ${became.length - mostFrom} more`);
  return [[became.length > 0 ? "Replaced" : "Removed", made]];
}

function showAt(app: App, stage: number, nodes: readonly number[]): void {
  showStage(app, stage);
  selectNodes(app, nodes);
}

/** Which group a selection is about when it has a part in several. */
import type { GroupInfo } from "#protocol";
import { nodesAtEnd } from "../../actions.ts";
import { lastRunStage, type App } from "../../app.ts";

/** Of the groups that have a part of the selection the one that a run spends most on. */
export function mainGroup(app: App): GroupInfo | undefined {
  const { summary, selection } = app.store.state;
  const ends = new Set(nodesAtEnd(app));
  const { nodes } = app.trace.snapshot(lastRunStage(app.store.state));
  const work = ({ phase, members }: GroupInfo): number =>
    phase === "init" ? -1 : members.reduce((sum, { node }) => sum + (ends.has(node) ? nodes.get(node)?.flops || 0 : 0), 0);
  const groups = (summary?.groups ?? []).filter(({ id, members }) =>
    selection.group === undefined ? members.some(({ node }) => ends.has(node)) : id === selection.group,
  );
  return groups.sort((a, b) => work(b) - work(a))[0];
}

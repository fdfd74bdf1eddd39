/** Whether a run is one of the compilation that is shown, and what must be said of such a run. */
import type { BenchRun, PanelOptions } from "#protocol";
import type { App } from "../../app.ts";
import { isHoleGroup } from "../../model/holes.ts";
import type { State } from "../../store.ts";
import { t } from "../../strings.ts";

/** True when the groups of a run are those that are shown: a whole model, compiled for the same with the same choices. */
export function isOfCompilation({ scope, options, params, result }: BenchRun, { options: now, summary, hello }: State): boolean {
  if (scope.kind !== "model" || params !== undefined || !now || !summary) return false;
  const known = new Set(summary.groups.map(({ id }) => id));
  const usual = Object.fromEntries(hello?.dims.map(({ name, value }) => [name, value]) ?? []);
  const text = ({ threads, precision, without, force, forbid, dims }: PanelOptions): string =>
    JSON.stringify([threads, precision, [...without].sort(), force, forbid, Object.entries({ ...usual, ...dims }).sort()]);
  return result.isa === summary.isa && text(options) === text(now) && result.regions.every(({ group }) => known.has(group));
}

/** What ran on ONNX Runtime inside of our time. */
export function holeRemarks({ store, trace }: App): readonly string[] {
  const groups = store.state.summary?.groups.filter(isHoleGroup) ?? [];
  if (groups.length === 0) return [];
  const { nodes } = trace.snapshot(trace.graphStages[trace.graphStages.length - 1] ?? 0);
  const names = groups.flatMap(({ members }) => members.map(({ node }) => nodes.get(node)?.op ?? `#${node}`));
  const counts = [...new Set(names)].map((name) => [name, names.filter((other) => other === name).length] as const);
  const list = counts.map(([name, count]) => (count === 1 ? name : `${count}× ${name}`)).join(", ");
  return [
    names.length === 1
      ? t("Not all of this is our code: {0} node ran on ONNX Runtime ({1}).", names.length, list)
      : t("Not all of this is our code: {0} nodes ran on ONNX Runtime ({1}).", names.length, list),
  ];
}

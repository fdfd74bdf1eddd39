/** Ways to a benchmark from elsewhere in the page: a link, entries of a menu. */
import type { BenchScope } from "#protocol";
import { groupOfSelection, sourcesOfSelection } from "../../actions.ts";
import type { App } from "../../app.ts";
import { linkButton, type MenuItem } from "../../controls/index.ts";
import { t } from "../../strings.ts";
import { startBench } from "./index.ts";

/** A link that measures `scope` at once. */
export const measureLink = (app: App, scope: BenchScope): HTMLElement => linkButton("Run benchmark", () => startBench(app, scope));

/** Of the selection, as a group and as nodes, and of the model. */
export function benchmarkItems(app: App): MenuItem[] {
  const group = groupOfSelection(app);
  const nodes = sourcesOfSelection(app);
  const items: MenuItem[] = [];
  if (group !== undefined) items.push({ label: t("Benchmark group {0}", group), run: () => startBench(app, { kind: "group", group }) });
  if (nodes.length > 0)
    items.push({
      label: nodes.length === 1 ? t("Benchmark this node") : t("Benchmark the {0} selected nodes", nodes.length),
      run: () => startBench(app, { kind: "nodes", nodes }),
    });
  return [...items, { label: t("Benchmark the model"), run: () => startBench(app, { kind: "model" }) }];
}

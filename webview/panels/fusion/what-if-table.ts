/** Two compilations in the figures that a fusion changes, and the edges that were decided differently. */
import type { CompilationSummary } from "#protocol";
import type { App } from "../../app.ts";
import { select, showStage } from "../../actions.ts";
import type { Pairs } from "../../compare/match.ts";
import { changeOf, fusionDifferences } from "../../compare/summary-rows.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { bytesText, digits, timeText, visible } from "../../model/format.ts";
import { fusionTotals } from "../../model/fusion-rows.ts";
import { t } from "../../strings.ts";
import { table } from "../details/blocks.ts";

export interface Both {
  readonly here: CompilationSummary;
  readonly there: CompilationSummary;
  /** Which node is which, in the last graphs. */
  readonly pairs: Pairs | undefined;
}

const mostEdges = 5;

interface Measure {
  readonly label: string;
  readonly of: (summary: CompilationSummary) => number;
  readonly text: (value: number) => string;
}

const measures: readonly Measure[] = [
  { label: "loop nests", of: (s) => fusionTotals(s).nests, text: digits },
  { label: "estimated time", of: (s) => fusionTotals(s).ns, text: (ns) => timeText(ns / 1e6) },
  { label: "not written and read back", of: (s) => fusionTotals(s).savedBytes, text: bytesText },
  { label: "arena", of: (s) => s.arenaBytes, text: bytesText },
];

export function whatIfTable(app: App, { here, there, pairs }: Both): HTMLElement {
  const rows = measures.map(({ label, of, text }) => [t(label), text(of(here)), text(of(there)), changeOf(of(here), of(there))]);
  const edges = pairs ? fusionDifferences(here, there, pairs) : [];
  return el(
    "div",
    { class: "what-if-body" },
    table(["", t("now"), t("what if"), t("change")], rows, [1, 2, 3]),
    el(
      "ul",
      { class: "plain what-if-edges" },
      ...edges.slice(0, mostEdges).map(({ here: now, there: then }) =>
        el(
          "li",
          {},
          linkButton(edgeName(app, now.nodes), () => go(app, now.nodes)),
          el("span", { class: "muted" }, ` ${now.accepted ? t("was fused") : t("was not fused")} → ${visible(then.because)}`),
        ),
      ),
      edges.length > mostEdges && el("li", { class: "muted" }, t("and {0} more edges", edges.length - mostEdges)),
      pairs !== undefined &&
        edges.length === 0 &&
        el("li", { class: "muted" }, t("Every edge that both have is fused on both sides, or on neither.")),
    ),
  );
}

function edgeName(app: App, [from, to]: readonly number[]): string {
  const { nodes } = app.trace.snapshot(app.trace.graphStages.at(-1) ?? 0);
  const name = (id: number | undefined): string => `${visible(nodes.get(id ?? -1)?.op ?? "?")} #${id}`;
  return `${name(from)} → ${name(to)}`;
}

function go(app: App, [from, to]: readonly number[]): void {
  const last = app.trace.graphStages.at(-1);
  if (from === undefined || to === undefined || last === undefined) return;
  showStage(app, last);
  select(app, { nodes: [], edge: [from, to] });
}

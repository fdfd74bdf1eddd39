/** The two compilations in a table: totals, passes, edges that only one of them fused. */
import type { CompilationSummary, PassEvent } from "#protocol";
import type { Pairs } from "../../compare/match.ts";
import { fusionDifferences, numberRows, passPairs, type FusionDifference } from "../../compare/summary-rows.ts";
import { el } from "../../dom.ts";
import { timeText, visible } from "../../model/format.ts";
import type { Snapshot } from "../../model/trace.ts";
import type { Chosen } from "./graphs.ts";
import { linkButton } from "../../controls/index.ts";

/** Edges listed; the rest are counted. */
const mostEdges = 200;

export interface Summaries {
  readonly here: CompilationSummary;
  readonly there: CompilationSummary;
  readonly titles: readonly [here: string, there: string];
  /** Of the last graphs. */
  readonly pairs: Pairs | undefined;
  readonly last: Snapshot | undefined;
}

export function summaryView(of: Summaries, choose: (chosen: Chosen) => void): HTMLElement[] {
  const { here, there, titles } = of;
  const edges = of.pairs ? fusionDifferences(here, there, of.pairs) : [];
  return [
    el("h3", {}, "In numbers"),
    table(
      ["", ...titles, "right against left"],
      numberRows(here, there).map(({ name, here: a, there: b, change, differs }) => ({ cells: [name, a, b, change], differs })),
    ),
    el("h3", {}, "Decided differently"),
    edges.length === 0
      ? el("p", { class: "muted" }, "Every edge that both have is fused on both sides, or on neither.")
      : el(
          "ul",
          { class: "compare-edges" },
          ...edges.slice(0, mostEdges).map((edge) => edgeItem(edge, of, choose)),
          edges.length > mostEdges && el("li", { class: "muted" }, `and ${edges.length - mostEdges} more`),
        ),
    el("h3", {}, "Passes"),
    table(
      ["", "pass", "", "operators", "time", "", "operators", "time"],
      passPairs(here, there).map(({ index, here: a, there: b, differs }) => ({
        cells: [String(index), a?.name ?? b?.name ?? "", ...passCells(a), ...passCells(b)],
        differs,
      })),
      titles,
    ),
  ];
}

const statusText: Readonly<Record<string, string>> = { changed: "changed", same: "no change", skipped: "skipped", failed: "failed" };

function passCells(pass: PassEvent | undefined): string[] {
  if (!pass) return ["not run", "", ""];
  const ops = pass.opsBefore === pass.opsAfter ? String(pass.opsAfter) : `${pass.opsBefore} → ${pass.opsAfter}`;
  return [statusText[pass.status] ?? pass.status, ops, timeText(pass.ms)];
}

interface TableRow {
  readonly cells: readonly string[];
  readonly differs: boolean;
}

function table(head: readonly string[], rows: readonly TableRow[], sides?: readonly [string, string]): HTMLElement {
  const over =
    sides &&
    el(
      "tr",
      {},
      el("td", { attrs: { colspan: "2" } }),
      ...sides.map((side) => el("th", { attrs: { colspan: "3", scope: "colgroup" } }, side)),
    );
  return el(
    "table",
    { class: "compare-table" },
    el("thead", {}, over, el("tr", {}, ...head.map((cell) => (cell === "" ? el("td", {}) : el("th", { attrs: { scope: "col" } }, cell))))),
    el(
      "tbody",
      {},
      ...rows.map(({ cells, differs }) =>
        el(
          "tr",
          { class: differs ? "differs" : "" },
          el("th", { attrs: { scope: "row" } }, visible(cells[0] ?? "")),
          ...cells.slice(1).map((cell) => el("td", {}, visible(cell))),
        ),
      ),
    ),
  );
}

function edgeItem({ here, there }: FusionDifference, { last, pairs, titles }: Summaries, choose: (chosen: Chosen) => void): HTMLElement {
  const name = (id: number | undefined): string => `${visible(last?.nodes.get(id ?? -1)?.op ?? "op")} #${id}`;
  const [producer, consumer] = here.nodes;
  const go = (): void => choose({ here: consumer, there: pairs?.there.get(consumer ?? -1) });
  const side = (title: string, because: string, accepted: boolean): HTMLElement =>
    el("div", { class: accepted ? "compare-yes" : "compare-no" }, el("b", {}, `${title}: `), visible(because));
  return el(
    "li",
    {},
    linkButton(`${name(producer)} → ${name(consumer)}`, go),
    side(titles[0], here.because, here.accepted),
    side(titles[1], there.because, there.accepted),
  );
}

/** A run as a page of cards: the answer first, then what it rests on. */
import type { BenchResult } from "#protocol";
import { el } from "../../dom.ts";
import { baselineName, comparisonText, findingOf } from "../../model/bench-text.ts";
import { digits, timeText, visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { countersCard } from "./counters-card.ts";
import { hotCard } from "./hot-card.ts";
import { machineCard, warningList } from "./machine-card.ts";
import { action, card, commandLine, note, type Dashboard } from "./parts.ts";
import { placeCard, storedCard } from "./place-card.ts";
import { regionsCard, threadsCard } from "./regions-card.ts";
import { dateText, rooflineCard } from "./roofline-card.ts";
import { timesCard } from "./times-card.ts";

export interface DashboardExtras {
  /** Colours the graph by these times; absent when they are not those of its groups. */
  readonly heat: (() => void) | undefined;
  readonly parameters: HTMLElement;
  readonly history: HTMLElement;
}

export function dashboard(board: Dashboard, { heat, parameters, history }: DashboardExtras): HTMLElement {
  const { run, remarks } = board;
  const { result } = run;
  const command = result.reproduce ?? run.command;
  return el(
    "div",
    { class: "bench-result", data: { run: run.id } },
    headline(board, heat),
    warningList(result.warnings ?? []),
    ...[...remarks, ...remarksOf(result)].map((text) => note(visible(text), "remark")),
    timesCard(board),
    placeCard(result),
    storedCard(result.comparison),
    rooflineCard(board),
    regionsCard(board),
    threadsCard(board),
    parameters,
    countersCard(board),
    hotCard(board),
    history,
    machineCard(result.machine),
    command === "" ? undefined : card("reproduce", "Reproduce", commandLine(visible(command))),
  );
}

function headline({ run: { at, result } }: Dashboard, heat: (() => void) | undefined): HTMLElement {
  const { ours, speedup, control, scope, isa, threads, precision } = result;
  const total = (value: string, label: string, kind = "", title = ""): HTMLElement =>
    el("div", { class: `total ${kind}`.trim(), title }, el("b", {}, value), el("span", {}, label));
  const ratios = Object.entries(speedup).map(([name, ratio]) => {
    const finding = findingOf(ratio, control);
    const label =
      finding === "undecided" ? t("of {0}: no clear difference", baselineName(name)) : t("the speed of {0}", baselineName(name));
    return total(`${digits(ratio.median)}×`, label, finding, comparisonText(name, ratio, control));
  });
  return el(
    "header",
    { class: "bench-head" },
    el(
      "div",
      { class: "totals" },
      total(timeText(ours.medianMs), t("median"), "strong"),
      total(`${timeText(ours.ci95[0])} – ${timeText(ours.ci95[1])}`, t("95 % interval")),
      ...ratios,
      total(String(ours.runs), t("runs")),
    ),
    el(
      "p",
      { class: "bench-identity" },
      el(
        "span",
        { class: "muted" },
        `${visible(scope)} · ${isa} · ${threads} thread${threads === 1 ? "" : "s"} · ${precision}${result.cache === "cold" ? ` · ${t("cold caches")}` : ""} · ${dateText(at)}`,
      ),
      heat && action("Colour the graph by time", heat, "heat"),
    ),
  );
}

const remarksOf = ({ missing = [], notes = [] }: BenchResult): string[] => [
  ...missing.map(({ baseline, why }) => t("Not compared with {0}: {1}.", baselineName(baseline), why.replace(/\.$/, ""))),
  ...notes,
];

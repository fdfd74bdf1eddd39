/** The runs of this model that are kept: one is shown, a second one can be held against it. */
import type { BenchRun } from "#protocol";
import { dropdown, iconButton, linkButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { forestPlot, type ForestRow } from "../../draw/forest.ts";
import { baselineName, findingOf, optionChanges, ratioText, runRatios } from "../../model/bench-text.ts";
import { digits, timeText, visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { action, card, note, plot, type Dashboard } from "./parts.ts";
import { dateText } from "./roofline-card.ts";

export interface HistoryActions {
  readonly show: (id: string) => void;
  readonly drop: (ids: readonly string[]) => void;
  readonly save: (run: BenchRun) => void;
  /** Absent where nothing can be opened. */
  readonly open?: () => void;
  readonly compareWith: (id: string | undefined) => void;
}

/** @param other id of the run that the shown one is compared with */
export function historyCard(board: Dashboard, other: string | undefined, actions: HistoryActions): HTMLElement {
  const { run, runs } = board;
  const { open } = actions;
  const newest = [...runs].reverse();
  const buttons = el(
    "div",
    { class: "bench-actions" },
    action("Save this run", () => actions.save(run), "save"),
    open && action("Open a stored run", open, "open"),
    runs.length > 1 && action("Forget the others", () => actions.drop(runs.filter(({ id }) => id !== run.id).map(({ id }) => id)), "trash"),
  );
  const choices = [
    { value: "", label: t("nothing") },
    ...newest.filter(({ id }) => id !== run.id).map((each) => ({ value: each.id, label: runLabel(each) })),
  ];
  const result = el("div", { class: "run-comparison" });
  const hold = (id: string | undefined): void => {
    const against = runs.find((each) => each.id === id && id !== run.id);
    fill(result, against ? comparison(against, board) : undefined);
  };
  hold(other);
  const known = choices.some(({ value }) => value === other) ? (other ?? "") : "";
  const select = dropdown("Compare with", choices, known, (value) => {
    hold(value);
    actions.compareWith(value === "" ? undefined : value);
  }).element;
  return card(
    "history",
    "Runs of this model",
    el("div", { class: "table-frame" }, el("ul", { class: "runs" }, ...newest.map((each) => runRow(each, run, longest(runs), actions)))),
    runs.length > 1 ? el("div", { class: "compare-row" }, el("span", {}, t("Compare the run shown with")), select) : undefined,
    result,
    buttons,
  );
}

const longest = (runs: readonly BenchRun[]): number => Math.max(...runs.map(({ result }) => result.ours.medianMs));

const runLabel = ({ at, result }: BenchRun): string =>
  `${dateText(at)} · ${visible(result.scope).slice(0, 30)} · ${timeText(result.ours.medianMs)}`;

function runRow(run: BenchRun, shown: BenchRun, most: number, { show, drop }: HistoryActions): HTMLElement {
  const { id, at, result, params } = run;
  const best = Object.entries(result.speedup)[0];
  const bar = el("div", { class: "region-bar" });
  bar.style.width = `${(100 * result.ours.medianMs) / (most || 1)}%`;
  const what = [
    result.isa,
    t(result.threads === 1 ? "{0} thread" : "{0} threads", result.threads),
    result.precision,
    ...(run.options.without.length > 0 ? [t("without {0}", run.options.without.map(visible).join(", "))] : []),
    ...Object.entries(params ?? {}).map(([name, value]) => `${visible(name)}=${visible(String(value))}`),
  ];
  const current = id === shown.id;
  const name = linkButton(dateText(at), () => show(id));
  if (current) name.setAttribute("aria-current", "true");
  return el(
    "li",
    { class: current ? "run current" : "run" },
    name,
    el(
      "span",
      { class: "run-what", title: `${visible(result.scope)} · ${what.join(" · ")}` },
      `${visible(result.scope)} · ${what.join(" · ")}`,
    ),
    el("span", { class: "region-track", attrs: { "aria-hidden": "true" } }, bar),
    el("span", { class: "run-time" }, timeText(result.ours.medianMs)),
    el("span", { class: "run-ratio" }, best ? `${digits(best[1].median)}× ${baselineName(best[0])}` : ""),
    iconButton("cross", t("Forget the run of {0}", dateText(at)), () => drop([id])),
  );
}

function comparison(before: BenchRun, { run, theme, width }: Dashboard): HTMLElement {
  const ratios = runRatios(before.result, run.result);
  const { control } = run.result;
  const rows = ratios.map(({ ratio, through }): ForestRow => ({
    name: through === undefined ? t("time") : t("through {0}", baselineName(through)),
    median: ratio.median,
    low: ratio.ci95[0],
    high: ratio.ci95[1],
    finding: findingOf(ratio, control),
  }));
  const changes = optionChanges(before, run);
  const picture = forestPlot(
    rows,
    { width: Math.min(width, 640), labels: 170, rowHeight: 36, format: ratioText, band: control.ci95 },
    theme,
  );
  return el(
    "div",
    {},
    el("p", {}, t("The run shown ({0}) is so many times as fast as that of {1}:", timeText(run.result.ours.medianMs), runLabel(before))),
    plot(picture),
    note(
      t(
        "They were not measured in turns, so the intervals are as wide as both together. Through a baseline of both, what the machine did meanwhile cancels.",
      ),
    ),
    changes.length > 0
      ? el("ul", { class: "plain" }, ...changes.map((change) => el("li", {}, change)))
      : note(t("Their options are the same.")),
  );
}

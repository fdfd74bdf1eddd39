/** Every measured run of ours and of the baselines, and beside them how ours compares. */
import type { BenchResult, Timing } from "#protocol";
import { el } from "../../dom.ts";
import { forestPlot, type ForestRow } from "../../draw/forest.ts";
import { stripHeight, stripPlot, type Strip } from "../../draw/strips.ts";
import { baselineName, controlText, findingOf, ratioText } from "../../model/bench-text.ts";
import { timeText, visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { card, dataTable, note, plot, type Dashboard } from "./parts.ts";

/** From this width on the ratios stand beside the times, row by row. */
const besideFrom = 640;

export function timesCard({ run: { result, thinned }, theme, width }: Dashboard): HTMLElement {
  const strips = stripsOf(result);
  const rows = ratiosOf(result);
  const beside = width >= besideFrom && rows.length > 1;
  const timesWidth = beside ? Math.round(width * 0.6) : width;
  const format = timeText;
  const times = plot(stripPlot(strips, { width: timesWidth, labels: Math.min(150, Math.round(width * 0.24)), format }, theme));
  const shared = { format: ratioText, band: result.control.ci95 };
  // Beside the times every ratio lies in the row of its baseline, so ours, which has none, comes last: it is the control.
  const ratios = plot(
    forestPlot(
      beside ? [...rows.slice(-1), ...rows.slice(0, -1)] : rows,
      {
        ...shared,
        width: beside ? width - timesWidth - 12 : width,
        labels: beside ? 0 : Math.min(150, Math.round(width * 0.24)),
        rowHeight: stripHeight,
      },
      theme,
    ),
  );
  return card(
    "times",
    "Time per run, and how it compares",
    el(
      "div",
      { class: beside ? "plots-beside" : "" },
      el("div", {}, el("p", { class: "plot-title" }, t("All runs; line: median with its 95 % interval; triangle: fastest")), times),
      el(
        "div",
        {},
        el(
          "p",
          { class: "plot-title" },
          beside ? t("Speed of Fusionscope over it; top: over itself") : t("Speed of Fusionscope over each; grey band: over itself"),
        ),
        ratios,
      ),
    ),
    note(controlText(result)),
    figures(result),
    thinned ? note(t("Kept with a part of its samples; the figures are of all of them.")) : undefined,
  );
}

/** Ours first, then the baselines in their order. */
function stripsOf({ ours, baselines, samples = [] }: BenchResult): Strip[] {
  const strip = (name: string, candidate: string, timing: Timing, version = ""): Strip => ({
    name,
    ...(version === "" ? {} : { note: visible(version) }),
    samples:
      samples
        .find((s) => s.candidate === candidate)
        ?.rounds.flat()
        .map((ns) => ns / 1e6) ?? [],
    median: timing.medianMs,
    low: timing.ci95[0],
    high: timing.ci95[1],
    least: timing.minMs,
  });
  return [
    strip("Fusionscope", "ours", ours),
    ...Object.entries(baselines).map(([name, timing]) => strip(baselineName(name), name, timing, timing.version)),
  ];
}

/** One row a baseline, the control last. */
function ratiosOf({ baselines, speedup, control }: BenchResult): ForestRow[] {
  const row = (name: string, ratio: BenchResult["control"], finding: ForestRow["finding"]): ForestRow => ({
    name,
    median: ratio.median,
    low: ratio.ci95[0],
    high: ratio.ci95[1],
    finding,
  });
  const rows = Object.keys(baselines).flatMap((name) => {
    const ratio = speedup[name];
    return ratio ? [row(t("over {0}", baselineName(name)), ratio, findingOf(ratio, control))] : [];
  });
  return [...rows, row(t("A/A control"), control, "control")];
}

/** The same in figures. */
function figures({ ours, baselines }: BenchResult): HTMLElement {
  const row = (name: string, timing: Timing): string[] => [
    name,
    timeText(timing.medianMs),
    `${timeText(timing.ci95[0])} – ${timeText(timing.ci95[1])}`,
    timeText(timing.minMs),
    timeText(timing.p95Ms),
    String(timing.runs),
  ];
  return dataTable(
    "Times and ratios in figures",
    [
      { title: "Candidate" },
      { title: "Median", numeric: true },
      { title: "95 % interval", numeric: true },
      { title: "Fastest", numeric: true },
      { title: "95 % below", numeric: true },
      { title: "Runs", numeric: true },
    ],
    [
      row("Fusionscope", ours),
      ...Object.entries(baselines).map(([name, timing]) => row(`${baselineName(name)} ${visible(timing.version)}`, timing)),
    ],
  );
}

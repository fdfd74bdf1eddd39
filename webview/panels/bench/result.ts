/** A result: times with intervals, ratios, share of the peaks, regions, counters with the reason where there is none. */
import type { BenchResult, CounterValue } from "#protocol";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { intervalPlot, type IntervalRow } from "../../draw/intervals.ts";
import type { Theme } from "../../draw/theme.ts";
import { bytesText, countText, digits, flopsText, timeText, visible } from "../../model/format.ts";
import { block, facts, type Fact } from "../details/blocks.ts";

const baselineNames: Readonly<Record<string, string>> = { ort: "ONNX Runtime" };
const nameOf = (baseline: string): string => baselineNames[baseline] ?? visible(baseline);

export function resultView(
  result: BenchResult,
  theme: Theme,
  width: number,
  pickGroup: (group: number) => void,
  groupName: (group: number) => string,
  more: readonly string[],
  command: string,
): HTMLElement {
  const wide = Math.max(320, Math.min(width - 32, 860));
  const times: IntervalRow[] = [
    {
      label: "Fusionscope",
      value: result.ours.medianMs,
      low: result.ours.ci95[0],
      high: result.ours.ci95[1],
      least: result.ours.minMs,
      strong: true,
    },
  ];
  for (const [name, timing] of Object.entries(result.baselines)) {
    times.push({
      label: `${nameOf(name)} ${visible(timing.version)}`,
      value: timing.medianMs,
      low: timing.ci95[0],
      high: timing.ci95[1],
      least: timing.minMs,
    });
  }
  const ratios: IntervalRow[] = Object.entries(result.speedup).map(([name, { median, ci95 }]) => ({
    label: `speed over ${nameOf(name)}`,
    value: median,
    low: ci95[0],
    high: ci95[1],
    strong: true,
  }));
  ratios.push({ label: "A/A control", value: result.control.median, low: result.control.ci95[0], high: result.control.ci95[1] });
  return el(
    "div",
    { class: "bench-result" },
    headline(result),
    ...[...more, ...remarks(result)].map((text) => el("p", { class: "value-notes" }, visible(text))),
    block("Time per run", plot(intervalPlot(times, { width: wide, format: timeText, fromZero: true }, theme))),
    block(
      "Ratio",
      plot(intervalPlot(ratios, { width: wide, format: (value) => `${digits(value)}×`, mark: 1 }, theme)),
      el("p", { class: "value-notes" }, controlText(result)),
    ),
    block("Rates", facts(rates(result))),
    regions(result, pickGroup, groupName),
    block("Counters", counters(result.counters)),
    command === "" ? undefined : block("Reproduce", commandLine(command)),
  );
}

/** What to type to measure the same; a click selects it whole, ready to be copied. */
const commandLine = (command: string): HTMLElement => el("code", { class: "command-line", tabIndex: 0 }, visible(command));

const plot = (picture: SVGElement): HTMLElement => {
  const holder = el("div", { class: "plot" });
  holder.append(picture);
  return holder;
};

function headline({ ours, speedup, scope, isa, threads, precision }: BenchResult): HTMLElement {
  const best = Object.entries(speedup)[0];
  const total = (value: string, label: string): HTMLElement => el("div", { class: "total" }, el("b", {}, value), el("span", {}, label));
  return el(
    "div",
    { class: "totals" },
    total(timeText(ours.medianMs), "median"),
    total(`${timeText(ours.ci95[0])} – ${timeText(ours.ci95[1])}`, "95 % interval"),
    best && total(`${digits(best[1].median)}×`, `the speed of ${nameOf(best[0])}`),
    total(String(ours.runs), "runs"),
    el("span", { class: "muted" }, `${visible(scope)} · ${isa} · ${threads} thread${threads === 1 ? "" : "s"} · ${precision}`),
  );
}

const remarks = ({ missing = [], notes = [] }: BenchResult): string[] => [
  ...missing.map(({ baseline, why }) => `Not compared with ${baselineNames[baseline] ?? baseline}: ${why}.`),
  ...notes,
];

function controlText({ control: { median, ci95 } }: BenchResult): string {
  const trusted = ci95[0] <= 1 && ci95[1] >= 1;
  return trusted
    ? `The same code against itself gives ${digits(median)}: ratios nearer to 1 than that interval mean nothing.`
    : `The same code against itself gives ${digits(median)}, and its interval leaves out 1: something else was running. Do not trust the ratios.`;
}

function rates(result: BenchResult): Fact[] {
  const share = (value: number, peak: number | null): string =>
    peak === null || !(peak > 0) ? "peak not measured" : `${digits((100 * value) / peak)} % of ${digits(peak)}`;
  const gbs = result.bytes / (result.ours.medianMs * 1e6);
  return [
    ["Work", flopsText(result.flops)],
    ["GFLOP/s", `${digits(result.gflops)} (${share(result.gflops, result.peakGflops)})`],
    ["Bytes", bytesText(result.bytes)],
    ["GB/s", `${digits(gbs)} when nothing is cached${result.peakGBs === null ? "" : `; ${digits(result.peakGBs)} copied from memory`}`],
    ["Minimum", timeText(result.ours.minMs)],
    ["95th percentile", timeText(result.ours.p95Ms)],
  ];
}

function regions(result: BenchResult, pickGroup: (group: number) => void, groupName: (group: number) => string): HTMLElement | undefined {
  if (result.regions.every(({ ns }) => ns === 0)) return undefined;
  // Groups of the first run (packed weights) take no time here.
  const sorted = result.regions.filter(({ ns }) => ns > 0).sort((a, b) => b.ns - a.ns);
  const sum = sorted.reduce((total, { ns }) => total + ns, 0);
  const rows = sorted.slice(0, 60).map(({ group, ns }) => {
    const bar = el("div", { class: "region-bar" });
    bar.style.width = `${(100 * ns) / (sorted[0]?.ns || 1)}%`;
    return el(
      "li",
      {},
      linkButton(groupName(group), () => pickGroup(group)),
      el("span", { class: "region-track", attrs: { "aria-hidden": "true" } }, bar),
      el("span", { class: "region-time" }, `${timeText(ns / 1e6)} · ${digits((100 * ns) / sum)} %`),
    );
  });
  return block("Time per group (instrumented)", el("ol", { class: "regions" }, ...rows));
}

function counters(list: Readonly<Record<string, CounterValue>>): HTMLElement {
  const rows = Object.entries(list).map(([name, { value, valid, why }]): Fact => {
    const missing = value === null || !valid;
    return [visible(name), missing ? el("span", { class: "muted" }, `missing: ${visible(why ?? "no reason given")}`) : countText(value)];
  });
  return rows.length > 0 ? facts(rows) : el("p", { class: "muted" }, "none");
}

/** A fusion group in two lines: what is in it, and its figures in columns. */
import type { FusionGroup } from "#protocol";
import type { App } from "../../app.ts";
import { icon } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { bytesText, digits, timeText, visible } from "../../model/format.ts";
import type { GroupRow } from "../../model/fusion-rows.ts";
import { t } from "../../strings.ts";

/** Parts of the estimate, in the order of the bar. */
export const costParts = [
  { part: "compute", key: "computeNs", label: "arithmetic" },
  { part: "memory", key: "memoryNs", label: "memory" },
  { part: "recompute", key: "recomputeNs", label: "done again" },
  { part: "launch", key: "launchNs", label: "barriers" },
] as const;

export function columnHeads(): HTMLElement {
  const head = (name: string, label: string, title: string): HTMLElement => el("span", { class: `fusion-${name}`, title }, label);
  return el(
    "div",
    { class: "fusion-heads", attrs: { "aria-hidden": "true" } },
    head("what", t("Group"), t("Its operators, and the nodes of the file that they come from")),
    head("time", t("Estimated time"), t("Arithmetic, memory beyond it, work done again, barriers")),
    head("saved", t("Saved"), t("Intermediates that are not written and not read back")),
    head("foot", t("Footprint"), t("What a thread works on at a time, and the nearest cache that holds it")),
    head("busy", t("Busy"), t("Share of the threads' time that has work, when its pieces are dealt out")),
  );
}

/** @param most nanoseconds of the longest group, which fills the bar */
export function groupRow(app: App, { report, info, order, edges }: GroupRow, most: number, fold: () => void): HTMLElement {
  const { cost, footprint } = report;
  const swatch = el("span", { class: "swatch", attrs: { "aria-hidden": "true" } });
  swatch.style.background = app.theme.groups[order % app.theme.groups.length] ?? "";
  const row = el(
    "div",
    { class: "row fusion-row", data: { group: String(report.group) }, title: tooltip(report) },
    twisty(edges, fold),
    swatch,
    el(
      "div",
      { class: "fusion-what" },
      el(
        "div",
        { class: "fusion-line1" },
        el("b", {}, visible(report.kind)),
        el("span", { class: "fusion-ops" }, operators(app, info.members)),
      ),
      el("div", { class: "fusion-line2" }, origin(report)),
    ),
    el("div", { class: "fusion-time" }, el("span", {}, cost ? timeText(cost.ns / 1e6) : "–"), cost && timeBar(report, most)),
    el("div", { class: "fusion-saved" }, report.savedBytes > 0 ? bytesText(report.savedBytes) : "–"),
    el(
      "div",
      { class: "fusion-foot" },
      el("span", {}, bytesText(footprint.bytes)),
      el("span", { class: `fusion-level ${footprint.level.toLowerCase()}` }, footprint.level),
    ),
    el(
      "div",
      { class: "fusion-busy" },
      el("span", {}, cost ? `${digits(100 * cost.parallelism)} %` : "–"),
      cost && el("small", {}, cost.pieces === 1 ? t("1 piece") : t("{0} pieces", cost.pieces)),
    ),
    el("span", { class: "for-readers" }, tooltip(report)),
  );
  return row;
}

function twisty(edges: number, fold: () => void): HTMLElement {
  const element = el("span", { class: "fusion-twisty", attrs: { "aria-hidden": "true" } });
  if (edges === 0) return element;
  element.append(icon("right"));
  element.addEventListener("click", (event) => {
    event.stopPropagation();
    fold();
  });
  return element;
}

/** Operators in order; the same ones in a row are counted. */
export function operators(app: App, members: readonly { readonly node: number }[]): string {
  const last = app.trace.snapshot(app.trace.graphStages.at(-1) ?? 0);
  const names = members.map(({ node }) => visible(last.nodes.get(node)?.op ?? `#${node}`));
  const runs: { name: string; count: number }[] = [];
  for (const name of names) {
    const before = runs.at(-1);
    if (before?.name === name) before.count += 1;
    else runs.push({ name, count: 1 });
  }
  return runs.map(({ name, count }) => (count === 1 ? name : `${name} ×${count}`)).join(" → ");
}

/** Where it comes from, where in the nest its members are computed, and what was merged into it. */
function origin({ group, onnxNodes, anchors, nests, mergedBy }: FusionGroup): string {
  const few = onnxNodes.slice(0, 6).map(visible).join(" ");
  return [
    t("group {0}", group),
    ...(mergedBy.length > 0 ? [t("{0} nests made one by {1}", nests.length, mergedBy.join(", "))] : []),
    ...(anchors.length > 0 ? [t("at {0}", anchors.map(visible).join(", "))] : []),
    ...(onnxNodes.length > 0 ? [onnxNodes.length > 6 ? `${few} …` : few] : []),
  ].join(" · ");
}

/** Memory counts as far as arithmetic does not hide it. */
const partNs = (cost: NonNullable<FusionGroup["cost"]>, name: (typeof costParts)[number]["key"]): number =>
  name === "memoryNs" ? Math.max(0, cost.memoryNs - cost.computeNs) : cost[name];

function timeBar({ cost }: FusionGroup, most: number): HTMLElement {
  const bar = el("div", { class: "fusion-bar", attrs: { "aria-hidden": "true" } });
  if (!cost) return bar;
  for (const { part: name, key } of costParts) {
    const part = el("span", { class: `part-${name}` });
    part.style.width = `${(100 * partNs(cost, key)) / Math.max(most, 1)}%`;
    bar.append(part);
  }
  return bar;
}

function tooltip(report: FusionGroup): string {
  const { cost, footprint, nests, mergedBy } = report;
  const lines = [
    ...(cost ? costParts.map(({ key, label }) => `${t(label)}: ${timeText(cost[key] / 1e6)}`) : []),
    t("read {0}, written {1}", bytesText(report.readBytes), bytesText(report.writtenBytes)),
    t("footprint: {0} of the thread's own, {1} of operands", bytesText(footprint.scratch), bytesText(footprint.blocks)),
    ...(mergedBy.length > 0 ? [t("was: {0}", nests.map(({ name }) => visible(name)).join(", "))] : []),
  ];
  return lines.join("\n");
}

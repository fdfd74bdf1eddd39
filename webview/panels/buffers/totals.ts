/** The memory plan in numbers. */
import type { CompilationSummary } from "#protocol";
import { el, fill } from "../../dom.ts";
import { bytesText } from "../../model/format.ts";
import { t } from "../../strings.ts";

export function showTotals(element: HTMLElement, summary: CompilationSummary | undefined): void {
  if (!summary) return fill(element);
  const { arenaBytes, arenaBytesWithoutReuse, constantBytes, packedBytes, memory } = summary;
  const saved = arenaBytesWithoutReuse > 0 ? 1 - arenaBytes / arenaBytesWithoutReuse : 0;
  const total = (value: string, label: string, title = ""): HTMLElement =>
    el("div", { class: "total", title }, el("b", {}, value), el("span", {}, label));
  const bar = el(
    "div",
    { class: "reuse-bar", role: "img", attrs: { "aria-label": t("Reuse saves {0} percent", Math.round(saved * 100)) } },
    el("div", { class: "reuse-used" }),
  );
  (bar.firstElementChild as HTMLElement).style.width = `${Math.round((1 - saved) * 100)}%`;
  const above = memory && memory.lowerBoundBytes > 0 ? arenaBytes / memory.lowerBoundBytes - 1 : 0;
  const atBound = above < 0.0005;
  const why = t("The most that is alive together: no plan for this schedule needs less");
  fill(
    element,
    total(bytesText(arenaBytes), memory && arenaBytes > 0 && atBound ? t("arena, which is the lower bound") : t("arena"), why),
    memory &&
      !atBound &&
      total(bytesText(memory.lowerBoundBytes), t("lower bound, {0} % below", Math.round((above / (1 + above)) * 1000) / 10), why),
    total(bytesText(arenaBytesWithoutReuse), t("without reuse")),
    total(`${Math.round(saved * 100)} %`, t("saved by reuse")),
    bar,
    memory && memory.scratchBytes > 0 && total(bytesText(memory.scratchBytes), t("scratch of a thread")),
    total(bytesText(constantBytes), t("constants")),
    packedBytes !== undefined && packedBytes > 0 && total(bytesText(packedBytes), t("packed")),
  );
}

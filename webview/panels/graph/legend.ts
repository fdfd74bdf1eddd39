/** What the colours and signs of boxes mean. */
import { linkButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { inkColour, type Paint, type Swatch } from "../../draw/paint.ts";
import { traceSign } from "../../draw/shapes.ts";
import type { Theme } from "../../draw/theme.ts";

const titles: Readonly<Record<Paint["by"], string>> = {
  kind: "Kind of op",
  dtype: "Element type of the first output",
  layout: "Layout of the first output",
  group: "Fusion group",
  flops: "Work",
  bytes: "Bytes moved",
  time: "Time",
};

/** Fills the legend. `benchmark` opens what makes the times that are missing. */
export function showLegend(legend: HTMLElement, paint: Paint, theme: Theme, benchmark: () => void): void {
  legend.setAttribute("aria-label", `Legend: ${titles[paint.by]}`);
  const rows: HTMLElement[] = [];
  if (paint.by !== "kind") rows.push(el("li", { class: "legend-title" }, titles[paint.by]));
  if (paint.scale) rows.push(ramp(paint, theme));
  else if (!paint.hint) for (const swatch of paint.swatches) rows.push(entry(paint, swatch, theme));
  if (paint.hint) {
    rows.push(el("li", { class: "legend-hint" }, paint.hint));
    if (paint.by === "time") rows.push(el("li", {}, linkButton("Benchmark", benchmark)));
  }
  fill(legend, ...rows);
}

function entry(paint: Paint, { ink, label, count }: Swatch, theme: Theme): HTMLElement {
  const sign = el("canvas", { class: "legend-sign", attrs: { "aria-hidden": "true" } });
  sign.width = sign.height = 28;
  const ctx = sign.getContext("2d");
  if (ctx) {
    ctx.scale(2, 2);
    ctx.fillStyle = inkColour(theme, ink);
    ctx.beginPath();
    if (ink.kind === "category") traceSign(ctx, ink.index, 7, 7);
    else ctx.roundRect(2, 2, 10, 10, 2);
    ctx.fill();
  }
  const number = paint.by === "group" || count === 0 ? undefined : el("span", { class: "legend-count" }, String(count));
  return el("li", { class: count === 0 && paint.by === "kind" ? "unused" : "" }, sign, label, number);
}

function ramp(paint: Paint, theme: Theme): HTMLElement {
  const steps = paint.swatches.map(({ ink }) => {
    const step = el("span", { class: "ramp-step" });
    step.style.background = inkColour(theme, ink);
    return step;
  });
  const { low = "", high = "", title = "" } = paint.scale ?? {};
  return el(
    "li",
    { class: "legend-ramp", title },
    el("span", {}, low),
    el("span", { class: "ramp", attrs: { "aria-hidden": "true" } }, ...steps),
    el("span", {}, high),
    el("span", { class: "legend-note" }, `${title}; steps of equal ratio`),
  );
}

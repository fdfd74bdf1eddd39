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
  ort: "Time in ONNX Runtime",
};

/** What makes the times that are missing. */
export type Remedies = Readonly<Record<"time" | "ort", () => void>>;

/** Fills the legend. */
export function showLegend(legend: HTMLElement, paint: Paint, theme: Theme, rejected: Rejected, remedies: Remedies): void {
  legend.setAttribute("aria-label", `Legend: ${titles[paint.by]}`);
  const rows: HTMLElement[] = [];
  taken.clear();
  if (paint.by !== "kind") rows.push(el("li", { class: "legend-title" }, titles[paint.by]));
  if (paint.scale) rows.push(ramp(paint, theme));
  else if (!paint.hint) for (const swatch of paint.swatches) rows.push(entry(paint, swatch, theme));
  if (paint.hint) {
    rows.push(el("li", { class: "legend-hint" }, paint.hint));
    if (paint.by === "time") rows.push(el("li", {}, linkButton("Benchmark", remedies.time)));
    if (paint.by === "ort") rows.push(el("li", {}, linkButton("Open a profile", remedies.ort)));
  }
  if (rejected.lost > 0) rows.push(line("looked at, not fused", rejected.lost, theme.warning, [7, 4], true));
  if (rejected.nothing > 0) rows.push(line("nothing to gain by fusing", rejected.nothing, theme.muted, [1.5, 4], false));
  fill(legend, ...rows);
}

/** Edges that were looked at for fusion and left alone, where they are drawn. */
export interface Rejected {
  readonly lost: number;
  readonly nothing: number;
}

function line(label: string, count: number, colour: string, dash: readonly number[], sign: boolean): HTMLElement {
  const canvas = el("canvas", { class: "legend-line", attrs: { "aria-hidden": "true" } });
  [canvas.width, canvas.height] = [68, 28];
  const ctx = canvas.getContext("2d");
  if (ctx) {
    ctx.scale(2, 2);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.6;
    ctx.setLineDash([...dash]);
    ctx.moveTo(1, 7);
    ctx.lineTo(33, 7);
    ctx.stroke();
    if (sign) traceCross(ctx);
  }
  return el("li", {}, canvas, label, el("span", { class: "legend-count" }, String(count)));
}

/** Signs by what is drawn: making canvases would take a good part of a step, and the legend is filled at each. */
const signs = new Map<string, HTMLCanvasElement>();
/** Those that the legend being filled has already: groups take turns with colours. */
const taken = new Set<HTMLCanvasElement>();

function signOf(ink: Swatch["ink"], theme: Theme): HTMLCanvasElement {
  const colour = inkColour(theme, ink);
  const key = `${colour} ${ink.kind} ${ink.kind === "category" ? ink.index : ""}`;
  const known = signs.get(key);
  if (known && !taken.has(known)) {
    taken.add(known);
    return known;
  }
  const sign = el("canvas", { class: "legend-sign", attrs: { "aria-hidden": "true" } });
  sign.width = sign.height = 28;
  const ctx = sign.getContext("2d");
  if (ctx) {
    ctx.scale(2, 2);
    ctx.fillStyle = colour;
    ctx.beginPath();
    if (ink.kind === "category") traceSign(ctx, ink.index, 7, 7);
    else ctx.roundRect(2, 2, 10, 10, 2);
    ctx.fill();
  }
  signs.set(key, sign);
  taken.add(sign);
  return sign;
}

function entry(paint: Paint, { ink, label, count }: Swatch, theme: Theme): HTMLElement {
  const sign = signOf(ink, theme);
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

/** The sign in the middle of an edge that was not fused. */
function traceCross(ctx: CanvasRenderingContext2D): void {
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.arc(17, 7, 5, 0, 2 * Math.PI);
  ctx.save();
  ctx.globalCompositeOperation = "destination-out";
  ctx.fill();
  ctx.restore();
  for (const side of [-1, 1]) {
    ctx.moveTo(15, 7 - 2 * side);
    ctx.lineTo(19, 7 + 2 * side);
  }
  ctx.lineWidth = 1.2;
  ctx.stroke();
}

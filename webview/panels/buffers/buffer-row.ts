/** A buffer in the list beside the map. */
import { el } from "../../dom.ts";
import type { Theme } from "../../draw/theme.ts";
import type { PlacedBuffer } from "../../model/arena.ts";
import { bytesText, tail, visible } from "../../model/format.ts";
import { t } from "../../strings.ts";

export interface BufferLook {
  readonly theme: Theme;
  /** Place of its group among the colours; -1: none. */
  readonly order: number;
  /** Not alive in the steps that are brushed. */
  readonly faded: boolean;
}

export function bufferRow(bar: PlacedBuffer, { theme, order, faded }: BufferLook): HTMLElement {
  const { buffer, culprit, onlyFirst, tookFrom, inPlace } = bar;
  const swatch = el("span", { class: "swatch", attrs: { "aria-hidden": "true" } });
  swatch.style.background = order >= 0 ? (theme.groups[order % theme.groups.length] ?? "") : "var(--muted)";
  const when = onlyFirst
    ? t("first run")
    : buffer.firstStep === buffer.lastStep
      ? t("step {0}", buffer.firstStep)
      : t("steps {0}–{1}", buffer.firstStep, buffer.lastStep);
  const took = tookFrom && (inPlace ? t("in place of {0}", tail(tookFrom.name, 24)) : t("after {0}", tail(tookFrom.name, 24)));
  const shape = `${buffer.shape.join("×")} ${buffer.dtype}`;
  return el(
    "div",
    { class: `row buffer-row${faded ? " faded" : ""}`, title: [visible(buffer.name), shape, when, took].filter(Boolean).join("\n") },
    swatch,
    el(
      "div",
      { class: "buffer-what" },
      el(
        "div",
        { class: "buffer-line" },
        el("span", { class: "buffer-name" }, tail(buffer.name, 40)),
        culprit && el("span", { class: "peak-mark" }, t("peak")),
      ),
      el("div", { class: "buffer-when" }, [when, took, shape].filter(Boolean).join(" · ")),
    ),
    el("span", { class: "node-shape buffer-bytes" }, bytesText(buffer.bytes)),
  );
}

/** What the colours and signs of boxes mean. */
import { el } from "../../dom.ts";
import { traceSign } from "../../draw/shapes.ts";
import type { Theme } from "../../draw/theme.ts";
import { Category, categoryNames } from "../../model/category.ts";

export function legend(theme: Theme): HTMLElement {
  const list = el("ul", { class: "legend", attrs: { "aria-label": "Legend" } });
  for (let category = 0; category < Category.Terminal; category += 1) {
    const sign = el("canvas", { class: "legend-sign", attrs: { "aria-hidden": "true" } });
    sign.width = sign.height = 28;
    const ctx = sign.getContext("2d");
    if (ctx) {
      ctx.scale(2, 2);
      ctx.fillStyle = theme.category[category] as string;
      ctx.beginPath();
      traceSign(ctx, category, 7, 7);
      ctx.fill();
    }
    list.append(el("li", {}, sign, categoryNames[category]));
  }
  return list;
}

/** Every tensor in memory beside ONNX Runtime's: the first that differs, what makes it, and how near the others come to their limits. */
import type { Divergence } from "#protocol";
import type { App } from "../../app.ts";
import { icon, linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { note } from "../bench/parts.ts";
import { errorText, goTo, madeBy, tensorTable } from "./tensor-table.ts";

export function divergenceReport(app: App, d: Divergence): HTMLElement {
  const reference = d.against === "ort" ? `ONNX Runtime ${d.version ?? ""}`.trim() : t("the evaluator in f32");
  const bad = d.tensors.filter(({ ok }) => !ok).length;
  return el(
    "div",
    { class: "tensor-report" },
    el(
      "h3",
      { class: d.ok ? "verdict-ok" : "verdict-bad" },
      icon(d.ok ? "check" : "error"),
      d.first === null
        ? t("All {0} tensors in memory agree with {1}", d.tensors.length, reference)
        : t("{0} is the first of {1} tensors that differ from {2}", visible(d.first.name), bad, reference),
    ),
    d.first && firstBad(app, d),
    note(
      t(
        "In the order of the graph. {0} more tensors of the file are made and used up inside of loop nests, or computed at compile time.",
        d.unseen,
      ),
    ),
    d.note !== undefined && note(t("ONNX Runtime did not take part: {0}", visible(d.note))),
    tensorTable(
      app,
      "Tensors beside the reference",
      d.tensors,
      [
        { title: "Our error", cell: ({ error }) => errorText(error) },
        { title: "Reference's", cell: ({ referenceError }) => errorText(referenceError) },
        { title: "Limit", cell: ({ limit }) => errorText(limit) },
        {
          title: "Of the limit",
          left: true,
          cell: ({ error, limit, ok, why }) => limitBar(error, limit, ok ? undefined : (why ?? t("differs"))),
        },
      ],
      ({ ok }) => !ok,
    ),
  );
}

function firstBad(app: App, { first, suspects }: Divergence): HTMLElement {
  const { maker, why } = first ?? {};
  return el(
    "div",
    { class: "first-bad" },
    why !== undefined && el("p", {}, visible(why)),
    maker &&
      el(
        "p",
        {},
        t("Made by {0}. ", madeBy(maker)),
        linkButton("show it", () => goTo(app, maker.node), "Select its node in the graph"),
      ),
    suspects.length > 0 && el("p", {}, t("Its loop nest computes {0}: the fault is in one of these.", visible(suspects.join(", ")))),
  );
}

/** How much of what is allowed was used. */
function limitBar(error: number, limit: number, why: string | undefined): HTMLElement {
  const used = limit > 0 ? error / limit : error > 0 ? Infinity : 0;
  const bar = el("span", { class: `limit-bar${why === undefined ? "" : " over"}` });
  bar.style.width = `${Math.round(60 * Math.min(1, used))}px`;
  const text = used === 0 ? "0 %" : used > 9.995 ? t("{0} times", errorText(used)) : `${Math.max(1, Math.round(100 * used))} %`;
  return el("span", { class: "share", title: visible(why ?? "") }, bar, Number.isFinite(used) ? text : t("none allowed"));
}

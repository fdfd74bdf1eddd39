/** An edge beneath a group: fused with it, or not, with the reason, what both ways cost, and a button that tries the other one. */
import type { RefusedFusion, Verdict } from "#protocol";
import type { App } from "../../app.ts";
import { icon } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { bytesText, timeText, visible } from "../../model/format.ts";
import type { EdgeRow } from "../../model/fusion-rows.ts";
import { t } from "../../strings.ts";
import { whatIfKind } from "./what-if-card.ts";

export function edgeRow(app: App, { verdict, refused, group }: EdgeRow, ask: (verdict: Verdict) => void): HTMLElement {
  const last = app.trace.snapshot(app.trace.graphStages.at(-1) ?? 0);
  const name = (id: number | undefined): string => `${visible(last.nodes.get(id ?? -1)?.op ?? "?")} #${id}`;
  const [from, to] = verdict.nodes;
  const into = refused?.into === undefined ? "" : ` ${t("in group {0}", refused.into)}`;
  return el(
    "div",
    {
      class: `row fusion-edge ${refused ? "refused" : "fused"}`,
      title: [visible(verdict.because), ...(refused ? [bothWays(refused)] : [])].join("\n"),
      data: { nodes: verdict.nodes.join("-"), rule: verdict.rule, group: String(group) },
    },
    el("span", { class: "fusion-sign" }, icon(refused ? "cross" : "check")),
    el(
      "div",
      { class: "fusion-what" },
      el(
        "div",
        { class: "fusion-line1" },
        el("b", {}, `${name(from)} → ${name(to)}${into}`),
        el("span", { class: "fusion-because" }, visible(verdict.because)),
      ),
      el("div", { class: "fusion-line2" }, refused ? bothWays(refused) : savedText(verdict)),
    ),
    whatIfButton(app, verdict, ask),
  );
}

/** The price of both ways. */
export function bothWays({ bytes, apartNs, togetherNs, why }: RefusedFusion): string {
  const apart = t("apart: {0} ({1} written and read back)", timeText(apartNs / 1e6), bytesText(bytes));
  const together = togetherNs === null ? t("one nest: not possible, {0}", why ?? "") : t("one nest: {0} more", timeText(togetherNs / 1e6));
  return `${apart}  ·  ${together}${togetherNs !== null && why !== undefined ? `, ${t("cannot be forced: {0}", why)}` : ""}`;
}

function savedText({ facts, rule }: Verdict): string {
  const saved = facts.find(({ name }) => name === "not written and read back")?.value;
  return [visible(rule), ...(typeof saved === "number" ? [t("{0} not written and read back", bytesText(saved))] : [])].join("  ·  ");
}

/** Enter on the row does the same: a stop for each of many rows would be too many. */
function whatIfButton(app: App, verdict: Verdict, ask: (verdict: Verdict) => void): HTMLElement | undefined {
  const kind = whatIfKind(app, verdict);
  if (kind === undefined) return undefined;
  const label = kind === "force" ? t("What if one nest?") : t("What if apart?");
  const button = el("button", {
    class: "link fusion-ask",
    tabIndex: -1,
    title: t("Compiles it that way as well, and compares (Enter)"),
    attrs: { type: "button" },
    onClick: (event) => {
      event.stopPropagation();
      ask(verdict);
    },
  });
  button.textContent = label;
  return button;
}

/** Decisions: what was decided, why, with the numbers that were compared and the choices not taken. */
import type { Verdict } from "#protocol";
import type { App } from "../../app.ts";
import { selectNodes } from "../../actions.ts";
import { icon, linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { digits, visible } from "../../model/format.ts";
import { block, facts } from "./blocks.ts";

const most = 40;

export function verdictBlock(app: App, verdicts: readonly Verdict[]): HTMLElement[] {
  if (verdicts.length === 0) return [];
  const cards = [...verdicts].sort((a, b) => Number(a.accepted) - Number(b.accepted)).slice(0, most);
  return [block(`Why and why not (${verdicts.length})`, ...cards.map((verdict) => verdictCard(app, verdict)))];
}

/** One decision. */
export function verdictCard(app: App, verdict: Verdict): HTMLElement {
  const head = el(
    "div",
    { class: "verdict-head" },
    el("span", { class: "verdict-rule" }, visible(verdict.rule)),
    el("span", { class: "verdict-subject" }, verdict.subject),
  );
  head.prepend(icon(verdict.accepted ? "check" : "cross"));
  const numbers = verdict.facts.map(
    ({ name, value, unit }) =>
      [visible(name), `${typeof value === "number" ? digits(value) : visible(value)}${unit ? ` ${unit}` : ""}`] as const,
  );
  const others = (verdict.alternatives ?? []).map(({ choice, cost, unit }) => el("li", {}, `${visible(choice)}: ${digits(cost)} ${unit}`));
  const card = el("div", { class: `verdict ${verdict.accepted ? "accepted" : "rejected"}` }, head, el("p", {}, visible(verdict.because)));
  card.setAttribute("aria-label", verdict.accepted ? "accepted" : "rejected");
  card.setAttribute("role", "group");
  if (numbers.length > 0) card.append(facts(numbers));
  if (others.length > 0) card.append(el("div", { class: "value-notes" }, "Other choices"), el("ul", { class: "plain" }, ...others));
  if (verdict.nodes.length > 0)
    card.append(
      linkButton(verdict.nodes.map((node) => `#${node}`).join(" → "), () => selectNodes(app, verdict.nodes), "Select these nodes"),
    );
  return card;
}

/** Decisions: what was decided, why, with the numbers that were compared and the choices not taken. */
import type { Fact, Verdict } from "#protocol";
import type { App } from "../../app.ts";
import { select, selectNodes } from "../../actions.ts";
import { icon, linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { bytesText, digits, visible } from "../../model/format.ts";
import { block, fold, table } from "./blocks.ts";
import { verdictBefore, whatIfButtons } from "./what-if.ts";

const most = 40;

/** Refusals first: they are what people look for. */
export function verdictBlock(app: App, verdicts: readonly Verdict[], title = "Why and why not"): HTMLElement[] {
  if (verdicts.length === 0) return [];
  const cards = [...verdicts].sort((a, b) => rank(a) - rank(b)).slice(0, most);
  const rest = verdicts.length - cards.length;
  return [
    block(
      `${title} (${verdicts.length})`,
      ...cards.map((verdict) => verdictCard(app, verdict)),
      rest > 0 ? el("p", { class: "muted" }, `and ${rest} more: select fewer nodes`) : undefined,
    ),
  ];
}

const rank = ({ subject, accepted }: Verdict): number => (subject === "fusion" ? 0 : 2) + Number(accepted);

/** One decision. */
export function verdictCard(app: App, verdict: Verdict): HTMLElement {
  const head = el(
    "div",
    { class: "verdict-head" },
    el("span", { class: "verdict-rule" }, visible(verdict.rule)),
    el("span", { class: "verdict-subject" }, verdict.subject),
  );
  head.prepend(icon(verdict.accepted ? "check" : "cross"));
  const old = verdictBefore(verdict);
  const buttons = whatIfButtons(app, verdict);
  const card = el(
    "div",
    {
      class: `verdict ${verdict.accepted ? "accepted" : "rejected"}`,
      role: "group",
      attrs: { "aria-label": verdict.accepted ? "accepted" : "rejected" },
      data: { rule: verdict.rule, nodes: verdict.nodes.join("-"), subject: verdict.subject },
    },
    head,
    el("p", { class: "verdict-because" }, visible(verdict.because)),
    old && el("p", { class: "verdict-before" }, `Before: ${visible(old.because)}`),
    verdict.facts.length > 0 && table(["compared", ""], verdict.facts.map(factRow), [1]),
    others(verdict),
    verdict.nodes.length > 0 && el("div", { class: "verdict-links" }, endsLink(app, verdict), ...buttons),
    ruleDoc(app, verdict.rule),
  );
  return card;
}

const factRow = ({ name, value, unit }: Fact): readonly string[] => [visible(name), quantity(value, unit)];

function quantity(value: number | string, unit = ""): string {
  if (typeof value === "string") return `${visible(value).replaceAll(/(?<=\d)x(?=\d)/g, "×")}${unit ? ` ${unit}` : ""}`;
  return unit === "B" ? bytesText(value) : `${digits(value)}${unit ? ` ${unit}` : ""}`;
}

function others({ alternatives = [] }: Verdict): HTMLElement | undefined {
  if (alternatives.length === 0) return undefined;
  const [unit] = alternatives.map((other) => other.unit);
  const inBytes = unit?.startsWith("B ") === true;
  const rows = alternatives.map(({ choice, cost }) => [visible(choice), inBytes ? bytesText(cost) : digits(cost)]);
  return table(["other choices", inBytes ? (unit ?? "").slice(2) : (unit ?? "cost")], rows, [1]);
}

/** Selects the edge of a fusion, or the nodes that were decided about. */
function endsLink(app: App, { subject, nodes }: Verdict): HTMLElement {
  const snapshot = app.shown();
  const name = (id: number): string => `${visible(snapshot.nodes.get(id)?.op ?? "")} #${id}`.trim();
  const [from, to] = nodes;
  if (subject === "fusion" && from !== undefined && to !== undefined)
    return linkButton(`${name(from)} → ${name(to)}`, () => select(app, { nodes: [], edge: [from, to] }), "Select this edge");
  const few = nodes.slice(0, 3).map(name).join(", ");
  return linkButton(nodes.length > 3 ? `${few} and ${nodes.length - 3} more` : few, () => selectNodes(app, nodes), "Select these nodes");
}

/** What the rule looks at, folded. */
function ruleDoc(app: App, rule: string): HTMLElement | undefined {
  const doc = app.store.state.hello?.ruleDocs?.[rule];
  if (!doc) return undefined;
  return fold(
    `rule ${rule}`,
    `About ${rule}`,
    false,
    el("p", {}, doc.what),
    doc.remedy === undefined ? undefined : el("p", {}, el("b", {}, "What to do: "), doc.remedy),
    el("p", { class: "muted" }, "docs/verdicts.md"),
  );
}

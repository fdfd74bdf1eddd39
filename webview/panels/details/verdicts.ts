/** Decisions: what was decided, why, with the numbers that were compared and the choices not taken. */
import { ownEdges, type Fact, type Verdict } from "#protocol";
import { passRows, type App } from "../../app.ts";
import { select, selectNodes, showStage, sourcesOfSelection } from "../../actions.ts";
import { icon, linkButton } from "../../controls/index.ts";
import { el, showInColumn } from "../../dom.ts";
import { bytesText, digits, visible } from "../../model/format.ts";
import { isNothingToFuse, isThroughView } from "../../model/fusion-verdicts.ts";
import { joinedDescent, rulesFor } from "../../model/lineage.ts";
import { links } from "../../model/links.ts";
import type { NodeRow } from "../../model/trace.ts";
import { block, fold, table } from "./blocks.ts";
import { verdictBefore, whatIfButtons } from "./what-if.ts";

const most = 40;
/** ONNX nodes of a selection that are followed. */
const mostFollowed = 8;

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

/** Refused fusions, fusions, what is no question for fusion, other decisions. */
const rank = (verdict: Verdict): number =>
  verdict.subject === "fusion" ? (isNothingToFuse(verdict) ? 2 : Number(verdict.accepted)) : 3 + Number(verdict.accepted);

/** One decision. */
function verdictCard(app: App, verdict: Verdict): HTMLElement {
  const head = el(
    "div",
    { class: "verdict-head" },
    el("span", { class: "verdict-rule" }, visible(verdict.rule)),
    el("span", { class: "verdict-subject" }, verdict.subject),
  );
  head.prepend(icon(isNothingToFuse(verdict) ? "dot" : verdict.accepted ? "check" : "cross"));
  const old = verdictBefore(app, verdict);
  const buttons = whatIfButtons(app, verdict);
  const card = el(
    "div",
    {
      class: `verdict ${isNothingToFuse(verdict) ? "neutral" : verdict.accepted ? "accepted" : "rejected"}`,
      role: "group",
      attrs: { "aria-label": verdict.accepted ? "accepted" : "rejected" },
      data: { rule: verdict.rule, nodes: verdict.nodes.join("-"), subject: verdict.subject },
    },
    head,
    el("p", { class: "verdict-because" }, visible(verdict.because)),
    old && el("p", { class: "verdict-before" }, `Before (${visible(old.rule)}): ${visible(old.because)}`),
    verdict.facts.length > 0 && table(["compared", "value"], verdict.facts.map(factRow), [1]),
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
  const name = (id: number): string => nodeLabel(app, id);
  const [from, to] = nodes;
  if (subject === "fusion" && from !== undefined && to !== undefined)
    return linkButton(`${name(from)} → ${name(to)}`, () => selectEdge(app, from, to), "Select this edge");
  const few = nodes.slice(0, 3).map(name).join(", ");
  return linkButton(nodes.length > 3 ? `${few} and ${nodes.length - 3} more` : few, () => selectNodes(app, nodes), "Select these nodes");
}

/** As the shown graph has it, else the last one. */
function nodeLabel(app: App, id: number): string {
  const op = app.shown().nodes.get(id)?.op ?? app.trace.snapshot(lastGraphStage(app)).nodes.get(id)?.op ?? "";
  return `${visible(op)} #${id}`.trim();
}

const lastGraphStage = (app: App): number => app.trace.graphStages[app.trace.graphStages.length - 1] ?? 0;

/** Selects an edge of the last graph: in the graph shown if that has both ends. */
function selectEdge(app: App, from: number, to: number): void {
  const { nodes } = app.shown();
  if (!nodes.has(from) || !nodes.has(to)) showStage(app, lastGraphStage(app));
  select(app, { nodes: [], edge: [from, to] });
}

/** One line for each edge of what a node became, for the head of its details; a click brings the whole verdict into sight. */
export function fusionFact(app: App, ends: ReadonlySet<number>, verdicts: readonly Verdict[]): HTMLElement | undefined {
  const last = app.trace.snapshot(lastGraphStage(app)).nodes;
  const selected = new Set(app.store.state.selection.nodes);
  const origin = (id: number): Iterable<number> => last.get(id)?.origin ?? [];
  const own = [...ownEdges(verdicts, { ends, selected, sources: new Set(sourcesOfSelection(app)), origin })].sort(
    (a, b) => rank(a) - rank(b),
  );
  const folded = [...removedParts(app), ...foldedReaders(app)];
  if (own.length === 0 && folded.length === 0) return undefined;
  const line = (verdict: Verdict): HTMLElement => {
    const [from, to] = verdict.nodes as readonly [number, number];
    const text = ends.has(to) ? `with its producer ${endLabel(app, from, "inputs")}` : `with its reader ${endLabel(app, to, "outputs")}`;
    const go = (): void => showInColumn(document.querySelector(`.verdict[data-subject="fusion"][data-nodes="${verdict.nodes.join("-")}"]`));
    const mark = icon(isNothingToFuse(verdict) ? "dot" : verdict.accepted ? "check" : "cross");
    const link = linkButton(
      `${verdict.accepted ? "" : isThroughView(verdict) ? "in one nest " : "not "}${text}`,
      go,
      visible(verdict.because),
    );
    const pass = passOf(app, verdict);
    const made = el("div", { class: "fusion-line" }, el("span", {}, link, pass ? " · " : "", pass));
    made.prepend(mark);
    return made;
  };
  return el(
    "div",
    {},
    ...own.slice(0, 5).map(line),
    own.length > 5 && el("span", { class: "muted" }, `and ${own.length - 5} more below`),
    ...folded.slice(0, 5).map((text) => el("div", { class: "fusion-line muted" }, text)),
  );
}

/** The way to the pass that decided: rules carry its name. */
function passOf(app: App, { rule }: Verdict): HTMLElement | undefined {
  const pass = passRows(app.store.state).find(({ name }) => name === rule.slice(0, rule.indexOf("/")));
  return (
    pass &&
    linkButton(
      `${pass.index} ${visible(pass.name)}`,
      () => showStage(app, pass.index),
      `Rule ${visible(rule)}: show the graph after this pass`,
    )
  );
}

/** Neighbours of the selection in the graph shown. */
function neighbours(app: App, side: "inputs" | "outputs"): readonly NodeRow[] {
  const shown = app.shown();
  const { producer, consumers } = links(shown);
  const rows = app.store.state.selection.nodes.flatMap((id) => shown.nodes.get(id) ?? []);
  const ids = rows.flatMap((row) =>
    [...row[side]].flatMap((value) => (side === "inputs" ? (producer.get(value) ?? []) : (consumers.get(value) ?? []))),
  );
  return [...new Set(ids)].flatMap((id) => shown.nodes.get(id) ?? []);
}

/** A node of the last graph; where the graph shown has an operator there that it comes from, that one first. */
function endLabel(app: App, id: number, side: "inputs" | "outputs"): string {
  const label = nodeLabel(app, id);
  if (app.shown().nodes.has(id)) return label;
  const origin = new Set(app.trace.snapshot(lastGraphStage(app)).nodes.get(id)?.origin ?? []);
  const before = neighbours(app, side).find((row) => row.origin.some((source) => origin.has(source)));
  return before === undefined ? label : `${visible(before.op)} #${before.id}, now ${label}`;
}

/** Readers in the graph shown of which nothing is left in the last one. */
function foldedReaders(app: App): readonly string[] {
  const last = lastGraphStage(app);
  const { nodes } = app.trace.snapshot(last);
  return neighbours(app, "outputs")
    .filter((row) => !nodes.has(row.id) && row.origin.length > 0 && row.origin.every((source) => app.lineage.at(source, last).length === 0))
    .map((row) => `its reader ${visible(row.op)} #${row.id} was folded away: nothing is left to fuse`);
}

/** What a pass took away of the selection without putting anything in its place: an addition of zeros has no fusion. */
function removedParts(app: App): readonly string[] {
  const steps = joinedDescent(app.lineage, sourcesOfSelection(app).slice(0, mostFollowed));
  return steps.flatMap(({ stage, nodes }, i) => {
    const before = steps[i - 1]?.nodes ?? [];
    if (i === 0 || nodes.length === 0 || nodes.some((id) => !before.includes(id))) return [];
    const pass = passRows(app.store.state).find(({ index }) => index === stage);
    const rules = rulesFor(pass?.hits ?? [], nodes, before)
      .map(visible)
      .join(", ");
    const base = app.trace.snapshot(app.trace.baseOf(stage)).nodes;
    const gone = before.filter((id) => !nodes.includes(id)).map((id) => `${visible(base.get(id)?.op ?? "?")} #${id}`);
    const what = `${gone.slice(0, 3).join(", ")}${gone.length > 3 ? ` and ${gone.length - 3} more` : ""}`;
    return [`${what} removed by ${stage} ${visible(pass?.name ?? "")}${rules === "" ? "" : `, rule ${rules}`}`];
  });
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

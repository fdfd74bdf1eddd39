/** What happened at the place shown: a rule hit in full with the nodes before and after, or why a pass failed or was left out. */
import { passRows, type App, type PassRow } from "../../app.ts";
import { selectNodes, showStage, stepHit, worksOnLoops } from "../../actions.ts";
import { iconButton, linkButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { tail, visible } from "../../model/format.ts";
import type { Snapshot } from "../../model/trace.ts";
import type { State } from "../../store.ts";
import { revealInGraph } from "../graph/index.ts";
import { ruleName } from "./rows.ts";

/** Nodes listed on each side; the rest are counted. */
const mostNodes = 12;

export function showHitCard(app: App, card: HTMLElement, state: State): void {
  const pass = passRows(state).find(({ index }) => index === state.stage);
  const content = !pass
    ? []
    : pass.status === "failed"
      ? failure(app, pass, state)
      : pass.status === "skipped"
        ? skipped(pass)
        : hit(app, pass, state);
  card.hidden = content.length === 0;
  fill(card, ...content);
}

function failure(app: App, pass: PassRow, { failed }: State): HTMLElement[] {
  const before = pass.index - 1;
  return [
    el(
      "div",
      { class: "row-note failed", role: "alert" },
      el("b", {}, `${visible(pass.name)} failed. `),
      visible(pass.reason ?? failed?.message ?? ""),
    ),
    ...(failed && failed.next !== "" ? [el("p", {}, el("b", {}, "What to do: "), visible(failed.next))] : []),
    el(
      "p",
      { class: "muted" },
      `What the ${before + 1} stages before it made is all here: the picture is that of `,
      linkButton(`stage ${before}`, () => showStage(app, before)),
      ".",
    ),
  ];
}

const skipped = (pass: PassRow): HTMLElement[] => [
  el("div", { class: "row-note skipped" }, el("b", {}, `${visible(pass.name)} was left out. `), visible(pass.reason ?? "")),
];

function hit(app: App, pass: PassRow, state: State): HTMLElement[] {
  const hits = pass.hits ?? [];
  const shown = hits[state.hit];
  if (!shown) return [];
  const head = el(
    "div",
    { class: "hit-head" },
    el("b", {}, visible(ruleName(pass, shown))),
    el("span", { class: "count-of" }, `${state.hit + 1} of ${hits.length}`),
    el(
      "div",
      { class: "tools" },
      iconButton("up", "Previous hit (p)", () => stepHit(app, -1)),
      iconButton("down", "Next hit (n)", () => stepHit(app, 1)),
    ),
  );
  const note = shown.note === undefined ? [] : [noteOf(visible(shown.note))];
  if (worksOnLoops(pass)) {
    return [
      head,
      ...note,
      el("p", { class: "muted" }, `${statements(shown.before.length)} → ${statements(shown.after.length)}, marked in the text`),
    ];
  }
  const base = app.trace.snapshot(Math.max(0, app.trace.baseOf(state.stage)));
  return [head, ...note, nodes(app, "Before", shown.before, base), nodes(app, "After", shown.after, app.trace.snapshot(state.stage))];
}

const statements = (count: number): string => `${count} ${count === 1 ? "statement" : "statements"}`;

/** `kernel=gemm_f32 mc=1 kc=100` as pairs; other notes as they are. */
function noteOf(note: string): HTMLElement {
  const pairs = note.split(" ").map((part) => /^([\w.]+)=(.+)$/.exec(part));
  if (pairs.length < 2 || pairs.some((pair) => pair === null)) return el("p", { class: "hit-full" }, note);
  return el(
    "dl",
    { class: "hit-pairs" },
    ...pairs.map((pair) => el("div", {}, el("dt", {}, pair?.[1] ?? ""), " ", el("dd", {}, pair?.[2] ?? ""))),
  );
}

function nodes(app: App, title: string, ids: readonly number[], snapshot: Snapshot): HTMLElement {
  const links = ids.slice(0, mostNodes).map((id) => {
    const node = snapshot.nodes.get(id);
    const label = `${visible(node?.op ?? "op")} #${id}`;
    if (!app.trace.snapshot(app.store.state.stage).nodes.has(id))
      return el("li", { title: visible(node?.name ?? "") }, label, nameOf(node?.name));
    const go = (): void => {
      selectNodes(app, [id]);
      revealInGraph([id]);
    };
    return el("li", { title: visible(node?.name ?? "") }, linkButton(label, go), nameOf(node?.name));
  });
  const rest = ids.length - links.length;
  return el(
    "div",
    { class: "hit-side" },
    el("h3", {}, title),
    ids.length === 0
      ? el("span", { class: "muted" }, "nothing")
      : el("ul", {}, ...links, rest > 0 && el("li", { class: "muted" }, `and ${rest} more`)),
  );
}

const nameOf = (name: string | undefined): HTMLElement | false =>
  name !== undefined && name !== "" && el("span", { class: "muted" }, ` ${tail(name, 30)}`);

/** The line above the graph: which stage is shown, what it did, and why it exists; inside of a body, the way to it. */
import { lastStage, passRows, type App } from "../../app.ts";
import { linkButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { changeSigns, type ChangeKind, type StageChange } from "../../model/change.ts";
import { visible } from "../../model/format.ts";
import type { State } from "../../store.ts";
import { hasStageText } from "../stage-text/index.ts";
import { wayTo } from "./way.ts";

/** `+2 ~5 −3 ↕1`, with words in the tooltips. */
function counts({ added, changed, retyped, tuned, moved, removed }: StageChange): HTMLElement[] {
  const differ = [
    `${changed.size} with other attributes, operands or operator`,
    ...(retyped.size > 0 ? [`${retyped.size} with results of another shape, type or layout`] : []),
    ...(tuned.size > 0 ? [`${tuned.size} fusion groups with other members or parameters`] : []),
  ];
  const rows: readonly (readonly [ChangeKind, number, string])[] = [
    ["added", added.size, "added"],
    ["changed", changed.size + retyped.size + tuned.size, differ.join("\n")],
    ["moved", moved.size, "computed in another group, or elsewhere in the order of execution"],
    ["removed", removed.size, "removed"],
  ];
  return rows
    .filter(([, size]) => size > 0)
    .map(([kind, size, what]) =>
      el("span", { class: `count ${kind}`, title: kind === "changed" ? what : `${size} ${what}` }, `${changeSigns[kind]}${size}`),
    );
}

export function showHeading(app: App, heading: HTMLElement, state: State): void {
  if (state.bodies.length > 0) return fill(heading, ...wayTo(app, state));
  const row = passRows(state).find(({ index }) => index === state.stage);
  const change = app.trace.graphStage(state.stage) === state.stage ? app.trace.change(state.stage) : undefined;
  fill(
    heading,
    el("span", { class: "stage-number" }, `${state.stage}/${lastStage(state)}`),
    el("strong", {}, row ? visible(row.name) : "…"),
    ...(change ? counts(change) : []),
    el("span", { class: "why", title: row?.why ?? "" }, row?.reason ?? row?.why ?? ""),
    ...(hasStageText(state) ? [loopsLink(app, state)] : []),
  );
}

/** A pass over loops leaves the graph as it was: its text stands in the graph's place, and the graph is a click away. */
function loopsLink(app: App, { loopText }: State): HTMLElement {
  return loopText
    ? linkButton(
        "show the graph",
        () => app.store.update({ loopText: false }),
        "The graph is that of the last graph pass; this pass works on loops",
      )
    : linkButton("show its text", () => app.store.update({ loopText: true }), "What this pass changed in the loops");
}

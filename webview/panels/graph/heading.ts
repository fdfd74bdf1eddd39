/** The line above the graph: which stage is shown, what it did, and why it exists; inside of a body, the way to it. */
import { lastStage, passRows, type App } from "../../app.ts";
import { showView } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import type { State } from "../../store.ts";
import { wayTo } from "./way.ts";

/** Levels whose passes work on loops: the graph stays as it was. */
const hasLoops: readonly string[] = ["lower", "tensor", "code"];

const count = (sign: string, kind: string, size: number, what: string): HTMLElement | false =>
  size > 0 && el("span", { class: `count ${kind}`, title: `${size} ${what}` }, `${sign}${size}`);

export function showHeading(app: App, heading: HTMLElement, state: State): void {
  if (state.bodies.length > 0) return fill(heading, ...wayTo(app, state));
  const row = passRows(state).find(({ index }) => index === state.stage);
  const change = app.trace.graphStage(state.stage) === state.stage ? app.trace.change(state.stage) : undefined;
  fill(
    heading,
    el("span", { class: "stage-number" }, `${state.stage}/${lastStage(state)}`),
    el("strong", {}, row ? visible(row.name) : "…"),
    change && count("+", "added", change.added.size, "added"),
    change && count("~", "changed", change.changed.size, "changed"),
    change && count("−", "removed", change.removed.size, "removed"),
    el("span", { class: "why", title: row?.why ?? "" }, row?.reason ?? row?.why ?? ""),
    row &&
      hasLoops.includes(row.level) &&
      linkButton("see its loops", () => showView(app, "kernels"), "The graph is that of the last graph pass; this pass works on loops"),
  );
}

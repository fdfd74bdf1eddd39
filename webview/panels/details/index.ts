/** Everything about the selection: facts, values, lineage, verdicts. */
import type { Verdict } from "#protocol";
import type { App, Panel } from "../../app.ts";
import { groupOfSelection, nodesAtEnd, sourcesOfSelection } from "../../actions.ts";
import { coverageText, restText, workText } from "../../coverage-text.ts";
import { el, fill } from "../../dom.ts";
import { valueOfKey } from "../../model/boxes.ts";
import { bytesText, flopsText, visible } from "../../model/format.ts";
import { unknownWork } from "../../model/holes.ts";
import type { NodeRow, ValueRow } from "../../model/trace.ts";
import type { State } from "../../store.ts";
import { block, facts, type Fact } from "./blocks.ts";
import { bodyBlock } from "./bodies.ts";
import { edgeDetails } from "./edge.ts";
import { groupDetails } from "./group.ts";
import { holeBlock } from "./hole.ts";
import { lineageBlock } from "./lineage.ts";
import { valueBlock } from "./values.ts";
import { verdictBlock } from "./verdicts.ts";

/** Nodes of a large selection that are listed one by one. */
const mostNodes = 12;

class DetailsPanel {
  readonly element = el("section", { class: "details", role: "region", attrs: { "aria-label": "Selection" } });

  constructor(private readonly app: App) {}

  update(state: State, previous: State): void {
    const relevant: (keyof State)[] = ["selection", "stage", "summary", "generation", "failed", "bodies"];
    if (relevant.every((key) => state[key] === previous[key]) && this.element.childElementCount > 0) return;
    fill(this.element, ...this.content(state));
  }

  refresh(): void {
    fill(this.element, ...this.content(this.app.store.state));
  }

  private content(state: State): HTMLElement[] {
    const { selection } = state;
    if (selection.edge) return edgeDetails(this.app, selection.edge);
    if (selection.buffer !== undefined) return [...this.buffer(state, selection.buffer), ...this.nodes(state)];
    if (selection.group !== undefined) return [...groupDetails(this.app, selection.group), ...this.provenance(state)];
    const first = selection.nodes[0];
    if (first === undefined) return this.model(state);
    if (first < 0 && selection.nodes.length === 1) return this.terminal(state, valueOfKey(first));
    return this.nodes(state);
  }

  private model({ hello, summary, failed }: State): HTMLElement[] {
    if (!hello) return [el("p", { class: "empty" }, "No model yet.")];
    const known: Fact[] = [
      ["File", visible(hello.model.name)],
      // A file that could not be read has no size.
      ...(hello.model.bytes > 0 ? [["Size", bytesText(hello.model.bytes)] as const] : []),
    ];
    if (summary) {
      known.push(["Features", summary.isa], ["Threads", String(summary.threads)], ["Arithmetic", summary.precision]);
      known.push(
        ["ONNX nodes", String(summary.sources.length)],
        ["Groups", String(summary.groups.length)],
        ["Work per run", workText(summary)],
        ["Compiled", coverageText(summary)],
        ...(restText(summary) === "" ? [] : [["The rest", restText(summary)] as const]),
      );
    }
    const made = [block("Model", facts(known))];
    if (failed)
      made.push(
        block(
          "Failed",
          el("p", { class: "error-text" }, visible(failed.message)),
          el("p", {}, visible(failed.next)),
          el("code", { class: "muted" }, failed.code),
        ),
      );
    if (summary && summary.unsupported.length > 0) {
      const rows = summary.unsupported
        .slice(0, 50)
        .map(({ node, opType, reason }) => el("li", {}, el("b", {}, visible(opType)), ` ${visible(node)}: ${visible(reason)}`));
      made.push(block(`Not compiled (${summary.unsupported.length})`, el("ul", { class: "plain" }, ...rows)));
    }
    made.push(
      el(
        "p",
        { class: "empty" },
        "Select a node, an edge or a group. Keys: j and k step through the passes, arrows follow edges, 0 shows all, 1 to 4 change the view.",
      ),
    );
    return made;
  }

  private nodes(state: State): HTMLElement[] {
    const snapshot = this.app.shown(state);
    const base = this.app.trace.snapshot(this.app.trace.baseOf(state.stage));
    const rows = state.selection.nodes.map((id) => snapshot.nodes.get(id) ?? base.nodes.get(id)).filter((row) => row !== undefined);
    if (rows.length === 0) return [el("p", { class: "empty" }, "What was selected is not in this stage.")];
    if (rows.length === 1) return [...this.node(rows[0] as NodeRow, !snapshot.nodes.has(rows[0]?.id ?? -1)), ...this.provenance(state)];
    const list = rows.slice(0, mostNodes).map((node) => el("li", {}, el("b", {}, visible(node.op)), ` ${visible(node.name)}`));
    const head = facts([
      ["Work", sumText(rows, ({ flops }) => flops, flopsText)],
      ["Bytes moved", sumText(rows, ({ bytes }) => bytes, bytesText)],
    ]);
    return [block(`${rows.length} nodes`, head, el("ul", { class: "plain" }, ...list)), ...this.provenance(state)];
  }

  private node(node: NodeRow, removed: boolean): HTMLElement[] {
    const { trace, store } = this.app;
    const snapshot = removed ? trace.snapshot(trace.baseOf(store.state.stage)) : this.app.shown();
    const known: Fact[] = [
      ["Name", visible(node.name) || "(none)"],
      ["Id", `#${node.id}`],
    ];
    if (node.init) known.push(["Phase", "once, at the first run"]);
    known.push(["Work", Number.isFinite(node.flops) ? flopsText(node.flops) : unknownWork(node)]);
    if (Number.isFinite(node.bytes)) known.push(["Bytes moved", bytesText(node.bytes)]);
    if (node.flops > 0 && node.bytes > 0) known.push(["Intensity", `${(node.flops / node.bytes).toPrecision(3)} flop/B`]);
    const values = (ids: Int32Array): ValueRow[] => [...ids].map((id) => snapshot.values.get(id)).filter((value) => value !== undefined);
    const title = removed ? `${visible(node.op)} — removed by this pass` : visible(node.op);
    const made = [block(title, facts(known), node.hole ? undefined : attributes(node.attrs))];
    const hole = removed ? undefined : holeBlock(this.app, node);
    if (hole) made.push(hole);
    made.push(...bodyBlock(this.app, node));
    made.push(
      valueBlock(this.app, "Inputs", values(node.inputs), snapshot.stage),
      valueBlock(this.app, "Outputs", values(node.outputs), snapshot.stage),
    );
    return made;
  }

  private terminal(state: State, value: number): HTMLElement[] {
    const row = this.app.shown(state).values.get(value);
    return row ? [valueBlock(this.app, "Graph input or output", [row], state.stage)] : [];
  }

  private buffer({ summary }: State, id: number): HTMLElement[] {
    const buffer = summary?.buffers.find((candidate) => candidate.id === id);
    if (!buffer) return [];
    const known: Fact[] = [
      ["Name", visible(buffer.name)],
      ["Scope", buffer.scope],
      ["Shape", `${buffer.shape.join("×")} ${buffer.dtype}`],
      ["Bytes", bytesText(buffer.bytes)],
      ["Offset", String(buffer.offset)],
      ["Alive", `steps ${buffer.firstStep} to ${buffer.lastStep}`],
    ];
    if (buffer.reuses.length > 0)
      known.push([
        "Takes the place of",
        buffer.reuses.map((other) => visible(summary?.buffers.find((b) => b.id === other)?.name ?? `#${other}`)).join(", "),
      ]);
    const about = (summary?.verdicts ?? []).filter(
      (verdict) => verdict.subject === "buffer" && verdict.value !== undefined && verdict.value === buffer.value,
    );
    return [block("Buffer", facts(known)), ...verdictBlock(this.app, about)];
  }

  /** Where the selection comes from, what it became, and what was decided about it. */
  private provenance(state: State): HTMLElement[] {
    const nodes = new Set([...state.selection.nodes, ...nodesAtEnd(this.app)]);
    const group = groupOfSelection(this.app);
    const about = (state.summary?.verdicts ?? []).filter(
      (verdict: Verdict) =>
        verdict.nodes.some((node) => nodes.has(node)) || (group !== undefined && verdict.group === group && verdict.subject !== "fusion"),
    );
    return [lineageBlock(this.app, sourcesOfSelection(this.app), group), ...verdictBlock(this.app, about)];
  }
}

function attributes(json: string): HTMLElement | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json || "{}");
  } catch {
    return facts([["Attributes", visible(json)]]);
  }
  const entries = typeof parsed === "object" && parsed !== null ? Object.entries(parsed) : [];
  return entries.length === 0
    ? undefined
    : facts(entries.map(([name, value]) => [visible(name), visible(typeof value === "string" ? value : JSON.stringify(value))] as const));
}

/** The sum of what is known, and of how many it is not. */
function sumText(rows: readonly NodeRow[], of: (node: NodeRow) => number, format: (sum: number) => string): string {
  const known = rows.map(of).filter((value) => Number.isFinite(value));
  const sum = format(known.reduce((total, value) => total + value, 0));
  const missing = rows.length - known.length;
  return missing === 0 ? sum : `${sum}, not known for ${missing} of ${rows.length} nodes`;
}

let panel: DetailsPanel | undefined;

/** Shows the selection again: a text it refers to has arrived. */
export const refreshDetails = (): void => panel?.refresh();

export const detailsPanel: Panel = {
  id: "details",
  title: "Details",
  render: (app) => (panel = new DetailsPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
};

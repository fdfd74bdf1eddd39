/** Everything about the selection: facts, values, lineage, verdicts. */
import type { App, Panel } from "../../app.ts";
import { sourcesOfSelection } from "../../actions.ts";
import { coverageText, restText, workText } from "../../coverage-text.ts";
import { el, fill } from "../../dom.ts";
import { valueOfKey } from "../../model/boxes.ts";
import { bytesText, visible } from "../../model/format.ts";
import { groupOfNode } from "../../model/links.ts";
import type { State } from "../../store.ts";
import { block, facts, type Fact } from "./blocks.ts";
import { edgeDetails } from "./edge.ts";
import { endsOfSelection } from "./ends.ts";
import { groupDetails } from "./group.ts";
import { lineageBlock } from "./lineage.ts";
import { manyDetails } from "./many.ts";
import { nodeDetails } from "./node.ts";
import { valueBlock } from "./values.ts";
import { verdictsAbout } from "./about.ts";
import { verdictBlock } from "./verdicts.ts";

class DetailsPanel {
  readonly element = el("section", { class: "details", role: "region", attrs: { "aria-label": "Selection" } });

  constructor(private readonly app: App) {}

  update(state: State, previous: State): void {
    const relevant: (keyof State)[] = ["selection", "stage", "summary", "generation", "failed", "bodies", "profile"];
    if (relevant.every((key) => state[key] === previous[key]) && this.element.childElementCount > 0) return;
    fill(this.element, ...this.content(state));
    if (state.selection !== previous.selection) this.element.scrollTop = 0; // another thing is read from its name on
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
        "Select a node, an edge or a group. Keys: j and k step through the passes, n and p through what a rule did, arrows follow edges, u and d follow a value, / searches, 0 shows all, 1 to 6 change the view.",
      ),
    );
    return made;
  }

  private nodes(state: State): HTMLElement[] {
    const snapshot = this.app.shown(state);
    const base = this.app.trace.snapshot(this.app.trace.baseOf(state.stage));
    const rows = state.selection.nodes.map((id) => snapshot.nodes.get(id) ?? base.nodes.get(id)).filter((row) => row !== undefined);
    if (rows.length === 0) return [el("p", { class: "empty" }, "What was selected is not in this stage.")];
    const [first] = rows;
    if (rows.length === 1 && first) return [...nodeDetails(this.app, first, !snapshot.nodes.has(first.id)), ...this.provenance(state)];
    return [...manyDetails(this.app, rows), ...this.provenance(state)];
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
    const verdicts = state.summary?.verdicts ?? [];
    const sources = sourcesOfSelection(this.app);
    const groups = this.groups(state);
    const stages = this.app.trace.graphStages;
    const end = this.app.trace.snapshot(stages[stages.length - 1] ?? 0).nodes;
    const about = verdictsAbout(verdicts, {
      last: new Set([...state.selection.nodes, ...endsOfSelection(this.app)]),
      ever: new Set(sources.flatMap((source) => this.app.lineage.of(source).flatMap(({ nodes }) => [...nodes]))),
      groups: new Set(groups),
      shares: { selected: new Set(state.selection.nodes), sources: new Set(sources), origin: (id) => end.get(id)?.origin ?? [] },
    });
    const lineage = lineageBlock(this.app, sources, groups);
    if (state.selection.nodes.length === 1) return [lineage, ...verdictBlock(this.app, about.all)];
    return [
      lineage,
      ...verdictBlock(this.app, about.inside, "Fused or not, inside"),
      ...verdictBlock(this.app, about.border, "Fused or not, at the border"),
      ...verdictBlock(this.app, about.others, "Other decisions"),
    ];
  }

  /** Fusion groups that have a part of the selection. */
  private groups({ selection, summary }: State): readonly number[] {
    if (selection.group !== undefined) return [selection.group];
    const byNode = groupOfNode(summary?.groups ?? []);
    return [...new Set(endsOfSelection(this.app).map((node) => byNode.get(node)?.id))]
      .filter((id) => id !== undefined)
      .sort((a, b) => a - b);
  }
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

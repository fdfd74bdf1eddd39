/** The thread from ONNX nodes through every stage to group, loops and C++, clickable both ways. */
import type { App } from "../../app.ts";
import { lastRunStage, passRows } from "../../app.ts";
import { nodesAtEnd, selectGroup, selectNodes, selectSource, showStage, showView } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { templateText } from "../../model/holes.ts";
import { goToLine } from "../kernels/index.ts";
import { block } from "./blocks.ts";

const mostSources = 8;
const mostNodes = 6;

export function lineageBlock(app: App, sources: readonly number[], group: number | undefined): HTMLElement {
  const { summary } = app.store.state;
  const steps: HTMLElement[] = [];
  const onnx = sources.slice(0, mostSources).map((source) => {
    const info = summary?.sources[source];
    const label = info ? `${info.opType} ${visible(info.name || info.path)}` : `ONNX node ${source}`;
    return linkButton(label, () => selectSource(app, source), info?.path);
  });
  if (sources.length > mostSources)
    onnx.push(
      linkButton(`and ${sources.length - mostSources} more`, () =>
        selectNodes(
          app,
          sources.flatMap((source) => [...app.lineage.at(source, app.store.state.stage)]),
        ),
      ),
    );
  steps.push(step("ONNX", onnx.length > 0 ? onnx : [el("span", { class: "muted" }, "made by a pass")]));
  steps.push(...stageSteps(app, sources));
  if (group !== undefined)
    steps.push(step("Group", [linkButton(groupLabel(app, group), () => selectGroup(app, group))]), ...codeSteps(app, group));
  return block("Lineage", el("ol", { class: "lineage" }, ...steps));
}

const groupLabel = (app: App, group: number): string => {
  const info = app.store.state.summary?.groups.find(({ id }) => id === group);
  return info ? `${group} · ${templateText(info.template)} (${info.members.length} ops)` : `group ${group}`;
};

function step(title: string, links: readonly HTMLElement[], current = false): HTMLElement {
  return el(
    "li",
    { class: current ? "here" : "" },
    el("span", { class: "lineage-stage" }, title),
    el("span", { class: "lineage-items" }, ...links),
  );
}

/** One step for each stage where the nodes that come from the sources are others than before. */
function stageSteps(app: App, sources: readonly number[]): HTMLElement[] {
  const rows = passRows(app.store.state);
  const stages = new Set(sources.slice(0, 60).flatMap((source) => app.lineage.of(source).map(({ stage }) => stage)));
  const here = app.trace.graphStage(app.store.state.stage);
  const shown = [...stages].sort((a, b) => a - b);
  const current = shown.filter((stage) => stage <= here).pop();
  return shown.map((stage) => {
    const nodes = [...new Set(sources.slice(0, 60).flatMap((source) => [...app.lineage.at(source, stage)]))];
    const graph = app.trace.snapshot(stage);
    const open = (ids: readonly number[]): void => {
      showStage(app, stage);
      selectNodes(app, ids);
    };
    const links = nodes.slice(0, mostNodes).map((id) => linkButton(`${visible(graph.nodes.get(id)?.op ?? "?")} #${id}`, () => open([id])));
    if (nodes.length > mostNodes) links.push(linkButton(`and ${nodes.length - mostNodes} more`, () => open(nodes)));
    const name = rows.find(({ index }) => index === stage)?.name ?? "";
    return step(
      `${stage} ${visible(name)}`,
      links.length > 0 ? links : [el("span", { class: "muted" }, "nothing left")],
      stage === current,
    );
  });
}

function codeSteps(app: App, group: number): HTMLElement[] {
  const kernel = app.store.state.summary?.kernels.find((candidate) => candidate.group === group);
  if (!kernel) return [];
  const nodes = nodesAtEnd(app);
  const exact = (kind: "ir" | "cpp"): readonly number[] => app.linesOf(kind, lastRunStage(app.store.state), nodes).map(({ line }) => line);
  const link = (kind: "ir" | "cpp", title: string, range: readonly [number, number]): HTMLElement => {
    const lines = exact(kind);
    const label = lines.length > 0 ? spans(lines) : `lines ${range[0]}–${range[1]}`;
    return step(title, [
      linkButton(label, () => {
        showView(app, "kernels");
        goToLine(kind, lines[0] ?? range[0]);
      }),
    ]);
  };
  return [link("ir", "Loops", kernel.irLines), link("cpp", "C++", kernel.cppLines)];
}

/** `lines 4–7, 12` */
function spans(lines: readonly number[]): string {
  const sorted = [...new Set(lines)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length;) {
    let end = i;
    while (sorted[end + 1] === (sorted[end] as number) + 1) end += 1;
    parts.push(end > i ? `${sorted[i]}–${sorted[end]}` : String(sorted[i]));
    i = end + 1;
  }
  return `lines ${parts.slice(0, 4).join(", ")}${parts.length > 4 ? " …" : ""}`;
}

/** The thread from ONNX nodes through every stage to group, loops, C++ and instructions: every step is a way there. */
import type { LoopStep } from "#protocol";
import type { App, PassRow } from "../../app.ts";
import { lastRunStage, passRows } from "../../app.ts";
import { selectGroup, selectNodes, selectSource, showStage, showView } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { templateText } from "../../model/holes.ts";
import { loopStepsOfTexts } from "../../model/loop-texts.ts";
import { joinedDescent, rulesFor } from "../../model/lineage.ts";
import { goToLine } from "../kernels/index.ts";
import { block } from "./blocks.ts";
import { endsOfSelection } from "./ends.ts";

const mostSources = 8;
const mostNodes = 6;
/** Sources whose stages are followed together; more are a part of the model, not a thread. */
const mostFollowed = 60;

export function lineageBlock(app: App, sources: readonly number[], groups: readonly number[]): HTMLElement {
  const list = el("ol", { class: "lineage" }, onnxStep(app, sources), ...stageSteps(app, sources.slice(0, mostFollowed)));
  const ends = endsOfSelection(app);
  for (const group of groups.slice(0, mostNodes)) list.append(groupStep(app, group));
  if (groups.length > 0) {
    const loops = el("li", { class: "lineage-wait", hidden: true });
    list.append(loops, ...codeSteps(app, ends));
    void loopSteps(app, ends, loops);
  }
  return block("Lineage", list);
}

function onnxStep(app: App, sources: readonly number[]): HTMLElement {
  const { summary, stage } = app.store.state;
  const links = sources.slice(0, mostSources).map((source) => {
    const info = summary?.sources[source];
    const label = info ? `${info.opType} ${visible(info.name || info.path)}` : `ONNX node ${source}`;
    return linkButton(label, () => selectSource(app, source), info?.path);
  });
  if (sources.length > mostSources) {
    const all = (): void =>
      selectNodes(
        app,
        sources.flatMap((source) => [...app.lineage.at(source, stage)]),
      );
    links.push(linkButton(`and ${sources.length - mostSources} more`, all));
  }
  return step("ONNX", "", links.length > 0 ? links : [el("span", { class: "muted" }, "made by a pass")], { level: "onnx" });
}

interface StepMarks {
  readonly level: string;
  readonly stage?: number;
  readonly current?: boolean;
}

function step(title: string, rules: string, links: readonly HTMLElement[], { level, stage, current = false }: StepMarks): HTMLElement {
  return el(
    "li",
    { class: current ? "here" : "", data: { level, ...(stage === undefined ? {} : { stage: String(stage) }), rule: rules } },
    el("span", { class: "lineage-stage" }, title, rules === "" ? undefined : el("span", { class: "lineage-rule" }, ` ${visible(rules)}`)),
    el("span", { class: "lineage-items" }, ...links),
  );
}

const rowAt = (app: App, stage: number): PassRow | undefined => passRows(app.store.state).find(({ index }) => index === stage);

/** One step for each stage where the nodes that come from the sources are others than before. */
function stageSteps(app: App, sources: readonly number[]): HTMLElement[] {
  const here = app.trace.graphStage(app.store.state.stage);
  const selected = new Set(app.store.state.selection.nodes);
  const shown = joinedDescent(app.lineage, sources);
  const current = shown.filter(({ stage }) => stage <= here).pop()?.stage;
  return shown.map(({ stage, nodes }, i) => {
    const graph = app.trace.snapshot(stage);
    const open = (ids: readonly number[]): void => {
      showStage(app, stage);
      selectNodes(app, ids);
    };
    const links = nodes.slice(0, mostNodes).map((id) => {
      const link = linkButton(`${visible(graph.nodes.get(id)?.op ?? "?")} #${id}`, () => open([id]));
      link.dataset["node"] = String(id);
      if (selected.has(id)) link.classList.add("is-selected");
      return link;
    });
    if (nodes.length > mostNodes) links.push(linkButton(`and ${nodes.length - mostNodes} more`, () => open(nodes)));
    const row = rowAt(app, stage);
    const rules = rulesFor(row?.hits ?? [], nodes, shown[i - 1]?.nodes ?? []).join(", ");
    const items = links.length > 0 ? links : [el("span", { class: "muted" }, "nothing left")];
    return step(`${stage} ${visible(row?.name ?? "")}`, rules, items, { level: "graph", stage, current: stage === current });
  });
}

function groupStep(app: App, group: number): HTMLElement {
  const info = app.store.state.summary?.groups.find(({ id }) => id === group);
  const count = info?.members.length ?? 0;
  const label = info ? `${group} · ${templateText(info.template)} (${count} op${count === 1 ? "" : "s"})` : `group ${group}`;
  return step("Group", "", [linkButton(label, () => selectGroup(app, group))], { level: "group" });
}

const loopReplies = new Map<string, Promise<readonly LoopStep[]>>();
const mostReplies = 64;

/** Asks what the passes over the loops did, once per set of nodes. */
function askLoops(app: App, nodes: readonly number[]): Promise<readonly LoopStep[]> {
  const key = `${app.store.state.generation}:${nodes.join()}`;
  const known = loopReplies.get(key);
  if (known) return known;
  if (loopReplies.size >= mostReplies) loopReplies.clear();
  const asked = app.store.state.hello?.recorded === true ? readLoops(app, nodes) : app.host.request("loops", { nodes }).result;
  loopReplies.set(key, asked);
  asked.catch(() => loopReplies.delete(key));
  return asked;
}

/** From the texts that a page has with it. */
async function readLoops(app: App, nodes: readonly number[]): Promise<readonly LoopStep[]> {
  const rows = passRows(app.store.state).filter(({ level, status }) => ["lower", "tensor"].includes(level) && status === "changed");
  const texts = await Promise.all(
    rows.map(async ({ index, name, level }) => ({ stage: index, pass: name, level, text: await app.text("ir", index) })),
  );
  return loopStepsOfTexts(
    texts.filter(({ text }) => text.language === "fusionscope-tensor"),
    new Set(nodes),
  );
}

/** Puts the steps in the place of `holder` when they come; without an answer there are none. */
async function loopSteps(app: App, nodes: readonly number[], holder: HTMLElement): Promise<void> {
  if (nodes.length === 0 || nodes.length > 200) return;
  let steps: readonly LoopStep[];
  try {
    steps = await askLoops(app, nodes);
  } catch {
    return;
  }
  const here = app.store.state.stage;
  const current = steps.filter(({ stage }) => stage <= here).pop()?.stage;
  holder.replaceWith(
    ...steps.map(({ stage, pass, regions }) => {
      const open = (): void => {
        showStage(app, stage);
        selectNodes(app, nodes);
        showView(app, "kernels");
      };
      const links = regions
        .slice(0, mostNodes)
        .map(({ name, statements }) => linkButton(`${visible(name)}: ${statements} statements`, open));
      const items = links.length > 0 ? links : [el("span", { class: "muted" }, "no statement left")];
      return step(`${stage} ${visible(pass)}`, "", items, { level: "loops", stage, current: stage === current });
    }),
  );
}

/** Exact lines where the texts are here, else where the kernel stands. */
function codeSteps(app: App, nodes: readonly number[]): HTMLElement[] {
  const last = lastRunStage(app.store.state);
  const own = new Set(nodes);
  const groups = (app.store.state.summary?.groups ?? []).filter(({ members }) => members.some(({ node }) => own.has(node)));
  const kernels = (app.store.state.summary?.kernels ?? []).filter(({ group }) => groups.some(({ id }) => id === group));
  const [kernel] = kernels;
  if (!kernel) return [];
  const link = (kind: "ir" | "cpp", title: string, range: readonly [number, number]): HTMLElement => {
    const all = [...new Set(app.linesOf(kind, last, nodes).map(({ line }) => line))];
    const inside = all.filter((line) => line >= range[0]);
    const label = all.length > 0 ? spans(all) : `lines ${range[0]}–${range[1]}`;
    const go = (): void => {
      showView(app, "kernels");
      goToLine(kind, inside[0] ?? all[0] ?? range[0]);
    };
    return step(title, "", [linkButton(label, go)], { level: kind });
  };
  return [link("ir", "Loops", kernel.irLines), link("cpp", "C++", kernel.cppLines), assemblyStep(app, last, nodes)];
}

function assemblyStep(app: App, last: number, nodes: readonly number[]): HTMLElement {
  const lines = [...new Set(app.linesOf("asm", last, nodes).map(({ line }) => line))];
  const here = app.textNow("asm", last) !== undefined;
  const label =
    lines.length > 0 ? `${lines.length} instructions, ${spans(lines)}` : here ? "no instruction of its own" : "show the instructions";
  // The view brings the inner loop of the selection into sight itself.
  const go = (): void => showView(app, "kernels");
  return step("Instructions", "", [linkButton(label, go, "Builds the code if it was not built yet")], { level: "asm" });
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

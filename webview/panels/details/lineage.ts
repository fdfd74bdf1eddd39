/** The thread from ONNX nodes through every stage to group, loops, C++ and instructions: every step is a way there. */
import type { GroupInfo, KernelInfo, LoopStep } from "#protocol";
import type { App, PassRow } from "../../app.ts";
import { lastRunStage, passRows } from "../../app.ts";
import { selectGroup, selectNodes, selectSource, showStage, showView } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { templateText } from "../../model/holes.ts";
import { loopStepsOfTexts } from "../../model/loop-texts.ts";
import { joinedDescent, rulesFor } from "../../model/lineage.ts";
import { groupOfNode } from "../../model/links.ts";
import type { NodeRow } from "../../model/trace.ts";
import { t } from "../../strings.ts";
import { goToLine, showText } from "../kernels/index.ts";
import { block } from "./blocks.ts";
import { endsOfSelection } from "./ends.ts";
import { innerLoopStep } from "./inner-loops.ts";

const mostSources = 8;
const mostNodes = 6;
/** Sources whose stages are followed together; more are a part of the model, not a thread. */
const mostFollowed = 60;

export function lineageBlock(app: App, sources: readonly number[], groups: readonly number[]): HTMLElement {
  const list = el("ol", { class: "lineage" }, onnxStep(app, sources), ...stageSteps(app, sources.slice(0, mostFollowed)));
  const ends = endsOfSelection(app);
  const ordered = computeFirst(
    app,
    groups.map((group) => ({ group })),
  );
  for (const { group } of ordered.slice(0, mostNodes)) list.append(groupStep(app, group));
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
  const links: HTMLElement[] = [linkButton(label, () => selectGroup(app, group))];
  const main = info && mainMember(app, info);
  if (main) links.push(el("span", { class: "muted" }, info.phase === "init" ? ` once, at the first run: ${main}` : ` its work: ${main}`));
  return step("Group", "", links, { level: "group" });
}

/** The member with the most arithmetic, which says what a group is for: `matmul #12`. */
function mainMember(app: App, { members }: GroupInfo): string | undefined {
  const { nodes } = app.trace.snapshot(app.trace.graphStages.at(-1) ?? 0);
  const work = (node: NodeRow): number => (Number.isFinite(node.flops) ? node.flops : 0);
  const rows = members.flatMap(({ node }) => nodes.get(node) ?? []);
  const [most] = [...rows].sort((a, b) => work(b) - work(a));
  if (!most) return undefined;
  return work(most) > 0 || rows.length === 1 ? `${visible(most.op)} #${most.id}` : t("moves data: {0}", `${visible(most.op)} #${most.id}`);
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
      const links = computeFirst(app, regions)
        .slice(0, mostNodes)
        .map(({ name, statements }) => linkButton(`${visible(name)}: ${statements} statements`, open));
      const items = links.length > 0 ? links : [el("span", { class: "muted" }, "no statement left")];
      return step(`${stage} ${visible(pass)}`, "", items, { level: "loops", stage, current: stage === current });
    }),
  );
}

/** Where the kernels stand, those that run every time first: the same whether the texts are here or not. A click goes to the selection's own lines. */
function codeSteps(app: App, nodes: readonly number[]): HTMLElement[] {
  const last = lastRunStage(app.store.state);
  const own = new Set(nodes);
  const { groups = [], kernels = [] } = app.store.state.summary ?? {};
  const ours = new Set(groups.filter(({ members }) => members.some(({ node }) => own.has(node))).map(({ id }) => id));
  const found = computeFirst(
    app,
    kernels.filter(({ group }) => ours.has(group)),
  );
  if (found.length === 0) return [];
  const link = (kind: "ir" | "cpp", { name, irLines, cppLines }: KernelInfo): HTMLElement => {
    const [from, to] = kind === "ir" ? irLines : cppLines;
    const go = (): void => {
      showView(app, "kernels");
      const inside = app.linesOf(kind, last, nodes).filter(({ line }) => line >= from && line <= to);
      goToLine(kind, inside[0]?.line ?? from);
    };
    return linkButton(`${visible(name)}: lines ${from}–${to}`, go);
  };
  const links = (kind: "ir" | "cpp"): HTMLElement[] => found.slice(0, mostNodes).map((kernel) => link(kind, kernel));
  return [
    step("Loops", "", links("ir"), { level: "ir" }),
    step("C++", "", links("cpp"), { level: "cpp" }),
    innerLoopStep(app, found.slice(0, mostNodes)),
    assemblyStep(app, last, computing(app, nodes)),
  ];
}

/** What runs every time, then what is done once, as the packing of weights. */
function computeFirst<T extends { readonly group: number }>(app: App, list: readonly T[]): readonly T[] {
  const once = new Set((app.store.state.summary?.groups ?? []).filter(({ phase }) => phase === "init").map(({ id }) => id));
  return [...list.filter(({ group }) => !once.has(group)), ...list.filter(({ group }) => once.has(group))];
}

/** Those of the nodes that run every time; all of them where none does. */
function computing(app: App, nodes: readonly number[]): readonly number[] {
  const byNode = groupOfNode(app.store.state.summary?.groups ?? []);
  const found = nodes.filter((node) => byNode.get(node)?.phase !== "init");
  return found.length > 0 ? found : nodes;
}

function assemblyStep(app: App, last: number, nodes: readonly number[]): HTMLElement {
  const lines = [...new Set(app.linesOf("asm", last, nodes).map(({ line }) => line))];
  const here = app.textNow("asm", last) !== undefined;
  const label =
    lines.length > 0 ? `${lines.length} instructions, ${spans(lines)}` : here ? "no instruction of its own" : "show the instructions";
  // The view brings the inner loop of the selection into sight itself.
  const go = (): void => {
    showView(app, "kernels");
    showText("asm");
  };
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

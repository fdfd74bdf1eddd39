/** What the user can do, wherever it is done from: keys, buttons, commands of the editor. */
import type { BenchScope, PanelCommand, RuleHit } from "#protocol";
import { lastStage, passRows, type App, type PassRow } from "./app.ts";
import { errorInfo } from "./host.ts";
import { bodiesOf } from "./model/bodies.ts";
import { groupOfNode } from "./model/links.ts";
import { noSelection, type Compare, type Selection, type State, type View } from "./store.ts";

const changesSomething = (row: PassRow): boolean => row.status === "changed" || row.status === "failed" || row.index === 0;

/** Shows the program after a pass, with one of its rule hits (-1: none). What is selected is followed to what became of it. */
export function showStage(app: App, stage: number, hit = -1): void {
  const { state } = app.store;
  const target = Math.min(lastStage(state), Math.max(0, stage));
  if (target === state.stage) return app.store.update({ hit });
  app.store.update({ stage: target, selection: followed(app, target), hit, litNodes: [], litStatements: [], bodies: [] });
}

/** What the rules of the pass shown did, in order. */
export const hitsShown = (state: State): readonly RuleHit[] => passRows(state).find(({ index }) => index === state.stage)?.hits ?? [];

/** Passes of these levels work on loops: their hits name statements, and the graph stays that of the last graph pass. */
const levelsOfLoops: readonly string[] = ["lower", "tensor", "code"];
export const worksOnLoops = (row: PassRow | undefined): boolean => row !== undefined && levelsOfLoops.includes(row.level);

/** The rule hit shown, if it is one of the graph. */
export function graphHit(state: State): RuleHit | undefined {
  const row = passRows(state).find(({ index }) => index === state.stage);
  return worksOnLoops(row) ? undefined : row?.hits?.[state.hit];
}

/** Goes to the next rule hit or the one before: of the pass shown, then of the next pass that has any. */
export function stepHit(app: App, direction: 1 | -1): void {
  const { state } = app.store;
  const hits = hitsShown(state);
  const next = state.hit < 0 && direction < 0 ? -1 : state.hit + direction;
  if (next >= 0 && next < hits.length) app.store.update({ hit: next });
  else {
    const rows = passRows(state).filter((row) => (row.hits?.length ?? 0) > 0);
    const row = direction > 0 ? rows.find(({ index }) => index > state.stage) : rows.filter(({ index }) => index < state.stage).pop();
    if (!row) return app.announce(direction > 0 ? "No rule fires after this." : "No rule fires before this.");
    showStage(app, row.index, direction > 0 ? 0 : (row.hits?.length ?? 1) - 1);
  }
  const shown = app.store.state;
  const hit = hitsShown(shown)[shown.hit];
  if (hit) app.announce(`${shown.hit + 1} of ${hitsShown(shown).length}: ${hit.rule}`);
}

/** Shows a graph inside of the model, as the file has it. */
export async function enterBody(app: App, path: string): Promise<void> {
  const { bodies, generation } = app.store.state;
  try {
    await app.loadBody(path);
  } catch (error) {
    return app.announce(errorInfo(error).message);
  }
  if (app.store.state.generation !== generation) return;
  // A sibling takes the place of the body shown.
  const around = bodies.filter((outer) => path.startsWith(`${outer}/`));
  app.store.update({ bodies: [...around, path], selection: noSelection, view: "graph", litNodes: [], hit: -1 });
}

/** Goes back to the graph around the one shown, at `depth` (0: that of the stage), with the node selected that was entered. */
export function leaveBody(app: App, depth: number): void {
  const { state } = app.store;
  const left = state.bodies[depth];
  if (left === undefined) return;
  const bodies = state.bodies.slice(0, depth);
  const around = app.shown({ ...state, bodies });
  const entered = [...around.nodes.values()].find((node) => bodiesOf(node, state.summary?.sources ?? []).some(({ path }) => path === left));
  app.store.update({ bodies, selection: entered ? { nodes: [entered.id] } : noSelection });
}

/** Moves by passes; `changedOnly` jumps over those that changed nothing. */
export function step(app: App, direction: 1 | -1, changedOnly: boolean): void {
  const { state } = app.store;
  const rows = passRows(state).filter((row) => !changedOnly || changesSomething(row) || row.status === undefined);
  const ahead = rows.filter((row) => (direction > 0 ? row.index > state.stage : row.index < state.stage));
  const next = direction > 0 ? ahead[0] : ahead[ahead.length - 1];
  if (next) showStage(app, next.index);
}

function followed(app: App, stage: number): Selection {
  const { selection, stage: before } = app.store.state;
  const [from, to] = [app.trace.graphStage(before), app.trace.graphStage(stage)];
  if (selection.nodes.length === 0 || from === to) return selection;
  const [old, now] = [app.trace.snapshot(before), app.trace.snapshot(stage)];
  const nodes = new Set<number>();
  for (const id of selection.nodes) {
    if (id < 0 || now.nodes.has(id)) nodes.add(id);
    else for (const source of old.nodes.get(id)?.origin ?? []) for (const node of app.lineage.at(source, stage)) nodes.add(node);
  }
  const group = selection.group !== undefined && now.groups.some(({ id }) => id === selection.group) ? { group: selection.group } : {};
  return { nodes: [...nodes], ...group };
}

export function select(app: App, selection: Selection): void {
  const { bodies } = app.store.state;
  const inside =
    selection.nodes.length === 0
      ? selection.group === undefined && selection.buffer === undefined
      : isShown(app, selection.nodes[0] as number);
  app.store.update({ selection, bodies: inside ? bodies : [] });
}

/** True for what the graph on the screen has; boxes of inputs and outputs have negative keys. */
const isShown = (app: App, node: number): boolean => node < 0 || app.shown().nodes.has(node);

/** Selects nodes; with `extend`, adds them to the selection or takes them out of it. */
export function selectNodes(app: App, nodes: readonly number[], extend = false): void {
  const before = app.store.state.selection.nodes;
  if (!extend) return select(app, { nodes });
  const kept = before.filter((node) => !nodes.includes(node));
  select(app, { nodes: kept.length < before.length ? kept : [...before, ...nodes] });
}

/** Selects a fusion group and its members, at a stage that has groups. */
export function selectGroup(app: App, group: number): void {
  const { state } = app.store;
  if (!app.trace.snapshot(state.stage).groups.some(({ id }) => id === group)) {
    const stages = app.trace.graphStages.filter((stage) => app.trace.snapshot(stage).groups.some(({ id }) => id === group));
    const last = stages[stages.length - 1];
    if (last !== undefined) showStage(app, last);
  }
  const info = app.trace.snapshot(app.store.state.stage).groups.find(({ id }) => id === group);
  select(app, { nodes: info?.members.map(({ node }) => node) ?? [], group });
}

/** Selects a buffer and the nodes that make or read what is in it. */
export function selectBuffer(app: App, buffer: number): void {
  const { summary, stage } = app.store.state;
  const info = summary?.buffers.find(({ id }) => id === buffer);
  if (!info) return;
  const snapshot = app.trace.snapshot(stage);
  const touches = (values: Int32Array): boolean => info.value !== undefined && values.includes(info.value);
  const nodes = [...snapshot.nodes.values()].filter((node) => touches(node.outputs) || touches(node.inputs)).map(({ id }) => id);
  const members = info.groups.flatMap((group) => summary?.groups.find(({ id }) => id === group)?.members.map(({ node }) => node) ?? []);
  select(app, { nodes: nodes.length > 0 ? nodes : members, buffer });
}

/** Selects what an ONNX node is at the shown stage. */
export function selectSource(app: App, source: number): void {
  selectNodes(app, app.lineage.at(source, app.store.state.stage));
}

/** Without another compilation there is nothing to compare. */
export function showView(app: App, view: View): void {
  if (view !== "compare" || app.store.state.other) app.store.update({ view });
}

export const setCompare = (app: App, compare: Compare): void => app.store.update({ compare });

/** What the selection becomes in the last graph, which texts and decisions speak of. */
export function nodesAtEnd(app: App): readonly number[] {
  const { selection, stage } = app.store.state;
  const last = app.trace.graphStages[app.trace.graphStages.length - 1];
  if (last === undefined) return [];
  const [now, end] = [app.trace.snapshot(stage), app.trace.snapshot(last)];
  const nodes = new Set<number>();
  for (const id of selection.nodes) {
    if (end.nodes.has(id)) nodes.add(id);
    else for (const source of now.nodes.get(id)?.origin ?? []) for (const node of app.lineage.at(source, last)) nodes.add(node);
  }
  return [...nodes];
}

/** The fusion group that the selection lies in, if it is one. */
export function groupOfSelection(app: App): number | undefined {
  const { selection, stage, summary } = app.store.state;
  if (selection.group !== undefined) return selection.group;
  const groups = app.trace.snapshot(stage).groups;
  const byNode = groupOfNode(groups.length > 0 ? groups : (summary?.groups ?? []));
  const found = new Set((groups.length > 0 ? selection.nodes : nodesAtEnd(app)).map((node) => byNode.get(node)?.id));
  const [only] = found;
  return found.size === 1 ? only : undefined;
}

/** ONNX nodes that the selection comes from, in order. */
export function sourcesOfSelection(app: App): readonly number[] {
  const { selection } = app.store.state;
  const { nodes } = app.shown();
  return [...new Set(selection.nodes.flatMap((id) => [...(nodes.get(id)?.origin ?? [])]))].sort((a, b) => a - b);
}

const isView = (view: string): view is View => ["graph", "kernels", "buffers", "bench", "fusion", "values", "compare"].includes(view);

/** Runs a command of the editor. `local` are those that belong to a panel. */
export function runCommand(
  app: App,
  command: PanelCommand,
  local: { readonly fit: () => void; readonly bench: (scope: BenchScope | undefined) => void },
): void {
  switch (command.name) {
    case "next-pass":
      return step(app, 1, false);
    case "previous-pass":
      return step(app, -1, false);
    case "next-changed":
      return step(app, 1, true);
    case "previous-changed":
      return step(app, -1, true);
    case "fit":
      return local.fit();
    case "bench":
      showView(app, "bench");
      return local.bench(command.scope);
    case "toggle-diff":
      return setCompare(app, app.store.state.compare === "split" ? "overlay" : "split");
    case "show-stage":
      return showStage(app, command.stage);
    case "show-view":
      return isView(command.view) ? showView(app, command.view) : undefined;
    case "select-source":
      return selectSource(app, command.source);
    case "select-node":
      return selectNodes(app, [command.node]);
    case "select-group":
      return selectGroup(app, command.group);
    case "select-buffer":
      return selectBuffer(app, command.buffer);
  }
}

export const clearSelection = (app: App): void => select(app, noSelection);

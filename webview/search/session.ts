/** The search of the page: what was asked for is found again in every graph that comes to be shown. */
import type { App } from "../app.ts";
import { select } from "../actions.ts";
import { noChange } from "../model/change.ts";
import { noSearch, type Search, type State } from "../store.ts";
import { find, type Found } from "./match.ts";
import { spaceOf, type Space } from "./space.ts";

/** The graph on the screen, as it is searched. */
export function spaceShown(app: App, state: State = app.store.state): Space {
  const { trace } = app;
  const ownGraph = state.bodies.length === 0 && trace.graphStage(state.stage) === state.stage;
  return spaceOf(app.shown(state), { sources: state.summary?.sources ?? [], change: ownGraph ? trace.change(state.stage) : noChange });
}

function searchOf(app: App, text: string): Search {
  if (text.trim() === "" || app.trace.graphStage(app.store.state.stage) < 0) return { ...noSearch, text };
  const { found, chains, error }: Found = find(text, spaceShown(app));
  return { text, found, chains, at: -1, error: error?.message };
}

/** Looks for `text` in the graph on the screen. */
export function searchFor(app: App, text: string): void {
  if (text !== app.store.state.search.text) app.store.update({ search: searchOf(app, text) });
}

/** Graphs of more nodes are not searched stage by stage. */
const manyNodes = 5000;

/** Where something was found that is not in the graph on the screen. */
export interface Elsewhere {
  readonly stage: number;
  readonly count: number;
}

/**
 * The last stage before the one shown that has what was searched for, else the first one after it. Big graphs: only the model as it was imported
 * and the last graph are looked at.
 */
export function foundElsewhere(app: App): Elsewhere | undefined {
  const { trace, store } = app;
  const { search, stage, bodies, summary } = store.state;
  const here = trace.graphStage(stage);
  if (search.text.trim() === "" || search.error !== undefined || search.found.length > 0 || bodies.length > 0 || here < 0) return undefined;
  const stages = trace.graphStages;
  const [earlier, later] = [stages.filter((one) => one < here).reverse(), stages.filter((one) => one > here)];
  const big = trace.snapshot(here).nodes.size > manyNodes;
  const ends = (list: readonly number[]): readonly number[] => (big ? list.slice(-1) : list);
  let seen = trace.snapshot(here).nodes;
  for (const at of [...ends(earlier), ...ends(later)]) {
    const snapshot = trace.snapshot(at);
    if (snapshot.nodes === seen) continue;
    seen = snapshot.nodes;
    const { found } = find(search.text, spaceOf(snapshot, { sources: summary?.sources ?? [], change: noChange }));
    if (found.length > 0) return { stage: at, count: found.length };
  }
  return undefined;
}

/** The nodes of everything that was found: with chains, of all their steps. */
export function foundNodes({ found, chains }: Search): readonly number[] {
  return chains ? [...new Set(chains.flat())] : found;
}

/** Goes to one of the results: selects its nodes. Returns them, for bringing them into sight. */
export function showFound(app: App, at: number): readonly number[] {
  const { search } = app.store.state;
  const head = search.found[at];
  if (head === undefined) return [];
  const nodes = search.chains?.[at] ?? [head];
  app.store.update({ search: { ...search, at } });
  select(app, { nodes });
  app.announce(`${at + 1} of ${search.found.length}`);
  return nodes;
}

/** The next result or the one before, over the end to the other end. The first one is that at or after what is selected. */
export function stepFound(app: App, direction: 1 | -1): readonly number[] {
  const { search, selection } = app.store.state;
  const count = search.found.length;
  if (count === 0) {
    if (search.text !== "") app.announce(search.error ?? "Nothing found.");
    return [];
  }
  if (search.at >= 0) return showFound(app, (search.at + direction + count) % count);
  const order = new Map(spaceShown(app).rows.map(({ id }, i) => [id, i]));
  const from = order.get(selection.nodes[0] ?? NaN) ?? -1;
  const after = search.found.findIndex((id) => (order.get(id) ?? 0) >= from);
  if (direction > 0) return showFound(app, Math.max(0, after));
  return showFound(app, after <= 0 ? count - 1 : after - 1);
}

/** Finds again when another graph is shown or the one shown has changed. The result that was looked at stays, if it is still one. */
export function keepSearching(app: App): void {
  const seen: (keyof State)[] = ["version", "stage", "bodies", "summary"];
  let last: readonly unknown[] = [];
  app.store.subscribe((state, previous) => {
    const { search } = state;
    if (search.text === "" || seen.every((key) => state[key] === previous[key])) return;
    if (app.trace.graphStage(state.stage) < 0) return;
    const { snapshot, sources, change } = spaceShown(app, state);
    // Stages behind the one shown are still coming in: what was found stays.
    const now = [snapshot.nodes, snapshot.values, snapshot.groups, sources, change];
    const same = now.every((part, i) => part === last[i]);
    last = now;
    if (same) return;
    const again = searchOf(app, search.text);
    const looked = search.found[search.at];
    app.store.update({ search: { ...again, at: looked === undefined ? -1 : again.found.indexOf(looked) } });
  });
}

/** Clusters by repetition: equal consecutive blocks, and what lies between them in parts of bearable size. */
import { adopt } from "./adopt.ts";
import { withoutSteady, type Imported } from "./imported.ts";
import { runsOf } from "./runs.ts";
import { scopesOf } from "./scope.ts";
import { spread } from "./spread.ts";
import { leavesOf, treeByOrigin, TreeBuilder, type FoldTree } from "./tree.ts";

/** Graphs of fewer nodes show what repeats nowhere as it is. */
const partsFrom = 500;
/** Stretches without repetition are cut into parts of so many nodes or more; shorter ones stay as they are. */
const smallestPart = 12;
const shortest = 5;
/** About so many parts there are in all. */
const mostParts = 36;

export function repetitionTree(whole: Imported): FoldTree {
  const { graph, places } = withoutSteady(whole);
  const builder = new TreeBuilder();
  const place = new Int32Array(graph.nodes.length).fill(-1);
  let end = 0;
  const runs = runsOf(graph);
  const rest = runs.reduce((count, { size, times }) => count - size * times, graph.nodes.length);
  const part = whole.nodes.length <= partsFrom ? Infinity : Math.max(smallestPart, Math.ceil(rest / mostParts));
  for (const run of runs) {
    cutRest(graph, builder, place, end, run.begin, part);
    end = run.begin + run.size * run.times;
    const first = sourceAt(graph, run.begin);
    const titles = Array.from({ length: run.times }, (_, i) => commonScope(graph, run.begin + i * run.size, run.size));
    const named = new Set(titles).size === run.times && !titles.includes("");
    const around = commonScope(graph, run.begin, run.size * run.times);
    const whole = builder.add(
      `run:${first}:${run.size}`,
      around || `${run.equal ? "block" : "like blocks"} of ${run.size} ops`,
      -1,
      run.times,
    );
    for (let i = 0; i < run.times; i += 1) {
      const title = named ? (titles[i] as string) : `block ${i + 1} of ${run.times}`;
      const block = builder.add(`run:${first}:${run.size}:${i}`, title, whole);
      place.fill(block, run.begin + i * run.size, run.begin + (i + 1) * run.size);
    }
  }
  cutRest(graph, builder, place, end, graph.nodes.length, part);
  const all = new Int32Array(whole.nodes.length).fill(-1);
  places.forEach((at, i) => (all[at] = place[i] as number));
  adopt(whole, builder.clusters, all, true);
  const made = spread(builder.clusters, leavesOf(whole, all));
  return treeByOrigin(made.clusters, made.leaves);
}

/** Ids are made of ONNX indices, which are the same at every stage. */
const sourceAt = ({ nodes }: Imported, place: number): number => nodes[place]?.origin[0] ?? -1 - place;

/** Consecutive parts in topological order, so that no part needs what a later one makes. */
function cutRest(graph: Imported, builder: TreeBuilder, place: Int32Array, begin: number, end: number, part: number): void {
  const count = end - begin;
  if (part === Infinity || count < shortest) return;
  const size = Math.ceil(count / Math.ceil(count / part));
  for (let from = begin; from < end; from += size) {
    const until = Math.min(end, from + size);
    const title = commonScope(graph, from, until - from) || `ops ${from + 1} – ${until}`;
    place.fill(builder.add(`part:${sourceAt(graph, from)}:${until - from}`, title, -1), from, until);
  }
}

/** Last part of the scope that all nodes of a stretch are in; "" when there is none. */
function commonScope({ names }: Imported, begin: number, count: number): string {
  let common: readonly string[] | undefined;
  for (let i = begin; i < begin + count; i += 1) {
    const scopes = scopesOf(names[i] as string);
    if (common === undefined) common = scopes;
    else {
      let same = 0;
      while (same < common.length && common[same] === scopes[same]) same += 1;
      common = common.slice(0, same);
    }
    if (common.length === 0) return "";
  }
  return common?.[common.length - 1] ?? "";
}

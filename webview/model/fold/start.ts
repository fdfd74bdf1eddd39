/** How a graph is folded when it is first shown: by what, and which clusters are open. */
import type { FoldBy } from "../../store.ts";
import type { FoldTree } from "./tree.ts";

/** Graphs of more nodes start folded. */
const foldFrom = 500;
/** What is seen at once: at most, and at least where there is that much. */
const mostShown = 72;
const fewestShown = 6;
/** A cluster that is all there is opens in any case, unless it shows more than this. */
const mostOpened = 200;
/** A folding that still shows more boxes than this is not worth it. */
const bearable = 160;

const known = new WeakMap<FoldTree, { readonly open: ReadonlySet<string>; readonly shown: number }>();

/** Ids of the clusters that are open at the start: the outer ones, biggest first, as long as not too much is seen. The same at every stage. */
export const startsOpen = (tree: FoldTree): ReadonlySet<string> => start(tree).open;

function start(tree: FoldTree): { readonly open: ReadonlySet<string>; readonly shown: number } {
  const before = known.get(tree);
  if (before) return before;
  const { clusters, own, size, loose } = tree;
  const children = new Map<number, number[]>();
  clusters.forEach(({ parent }, c) => {
    const list = children.get(parent);
    if (list) list.push(c);
    else children.set(parent, [c]);
  });
  const nodes = own.reduce((sum, count) => sum + count, loose);
  const budget = Math.min(mostShown, Math.max(12, Math.round(nodes / 4)));
  const open = new Set<string>();
  let shown = loose + (children.get(-1)?.length ?? 0);
  const cost = (c: number): number => (own[c] as number) + (children.get(c)?.length ?? 0) - 1;
  let level: readonly number[] = children.get(-1) ?? [];
  while (level.length > 0) {
    const next: number[] = [];
    for (const alike of bySize(level, size)) {
      const all = alike.reduce((sum, c) => sum + cost(c), 0);
      // Of equal blocks, all are open, or the first as an example, or none.
      const opened = shown + all <= budget ? alike : alike.slice(0, 1);
      const after = shown + opened.reduce((sum, c) => sum + cost(c), 0);
      if (after > (shown < fewestShown ? mostOpened : budget)) continue;
      shown = after;
      for (const c of opened) {
        open.add(clusters[c]?.id ?? "");
        next.push(...(children.get(c) ?? []));
      }
    }
    level = next;
  }
  const made = { open, shown };
  known.set(tree, made);
  return made;
}

/** Clusters beside each other, those of one size together; the biggest first. */
function bySize(level: readonly number[], size: Int32Array): readonly (readonly number[])[] {
  const classes = new Map<number, number[]>();
  for (const c of level) {
    const list = classes.get(size[c] as number);
    if (list) list.push(c);
    else classes.set(size[c] as number, [c]);
  }
  return [...classes].sort(([a], [b]) => b - a).map(([, list]) => list);
}

/** By what to fold a graph of so many nodes, when nobody has said. */
export function foldAtFirst(nodes: number, trees: Readonly<Record<"scope" | "repetition", () => FoldTree>>): FoldBy {
  if (nodes <= foldFrom) return "none";
  const shownBy = (by: "scope" | "repetition"): number => {
    const tree = trees[by]();
    return tree.clusters.length === 0 ? Infinity : start(tree).shown;
  };
  const scope = shownBy("scope");
  if (scope <= bearable) return "scope";
  const repetition = shownBy("repetition");
  const least = Math.min(scope, repetition);
  if (least > nodes * 0.8) return "none";
  return scope <= repetition ? "scope" : "repetition";
}

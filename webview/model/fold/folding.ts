/** What is folded now: the tree for a snapshot, and which of its clusters are open. */
import type { GroupInfo } from "#protocol";
import type { FoldBy } from "../../store.ts";
import { templateText } from "../holes.ts";
import { groupOfNode } from "../links.ts";
import type { Snapshot } from "../trace.ts";
import { importedOf } from "./imported.ts";
import { repetitionTree } from "./repetition.ts";
import { scopeTree } from "./scope.ts";
import { foldAtFirst, startsOpen } from "./start.ts";
import { noTree, TreeBuilder, type FoldTree } from "./tree.ts";

export interface Folding {
  readonly foldBy: FoldBy;
  /** Changes whenever something is opened or closed. */
  readonly key: string;
  readonly treeOf: (snapshot: Snapshot) => FoldTree;
  readonly isOpen: (id: string) => boolean;
  readonly turned: ReadonlySet<string>;
}

type Nodes = Snapshot["nodes"];
const trees = { scope: new WeakMap<Nodes, FoldTree>(), repetition: new WeakMap<Nodes, FoldTree>() };
const groupTrees = new WeakMap<readonly GroupInfo[], FoldTree>();
const makers = { scope: scopeTree, repetition: repetitionTree };
/** Foldings in use: before and after, of the stage and of a body. */
const kept: { readonly nodes: Nodes; readonly folding: Folding }[] = [];
const mostKept = 12;

function importedTree(by: "scope" | "repetition", imported: Snapshot): FoldTree {
  const known = trees[by].get(imported.nodes);
  if (known) return known;
  const made = makers[by](importedOf(imported));
  trees[by].set(imported.nodes, made);
  return made;
}

/** Groups are clusters where a stage has them. They start closed. */
function groupTree(groups: readonly GroupInfo[]): FoldTree {
  const known = groupTrees.get(groups);
  if (known) return known;
  const builder = new TreeBuilder();
  const byNode = groupOfNode(groups);
  const indices = new Map(groups.map((group) => [group, builder.add(`group:${group.id}`, groupTitle(group), -1, 1, group.id)]));
  const made: FoldTree = {
    ...noTree,
    clusters: builder.clusters,
    clusterOf: ({ id }) => {
      const group = byNode.get(id);
      return group ? (indices.get(group) ?? -1) : -1;
    },
  };
  groupTrees.set(groups, made);
  return made;
}

export const groupTitle = ({ id, template }: GroupInfo): string => `${id} · ${templateText(template)}`;

const nothingOpen: ReadonlySet<string> = new Set();

/** @param imported the first graph of the compilation, or the graph inside of the model that is shown */
export function foldingOf(imported: Snapshot, foldBy: FoldBy, turned: ReadonlySet<string>): Folding {
  const key = foldBy === "none" ? "none" : [foldBy, ...[...turned].sort()].join("\n");
  const known = kept.find(({ nodes, folding }) => nodes === imported.nodes && folding.key === key);
  if (known) return known.folding;
  const start = foldBy === "scope" || foldBy === "repetition" ? startsOpen(importedTree(foldBy, imported)) : nothingOpen;
  const folding: Folding = {
    foldBy,
    key,
    treeOf: (snapshot) => {
      if (foldBy === "none") return noTree;
      return foldBy === "group" ? groupTree(snapshot.groups) : importedTree(foldBy, imported);
    },
    turned,
    isOpen: (id) => start.has(id) !== turned.has(id),
  };
  kept.push({ nodes: imported.nodes, folding });
  if (kept.length > mostKept) kept.shift();
  return folding;
}

/** By what the graph is folded when it is first shown. */
export const firstFolding = (imported: Snapshot): FoldBy =>
  foldAtFirst(imported.nodes.size, {
    scope: () => importedTree("scope", imported),
    repetition: () => importedTree("repetition", imported),
  });

/** The outermost cluster that was opened or closed by hand between two foldings of one kind; undefined when none was. */
export function turnedBetween(before: Folding, after: Folding): string | undefined {
  if (before.foldBy !== after.foldBy || before === after) return undefined;
  const differ = [...after.turned].filter((id) => !before.turned.has(id)).concat([...before.turned].filter((id) => !after.turned.has(id)));
  return differ[0];
}

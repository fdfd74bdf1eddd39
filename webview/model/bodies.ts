/** Graphs inside of the model: which nodes of the file have some, and what they look like. */
import type { GraphDelta, SourceNodeInfo } from "#protocol";
import { Trace, type NodeRow, type Snapshot } from "./trace.ts";

/** A body of a node, or the body of the function that it calls. */
export interface Body {
  /** Name of the attribute or of the function. */
  readonly name: string;
  /** `#12/then_branch` */
  readonly path: string;
  /** Nodes that it has itself. */
  readonly nodes: number;
}

const known = new WeakMap<readonly SourceNodeInfo[], ReadonlyMap<string, readonly Body[]>>();

/** Bodies by the path of their node. They are read off the paths of the nodes in them: `#12/then_branch/#3`. */
export function bodiesByNode(sources: readonly SourceNodeInfo[]): ReadonlyMap<string, readonly Body[]> {
  const found = known.get(sources);
  if (found) return found;
  const counts = new Map<string, { readonly owner: string; readonly name: string; nodes: Set<string> }>();
  for (const { path } of sources) {
    const parts = /^(.*#\d+)\/(.+)\/(#\d+)$/.exec(path);
    if (!parts) continue;
    const [owner, name, node] = parts.slice(1) as [string, string, string];
    const body = counts.get(`${owner}/${name}`) ?? { owner, name, nodes: new Set<string>() };
    body.nodes.add(node);
    counts.set(`${owner}/${name}`, body);
  }
  const made = new Map<string, Body[]>();
  for (const [path, { owner, name, nodes }] of counts) made.set(owner, [...(made.get(owner) ?? []), { name, path, nodes: nodes.size }]);
  known.set(sources, made);
  return made;
}

/** Bodies of the node of the file that a node of the graph stands for. */
export function bodiesOf(node: NodeRow | undefined, sources: readonly SourceNodeInfo[]): readonly Body[] {
  const source = sources[node?.origin[node.origin.length - 1] ?? -1];
  return source === undefined ? [] : (bodiesByNode(sources).get(source.path) ?? []);
}

/** Ids of the nodes inside begin here, so that none of them is taken for a node of a stage. */
const firstId = 1_000_000_000;

export const isInside = (id: number): boolean => id >= firstId;

/** A graph inside of the model as a snapshot. */
export function bodySnapshot(delta: GraphDelta): Snapshot {
  const trace = new Trace();
  const shifted = (ids: Int32Array): Int32Array => ids.map((id) => id + firstId);
  trace.add({ ...delta, nodes: { ...delta.nodes, id: shifted(delta.nodes.id) }, ...(delta.order ? { order: shifted(delta.order) } : {}) });
  return trace.snapshot(delta.stage);
}

/** Names of the way to a body: `If #12 · then_branch`. */
export function bodyTitle(path: string, sources: readonly SourceNodeInfo[]): string {
  const parts = /^(.*#\d+)\/(.+)$/.exec(path);
  const owner = sources.find((source) => source.path === parts?.[1]);
  const number = /#\d+$/.exec(parts?.[1] ?? "")?.[0] ?? "";
  return owner && owner.opType !== parts?.[2] ? `${owner.opType} ${number} · ${parts?.[2] ?? path}` : `${parts?.[2] ?? path} ${number}`;
}

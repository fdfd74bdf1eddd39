/** Where a node of the graph comes from: the pass that first had it, the rule that made it, and what that rule took; and which passes changed it since. */
import type { PassEvent, RuleHit } from "#protocol";
import type { NodeRow, Trace } from "./trace.ts";

export interface Introduction {
  readonly stage: number;
  readonly pass: string;
  readonly rule?: string;
  readonly note?: string;
  /** Nodes of the stage before: those that the rule took, else those of the same origin that went. */
  readonly from: readonly { readonly id: number; readonly op: string }[];
}

/** The pass that took a node away. */
export interface Ending {
  readonly stage: number;
  readonly pass: string;
  readonly rule?: string;
  readonly note?: string;
  /** Nodes after it: those that the rule made or left, else those of the same origin that are new. */
  readonly became: readonly { readonly id: number; readonly op: string }[];
}

/** A pass that left the node another one under the same number. */
export interface Change {
  readonly stage: number;
  readonly pass: string;
  readonly rules: readonly string[];
}

type Passes = readonly Pick<PassEvent, "index" | "name" | "hits">[];

interface Entry {
  /** Stages whose deltas list the node and whose base lacked it, or had it. */
  readonly first: Map<number, number>;
  readonly changed: Map<number, number[]>;
  /** Stages whose deltas take the node away. */
  readonly ended: Map<number, number>;
  readonly stages: number;
}

const known = new WeakMap<Trace, Entry>();

/** One walk over all deltas, once per trace. */
function indexOf(trace: Trace): Entry {
  const found = known.get(trace);
  if (found?.stages === trace.graphStages.length) return found;
  const entry: Entry = { first: new Map(), changed: new Map(), ended: new Map(), stages: trace.graphStages.length };
  for (const stage of trace.graphStages) {
    for (const id of trace.rowsOf(stage).removed) entry.ended.set(id, stage);
    for (const { id } of trace.rowsOf(stage).listed) {
      if (!entry.first.has(id)) entry.first.set(id, stage);
      else entry.changed.set(id, [...(entry.changed.get(id) ?? []), stage]);
    }
  }
  known.set(trace, entry);
  return entry;
}

const passAt = (passes: Passes, stage: number): { readonly name: string; readonly hits: readonly RuleHit[] } =>
  passes.find(({ index }) => index === stage) ?? { name: stage === 0 ? "import" : `pass ${stage}`, hits: [] };

/** Undefined for a node that no stage has. */
export function introductionOf(trace: Trace, passes: Passes, node: NodeRow): Introduction | undefined {
  const stage = indexOf(trace).first.get(node.id);
  if (stage === undefined) return undefined;
  const { name, hits } = passAt(passes, stage);
  const found = { stage, pass: name };
  const baseStage = trace.baseOf(stage);
  if (baseStage < 0) return { ...found, from: [] };
  const base = trace.snapshot(baseStage);
  const hit = hits.find(({ before, after }) => after.includes(node.id) && !before.includes(node.id));
  const shares = (id: number): boolean => base.nodes.get(id)?.origin.some((source) => node.origin.includes(source)) === true;
  const gone = [...base.order].filter((id) => trace.rowsOf(stage).removed.includes(id) && shares(id));
  const from = (hit?.before ?? gone).map((id) => ({ id, op: base.nodes.get(id)?.op ?? "?" }));
  return { ...found, ...(hit ? { rule: hit.rule, ...(hit.note === undefined ? {} : { note: hit.note }) } : {}), from };
}

/** Undefined for a node that the last graph has, and for one that no stage has. */
export function endingOf(trace: Trace, passes: Passes, node: NodeRow): Ending | undefined {
  const stage = indexOf(trace).ended.get(node.id);
  if (stage === undefined) return undefined;
  const { name, hits } = passAt(passes, stage);
  const now = trace.snapshot(stage);
  const hit = hits.find(({ before }) => before.includes(node.id));
  const shares = ({ id, origin }: NodeRow): boolean =>
    indexOf(trace).first.get(id) === stage && origin.some((source) => node.origin.includes(source));
  const left = (hit?.after ?? []).filter((id) => now.nodes.has(id));
  const ids = hit ? left : [...now.nodes.values()].filter(shares).map(({ id }) => id);
  const became = ids.map((id) => ({ id, op: now.nodes.get(id)?.op ?? "?" }));
  return { stage, pass: name, ...(hit ? { rule: hit.rule, ...(hit.note === undefined ? {} : { note: hit.note }) } : {}), became };
}

export function changesOf(trace: Trace, passes: Passes, node: NodeRow): readonly Change[] {
  return (indexOf(trace).changed.get(node.id) ?? []).map((stage) => {
    const { name, hits } = passAt(passes, stage);
    const own = hits.filter(({ before, after }) => before.includes(node.id) || after.includes(node.id));
    return { stage, pass: name, rules: [...new Set(own.map(({ rule }) => rule))] };
  });
}

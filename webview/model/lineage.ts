/** What became of an ONNX node: the graph nodes that carry it as origin, stage by stage. Built once from the deltas. */
import type { RuleHit } from "#protocol";
import type { Trace } from "./trace.ts";

/** Nodes alive after `stage` that come from a source; listed only for stages where that set is another than before. */
export interface Descent {
  readonly stage: number;
  readonly nodes: readonly number[];
}

export class Lineage {
  private readonly bySource = new Map<number, Descent[]>();

  constructor(trace: Trace) {
    const origins = new Map<number, Int32Array>();
    const alive = new Map<number, Set<number>>();
    for (const stage of trace.graphStages) {
      const touched = new Set<number>();
      const { listed, removed } = trace.rowsOf(stage);
      const drop = (id: number): void => {
        for (const source of origins.get(id) ?? []) {
          alive.get(source)?.delete(id);
          touched.add(source);
        }
      };
      for (const id of removed) drop(id);
      for (const node of listed) {
        drop(node.id);
        origins.set(node.id, node.origin);
        for (const source of node.origin) {
          const set = alive.get(source) ?? new Set();
          set.add(node.id);
          alive.set(source, set);
          touched.add(source);
        }
      }
      for (const source of touched) this.record(source, stage, [...(alive.get(source) ?? [])]);
    }
  }

  private record(source: number, stage: number, nodes: readonly number[]): void {
    const history = this.bySource.get(source) ?? [];
    const last = history[history.length - 1]?.nodes ?? [];
    if (last.length === nodes.length && last.every((id) => nodes.includes(id))) return;
    history.push({ stage, nodes });
    this.bySource.set(source, history);
  }

  of(source: number): readonly Descent[] {
    return this.bySource.get(source) ?? [];
  }

  /** The nodes that come from a source in the graph of a stage. */
  at(source: number, stage: number): readonly number[] {
    let nodes: readonly number[] = [];
    for (const descent of this.of(source)) if (descent.stage <= stage) nodes = descent.nodes;
    return nodes;
  }
}

/** Rules of a pass that made the nodes that are there now; where it made none, those that took what is gone. */
export function rulesFor(hits: readonly RuleHit[], now: readonly number[], before: readonly number[]): readonly string[] {
  const is = new Set(now);
  const gone = new Set(before.filter((id) => !is.has(id)));
  const made = hits.filter(({ after }) => after.some((id) => is.has(id)));
  const found = made.length > 0 ? made : hits.filter((hit) => hit.before.some((id) => gone.has(id)));
  return [...new Set(found.map(({ rule }) => rule))];
}

/** Stages at which the nodes of some sources are others than before, with those nodes, in order. */
export function joinedDescent(lineage: Lineage, sources: readonly number[]): readonly Descent[] {
  const stages = [...new Set(sources.flatMap((source) => lineage.of(source).map(({ stage }) => stage)))].sort((a, b) => a - b);
  const steps = stages.map((stage) => ({ stage, nodes: [...new Set(sources.flatMap((source) => [...lineage.at(source, stage)]))] }));
  return steps.filter(({ nodes }, i) => {
    const last = steps[i - 1]?.nodes;
    return last === undefined || last.length !== nodes.length || last.some((id) => !nodes.includes(id));
  });
}

/** Compilations with a bug planted in one pass: what later passes make of the spoilt result follows from it. */
import { isModule, type Compilation, type Graph, type Module, type Snapshot } from "#core";
import * as x from "../../compiler-core/tensor/build.ts";
import type { Stmt } from "../../compiler-core/tensor/ir.ts";
import { mapFuncs, mapStmts } from "../../compiler-core/tensor/rewrite.ts";
import { pipeline } from "../../compiler-core/pipeline.ts";

/** Runs the pipeline on from stage `at` on a spoilt snapshot. */
export function withBug(c: Compilation, at: number, spoil: (s: Snapshot) => Snapshot): Compilation {
  const first = c.snapshots[at];
  if (first === undefined) throw new Error(`there is no stage ${at}`);
  const snapshots = [...c.snapshots.slice(0, at), spoil(first)];
  const ctx = { options: c.options, machine: c.machine, hit: () => undefined, verdict: () => undefined };
  for (let stage = at + 1; stage <= pipeline.length; stage++) {
    const before = snapshots[stage - 1]!;
    const pass = pipeline[stage - 1]!;
    const ran = c.passes[stage]?.status !== "skipped";
    if (!ran) snapshots.push(before);
    else if (pass.level === "tensor") snapshots.push(pass.run(before as Module, ctx));
    else snapshots.push(pass.run(before as Graph, ctx));
  }
  snapshots.push(snapshots.at(-1)!);
  const graph = [...snapshots].reverse().find((s): s is Graph => !isModule(s)) ?? c.graph;
  const module = [...snapshots].reverse().find(isModule);
  return { ...c, snapshots, graph, module };
}

/** The last node of this operator becomes another one. */
export const otherOperator =
  (from: Graph["nodes"][number]["op"], to: Graph["nodes"][number]["op"]) =>
  (s: Snapshot): Snapshot => {
    const graph = s as Graph;
    const at = graph.nodes.map((n) => n.op).lastIndexOf(from);
    if (at < 0) throw new Error(`there is no ${from} to spoil`);
    return { ...graph, nodes: graph.nodes.map((n, i) => (i === at ? { ...n, op: to } : n)) };
  };

/** The last store of a float in the run stores what is a hundredth too great. */
export function wrongStore(s: Snapshot): Snapshot {
  const module = s as Module;
  const stores: number[] = [];
  const isFloat = (t: Stmt): t is Extract<Stmt, { k: "store" }> => t.k === "store" && t.value.type.dtype === "f32";
  mapFuncs(module, (body, f) =>
    mapStmts(body, (t) => {
      if (f.name === "run" && isFloat(t)) stores.push(t.id);
      return t;
    }),
  );
  const last = stores.at(-1);
  return mapFuncs(module, (body) =>
    mapStmts(body, (t) => {
      if (t.id !== last || !isFloat(t)) return t;
      const { dtype, lanes } = t.value.type;
      return { ...t, value: x.binary("mul", t.value, x.broadcast(x.constant(1.01, dtype), lanes)) };
    }),
  );
}

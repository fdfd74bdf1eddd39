/** What a compilation comes to, without timing it: what ablation rows compare beside the time. */
import type { Compilation } from "../../compile.ts";
import type { Buffer, BufferId, Module, Stmt } from "../../tensor/ir.ts";
import { bufferBytes } from "../../tensor/eval.ts";
import { findKernel } from "../../kernels/index.ts";
import { buffersById, countStatements, visitOwnExprs, visitStmts } from "../../tensor/rewrite.ts";

export interface ModuleFigures {
  /** Operators of the last graph. */
  readonly ops: number;
  /** Loop nests of one run; the constant work of the first run is not counted. */
  readonly nests: number;
  /** Statements of the last module. */
  readonly statements: number;
  readonly barriers: number;
  readonly arenaBytes: number;
  /** Constants that are packed at the first run. */
  readonly packedBytes: number;
  /** What the nests of one run read and write in memory that threads share, each buffer once for each nest: bytes. */
  readonly trafficBytes: number;
}

export function moduleFigures({ graph, module }: Compilation): ModuleFigures {
  const base = { ops: graph.nodes.length, nests: 0, statements: 0, barriers: 0, arenaBytes: 0, packedBytes: 0, trafficBytes: 0 };
  if (module === undefined) return base;
  const nests = module.run.body.filter((s) => s.k === "region");
  let barriers = 0;
  visitStmts(module.run.body, (s) => void (s.k === "barrier" && barriers++));
  return {
    ...base,
    nests: nests.length,
    statements: countStatements(module),
    barriers,
    arenaBytes: module.memory?.arena ?? 0,
    packedBytes: module.memory?.packed ?? 0,
    trafficBytes: traffic(module),
  };
}

function traffic(module: Module): number {
  const buffers = buffersById(module);
  return module.run.body.reduce((sum, s) => {
    const { reads, writes } = touched(s);
    return sum + bytes(reads, buffers) + bytes(writes, buffers);
  }, 0);
}

const bytes = (ids: ReadonlySet<BufferId>, buffers: ReadonlyMap<BufferId, Buffer>): number =>
  [...ids].reduce((sum, id) => {
    const b = buffers.get(id);
    return b === undefined || b.scope === "thread" || b.scope === "host" ? sum : sum + bufferBytes(b);
  }, 0);

function touched(top: Stmt): { readonly reads: ReadonlySet<BufferId>; readonly writes: ReadonlySet<BufferId> } {
  const [reads, writes] = [new Set<BufferId>(), new Set<BufferId>()];
  visitStmts([top], (s) => {
    if (s.k === "store") writes.add(s.buffer);
    if (s.k === "hole") {
      for (const { buffer } of s.inputs) reads.add(buffer);
      for (const { buffer } of s.outputs) writes.add(buffer);
    }
    if (s.k === "kernel") {
      const operands = findKernel(s.kernel)?.operands;
      for (const [name, { buffer }] of Object.entries(s.refs)) (operands?.[name]?.access === "read" ? reads : writes).add(buffer);
    }
    visitOwnExprs(s, (e) => void (e.k === "load" && reads.add(e.buffer)));
  });
  return { reads, writes };
}

/** N-dimensional accesses become row-major offsets, so that index arithmetic is visible to the passes after this one. */
import type { Buffer, BufferId, Expr, Module, Ref } from "../../tensor/ir.ts";
import { linearAdd, linearConstant, linearExpr, linearOf } from "../../tensor/linear.ts";
import { buffersById, mapExpr, mapFuncs, mapOwnExprs, mapRecord, mapSame, mapStmts } from "../../tensor/rewrite.ts";
import { tensorPass } from "../pass.ts";

export const flattenIndices = tensorPass({
  name: "flatten-indices",
  why: "Turns N-dimensional accesses into offsets from the start of the buffer.",
  optional: true,
  run: (module) => {
    const buffers = buffersById(module);
    const flat = (r: Ref): readonly Expr[] => (r.index.length === 1 ? r.index : [offset(r, buffers)]);
    const body = mapFuncs(module, (list) =>
      mapStmts(list, (s) => {
        const own = mapOwnExprs(s, (whole) =>
          mapExpr(whole, (e) => (e.k === "load" && e.index.length !== 1 ? { ...e, index: flat(e) } : e)),
        );
        if (own.k === "store" && own.index.length !== 1) return { ...own, index: flat(own) };
        if (own.k !== "kernel") return own;
        const refs = mapRecord(own.refs, (r) => (r.index.length === 1 ? r : { ...r, index: flat(r) }));
        return refs === own.refs ? own : { ...own, refs };
      }),
    );
    const table = mapSame(module.buffers, (b) => (b.shape.length === 1 ? b : { ...b, shape: [b.shape.reduce((x, y) => x * y, 1)] }));
    return table === module.buffers && body === module ? module : ({ ...body, buffers: table } satisfies Module);
  },
});

function offset(r: Ref, buffers: ReadonlyMap<BufferId, Buffer>): Expr {
  const shape = buffers.get(r.buffer)?.shape ?? [];
  let stride = 1;
  let sum = linearConstant(0);
  for (let d = shape.length - 1; d >= 0; d--) {
    sum = linearAdd(sum, linearOf(r.index[d] as Expr), stride);
    stride *= shape[d] as number;
  }
  return linearExpr(sum);
}

/** Rows that are a softmax and nothing behind it: one kernel makes weights of a block of scores, in place; their sums divide the result. */
import { valueOf, type Node, type ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, Stmt } from "../../tensor/ir.ts";
import { resultOf } from "../template.ts";
import type { NestCall } from "./block.ts";
import { scratchPitch } from "./operands.ts";
import { rowMembers } from "./row-part.ts";
import { softmaxPart } from "./shape.ts";
import type { BlockPlace, RowValues } from "./values.ts";

export interface Weights {
  readonly stmts: readonly Stmt[];
  /** Where the weights stand, and the factor of each row. */
  readonly scores: BufferId;
  readonly factor: BufferId;
}

/** Of the first `n` scores of each row. Undefined where the rows are something else, or others read what is in between. */
export function softmaxWeights(
  c: NestCall,
  place: BlockPlace,
  kept: ReadonlyMap<ValueId, BufferId>,
  values: RowValues,
  n: Expr,
): Weights | undefined {
  const { call, nest } = c;
  const { builder, graph } = call;
  // What the model quantises or rounds itself is computed as it says.
  const softmax = nest.mix === undefined || c.values?.narrow?.left !== undefined ? undefined : softmaxPart(graph, nest);
  const isF32 = (n: Node): boolean => valueOf(graph, resultOf(n)).dtype === "f32";
  if (softmax === undefined || kept.size !== 1 || !nest.rows.every((n) => isF32(n) && !call.escaping.has(resultOf(n)))) return undefined;
  const [[scored, scores] = []] = [...kept];
  const last = softmax.before.at(-1);
  if (scored === undefined || scores === undefined || valueOf(graph, scored).dtype !== "f32") return undefined;
  if (last === undefined ? softmax.x !== scored : softmax.x !== resultOf(last)) return undefined;
  const first = nest.rows.indexOf(softmax.max);
  const origin = nest.rows.slice(first).map((n) => n.id);
  const part = {
    call,
    nest,
    values,
    target: { buffer: scores, value: softmax.x },
    skip: new Set(nest.rows.slice(first)),
  };
  const before = builder.loop(
    "serial",
    "r",
    0,
    place.rows,
    softmax.before.map((n) => n.id),
    (r) => rowMembers(part, r, nest.s.n),
  );
  const factor = builder.buffer({ name: "factor", dtype: "f32", shape: [place.most], scope: "thread" });
  const at = { buffer: scores, index: [x.index(0), x.index(0)] };
  const lds = x.index(scratchPitch(nest.s.n));
  const kernel = builder.kernel(
    {
      kernel: "softmax_weights_rows",
      refs: { s: at, e: at, factor: { buffer: factor, index: [x.index(0)] } },
      args: { rows: place.rows, n, lds, lde: lds },
    },
    origin,
  );
  return { stmts: [...(softmax.before.length === 0 ? [] : [before]), builder.alloc(factor, origin), kernel], scores, factor };
}

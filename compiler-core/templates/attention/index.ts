/**
 * Two products with rows between them (attention), or one product and what is computed on its rows, as one nest: a block of rows of scores is
 * made, worked on and used up in scratch of the thread, so scores are never in memory.
 *
 *   for t in 0..batch*splits parallel          (a head, or a stretch of its rows)
 *     [pack the right operands of the products into panels]
 *     for row in rows of t step rows
 *       scores = gemm(A[row..], B) -> what follows element by element
 *       for each row of the block: reductions and what follows them
 *       gemm(scores, V) -> what follows, written where the transposes behind it say
 *
 * `online` (templates/attention/online.ts) also walks over the columns in blocks, for rows that are too long for the cache.
 */
import { elements, type Node } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import type { GemmShape } from "../gemm-shape.ts";
import { plus, times, unlinear } from "../module-builder.ts";
import type { Template, TemplateCall } from "../template.ts";
import { nestParams, type NestCall, type NestParams } from "./block.ts";
import { mixSources, narrowRight, scoresSources } from "./narrow.ts";
import { onlineBlock } from "./online.ts";
import { rightOperand, type RightOperand } from "./operands.ts";
import { nestShape, type NestShape } from "./shape.ts";
import { rowsBlock } from "./whole-rows.ts";

export const attention: Template = (call) => {
  const { builder, graph, group, nodes } = call;
  const nest = nestShape(graph, group.members, nodes);
  const params = nestParams(group.params);
  const { s } = nest;
  const origin = nodes.map((n) => n.id);
  const splits = Math.ceil(s.m / params.share);
  const batches = elements(s.batch);
  const body = (t: Expr): Stmt[] => {
    const flat = builder.let("head", splits === 1 ? t : x.div(t, x.index(splits)), origin);
    const first = splits === 1 ? undefined : builder.let("first", times(x.binary("mod", t, x.index(splits)), params.share), origin);
    const end = first && builder.let("end", x.binary("min", plus(first.ref, params.share), x.index(s.m)), origin);
    const at = batches === 1 ? x.index(0) : flat.ref;
    const names = [...(batches === 1 ? [] : [flat.stmt]), ...(first === undefined || end === undefined ? [] : [first.stmt, end.stmt])];
    const next = batches === 1 || splits > 1 ? undefined : x.binary("min", plus(t, 1), x.index(batches - 1));
    const part: Stretch = { flat: at, first: first?.ref ?? x.index(0), end: end?.ref ?? x.index(s.m), next };
    return [...names, ...stretch(call, nest, params, part)];
  };
  if (batches * splits === 1) return body(x.index(0));
  return [builder.loop("parallel", "t", 0, batches * splits, origin, body)];
};

/** Rows `first` to `end` of batch `flat`; `next`: the batch after it. */
interface Stretch {
  readonly flat: Expr;
  readonly first: Expr;
  readonly end: Expr;
  readonly next: Expr | undefined;
}

function stretch(call: TemplateCall, nest: NestShape, params: NestParams, { flat, first, end, next }: Stretch): Stmt[] {
  const { builder, nodes } = call;
  const origin = nodes.map((n) => n.id);
  const { s, o, mix } = nest;
  // Named, so that no epilogue divides for each of its vectors.
  const named = unlinear(flat, s.batch).map((e) => (e.k === "binary" ? builder.let("lead", e, origin) : { stmt: undefined, ref: e }));
  const batch = named.map(({ ref }) => ref);
  const names = named.flatMap(({ stmt }) => stmt ?? []);
  const ofValues = String(o?.batch) === String(s.batch) ? batch : unlinear(flat, o?.batch ?? []);
  const right = params.scores
    ? narrowRight(call, nest.scores, s, batch, params.scores, scoresSources(call, nest, params.scores), nest.pre)
    : rightOperand(call, nest.scores, s, batch, params.packB, params.nr, nest.pre);
  const values = mix && o && valuesOperand(call, nest, mix, o, params, ofValues);
  const whole: NestCall = { call, nest, params, right, values, next };
  const one = params.variant === "online" ? onlineBlock : rowsBlock;
  const setup = [...names, ...right.setup, ...(values?.setup ?? [])];
  const most = Math.min(params.rows, params.share, s.m);
  if (params.rows >= params.share) {
    const rows = first.k === "const" && end.k === "const" ? x.index(s.m) : x.sub(end, first);
    const size = builder.let("rows", rows, origin);
    const known = rows.k === "const";
    return [...setup, ...(known ? [] : [size.stmt]), ...one(whole, { batch, flat, row: first, rows: known ? rows : size.ref, most })];
  }
  return [
    ...setup,
    builder.loop(
      "serial",
      "row",
      first,
      end,
      origin,
      (row) => {
        const size = builder.let("rows", x.binary("min", x.index(params.rows), x.sub(end, row)), origin);
        return [size.stmt, ...one(whole, { batch, flat, row, rows: size.ref, most })];
      },
      params.rows,
    ),
  ];
}

/** The right operand of the second product. */
function valuesOperand(
  call: TemplateCall,
  nest: NestShape,
  mix: Node,
  o: GemmShape,
  params: NestParams,
  batch: readonly Expr[],
): RightOperand {
  if (params.mix === undefined) return rightOperand(call, mix, o, batch, params.packV, params.nr, nest.pre);
  return narrowRight(call, mix, o, batch, params.mix, mixSources(call, nest, mix, params.mix), nest.pre);
}

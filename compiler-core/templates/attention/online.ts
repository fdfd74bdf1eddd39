/**
 * A block of rows with the columns in blocks, too: after each block of columns the largest score and the sum of a row are brought up to date, and
 * what was mixed so far is scaled to the new largest score. Scratch does not grow with the length of a row.
 *
 * A row that is masked as a whole has the sum 0 and becomes NaN, as the softmax of only -inf does.
 */
import { bug } from "../../messages.ts";
import type { ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, Stmt } from "../../tensor/ir.ts";
import { plus } from "../module-builder.ts";
import { resultOf, scalarOf } from "../template.ts";
import { seenColumns } from "./causal.ts";
import { finished, scoresEpilogue, scratchOfTile, type NestCall } from "./block.ts";
import { product, scratchPitch } from "./operands.ts";
import { softmaxPart, type SoftmaxPart } from "./shape.ts";
import { RowValues, type BlockPlace } from "./values.ts";
import { queries } from "./whole-rows.ts";

/** Scratch of a block of rows. */
interface Scratch {
  readonly scores: BufferId;
  /** What the second product reads: the place of the scores, or fewer bits of each. */
  readonly weights: BufferId;
  readonly mixed: BufferId;
  readonly top: BufferId;
  readonly sum: BufferId;
  readonly factor: BufferId;
}

export function onlineBlock(c: NestCall, place: BlockPlace): Stmt[] {
  const { call, nest, params } = c;
  const { builder } = call;
  const softmax = softmaxPart(call.graph, nest) ?? bug("an online softmax without softmax");
  const { s } = nest;
  const o = nest.o ?? bug("no second product");
  const origin = [...nest.rows, ...(nest.mix === undefined ? [] : [nest.mix])].map((n) => n.id);
  const width = Math.min(params.keys, s.n);
  const buffer = (name: string, shape: readonly number[]): BufferId => builder.buffer({ name, dtype: "f32", shape, scope: "thread" });
  const kept = scratchOfTile(c, place.most, width);
  const scores = kept.get(softmax.x) ?? [...kept.values()][0] ?? bug("no scores");
  const scratch: Scratch = {
    scores,
    weights:
      c.values?.narrow === undefined
        ? scores
        : builder.buffer({ name: "weights", dtype: "bf16", shape: [place.most, scratchPitch(width)], scope: "thread" }),
    mixed: buffer("mixed", [place.most, scratchPitch(o.n)]),
    top: buffer("top", [place.most]),
    sum: buffer("sum", [place.most]),
    factor: buffer("factor", [place.most]),
  };
  const { a, sum } = queries(c, place);
  const allocs = [...new Set([...kept.values(), scratch.weights, scratch.mixed, scratch.top, scratch.sum, scratch.factor])].map((b) =>
    builder.alloc(b, origin),
  );
  const start = builder.loop("serial", "i", 0, place.rows, origin, (i) => [
    builder.store({ buffer: scratch.top, index: [i] }, x.constant(-Infinity, "f32"), origin),
    builder.store({ buffer: scratch.sum, index: [i] }, x.constant(0, "f32"), origin),
    builder.loop("vector", "j", 0, o.n, origin, (j) => [
      builder.store({ buffer: scratch.mixed, index: [i, j] }, x.constant(0, "f32"), origin),
    ]),
  ]);
  const seen = seenColumns(c, place);
  const columns = builder.loop(
    "serial",
    "key",
    0,
    seen.n,
    origin,
    (key) => {
      const size = builder.let("keys", x.binary("min", x.index(width), x.sub(seen.n, key)), origin);
      return [size.stmt, ...columnBlock(c, place, softmax, scratch, kept, { a, sum }, key, size.ref)];
    },
    width,
  );
  const end = builder.loop("serial", "r", 0, place.rows, origin, (r) => {
    const one = builder.let("one", x.unary("reciprocal", x.load(scratch.sum, [r], "f32")), origin);
    return [
      one.stmt,
      builder.loop("vector", "j", 0, o.n, origin, (j) =>
        finished(c, place, plus(place.row, r), j, x.mul(x.load(scratch.mixed, [r, j], "f32"), one.ref)),
      ),
    ];
  });
  return [...a.setup, ...sum.setup, ...seen.stmts, ...allocs, start, columns, end];
}

/** Columns `key ...`: scores, their part of the softmax, and their share of the result. */
function columnBlock(
  c: NestCall,
  place: BlockPlace,
  softmax: SoftmaxPart,
  scratch: Scratch,
  kept: ReadonlyMap<ValueId, BufferId>,
  { a, sum }: ReturnType<typeof queries>,
  key: Expr,
  keys: Expr,
): Stmt[] {
  const { call, nest, params } = c;
  const { builder } = call;
  const { s } = nest;
  const [mix, o, right] = [nest.mix ?? bug("no second product"), nest.o ?? bug("no second product"), c.values ?? bug("no values")];
  const scores = product(
    call,
    nest.scores,
    a,
    c.right,
    { m: place.rows, n: keys, k: x.index(s.k), col: key, from: x.index(0) },
    params.nr,
    scoresEpilogue(c, place, kept, key, sum),
  );
  const rows = rowSteps(c, place, softmax, scratch, kept, key, keys);
  const [row, col] = [builder.variable("row"), builder.variable("col")];
  const acc = builder.variable("acc", { dtype: "f32", lanes: 1 });
  const add = product(
    call,
    mix,
    { ref: { buffer: scratch.weights, index: [x.index(0), x.index(0)] }, ld: scratchPitch(Math.min(params.keys, s.n)) },
    right,
    { m: place.rows, n: x.index(o.n), k: keys, col: x.index(0), from: key },
    params.nr,
    { row: row.id, col: col.id, acc: acc.id, body: [builder.store({ buffer: scratch.mixed, index: [row, col] }, acc, [mix.id])] },
    { buffer: scratch.mixed, ld: scratchPitch(o.n) },
  );
  return [scores, ...rows, add];
}

/**
 * All rows of a block: what is computed on each score, the new largest, exponentials and their sum; what was mixed before is scaled, which is rare
 * after the first columns.
 */
function rowSteps(
  c: NestCall,
  place: BlockPlace,
  softmax: SoftmaxPart,
  scratch: Scratch,
  kept: ReadonlyMap<ValueId, BufferId>,
  key: Expr,
  keys: Expr,
): Stmt[] {
  const { call, nest, params } = c;
  const { builder } = call;
  const o = nest.o ?? bug("no second product");
  const origin = nest.rows.map((n) => n.id);
  const perRow = (buffer: BufferId) => ({ buffer, index: [x.index(0)] });
  const scores = { buffer: scratch.scores, index: [x.index(0), x.index(0)] };
  const steps = builder.kernel(
    {
      kernel: "softmax_step_rows",
      refs: {
        s: scores,
        e: scores,
        max: perRow(scratch.top),
        new_max: perRow(scratch.top),
        sum: perRow(scratch.sum),
        new_sum: perRow(scratch.sum),
        factor: perRow(scratch.factor),
      },
      args: { rows: place.rows, n: keys, lds: x.index(scratchPitch(Math.min(params.keys, nest.s.n))) },
    },
    origin,
  );
  const rescale = builder.loop("serial", "r", 0, place.rows, origin, (r) => {
    const by = builder.let("shrink", x.load(scratch.factor, [r], "f32"), origin);
    const all = builder.loop("vector", "j", 0, o.n, origin, (j) => [
      builder.store({ buffer: scratch.mixed, index: [r, j] }, x.mul(x.load(scratch.mixed, [r, j], "f32"), by.ref), origin),
    ]);
    return [by.stmt, builder.when(x.binary("ne", by.ref, x.constant(1, "f32")), origin, [all])];
  });
  return [...scoresBefore(c, place, softmax, scratch, kept, key, keys), steps, ...rounded(c, place, scratch, keys), rescale];
}

/** What is computed on each score before the softmax. */
function scoresBefore(
  { call, nest }: NestCall,
  place: BlockPlace,
  softmax: SoftmaxPart,
  scratch: Scratch,
  kept: ReadonlyMap<ValueId, BufferId>,
  key: Expr,
  keys: Expr,
): Stmt[] {
  const { builder, graph } = call;
  const origin = softmax.before.map((n) => n.id);
  if (softmax.before.length === 0) return [];
  const row = (r: Expr): Stmt[] => [
    builder.loop("vector", "j", 0, keys, origin, (j) => {
      const values = new RowValues(call, nest, place);
      for (const [value, buffer] of kept) values.set(value, { kind: "full", at: (i) => x.load(buffer, [i, j], "f32") });
      const body = softmax.before.map((node) => {
        const args = node.inputs.filter((v) => v !== null).map((v) => values.read(node, v, r, plus(key, j)));
        const value = builder.let(node.op, scalarOf(graph, node, args), [node.id]);
        values.set(resultOf(node), { kind: "full", at: () => value.ref });
        return value.stmt;
      });
      const score = values.read(softmax.max, softmax.x, r, plus(key, j));
      return [...body, builder.store({ buffer: scratch.scores, index: [r, j] }, score, origin)];
    }),
  ];
  return [builder.loop("serial", "r", 0, place.rows, origin, row)];
}

/** The weights in the element type of the second product, where that is another one. */
function rounded({ call, nest }: NestCall, place: BlockPlace, scratch: Scratch, keys: Expr): Stmt[] {
  const { builder } = call;
  if (scratch.weights === scratch.scores) return [];
  const origin = nest.rows.map((n) => n.id);
  const { dtype } = builder.bufferOf(scratch.weights);
  return [
    builder.loop("serial", "r", 0, place.rows, origin, (r) => [
      builder.loop("vector", "j", 0, keys, origin, (j) => [
        builder.store({ buffer: scratch.weights, index: [r, j] }, x.cast(x.load(scratch.scores, [r, j], "f32"), dtype), origin),
      ]),
    ]),
  ];
}

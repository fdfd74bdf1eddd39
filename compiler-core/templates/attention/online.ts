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
import { finished, scoresEpilogue, scratchOfTile, type NestCall } from "./block.ts";
import { leftOperand, product, scratchPitch } from "./operands.ts";
import { softmaxPart, type SoftmaxPart } from "./shape.ts";
import { RowValues, type BlockPlace } from "./values.ts";

/** Scratch of a block of rows. */
interface Scratch {
  readonly scores: BufferId;
  readonly mixed: BufferId;
  readonly top: BufferId;
  readonly sum: BufferId;
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
  const scratch: Scratch = {
    scores: kept.get(softmax.x) ?? [...kept.values()][0] ?? bug("no scores"),
    mixed: buffer("mixed", [place.most, scratchPitch(o.n)]),
    top: buffer("top", [place.most]),
    sum: buffer("sum", [place.most]),
  };
  const a = leftOperand(call, nest.scores, s, place.batch, place, params.copyA, nest.pre);
  const allocs = [...new Set([...kept.values(), scratch.mixed, scratch.top, scratch.sum])].map((b) => builder.alloc(b, origin));
  const start = builder.loop("serial", "i", 0, place.rows, origin, (i) => [
    builder.store({ buffer: scratch.top, index: [i] }, x.constant(-Infinity, "f32"), origin),
    builder.store({ buffer: scratch.sum, index: [i] }, x.constant(0, "f32"), origin),
    builder.loop("vector", "j", 0, o.n, origin, (j) => [
      builder.store({ buffer: scratch.mixed, index: [i, j] }, x.constant(0, "f32"), origin),
    ]),
  ]);
  const columns = builder.loop(
    "serial",
    "key",
    0,
    s.n,
    origin,
    (key) => {
      const size = builder.let("keys", x.binary("min", x.index(width), x.sub(x.index(s.n), key)), origin);
      return [size.stmt, ...columnBlock(c, place, softmax, scratch, kept, a, key, size.ref)];
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
  return [...a.setup, ...allocs, start, columns, end];
}

/** Columns `key ...`: scores, their part of the softmax, and their share of the result. */
function columnBlock(
  c: NestCall,
  place: BlockPlace,
  softmax: SoftmaxPart,
  scratch: Scratch,
  kept: ReadonlyMap<ValueId, BufferId>,
  a: ReturnType<typeof leftOperand>,
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
    scoresEpilogue(c, place, kept, key),
  );
  const rows = builder.loop(
    "serial",
    "r",
    0,
    place.rows,
    nest.rows.map((n) => n.id),
    (r) => rowUpdate(c, place, softmax, scratch, kept, r, key, keys),
  );
  const [row, col] = [builder.variable("row"), builder.variable("col")];
  const acc = builder.variable("acc", { dtype: "f32", lanes: 1 });
  const add = product(
    call,
    mix,
    { ref: { buffer: scratch.scores, index: [x.index(0), x.index(0)] }, ld: scratchPitch(Math.min(params.keys, s.n)) },
    right,
    { m: place.rows, n: x.index(o.n), k: keys, col: x.index(0), from: key },
    params.nr,
    { row: row.id, col: col.id, acc: acc.id, body: [builder.store({ buffer: scratch.mixed, index: [row, col] }, acc, [mix.id])] },
    { buffer: scratch.mixed, ld: scratchPitch(o.n) },
  );
  return [scores, rows, add];
}

/** One row: what is computed on each score, the new largest, exponentials and their sum; what was mixed before is scaled. */
function rowUpdate(
  c: NestCall,
  place: BlockPlace,
  softmax: SoftmaxPart,
  scratch: Scratch,
  kept: ReadonlyMap<ValueId, BufferId>,
  r: Expr,
  key: Expr,
  keys: Expr,
): Stmt[] {
  const { call, nest } = c;
  const { builder, graph } = call;
  const o = nest.o ?? bug("no second product");
  const [at, origin] = [{ buffer: scratch.scores }, nest.rows.map((n) => n.id)];
  const lanes = builder.register("largest", x.constant(-Infinity, "f32"), origin);
  const largest = builder.loop("vector", "j", 0, keys, origin, (j) => {
    const values = new RowValues(call, nest, place);
    for (const [value, buffer] of kept) values.set(value, { kind: "full", at: (row) => x.load(buffer, [row, j], "f32") });
    const body: Stmt[] = [];
    for (const node of softmax.before) {
      const args = node.inputs.filter((v) => v !== null).map((v) => values.read(node, v, r, plus(key, j)));
      const value = builder.let(node.op, scalarOf(graph, node, args), [node.id]);
      body.push(value.stmt);
      values.set(resultOf(node), { kind: "full", at: () => value.ref });
    }
    const score = values.read(softmax.max, softmax.x, r, plus(key, j));
    if (softmax.before.length > 0) body.push(builder.store({ ...at, index: [r, j] }, score, origin));
    return [...body, builder.accum(lanes.ref.id, "max", score, origin)];
  });
  const before = builder.let("before", x.load(scratch.top, [r], "f32"), origin);
  const now = builder.let("now", x.binary("max", before.ref, lanes.ref), origin);
  const nothing = x.constant(-Infinity, "f32");
  const base = builder.let("base", x.select(x.binary("eq", now.ref, nothing), x.constant(0, "f32"), now.ref), origin);
  const shrink = builder.let("shrink", x.unary("exp", x.sub(before.ref, base.ref)), origin);
  const sum = builder.register("part", x.constant(0, "f32"), origin);
  const exponentials = builder.loop("vector", "j", 0, keys, origin, (j) => {
    const e = builder.let("e", x.unary("exp", x.sub(x.load(scratch.scores, [r, j], "f32"), base.ref)), origin);
    return [e.stmt, builder.store({ ...at, index: [r, j] }, e.ref, origin), builder.accum(sum.ref.id, "add", e.ref, origin)];
  });
  return [
    lanes.stmt,
    largest,
    before.stmt,
    now.stmt,
    base.stmt,
    shrink.stmt,
    sum.stmt,
    exponentials,
    builder.store({ buffer: scratch.sum, index: [r] }, x.add(x.mul(x.load(scratch.sum, [r], "f32"), shrink.ref), sum.ref), origin),
    builder.store({ buffer: scratch.top, index: [r] }, now.ref, origin),
    builder.loop("vector", "j", 0, o.n, origin, (j) => [
      builder.store({ buffer: scratch.mixed, index: [r, j] }, x.mul(x.load(scratch.mixed, [r, j], "f32"), shrink.ref), origin),
    ]),
  ];
}

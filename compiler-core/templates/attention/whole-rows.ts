/** A block with whole rows of scores: as many rows as the cache holds. */
import { bug } from "../../messages.ts";
import { valueOf, type Node, type ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, Stmt } from "../../tensor/ir.ts";
import { plus } from "../module-builder.ts";
import { resultOf } from "../template.ts";
import { seenColumns } from "./causal.ts";
import { keysAhead, valuesAhead } from "./ahead.ts";
import { finished, scoresEpilogue, scratchOfTile, type NestCall } from "./block.ts";
import { narrowLeft, roundedWeights, sumValue, type SumValue } from "./narrow.ts";
import { leftOperand, product, scratchPitch, type LeftOperand } from "./operands.ts";
import { quantisedSoftmax, quantisedWeights, softmaxBytes } from "./quantised-weights.ts";
import { rowMembers } from "./row-part.ts";
import { throughViews, type NestShape } from "./shape.ts";
import { RowValues, type BlockPlace } from "./values.ts";
import { softmaxWeights } from "./weights.ts";

/** A block with whole rows of scores. */
export function rowsBlock(c: NestCall, place: BlockPlace): Stmt[] {
  const { call, nest, params } = c;
  const { builder } = call;
  const { s } = nest;
  const origin = [nest.scores.id];
  const values = new RowValues(call, nest, place);
  const { a, sum } = queries(c, place);
  const kept = scratchOfTile(c, place.most);
  for (const [value, buffer] of kept) values.inScratch(value, buffer, false);
  const seen = seenColumns(c, place);
  const quantised = quantisedSoftmax(c);
  const inner = quantised?.softmax ?? c;
  const weights = softmaxWeights(inner, place, kept, values, seen.n);
  const scored = product(
    call,
    nest.scores,
    a,
    c.right,
    { m: place.rows, n: weights === undefined ? x.index(s.n) : seen.n, k: x.index(s.k), col: x.index(0), from: x.index(0) },
    params.nr,
    scoresEpilogue(weights === undefined ? c : inner, place, kept, x.index(0), sum),
  );
  const first = keysAhead(c, place, scored);
  if (weights !== undefined) {
    const alive = builder.alloc(weights.scores, origin);
    const bytes = quantised && softmaxBytes(c, place, quantised, weights.scores, seen.n);
    if (bytes !== undefined)
      return [...a.setup, ...sum.setup, ...seen.stmts, alive, first, ...bytes.setup, ...mixed(c, place, bytes.buffer, undefined, seen.n)];
    const left =
      quantised === undefined ? roundedWeights(c, place, weights.scores, seen.n) : quantisedWeights(c, place, quantised, weights, seen.n);
    const mixing = mixed(c, place, left.buffer, quantised === undefined ? weights.factor : undefined, seen.n);
    return [...a.setup, ...sum.setup, ...seen.stmts, alive, first, ...weights.stmts, ...left.setup, ...mixing];
  }
  const later = afterwards(c);
  const target = nest.mix === undefined ? undefined : scoresTarget(c, kept, later.value, place.most);
  const factor =
    later.divisor === undefined ? undefined : builder.buffer({ name: "factor", dtype: "f32", shape: [place.most], scope: "thread" });
  const part = { call, nest, values, target, skip: new Set(later.skip) };
  const rowLoop = builder.loop(
    "serial",
    "r",
    0,
    place.rows,
    nest.rows.map((n) => n.id),
    (r) => {
      const members = rowMembers(part, r, s.n);
      const divisor = later.divisor === undefined ? undefined : values.get(later.divisor);
      const one = divisor?.kind === "row" && factor !== undefined ? x.unary("reciprocal", divisor.value) : undefined;
      return [
        ...members,
        ...(one === undefined || factor === undefined ? [] : [builder.store({ buffer: factor, index: [r] }, one, later.origin)]),
      ];
    },
  );
  const allocs = [...new Set([...kept.values(), ...(target === undefined ? [] : [target.buffer])])].map((b) => builder.alloc(b, origin));
  const mixing = target === undefined ? [] : mixed(c, place, target.buffer, factor);
  const rest = nest.rows.length === 0 ? [] : [rowLoop];
  const scale = factor === undefined ? [] : [builder.alloc(factor, later.origin)];
  return [...a.setup, ...sum.setup, ...allocs, ...scale, first, ...rest, ...mixing];
}

/** The left operand of the first product for a block of rows, and what its sums are worth. */
export function queries(c: NestCall, place: BlockPlace): { readonly a: LeftOperand; readonly sum: SumValue } {
  const { call, nest, params, right } = c;
  const { s } = nest;
  const { narrow } = right;
  if (narrow === undefined) {
    const a = leftOperand(call, nest.scores, s, place.batch, place, params.copyA, nest.pre);
    return { a, sum: { acc: "f32", setup: [], value: (acc) => acc } };
  }
  const a = narrowLeft(call, nest.scores, s, place.batch, place, narrow, nest.pre);
  return { a, sum: sumValue(call, narrow, s.k, place.rows, place.most, a.at) };
}

/**
 * A softmax divides every score of a row by one number; behind the second product that are fewer divisions, of its result. So the division is
 * skipped where nothing else reads its result, and `value` is what the product reads instead.
 */
function afterwards({ call, nest, values }: NestCall): {
  readonly skip: readonly Node[];
  readonly value: ValueId;
  readonly divisor?: ValueId;
  readonly origin: readonly number[];
} {
  const value = nest.weights ?? -1;
  const narrow = values?.narrow;
  if (narrow?.left !== undefined) return { value: narrow.left.value, skip: narrow.left.through, origin: [] };
  const last = nest.rows.at(-1);
  const [top, bottom] = last?.inputs ?? [];
  const wide = (v: ValueId): boolean => call.storage.shape(v).at(-1) === nest.s.n;
  const skips =
    nest.mix !== undefined &&
    last?.op === "div" &&
    resultOf(last) === value &&
    valueOf(call.graph, value).dtype === "f32" &&
    nest.s.n > 1 &&
    top != null &&
    bottom != null &&
    wide(top) &&
    call.storage.shape(bottom).at(-1) === 1 &&
    isMade(nest, top, narrow !== undefined) &&
    nest.rows.some((n) => resultOf(n) === throughViews(nest.views, bottom));
  if (!skips) return { value, skip: [], origin: [] };
  return { skip: [last], value: throughViews(nest.views, top), divisor: throughViews(nest.views, bottom), origin: [last.id] };
}

const isMade = (nest: NestShape, value: ValueId, inRows: boolean): boolean =>
  [...(inRows ? [] : [nest.scores, ...nest.tile]), ...nest.rows].some((n) => resultOf(n) === throughViews(nest.views, value));

/** Where the second product's left operand stands: in the place of the scores, if nothing reads those any more when it is written. */
function scoresTarget(
  c: NestCall,
  kept: ReadonlyMap<ValueId, BufferId>,
  value: ValueId,
  most: number,
): { buffer: BufferId; value: ValueId } {
  const { call, nest } = c;
  const { narrow } = c.values ?? {};
  if (narrow !== undefined) {
    const dtype = narrow.left?.dtype ?? "bf16";
    return { buffer: call.builder.buffer({ name: "weights", dtype, shape: [most, scratchPitch(nest.s.n)], scope: "thread" }), value };
  }
  const own = kept.get(value);
  if (own !== undefined) return { buffer: own, value };
  const [scores, buffer] = [...kept][0] ?? [];
  const writer = nest.rows.findIndex((n) => resultOf(n) === value);
  const reads = (n: Node): boolean => n.inputs.some((v) => v !== null && throughViews(nest.views, v) === scores);
  const free = !nest.rows.slice(writer + 1).some(reads);
  const { dtype } = valueOf(call.graph, value);
  if (buffer !== undefined && free && call.builder.bufferOf(buffer).dtype === dtype) return { buffer, value };
  return { buffer: call.builder.buffer({ name: "weights", dtype, shape: [most, scratchPitch(nest.s.n)], scope: "thread" }), value };
}

/** The second product on a block of whole rows. */
function mixed(c: NestCall, place: BlockPlace, scores: BufferId, factor: BufferId | undefined, seen?: Expr): Stmt[] {
  const { call, nest, params } = c;
  const { builder } = call;
  const [mix, o, right] = [nest.mix ?? bug("no second product"), nest.o ?? bug("no second product"), c.values ?? bug("no values")];
  const row = builder.variable("row");
  const col = builder.variable("col");
  const sum = sumValue(call, right.narrow, o.k, place.rows, place.most, (i, p) => ({ buffer: scores, index: [i, p] }));
  const acc = builder.variable("acc", { dtype: sum.acc, lanes: 1 });
  const real = sum.value(acc, row);
  const scaled = factor === undefined ? real : x.mul(real, x.load(factor, [row], "f32"));
  const parts =
    factor === undefined && sum.unscaled !== undefined ? { sum: sum.unscaled.sum(acc, row), scale: sum.unscaled.scale } : undefined;
  const body = finished(c, place, plus(place.row, row), col, scaled, parts);
  const made = product(
    call,
    mix,
    { ref: { buffer: scores, index: [x.index(0), x.index(0)] }, ld: scratchPitch(nest.s.n) },
    right,
    { m: place.rows, n: x.index(o.n), k: seen ?? x.index(o.k), col: x.index(0), from: x.index(0) },
    params.nr,
    { row: row.id, col: col.id, acc: acc.id, body },
  );
  return [...sum.setup, valuesAhead(c, place, made)];
}

/** A block with whole rows of scores: as many rows as the cache holds. */
import { bug } from "../../messages.ts";
import { valueOf, type Node, type ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Stmt } from "../../tensor/ir.ts";
import { plus } from "../module-builder.ts";
import { resultOf } from "../template.ts";
import { finished, scoresEpilogue, scratchOfTile, type NestCall } from "./block.ts";
import { leftOperand, product, scratchPitch } from "./operands.ts";
import { rowMembers } from "./row-part.ts";
import { throughViews, type NestShape } from "./shape.ts";
import { RowValues, type BlockPlace } from "./values.ts";

/** A block with whole rows of scores. */
export function rowsBlock(c: NestCall, place: BlockPlace): Stmt[] {
  const { call, nest, params } = c;
  const { builder } = call;
  const { s } = nest;
  const origin = [nest.scores.id];
  const values = new RowValues(call, nest, place);
  const a = leftOperand(call, nest.scores, s, place.batch, place, params.copyA, nest.pre);
  const kept = scratchOfTile(c, place.most);
  const first = product(
    call,
    nest.scores,
    a,
    c.right,
    { m: place.rows, n: x.index(s.n), k: x.index(s.k), col: x.index(0), from: x.index(0) },
    params.nr,
    scoresEpilogue(c, place, kept, x.index(0)),
  );
  for (const [value, buffer] of kept) values.inScratch(value, buffer, false);
  const later = afterwards(c);
  const target = nest.mix === undefined ? undefined : scoresTarget(c, kept, later.value, place.most);
  const factor =
    later.divisor === undefined ? undefined : builder.buffer({ name: "factor", dtype: "f32", shape: [place.most], scope: "thread" });
  const part = { call, nest, values, target, skip: new Set(later.skip === undefined ? [] : [later.skip]) };
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
  const mixing = target === undefined ? [] : [mixed(c, place, target.buffer, factor)];
  const rest = nest.rows.length === 0 ? [] : [rowLoop];
  const scale = factor === undefined ? [] : [builder.alloc(factor, later.origin)];
  return [...a.setup, ...allocs, ...scale, first, ...rest, ...mixing];
}

/**
 * A softmax divides every score of a row by one number; behind the second product that are fewer divisions, of its result. So the division is
 * skipped where nothing else reads its result, and `value` is what the product reads instead.
 */
function afterwards({ call, nest }: NestCall): {
  readonly skip?: Node;
  readonly value: ValueId;
  readonly divisor?: ValueId;
  readonly origin: readonly number[];
} {
  const value = nest.weights ?? -1;
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
    isMade(nest, top) &&
    nest.rows.some((n) => resultOf(n) === throughViews(nest.views, bottom));
  if (!skips) return { value, origin: [] };
  return { skip: last, value: throughViews(nest.views, top), divisor: throughViews(nest.views, bottom), origin: [last.id] };
}

const isMade = (nest: NestShape, value: ValueId): boolean =>
  [nest.scores, ...nest.tile, ...nest.rows].some((n) => resultOf(n) === throughViews(nest.views, value));

/** Where the second product's left operand stands: in the place of the scores, if nothing reads those any more when it is written. */
function scoresTarget(
  c: NestCall,
  kept: ReadonlyMap<ValueId, BufferId>,
  value: ValueId,
  most: number,
): { buffer: BufferId; value: ValueId } {
  const { call, nest } = c;
  const own = kept.get(value);
  if (own !== undefined) return { buffer: own, value };
  const [scores, buffer] = [...kept][0] ?? [];
  const writer = nest.rows.findIndex((n) => resultOf(n) === value);
  const reads = (n: Node): boolean => n.inputs.some((v) => v !== null && throughViews(nest.views, v) === scores);
  const free = !nest.rows.slice(writer + 1).some(reads);
  if (buffer !== undefined && free && valueOf(call.graph, value).dtype === "f32") return { buffer, value };
  const dtype = valueOf(call.graph, value).dtype;
  return { buffer: call.builder.buffer({ name: "weights", dtype, shape: [most, scratchPitch(nest.s.n)], scope: "thread" }), value };
}

/** The second product on a block of whole rows. */
function mixed(c: NestCall, place: BlockPlace, scores: BufferId, factor: BufferId | undefined): Stmt {
  const { call, nest, params } = c;
  const { builder } = call;
  const [mix, o, right] = [nest.mix ?? bug("no second product"), nest.o ?? bug("no second product"), c.values ?? bug("no values")];
  const row = builder.variable("row");
  const col = builder.variable("col");
  const acc = builder.variable("acc", { dtype: "f32", lanes: 1 });
  const scaled = factor === undefined ? acc : x.mul(acc, x.load(factor, [row], "f32"));
  const body = finished(c, place, plus(place.row, row), col, scaled);
  return product(
    call,
    mix,
    { ref: { buffer: scores, index: [x.index(0), x.index(0)] }, ld: scratchPitch(nest.s.n) },
    right,
    { m: place.rows, n: x.index(o.n), k: x.index(o.k), col: x.index(0), from: x.index(0) },
    params.nr,
    { row: row.id, col: col.id, acc: acc.id, body },
  );
}

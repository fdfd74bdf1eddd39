/** What both ways of working on a block share: the numbers that were chosen, the members on the register tile, and those behind the second product. */
import { bug } from "../../messages.ts";
import { valueOf, type ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Epilogue, Expr, Ref, Stmt } from "../../tensor/ir.ts";
import { plus, unlinear } from "../module-builder.ts";
import { operand, resultOf, scalarOf, type TemplateCall } from "../template.ts";
import { scratchPitch, type RightOperand } from "./operands.ts";
import { placed } from "./place.ts";
import { ScoreArithmetic } from "./scale.ts";
import type { SumValue } from "./narrow.ts";
import { throughViews, type NestShape } from "./shape.ts";
import type { BlockPlace } from "./values.ts";
import type { Node } from "../../graph/ir.ts";

/** Numbers that `merge-nests` chose. */
export interface NestParams {
  readonly variant: "rows" | "online";
  /** Rows of a block. */
  readonly rows: number;
  /** Rows of one parallel iteration: all of a batch, or a stretch. */
  readonly share: number;
  /** Columns of a block of scores (online). */
  readonly keys: number;
  readonly nr: number;
  readonly packB: boolean;
  readonly packV: boolean;
  readonly copyA: boolean;
  /** The result goes past the caches. */
  readonly stream: boolean;
  /** Kernels of the products where they are not of f32, with the columns of their panels. */
  readonly scores: NarrowKernel | undefined;
  readonly mix: NarrowKernel | undefined;
}

export interface NarrowKernel {
  readonly kernel: string;
  readonly nr: number;
}

export function nestParams(params: TemplateCall["group"]["params"]): NestParams {
  const n = (name: string): number => {
    const value = params[name];
    return typeof value === "number" ? value : bug(`the attention template lacks parameter ${name}`);
  };
  return {
    variant: params["variant"] === "online" ? "online" : "rows",
    rows: n("rows"),
    share: n("share"),
    keys: n("keys"),
    nr: n("nr"),
    packB: n("packB") === 1,
    packV: n("packV") === 1,
    copyA: n("copyA") === 1,
    stream: params["stream"] === 1,
    scores: narrowKernel(params, "scores"),
    mix: narrowKernel(params, "mix"),
  };
}

function narrowKernel(params: TemplateCall["group"]["params"], product: "scores" | "mix"): NarrowKernel | undefined {
  const kernel = params[`${product}Kernel`];
  return typeof kernel === "string" ? { kernel, nr: Number(params[`${product}Columns`]) } : undefined;
}

/** What the parts of a nest share. */
export interface NestCall {
  readonly call: TemplateCall;
  readonly nest: NestShape;
  readonly params: NestParams;
  readonly right: RightOperand;
  readonly values: RightOperand | undefined;
  /** The batch that this thread will probably work on after this one; undefined: there is none. */
  readonly next: Expr | undefined;
}

/** Values of the tile part that the rows (or the second product) read: each has rows of scratch. */
export function scratchOfTile({ call, nest }: NestCall, most: number, width = nest.s.n): ReadonlyMap<ValueId, BufferId> {
  const { builder, graph } = call;
  const made = [nest.scores, ...nest.tile].map(resultOf);
  const read = new Set(
    [...nest.rows.flatMap((n) => n.inputs), ...(nest.weights === undefined ? [] : [nest.weights])].flatMap((v) =>
      v === null ? [] : [throughViews(nest.views, v)],
    ),
  );
  return new Map(
    made
      .filter((v) => read.has(v))
      .map((v) => {
        const name = "scores";
        return [v, builder.buffer({ name, dtype: valueOf(graph, v).dtype, shape: [most, scratchPitch(width)], scope: "thread" })] as const;
      }),
  );
}

/** The members on the register tile; `from`: the column of the block. */
export function scoresEpilogue(
  c: NestCall,
  place: BlockPlace,
  kept: ReadonlyMap<ValueId, BufferId>,
  from: Expr,
  sum: Pick<SumValue, "acc" | "value" | "unscaled">,
): Epilogue {
  const { call, nest } = c;
  const { builder, storage, escaping } = call;
  const [row, col] = [builder.variable("row"), builder.variable("col")];
  const acc = builder.variable("acc", { dtype: sum.acc, lanes: 1 });
  const full = [...place.batch, ...(nest.s.aIsVector ? [] : [plus(place.row, row)]), plus(from, col)];
  const arithmetic = new ScoreArithmetic(c, (value) => kept.has(value), sum.unscaled?.scale);
  const worth = sum.unscaled !== undefined && arithmetic.takesScale ? sum.unscaled.sum(acc, row) : sum.value(acc, row);
  const real = sum.acc === "f32" ? undefined : builder.let("score", worth, [nest.scores.id]);
  const score = real?.ref ?? acc;
  const known = new Map<ValueId, Expr>([[resultOf(nest.scores), score]]);
  const body: Stmt[] = real === undefined ? [] : [real.stmt];
  const keep = (node: Node, value: Expr): void => {
    const result = resultOf(node);
    const buffer = kept.get(result);
    if (buffer !== undefined) body.push(builder.store({ buffer, index: [row, col] }, value, [node.id]));
    if (escaping.has(result)) body.push(builder.store(storage.ref(result, { index: full }), value, [node.id]));
  };
  keep(nest.scores, score);
  for (const node of nest.tile) {
    const args = node.inputs.filter((v) => v !== null).map((v) => known.get(v) ?? storage.read(v, full));
    const computed = arithmetic.value(node, args);
    if (computed === undefined) continue;
    const value = builder.let(node.op, computed, [node.id]);
    body.push(value.stmt);
    known.set(resultOf(node), value.ref);
    keep(node, value.ref);
  }
  return { row: row.id, col: col.id, acc: acc.id, body };
}

/**
 * An element of the second product's result: the members after it, and where it goes. `unscaled`: the value in two parts, for a quantisation
 * that multiplies anyhow.
 */
export function finished(
  c: NestCall,
  place: BlockPlace,
  row: Expr,
  col: Expr,
  value: Expr,
  unscaled?: { readonly sum: Expr; readonly scale: number },
): Stmt[] {
  const { call, nest, params } = c;
  const { builder, storage, graph, escaping } = call;
  const [mix, o] = [nest.mix ?? bug("no second product"), nest.o ?? bug("no second product")];
  const batch = String(o.batch) === String(nest.s.batch) ? place.batch : unlinear(place.flat, o.batch);
  const full = [...batch, ...(o.aIsVector ? [] : [row]), col];
  const joined = unscaled === undefined ? undefined : quantisedAtOnce(c, mix, unscaled.scale);
  const start = builder.let("mixed", joined === undefined ? value : (unscaled?.sum ?? value), [mix.id]);
  const known = new Map<ValueId, Expr>([[resultOf(mix), start.ref]]);
  const body: Stmt[] = [start.stmt];
  const written = (to: Ref, at: Expr, origin: readonly number[]): Stmt => {
    const store = builder.store(to, at, origin);
    return params.stream ? { ...store, stream: true } : store;
  };
  const keep = (node: Node): void => {
    const result = resultOf(node);
    const at = known.get(result) ?? bug("a value that is not there");
    if (escaping.has(result)) body.push(written(storage.ref(result, { index: full }), at, [node.id]));
    const [move] = nest.place;
    if (move !== undefined && operand(move, 0) === result)
      body.push(written(placed(storage, nest.place, full), at, [node.id, ...nest.place.map((n) => n.id)]));
  };
  keep(mix);
  for (const node of nest.post) {
    const read = node.inputs.filter((v) => v !== null).map((v) => known.get(v) ?? storage.read(v, full));
    const args = joined?.node === node ? read.map((v, i) => (i === 1 ? joined.factor : v)) : read;
    const computed = scalarOf(graph, node, args);
    const next = builder.let(node.op, computed, [node.id]);
    // What is only stored keeps its last cast, because a store of bytes takes the low ones.
    const isStored = node === nest.post.at(-1) && Number(escaping.has(resultOf(node))) + Number(nest.place.length > 0) === 1;
    if (!isStored) body.push(next.stmt);
    known.set(resultOf(node), isStored ? computed : next.ref);
    keep(node);
  }
  return body;
}

/** The quantisation that alone reads the second product, with its factor times `scale`. */
function quantisedAtOnce({ call, nest }: NestCall, mix: Node, scale: number): { readonly node: Node; readonly factor: Expr } | undefined {
  const made = resultOf(mix);
  const [node, ...others] = call.graph.nodes.filter((n) => n.inputs.includes(made));
  const isAlone = others.length === 0 && !call.escaping.has(made) && nest.place.every((n) => operand(n, 0) !== made);
  if (node?.op !== "requantize" || !isAlone || nest.post[0] !== node || node.inputs[0] !== made) return undefined;
  const factor = call.storage.literal(node.inputs[1] ?? -1);
  if (factor?.k !== "const") return undefined;
  const both = Math.fround(Number(factor.value) * scale);
  return Number.isFinite(both) && both >= 2 ** -126 ? { node, factor: x.constant(both, "f32") } : undefined;
}

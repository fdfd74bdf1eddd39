/**
 * Weights of a softmax that the model quantises: the kernel for weights leaves them undivided, so one multiplication by the row's factor and the
 * quantisation make bytes of them. Dividing first would take several times as long; results differ where a weight lies between two steps.
 */
import { bug } from "../../messages.ts";
import { valueOf, type Node } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, Ref, Stmt } from "../../tensor/ir.ts";
import { operand, resultOf, scalarOf, type TemplateCall } from "../template.ts";
import type { NestCall } from "./block.ts";
import { scratchPitch } from "./operands.ts";
import { softmaxPart, throughViews } from "./shape.ts";
import type { Weights } from "./weights.ts";

export interface QuantisedSoftmax {
  /** The nest as far as the softmax, with a second product of f32. */
  readonly softmax: NestCall;
  readonly quantisation: Node;
  readonly origin: readonly number[];
}

/** The rows as a softmax, one quantisation of it, and the way back to floats that the product on bytes leaves out. */
export function quantisedSoftmax(c: NestCall): QuantisedSoftmax | undefined {
  const { call, nest } = c;
  const source = c.values?.narrow?.left;
  if (source === undefined || source.dtype === "bf16" || c.values === undefined) return undefined;
  const at = nest.rows.findIndex((n) => resultOf(n) === source.value);
  const [divided, quantisation] = nest.rows.slice(at - 1, at + 1);
  const rest = nest.rows.slice(at + 1);
  if (at < 1 || divided === undefined || quantisation?.op !== "requantize" || !rest.every((n) => source.through.includes(n)))
    return undefined;
  if (throughViews(nest.views, operand(quantisation, 0)) !== resultOf(divided)) return undefined;
  const literal = quantisation.inputs.slice(1).every((v) => v !== null && call.storage.literal(v) !== undefined);
  if (!literal || call.escaping.has(source.value)) return undefined;
  const upTo = { ...nest, rows: nest.rows.slice(0, at), weights: resultOf(divided) };
  if (softmaxPart(call.graph, upTo) === undefined) return undefined;
  const { narrow: _, ...values } = c.values;
  const origin = [quantisation, ...rest].map((n) => n.id);
  return { softmax: { ...c, nest: upTo, values }, quantisation, origin };
}

/** What a kernel for bytes multiplies weights by; undefined where it does not round as the model wants. */
function stepOf(call: TemplateCall, quantisation: Node): number | undefined {
  const { attrs } = quantisation;
  const [scale, bias] = quantisation.inputs.slice(1).map((v) => call.storage.literal(v ?? -1));
  const isPlain = attrs["to"] === "u8" && (attrs["zero"] ?? 0) === 0 && attrs["low"] === undefined && attrs["high"] === undefined;
  const step = scale?.k === "const" && bias === undefined ? Number(scale.value) : NaN;
  return isPlain && step > 0 && step < 2 ** 30 ? step : undefined;
}

/** Bytes of the weights behind the first `n` scores of each row: one kernel, or what the rows are as floats and a loop that quantises them. */
export function softmaxBytes(
  c: NestCall,
  rows: { readonly rows: Expr; readonly most: number },
  { softmax, quantisation, origin }: QuantisedSoftmax,
  scores: BufferId,
  n: Expr,
): { readonly buffer: BufferId; readonly setup: readonly Stmt[] } | undefined {
  const { builder } = c.call;
  const step = stepOf(c.call, quantisation);
  const part = softmaxPart(c.call.graph, softmax.nest);
  if (step === undefined || part === undefined || part.before.length > 0) return undefined;
  const pitch = scratchPitch(c.nest.s.n);
  const buffer = builder.buffer({ name: "weights", dtype: "u8", shape: [rows.most, pitch], scope: "thread" });
  const room = builder.buffer({ name: "exponentials", dtype: "f32", shape: [rowsAtOnce, pitch], scope: "thread" });
  const at = (b: BufferId): Ref => ({ buffer: b, index: [x.index(0), x.index(0)] });
  const kernel = builder.kernel(
    {
      kernel: "softmax_bytes_rows",
      refs: { s: at(scores), b: at(buffer), e: at(room) },
      args: { rows: rows.rows, n, lds: x.index(pitch), ldb: x.index(pitch), lde: x.index(pitch) },
      params: { step },
    },
    [...softmax.nest.rows.map((r) => r.id), ...origin],
  );
  return { buffer, setup: [builder.alloc(buffer, origin), builder.alloc(room, origin), kernel] };
}

/** Rows that the kernel works on side by side, at most: weights_rows of native/kernels/rows/weights.hpp. */
const rowsAtOnce = 4;

/** The bytes of `n` weights of each row, in scratch of their own. */
export function quantisedWeights(
  { call, nest }: NestCall,
  rows: { readonly rows: Expr; readonly most: number },
  { quantisation, origin }: QuantisedSoftmax,
  weights: Weights,
  n: Expr,
): { readonly buffer: BufferId; readonly setup: readonly Stmt[] } {
  const { builder, storage, graph } = call;
  const { dtype } = valueOf(graph, resultOf(quantisation));
  const buffer = builder.buffer({ name: "weights", dtype, shape: [rows.most, scratchPitch(nest.s.n)], scope: "thread" });
  const [step, ...others] = quantisation.inputs.slice(1).map((v) => storage.literal(v ?? -1) ?? bug("a quantisation by a computed step"));
  if (step === undefined) return bug("a quantisation without a step");
  const each = builder.loop("serial", "r", 0, rows.rows, origin, (r) => {
    // The sum of the row and the step of the quantisation are one factor.
    const factor = builder.let("factor", x.mul(x.load(weights.factor, [r], "f32"), step), origin);
    const along = builder.loop("vector", "j", 0, n, origin, (j) => {
      const weight = x.load(weights.scores, [r, j], "f32");
      return [builder.store({ buffer, index: [r, j] }, scalarOf(graph, quantisation, [weight, factor.ref, ...others]), origin)];
    });
    return [factor.stmt, along];
  });
  return { buffer, setup: [builder.alloc(buffer, origin), each] };
}

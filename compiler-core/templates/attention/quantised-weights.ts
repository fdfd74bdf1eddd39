/**
 * Weights of a softmax that the model quantises: the kernel for weights leaves them undivided, so one multiplication by the row's factor and the
 * quantisation make bytes of them. Dividing first would take several times as long; results differ where a weight lies between two steps.
 */
import { bug } from "../../messages.ts";
import { valueOf, type Node } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, Stmt } from "../../tensor/ir.ts";
import { operand, resultOf, scalarOf } from "../template.ts";
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

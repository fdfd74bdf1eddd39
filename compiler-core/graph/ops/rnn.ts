/**
 * The steps of recurrent networks (ONNX LSTM, GRU and RNN): what comes after the product of all inputs with the weights, which is one
 * matrix product for the whole sequence. Formulas of the operators' specification; gates in its order (LSTM: i o f c, GRU: z r h).
 */
import type { DType } from "../../support/dtype.ts";
import * as x from "../../tensor/build.ts";
import type { Expr } from "../../tensor/ir.ts";
import { shapeAgrees, shapeText } from "../dims.ts";
import type { Attrs, Dim, Shape } from "../ir.ts";
import { evalRecurrent } from "../eval-recurrent.ts";
import * as activation from "./activations.ts";
import { num } from "./elementwise.ts";
import * as unary from "./elementwise-unary.ts";
import { elementCount, optionalInts, refuse, stringAttr, type InferCall, type Inferred, type Op } from "./op.ts";

export type Cell = "lstm" | "gru" | "rnn";
export const cells: Readonly<Record<Cell, { readonly gates: number; readonly functions: number; readonly outputs: number }>> = {
  lstm: { gates: 4, functions: 3, outputs: 3 },
  gru: { gates: 3, functions: 2, outputs: 2 },
  rnn: { gates: 1, functions: 1, outputs: 2 },
};
export const cellOf = (attrs: Attrs): Cell => stringAttr(attrs, "cell") as Cell;

/** Operand positions. */
export const operandsOf = { projected: 0, weights: 1, hidden: 2, cell: 3, peepholes: 4, lengths: 5, hiddenBias: 6 } as const;

type Formula = (v: Expr, alpha: number, beta: number) => Expr;
const scalar =
  (op: Op, names: readonly string[] = []): Formula =>
  (v, alpha, beta) =>
    op.scalar!([v], Object.fromEntries(names.map((n) => [n, n === "alpha" ? alpha : beta])), v.type.dtype);

/** Activation functions by their ONNX name in small letters, with their default alpha and beta. */
export const activations: Readonly<Record<string, { readonly formula: Formula; readonly defaults: readonly number[] }>> = {
  sigmoid: { formula: scalar(unary.sigmoid), defaults: [] },
  tanh: { formula: scalar(unary.tanh), defaults: [] },
  relu: { formula: scalar(unary.relu), defaults: [] },
  softsign: { formula: scalar(unary.softsign), defaults: [] },
  softplus: { formula: scalar(unary.softplus), defaults: [] },
  leakyrelu: { formula: scalar(activation.leakyRelu, ["alpha"]), defaults: [0.01] },
  thresholdedrelu: { formula: scalar(activation.thresholdedRelu, ["alpha"]), defaults: [1] },
  elu: { formula: scalar(activation.elu, ["alpha"]), defaults: [1] },
  hardsigmoid: { formula: scalar(activation.hardSigmoid, ["alpha", "beta"]), defaults: [0.2, 0.5] },
  affine: { formula: (v, a, b) => x.add(x.mul(num(a, v), v), num(b, v)), defaults: [1, 0] },
  scaledtanh: { formula: (v, a, b) => x.mul(num(a, v), x.unary("tanh", x.mul(num(b, v), v))), defaults: [1, 1] },
};

/** Function `i` (f, g, h of the specification) of a direction, with the clip of its argument where it is one of a gate. */
export function activationOf(attrs: Attrs, direction: number, i: number): (v: Expr, gate?: boolean) => Expr {
  const at = direction * cells[cellOf(attrs)].functions + i;
  const name = (attrs["functions"] as readonly string[])[at] ?? "";
  const [alpha, beta] = [(attrs["alphas"] as readonly number[])[at] ?? 0, (attrs["betas"] as readonly number[])[at] ?? 0];
  const clip = attrs["clip"] as number;
  const clipped = (v: Expr): Expr => (clip > 0 ? x.binary("min", x.binary("max", v, num(-clip, v)), num(clip, v)) : v);
  return (v, gate = true) => activations[name]!.formula(gate ? clipped(v) : v, alpha, beta);
}

function inferRecurrent({ inputs, attrs, outputs }: InferCall): Inferred {
  const [projected, weights] = [inputs[operandsOf.projected]!, inputs[operandsOf.weights]!];
  const cell = cellOf(attrs);
  if (!(cell in cells)) return refuse("attribute", `there is no cell ${cell}`);
  if (!recurrentTypes.includes(projected.dtype)) return refuse("dtype", `recurrent networks of ${projected.dtype} are not supported`);
  const other = [1, 2, 3, 4, 6].map((i) => inputs[i]).find((t) => t != null && t.dtype !== projected.dtype);
  if (other != null) return refuse("dtype", `operands have different element types (${projected.dtype}, ${other.dtype})`);
  const bad = (attrs["functions"] as readonly string[]).find((f) => !(f in activations));
  if (bad !== undefined) return refuse("attribute", `there is no activation function ${bad}`);
  const dtype = projected.dtype;
  if (projected.shape === undefined || weights.shape === undefined)
    return Array.from({ length: outputs }, () => ({ dtype, shape: undefined }));
  if (projected.shape.length !== 3 || weights.shape.length !== 3)
    return refuse("shape", `operands of ${shapeText(projected.shape)} and ${shapeText(weights.shape)} do not have rank 3`);
  const [steps, batch, width] = projected.shape as readonly [Dim, Dim, Dim];
  const [directions, units, rows] = weights.shape as readonly [Dim, Dim, Dim];
  const fits = [directions, units, rows, width].every((d) => typeof d === "number")
    ? rows === cells[cell].gates * Number(units) && width === Number(directions) * Number(rows)
    : true;
  if (!fits) return refuse("shape", `${shapeText(projected.shape)} and weights of ${shapeText(weights.shape)} do not fit a ${cell}`);
  const state: Shape = [directions, batch, units];
  const wanted: Readonly<Record<number, Shape>> = {
    [operandsOf.hidden]: state,
    [operandsOf.cell]: state,
    [operandsOf.peepholes]: [directions, 3, units],
    [operandsOf.lengths]: [batch],
    [operandsOf.hiddenBias]: [directions, units],
  };
  for (const [i, shape] of Object.entries(wanted)) {
    const have = inputs[Number(i)]?.shape;
    if (!shapeAgrees(have, shape))
      return refuse("shape", `operand ${i} of a ${cell} has shape ${shapeText(have)} instead of ${shapeText(shape)}`);
  }
  const shapes: readonly Shape[] = [[steps, directions, batch, units], state, state];
  return shapes.slice(0, outputs).map((shape) => ({ dtype, shape }));
}

const recurrentTypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];

/** Does a direction run from the last step to the first? */
export const isReverse = (attrs: Attrs, direction: number): boolean => (optionalInts(attrs, "reverse") ?? []).includes(direction);

export const recurrent: Op = {
  what: "the steps of an LSTM, GRU or RNN over projected inputs (step, batch, direction * gate * unit): all outputs, last hidden state, last cell",
  arity: [2, 7],
  outputs: [2, 3],
  attrs: {
    cell: { kind: "string", what: "lstm, gru or rnn" },
    reverse: { kind: "ints", default: [], what: "directions that run backwards" },
    functions: { kind: "strings", what: "activation functions, for each direction" },
    alphas: { kind: "numbers", default: [] },
    betas: { kind: "numbers", default: [] },
    clip: { kind: "float", default: 0, what: "bound of the arguments of gates; 0: none" },
    inputForget: { kind: "bool", default: false, what: "lstm: the forget gate is 1 - the input gate" },
    linearFirst: { kind: "bool", default: false, what: "gru: the reset gate is applied after the product (linear_before_reset)" },
  },
  traits: [],
  infer: inferRecurrent,
  eval: evalRecurrent,
  flops: (c) => {
    const weights = c.inputs[operandsOf.weights]!;
    const [steps, , batch] = c.outputs[0]!.shape as readonly [number, number, number];
    return steps * batch * (2 * elementCount(weights) + 60 * (weights.shape[1] ?? 0) * (weights.shape[0] ?? 0));
  },
};

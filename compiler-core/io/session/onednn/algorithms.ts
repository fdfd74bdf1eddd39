/** Elementwise operators as oneDNN's algorithms: its numbers (version 2), and the two parameters of each. */
import type { Attrs, Node } from "../../../graph/ir.ts";
import type { OpName } from "../../../graph/ops/index.ts";

export interface Eltwise {
  readonly algorithm: number;
  readonly alpha: number;
  readonly beta: number;
}

const eltwise = {
  relu: 0x1f,
  tanh: 0x2f,
  elu: 0x3f,
  abs: 0x5f,
  sqrt: 0x6f,
  linear: 0x7f,
  softRelu: 0x9f,
  logistic: 0xaf,
  exp: 0xbf,
  geluTanh: 0xcf,
  swish: 0xdf,
  log: 0xef,
  clip: 0x10,
  pow: 0x20,
  geluErf: 0x30,
  round: 0x40,
  mish: 0x60,
  hardswish: 0x70,
} as const;

const of = (name: keyof typeof eltwise, alpha = 0, beta = 0): Eltwise => ({ algorithm: eltwise[name], alpha, beta });
export const linear = (alpha: number, beta: number): Eltwise => of("linear", alpha, beta);
export const isLinear = (e: { readonly algorithm: number }): boolean => e.algorithm === eltwise.linear;
export const isRelu = (e: { readonly algorithm: number; readonly alpha?: number }): boolean =>
  e.algorithm === eltwise.relu && (e.alpha ?? 0) === 0;

const unbounded = 3.4028234663852886e38;
const parameter = (attrs: Attrs, name: string, usual: number): number => Number(attrs[name] ?? usual);

const unary: Partial<Readonly<Record<OpName, (attrs: Attrs) => Eltwise>>> = {
  relu: () => of("relu"),
  "leaky-relu": (a) => of("relu", parameter(a, "alpha", 0.01)),
  elu: (a) => of("elu", parameter(a, "alpha", 1)),
  tanh: () => of("tanh"),
  sigmoid: () => of("logistic"),
  exp: () => of("exp"),
  log: () => of("log"),
  sqrt: () => of("sqrt"),
  abs: () => of("abs"),
  neg: () => linear(-1, 0),
  round: () => of("round"),
  reciprocal: () => of("pow", 1, -1),
  softplus: () => of("softRelu"),
  silu: () => of("swish", 1),
  swish: (a) => of("swish", parameter(a, "alpha", 1)),
  mish: () => of("mish"),
  "hard-swish": () => of("hardswish"),
  gelu: (a) => of(a["approximate"] === "tanh" ? "geluTanh" : "geluErf"),
  clip: (a) => of("clip", parameter(a, "min", -unbounded), parameter(a, "max", unbounded)),
};

/** An operator of one operand; undefined when oneDNN has none for it. */
export const unaryOf = ({ op, attrs }: Node): Eltwise | undefined => unary[op]?.(attrs);

type Scalar = (c: number, constantFirst: boolean) => Eltwise | undefined;

const withScalar: Partial<Readonly<Record<OpName, Scalar>>> = {
  add: (c) => linear(1, c),
  mul: (c) => linear(c, 0),
  sub: (c, first) => (first ? linear(-1, c) : linear(1, -c)),
  div: (c, first) => (first ? undefined : linear(1 / c, 0)),
  pow: (c, first) => (first ? undefined : of("pow", 1, c)),
  max: (c) => of("clip", c, unbounded),
  min: (c) => of("clip", -unbounded, c),
};

/** An operator of two operands, one of them a number. */
export const scalarOf = ({ op }: Node, c: number, constantFirst: boolean): Eltwise | undefined => withScalar[op]?.(c, constantFirst);

const binary: Partial<Readonly<Record<OpName, number>>> = {
  add: 0x1fff0,
  mul: 0x1fff1,
  max: 0x1fff2,
  min: 0x1fff3,
  div: 0x1fff4,
  sub: 0x1fff5,
};
/** Operators whose operands may be exchanged. */
const symmetric: readonly OpName[] = ["add", "mul", "max", "min"];

export const binaryOf = ({ op }: Node): number | undefined => binary[op];
export const isSymmetric = ({ op }: Node): boolean => symmetric.includes(op);

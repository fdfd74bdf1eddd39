/**
 * Quantisers of QONNX, under the names that Brevitas, QONNX and FINN give their domain: floats in, floats out that whole numbers of few bits
 * could stand for. After the operators' documentation of QONNX (version 1).
 */
import type { ValueId } from "../../graph/ir.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

const domains = ["onnx.brevitas", "qonnx.custom_op.general", "finn.custom_op.general"];

const number = (c: BuildCall, value: number): ValueId => c.scalar(c.dtype(0), value);

/** A whole number of bits that is known when the model is read. */
function bitsOf(c: BuildCall, operand: number): number {
  const [bits, ...more] = c.known(operand) ?? notCompiled("its number of bits is computed at run time");
  if (bits === undefined || more.length > 0 || !Number.isInteger(bits) || bits < 1 || bits > 32)
    notCompiled("its number of bits is not one whole number");
  return bits!;
}

/** |x| through `round`, with the sign of x again. */
const bySize = (c: BuildCall, x: ValueId, round: (size: ValueId) => ValueId): ValueId =>
  c.add("mul", [c.add("sign", [x]), round(c.add("abs", [x]))]);

const roundings: Readonly<Record<string, (c: BuildCall, x: ValueId) => ValueId>> = {
  ROUND: (c, x) => c.add("round", [x]),
  HALF_EVEN: (c, x) => c.add("round", [x]),
  CEIL: (c, x) => c.add("ceil", [x]),
  FLOOR: (c, x) => c.add("floor", [x]),
  UP: (c, x) => bySize(c, x, (a) => c.add("ceil", [a])),
  DOWN: (c, x) => bySize(c, x, (a) => c.add("floor", [a])),
  HALF_UP: (c, x) => bySize(c, x, (a) => c.add("floor", [c.add("add", [a, number(c, 0.5)])])),
  HALF_DOWN: (c, x) => bySize(c, x, (a) => c.add("ceil", [c.add("sub", [a, number(c, 0.5)])])),
};

function rounded(c: BuildCall, x: ValueId, otherwise: string): ValueId {
  const mode = c.text("rounding_mode", otherwise).toUpperCase();
  return (Object.hasOwn(roundings, mode) ? roundings[mode] : undefined)?.(c, x) ?? notCompiled(`rounding_mode ${mode} is not known`);
}

/** Least and greatest whole number of so many bits. Narrow ranges lack the one that has no opposite, or the greatest where there are no signs. */
const rangeOf = (bits: number, signed: boolean, narrow: boolean): readonly [number, number] =>
  signed ? [-(2 ** (bits - 1)) + (narrow ? 1 : 0), 2 ** (bits - 1) - 1] : [0, 2 ** bits - (narrow ? 2 : 1)];

const clipped = (c: BuildCall, x: ValueId, [low, high]: readonly [number, number]): ValueId => {
  const below = c.add("where", [c.add("greater", [x, number(c, high)]), number(c, high), x]);
  return c.add("where", [c.add("less", [below, number(c, low)]), number(c, low), below]);
};

const signOf = (c: BuildCall, x: ValueId): ValueId =>
  c.add("where", [c.add("greater-equal", [x, number(c, 0)]), number(c, 1), number(c, -1)]);

function quant(c: BuildCall) {
  const [scale, zero] = [c.input(1), c.input(2)];
  const bits = bitsOf(c, 3);
  const signed = c.flag("signed", true);
  const scaled = c.add("add", [c.add("div", [c.input(0), scale]), zero]);
  // One bit with a sign has two values that are opposite.
  const code =
    bits === 1 && signed ? signOf(c, scaled) : rounded(c, clipped(c, scaled, rangeOf(bits, signed, c.flag("narrow", true))), "ROUND");
  return c.add("mul", [c.add("sub", [code, zero]), scale]);
}

const bipolar: Builder = (c) => c.add("mul", [signOf(c, c.input(0)), c.input(1)]);

/** Drops the lowest bits of what a quantiser made. */
function trunc(c: BuildCall) {
  if (c.inputCount !== 5) notCompiled("only its first version is supported");
  const [scale, zero] = [c.input(1), c.input(2)];
  const code = c.add("round", [c.add("add", [c.add("div", [c.input(0), scale]), zero])]);
  const dropped = number(c, 2 ** -(bitsOf(c, 3) - bitsOf(c, 4)));
  const kept = rounded(c, c.add("mul", [code, dropped]), "FLOOR");
  return c.add("mul", [c.add("sub", [kept, zero]), scale]);
}

const rows: Readonly<Record<string, Builder>> = { Quant: quant, IntQuant: quant, BipolarQuant: bipolar, Trunc: trunc };

export const qonnxBuilders: Readonly<Record<string, Builder>> = Object.fromEntries(
  domains.flatMap((domain) => Object.entries(rows).map(([name, builder]) => [`${domain}.${name}`, builder] as const)),
);

/**
 * The quantised form of an encoder, as static quantisers write it: every operand of a product goes through bytes (QuantizeLinear, DequantizeLinear),
 * activations as u8 with one step, weights as i8 with a step for every column. Steps are those that the generated weights ask for.
 */
import type { NetBuilder } from "./net-builder.ts";

export type EncoderForm = "f32" | "qdq";

/** One step, and the byte that stands for 0. */
export interface ByteStep {
  readonly step: number;
  readonly zero: number;
}

export interface EncoderSteps {
  /** Behind a layer norm: about +-5 standard deviations of 1. */
  readonly norm: ByteStep;
  /** Queries, keys and values, each element the sum of `hidden` products: a deviation of about 1. */
  readonly head: ByteStep;
  /** Probabilities of about 1 / seq; the largest ones stay below 64 / seq. */
  readonly weights: ByteStep;
  /** Means of values: +-4 deviations of sqrt(e / seq). */
  readonly context: ByteStep;
  /** Behind a GELU: never below -0.17. */
  readonly inner: ByteStep;
}

export function stepsOf({ seq }: { readonly seq: number | string }): EncoderSteps {
  const length = typeof seq === "number" ? seq : 128;
  return {
    norm: { step: 1 / 24, zero: 128 },
    head: { step: 1 / 32, zero: 128 },
    weights: { step: Math.min(1, 64 / length) / 255, zero: 0 },
    context: { step: (4 * Math.sqrt(2.72 / length)) / 127, zero: 128 },
    inner: { step: 4.75 / 255, zero: 9 },
  };
}

/** The value, rounded to bytes and back. */
export function throughBytes(net: NetBuilder, value: string, { step, zero }: ByteStep): string {
  const parameters = [net.constant("f32", [], [step]), net.constant("u8", [], [zero])];
  return net.op("DequantizeLinear", [net.op("QuantizeLinear", [value, ...parameters]), ...parameters]);
}

/** A weight of this deviation in the current scope, dequantised column by column. */
export function bytesWeight(net: NetBuilder, from: number, to: number, deviation: number): string {
  const step = deviation / 40;
  const weight = net.weight("weight_quantized", "i8", [from, to], { kind: "bell", mean: 0, deviation: 40 });
  const scale = net.weight("weight_scale", "f32", [to], { kind: "bell", mean: step, deviation: step / 10 });
  const zero = net.weight("weight_zero_point", "i8", [to], { kind: "constant", value: 0 });
  return net.op("DequantizeLinear", [weight, scale, zero], { axis: 1 });
}

/**
 * MLP_1 and MLP_2, the bottom and top towers of DLRM: MatMul + bias + ReLU per layer, the last one too. In int8: u8 activations per
 * tensor, s8 weights per output channel, as QDQ. Biases are positive on average, so that most outputs are not zero.
 */
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { NetBuilder, he } from "./net-builder.ts";

export const mlpWidths = { mlp1: [13, 512, 256, 128], mlp2: [479, 1024, 1024, 512, 256, 1] } as const;
export type MlpFamily = keyof typeof mlpWidths;

/** Input quantisation: zero point 128, +-4 standard deviations. Hidden: zero point 2 as in the paper's graphs. */
export const inputScale = 1 / 32;
const hiddenScale = 1 / 32;
const hiddenZero = 2;
/** Weights per channel: s8 values with a deviation of 40 times the scale. */
const weightDeviation = 40;

/** f32 form. `batch` may be a symbol. */
export function mlp(family: MlpFamily, batch: number | string, widths: readonly number[] = mlpWidths[family]): OnnxModel {
  const net = new NetBuilder(family, { name: family });
  let value = net.input("x", "f32", [batch, widths[0]]);
  for (let layer = 1; layer < widths.length; layer++) {
    const k = widths[layer - 1] ?? 0;
    const n = widths[layer] ?? 0;
    const isLast = layer === widths.length - 1;
    value = net.scope(`fc${layer}`, () => {
      const weight = net.weight("weight", "f32", [k, n], he(k));
      const bias = net.weight("bias", "f32", [n], { kind: "bell", mean: n === 1 ? 2 : 0.5, deviation: 0.1 });
      const sum = net.op("Add", [net.op("MatMul", [value, weight]), bias]);
      return isLast ? net.last("Relu", [sum], "y") : net.op("Relu", [sum]);
    });
  }
  net.output("y", "f32", [batch, widths[widths.length - 1]]);
  return net.build();
}

/** Quantised form: u8 in, u8 out. */
export function mlpInt8(family: MlpFamily, batch: number | string, widths: readonly number[] = mlpWidths[family]): OnnxModel {
  const net = new NetBuilder(`${family}_int8`, { name: `${family}_int8` });
  let value = net.input("x", "u8", [batch, widths[0]]);
  let scale = net.constant("f32", [], [inputScale]);
  let zero = net.constant("u8", [], [128]);
  for (let layer = 1; layer < widths.length; layer++) {
    const k = widths[layer - 1] ?? 0;
    const n = widths[layer] ?? 0;
    value = net.scope(`fc${layer}`, () => {
      const weight = net.weight("weight_quantized", "i8", [k, n], { kind: "bell", mean: 0, deviation: weightDeviation });
      const step = Math.sqrt(2 / k) / weightDeviation;
      const scales = net.weight("weight_scale", "f32", [n], { kind: "bell", mean: step, deviation: step * 0.1 });
      const zeros = net.weight("weight_zero_point", "i8", [n], { kind: "constant", value: 0 });
      const bias = net.weight("bias", "f32", [n], { kind: "bell", mean: n === 1 ? 2 : 0.5, deviation: 0.1 });
      const a = net.op("DequantizeLinear", [value, scale, zero]);
      const b = net.op("DequantizeLinear", [weight, scales, zeros], { axis: 1 });
      const active = net.op("Relu", [net.op("Add", [net.op("MatMul", [a, b]), bias])]);
      scale = net.constant("f32", [], [hiddenScale]);
      zero = net.constant("u8", [], [hiddenZero]);
      const args = [active, scale, zero];
      return layer === widths.length - 1 ? net.last("QuantizeLinear", args, "y") : net.op("QuantizeLinear", args);
    });
  }
  net.output("y", "u8", [batch, widths[widths.length - 1]]);
  return net.build();
}

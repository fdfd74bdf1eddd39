/** ONNX operators of signal processing. */
import type { BuildCall, Builder } from "./build-call.ts";

const window =
  (coefficients: readonly [number, number, number]): Builder =>
  (c) =>
    c.add("window", [c.input(0)], { coefficients, periodic: c.flag("periodic", true), dtype: c.dtypeOf("output_datatype", "f32") });

/** The axis is an attribute before opset 20, then an operand. */
function dft(c: BuildCall) {
  const attrs = { inverse: c.flag("inverse"), oneSided: c.flag("onesided"), axis: c.opset < 20 ? c.int("axis", 1) : -2 };
  return c.add("dft", [c.input(0), ...c.operands(c.opset < 20 ? 2 : 3).slice(1)], attrs);
}

/** ONNX passes the step before the window. */
function stft(c: BuildCall) {
  const inputs = [c.input(0), c.optional(2), c.input(1), c.optional(3)];
  while (inputs.at(-1) === null) inputs.pop();
  return c.add("stft", inputs, { oneSided: c.flag("onesided", true) });
}

export const signalBuilders: Readonly<Record<string, Builder>> = {
  HannWindow: window([0.5, 0.5, 0]),
  HammingWindow: window([25 / 46, 21 / 46, 0]),
  BlackmanWindow: window([0.42, 0.5, 0.08]),
  MelWeightMatrix: (c) => c.add("mel-weights", c.operands(5), { dtype: c.dtypeOf("output_datatype", "f32") }),
  DFT: dft,
  STFT: stft,
};

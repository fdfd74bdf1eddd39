/** ONNX quantisation. */
import { asDType, notCompiled, type BuildCall, type Builder } from "./build-call.ts";
import { dtypeOfCode } from "../dtype.ts";

function quantize(c: BuildCall) {
  if (c.int("block_size", 0) !== 0) notCompiled("blocked quantisation is not supported");
  const declared = c.int("output_dtype", 0);
  const to = c.has(2)
    ? c.dtype(2)
    : declared === 0
      ? "u8"
      : (asDType(dtypeOfCode(declared)) ?? notCompiled("the element type is not known"));
  return c.add("quantize-linear", c.operands(3), { axis: c.int("axis", 1), to });
}

function dequantize(c: BuildCall) {
  if (c.int("block_size", 0) !== 0) notCompiled("blocked quantisation is not supported");
  const declared = c.int("output_dtype", 0);
  const to = declared === 0 ? c.dtype(1) : (asDType(dtypeOfCode(declared)) ?? notCompiled("the element type is not known"));
  return c.add("dequantize-linear", c.operands(3), { axis: c.int("axis", 1), to });
}

/** Range of x with 0 in it, mapped to 0 ... 255; the formulas of the operator's specification. */
function dynamicQuantize(c: BuildCall) {
  const x = c.input(0);
  const all = { keepdims: false };
  const zero = c.scalar("f32", 0);
  const low = c.add("min", [c.add("reduce-min", [x], all), zero]);
  const high = c.add("max", [c.add("reduce-max", [x], all), zero]);
  const scale = c.add("div", [c.add("sub", [high, low]), c.scalar("f32", 255)]);
  const point = c.add("clip", [c.add("round", [c.add("div", [c.add("sub", [zero, low]), scale])])], { min: 0, max: 255 });
  const zeroPoint = c.add("cast", [point], { to: "u8" });
  return [c.add("quantize-linear", [x, scale, zeroPoint], { to: "u8" }), scale, zeroPoint];
}

export const quantizeBuilders: Readonly<Record<string, Builder>> = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
};

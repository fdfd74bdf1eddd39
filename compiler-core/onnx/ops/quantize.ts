/** ONNX quantisation. */
import { asDType, notCompiled, type BuildCall, type Builder } from "./build-call.ts";
import { isInteger, type DType } from "../../support/dtype.ts";
import type { ValueId } from "../../graph/ir.ts";
import { dtypeOfCode } from "../dtype.ts";

const declaredType = (c: BuildCall): DType | undefined => {
  const code = c.int("output_dtype", 0);
  return code === 0 ? undefined : (asDType(dtypeOfCode(code)) ?? notCompiled("the element type is not known"));
};

function quantize(c: BuildCall) {
  const to = c.has(2) ? c.dtype(2) : (declaredType(c) ?? "u8");
  if (to.startsWith("f") && !c.flag("saturate", true)) notCompiled("quantisation without saturation is not supported");
  const scale = c.dtype(1);
  const precision = c.int("precision", 0);
  if (precision !== 0 && c.dtypeOf("precision") !== "f32" && c.dtypeOf("precision") !== scale)
    notCompiled(`a division in ${c.dtypeOf("precision")} is not supported`);
  return c.add("quantize-linear", zeroless(c, to), { axis: c.int("axis", 1), block: c.int("block_size", 0) || undefined, to });
}

function dequantize(c: BuildCall) {
  const to = declaredType(c) ?? c.dtype(1);
  return c.add("dequantize-linear", zeroless(c, c.dtype(0)), { axis: c.int("axis", 1), block: c.int("block_size", 0) || undefined, to });
}

/** Floats are quantised to without zero point: the operand only says the type. */
const zeroless = (c: BuildCall, quantized: DType) => c.operands(isInteger(quantized) ? 3 : 2);

/** Range of x with 0 in it, mapped to 0 ... 255; the formulas of ONNX Runtime (a scale of 1 when everything is 0). */
export function dynamicQuantize(c: BuildCall, x: ValueId): { readonly y: ValueId; readonly scale: ValueId; readonly zero: ValueId } {
  const all = { keepdims: false };
  const zero = c.scalar("f32", 0);
  const low = c.add("min", [c.add("reduce-min", [x], all), zero]);
  const high = c.add("max", [c.add("reduce-max", [x], all), zero]);
  const range = c.add("div", [c.add("sub", [high, low]), c.scalar("f32", 255)]);
  const scale = c.add("where", [c.add("equal", [high, low]), c.scalar("f32", 1), range]);
  const point = c.add("clip", [c.add("round", [c.add("div", [c.add("sub", [zero, low]), scale])])], { min: 0, max: 255 });
  const zeroPoint = c.add("cast", [point], { to: "u8" });
  return { y: c.add("quantize-linear", [x, scale, zeroPoint], { to: "u8" }), scale, zero: zeroPoint };
}

function dynamicQuantizeLinear(c: BuildCall) {
  const { y, scale, zero } = dynamicQuantize(c, c.input(0));
  return [y, scale, zero];
}

export const quantizeBuilders: Readonly<Record<string, Builder>> = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
  "com.microsoft.QuantizeLinear": quantize,
  "com.microsoft.DequantizeLinear": dequantize,
};

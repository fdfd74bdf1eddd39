/**
 * MHA_1 to MHA_4: scaled dot-product attention with a padding mask. Q and V are [B, H, S, D], K comes transposed as [B, H, D, S], the
 * mask is [B, 1, 1, S], the result is transposed to [B, S, H, D]. In int8: u8 in and out, as QDQ (what ONNX Runtime runs) or with the
 * arithmetic in bf16 between DequantizeLinear and QuantizeLinear (the paper's own form).
 */
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { NetBuilder } from "./net-builder.ts";

export const mhaShapes = {
  mha1: { seq: 128, hidden: 768, heads: 8 },
  mha2: { seq: 128, hidden: 768, heads: 12 },
  mha3: { seq: 384, hidden: 1024, heads: 8 },
  mha4: { seq: 512, hidden: 1024, heads: 16 },
} as const;
export type MhaFamily = keyof typeof mhaShapes;
export type MhaForm = "f32" | "int8" | "int8bf16";

/** u8 with zero point 128: +-4 standard deviations of the inputs. */
export const mhaScale = 1 / 32;

export function mha(family: MhaFamily, batch: number, form: MhaForm): OnnxModel {
  const { seq, hidden, heads } = mhaShapes[family];
  const depth = hidden / heads;
  const isBf16 = form === "int8bf16";
  const net = new NetBuilder(family, { name: `${family}_${form}` });
  const io = form === "f32" ? "f32" : "u8";
  const q = net.input("q", io, [batch, heads, seq, depth]);
  const k = net.input("k", io, [batch, heads, depth, seq]);
  const v = net.input("v", io, [batch, heads, seq, depth]);
  const mask = net.input("mask", "f32", [batch, 1, 1, seq]);
  const load = (value: string): string => {
    if (io === "f32") return value;
    const real = net.op("DequantizeLinear", [value, net.constant("f32", [], [mhaScale]), net.constant("u8", [], [128])]);
    return isBf16 ? net.op("Cast", [real], { to: 16 }) : real;
  };
  const toFloat = (value: string): string => (isBf16 ? net.op("Cast", [value], { to: 1 }) : value);
  net.scope("attention", () => {
    const scores = toFloat(net.op("MatMul", [load(q), load(k)]));
    const scaled = net.op("Div", [scores, net.constant("f32", [], [Math.sqrt(depth)])]);
    let weights = net.op("Softmax", [net.op("Add", [scaled, mask])], { axis: -1 });
    if (io === "u8") {
      // Probabilities are about 1 / seq; the largest ones stay below 64 / seq.
      const parameters = [net.constant("f32", [], [64 / seq / 255]), net.constant("u8", [], [0])];
      weights = net.op("DequantizeLinear", [net.op("QuantizeLinear", [weights, ...parameters]), ...parameters]);
      if (isBf16) weights = net.op("Cast", [weights], { to: 16 });
    }
    const context = net.op("MatMul", [weights, load(v)]);
    if (io === "f32") return net.last("Transpose", [context], "y", { perm: [0, 2, 1, 3] });
    // The deviation of the result is about sqrt(e / seq): +-4 of them.
    const moved = toFloat(net.op("Transpose", [context], { perm: [0, 2, 1, 3] }));
    return net.last(
      "QuantizeLinear",
      [moved, net.constant("f32", [], [(4 * Math.sqrt(2.72 / seq)) / 127]), net.constant("u8", [], [128])],
      "y",
    );
  });
  net.output("y", io, [batch, seq, heads, depth]);
  return net.build();
}

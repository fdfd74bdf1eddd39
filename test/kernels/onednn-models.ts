/** Small models that oneDNN's primitives can do: products with what may follow them, attention, a convolutional block, a transformer's layer. */
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { mlp, mlpInt8 } from "../workloads/mlp.ts";
import { NetBuilder } from "../workloads/net-builder.ts";

const small = { kind: "bell", mean: 0, deviation: 0.3 } as const;
const around = { kind: "bell", mean: 0.5, deviation: 0.2 } as const;
const bytes = { kind: "bell", mean: 0, deviation: 40 } as const;

/** Two products of bytes: per-column scales, an unsigned zero point, a result of 8 bits and one of 32. */
function integers(): OnnxModel {
  const net = new NetBuilder("integers", { name: "integers" });
  const x = net.input("x", "u8", [7, 20]);
  const scale = net.constant("f32", [], [1 / 32]);
  const load = (v: string, zero: number): string => net.op("DequantizeLinear", [v, scale, net.constant("u8", [], [zero])]);
  const product = (v: string, k: number, n: number): string => {
    const weight = net.weight(`w${k}`, "i8", [k, n], bytes);
    const scales = net.weight(`s${k}`, "f32", [n], { kind: "bell", mean: 0.01, deviation: 0.001 });
    const zeros = net.weight(`z${k}`, "i8", [n], { kind: "constant", value: 0 });
    const bias = net.weight(`b${k}`, "f32", [n], around);
    return net.op("Add", [net.op("MatMul", [v, net.op("DequantizeLinear", [weight, scales, zeros], { axis: 1 })]), bias]);
  };
  const hidden = net.op("Relu", [product(load(x, 128), 20, 33)]);
  const stored = net.op("QuantizeLinear", [hidden, scale, net.constant("u8", [], [3])]);
  net.last("Tanh", [product(load(stored, 3), 33, 5)], "y");
  net.output("y", "f32", [7, 5]);
  return net.build();
}

/** Bytes times bytes, both of them inputs: the second is moved to signed numbers in every run. */
function byteAttention(): OnnxModel {
  const net = new NetBuilder("bytes", { name: "bytes" });
  const q = net.input("q", "u8", [2, 3, 9, 16]);
  const k = net.input("k", "u8", [2, 3, 16, 11]);
  const mask = net.input("mask", "f32", [2, 1, 1, 11]);
  const load = (v: string): string => net.op("DequantizeLinear", [v, net.constant("f32", [], [1 / 32]), net.constant("u8", [], [128])]);
  const scores = net.op("Div", [net.op("MatMul", [load(q), load(k)]), net.constant("f32", [], [4])]);
  const weights = net.op("Softmax", [net.op("Add", [scores, mask])], { axis: -1 });
  net.last("QuantizeLinear", [weights, net.constant("f32", [], [1 / 255]), net.constant("u8", [], [0])], "y");
  net.output("y", "u8", [2, 3, 9, 11]);
  return net.build();
}

/** Attention with a mask, whose result changes its axes. */
function attention(): OnnxModel {
  const net = new NetBuilder("attention", { name: "attention" });
  const q = net.input("q", "f32", [2, 3, 9, 16]);
  const k = net.input("k", "f32", [2, 3, 16, 11]);
  const v = net.input("v", "f32", [2, 3, 11, 16]);
  const mask = net.input("mask", "f32", [2, 1, 1, 11]);
  const scores = net.op("Div", [net.op("MatMul", [q, k]), net.constant("f32", [], [4])]);
  const weights = net.op("Softmax", [net.op("Add", [scores, mask])], { axis: -1 });
  net.last("Transpose", [net.op("MatMul", [weights, v])], "y", { perm: [0, 2, 1, 3] });
  net.output("y", "f32", [2, 9, 3, 16]);
  return net.build();
}

/** Convolutions with strides, padding, groups, a normalisation, a sum of two branches, pools, and a product at the end. */
function convolutions(): OnnxModel {
  const net = new NetBuilder("convolutions", { name: "convolutions" });
  const x = net.input("x", "f32", [2, 3, 17, 19]);
  const conv = (v: string, from: number, to: number, kernel: number, attributes: Readonly<Record<string, number | number[]>>): string =>
    net.op("Conv", [v, net.weight("w", "f32", [to, from, kernel, kernel], small), net.weight("b", "f32", [to], small)], attributes);
  const norm = (v: string, channels: number): string =>
    net.op("BatchNormalization", [
      v,
      ...["scale", "shift", "mean"].map((name) => net.weight(name, "f32", [channels], around)),
      net.weight("variance", "f32", [channels], { kind: "constant", value: 0.7 }),
    ]);
  const stem = net.op("Relu", [norm(conv(x, 3, 16, 3, { strides: [2, 2], pads: [1, 1, 1, 1] }), 16)]);
  const pooled = net.op("MaxPool", [stem], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  const depthwise = net.op("Clip", [
    conv(pooled, 1, 16, 3, { group: 16, pads: [1, 1, 1, 1] }),
    net.constant("f32", [], [0]),
    net.constant("f32", [], [6]),
  ]);
  const sum = net.op("Relu", [net.op("Add", [conv(depthwise, 16, 16, 1, {}), pooled])]);
  const mean = net.op("Flatten", [net.op("GlobalAveragePool", [sum])], { axis: 1 });
  net.last("Gemm", [mean, net.weight("head", "f32", [10, 16], small), net.weight("offset", "f32", [10], small)], "y", { transB: 1 });
  net.output("y", "f32", [2, 10]);
  return net.build();
}

/** Convolutions of bytes: a scale per channel, zero points, padding that stands for zero, channels of their own, a sum of two branches, a mean. */
function byteConvolutions(): OnnxModel {
  const net = new NetBuilder("byte convolutions", { name: "byte convolutions" });
  const number = (value: number): string => net.constant("f32", [], [value]);
  const zero = (value: number): string => net.constant("u8", [], [value]);
  const x = net.input("x", "f32", [2, 3, 17, 19]);
  const through = (v: string, scale: number, at: number): string =>
    net.op("DequantizeLinear", [net.op("QuantizeLinear", [v, number(scale), zero(at)]), number(scale), zero(at)]);
  const conv = (v: string, from: number, to: number, kernel: number, attributes: Readonly<Record<string, number | number[]>>): string => {
    const weight = net.weight("w", "i8", [to, from, kernel, kernel], bytes);
    const scales = net.weight("s", "f32", [to], { kind: "bell", mean: 0.004, deviation: 0.0005 });
    const zeros = net.weight("z", "i8", [to], { kind: "constant", value: 0 });
    return net.op(
      "Conv",
      [v, net.op("DequantizeLinear", [weight, scales, zeros], { axis: 0 }), net.weight("b", "f32", [to], small)],
      attributes,
    );
  };
  const clip = (v: string): string => net.op("Clip", [v, number(0), number(6)]);
  /** Weights that no signed number of 8 bits holds: in floats. */
  const unsigned = (v: string): string => {
    const values = net.constant(
      "u8",
      [16, 1, 3, 3],
      Array.from({ length: 144 }, (_, i) => (i * 97) % 251),
    );
    const weight = net.op("DequantizeLinear", [values, number(1 / 512), zero(100)]);
    return net.op("Conv", [v, weight, net.weight("b", "f32", [16], small)], { group: 16, pads: [1, 1, 1, 1] });
  };
  const stem = through(clip(conv(through(x, 1 / 32, 128), 3, 16, 3, { strides: [2, 2], pads: [1, 1, 1, 1] })), 6 / 255, 0);
  const depthwise = through(clip(conv(stem, 1, 16, 3, { group: 16, pads: [1, 1, 1, 1] })), 6 / 255, 0);
  const filtered = through(clip(unsigned(depthwise)), 6 / 255, 0);
  const branch = through(conv(filtered, 16, 16, 1, {}), 1 / 24, 120);
  const sum = through(net.op("Add", [branch, stem]), 1 / 20, 110);
  const mean = net.op("Flatten", [net.op("GlobalAveragePool", [sum])], { axis: 1 });
  net.last("QuantizeLinear", [mean, number(1 / 24), zero(120)], "y");
  net.output("y", "u8", [2, 16]);
  return net.build();
}

/** A layer of a transformer: heads are split and joined by views, residuals are added, rows are normalised. */
function transformer(): OnnxModel {
  const [batch, seq, hidden, heads] = [2, 10, 24, 3];
  const net = new NetBuilder("transformer", { name: "transformer" });
  const x = net.input("x", "f32", [batch, seq, hidden]);
  const dense = (v: string, k: number, n: number): string =>
    net.op("Add", [net.op("MatMul", [v, net.weight("w", "f32", [k, n], small)]), net.weight("b", "f32", [n], small)]);
  const split = (v: string): string =>
    net.op("Transpose", [net.op("Reshape", [v, net.constant("i64", [4], [batch, seq, heads, hidden / heads])])], { perm: [0, 2, 1, 3] });
  const norm = (v: string): string =>
    net.op("LayerNormalization", [v, net.weight("g", "f32", [hidden], around), net.weight("h", "f32", [hidden], small)], { axis: -1 });
  const [q, k, v] = ["q", "k", "v"].map(() => split(dense(x, hidden, hidden))) as [string, string, string];
  const scores = net.op("Mul", [net.op("MatMul", [q, net.op("Transpose", [k], { perm: [0, 1, 3, 2] })]), net.constant("f32", [], [0.35])]);
  const context = net.op("Transpose", [net.op("MatMul", [net.op("Softmax", [scores], { axis: -1 }), v])], { perm: [0, 2, 1, 3] });
  const joined = net.op("Reshape", [context, net.constant("i64", [3], [batch, seq, hidden])]);
  const first = norm(net.op("Add", [dense(joined, hidden, hidden), x]));
  const inner = net.op("Gelu", [dense(first, hidden, 4 * hidden)]);
  const second = net.op("Add", [dense(inner, 4 * hidden, hidden), first]);
  net.last("LayerNormalization", [second, net.weight("g2", "f32", [hidden], around), net.weight("h2", "f32", [hidden], small)], "y", {
    axis: -1,
  });
  net.output("y", "f32", [batch, seq, hidden]);
  return net.build();
}

/** Functions of one value, and sums of three kinds: of whole tensors, of rows, of numbers. */
function elementwise(): OnnxModel {
  const net = new NetBuilder("elementwise", { name: "elementwise" });
  const [x, z] = [net.input("x", "f32", [6, 50]), net.input("z", "f32", [6, 50])];
  const row = net.weight("row", "f32", [50], around);
  const sum = net.op("Mul", [net.op("Add", [x, z]), row]);
  const middle = net.op("Sigmoid", [net.op("Sub", [net.constant("f32", [], [1]), sum])]);
  net.last("Max", [net.op("Exp", [middle]), net.op("Abs", [z])], "y");
  net.output("y", "f32", [6, 50]);
  return net.build();
}

/** The same function twice, with other parameters: behind a product, behind a sum. */
function repeated(): OnnxModel {
  const net = new NetBuilder("repeated", { name: "repeated" });
  const number = (value: number): string => net.constant("f32", [], [value]);
  const x = net.input("x", "f32", [6, 20]);
  const product = net.op("MatMul", [x, net.weight("w", "f32", [20, 24], small)]);
  const positive = net.op("Relu", [net.op("Add", [product, number(0.25)])]);
  const scaled = net.op("Add", [net.op("Mul", [positive, number(32)]), number(-2)]);
  const sum = net.op("Add", [scaled, net.weight("row", "f32", [24], around)]);
  const clipped = net.op("Clip", [net.op("Abs", [net.op("Clip", [sum, number(-3), number(9)])]), number(1), number(4)]);
  net.last("Mul", [clipped, number(-1.5)], "y");
  net.output("y", "f32", [6, 24]);
  return net.build();
}

export const onednnModels: Readonly<Record<string, () => OnnxModel>> = {
  mlp: () => mlp("mlp1", 5, [13, 40, 24, 1]),
  integers,
  "integers in one column": () => mlpInt8("mlp1", 5, [13, 40, 24, 1]),
  repeated,
  "byte attention": byteAttention,
  attention,
  convolutions,
  "byte convolutions": byteConvolutions,
  transformer,
  elementwise,
};

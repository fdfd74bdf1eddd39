/** ResNet-50 and MobileNetV2 with batch norms folded into the convolutions, as exporters leave them; MobileNetV2 also as QDQ. */
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { NetBuilder } from "./net-builder.ts";

interface ConvShape {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
  /** Second moment of the output relative to the input: 2 before a ReLU, less at the end of a residual branch. */
  readonly gain?: number;
}

function convAttributes({ kernel, stride = 1, groups = 1 }: ConvShape): Record<string, number | number[]> {
  const pad = (kernel - 1) / 2;
  const square = (value: number): number[] => [value, value];
  return { dilations: [1, 1], group: groups, kernel_shape: square(kernel), pads: [pad, pad, pad, pad], strides: square(stride) };
}

function conv(net: NetBuilder, name: string, input: string, shape: ConvShape): string {
  const { from, to, kernel, groups = 1, gain = 2 } = shape;
  const fanIn = (from / groups) * kernel * kernel;
  return net.scope(name, () => {
    const weight = net.weight("weight", "f32", [to, from / groups, kernel, kernel], {
      kind: "bell",
      mean: 0,
      deviation: Math.sqrt(gain / fanIn),
    });
    const bias = net.weight("bias", "f32", [to], { kind: "bell", mean: 0.1, deviation: 0.1 });
    return net.op("Conv", [input, weight, bias], convAttributes(shape));
  });
}

function classifier(net: NetBuilder, input: string, features: number): string {
  const flat = net.op("Flatten", [net.op("GlobalAveragePool", [input])], { axis: 1 });
  const weight = net.weight("fc.weight", "f32", [1000, features], { kind: "bell", mean: 0, deviation: Math.sqrt(1 / features) });
  const bias = net.weight("fc.bias", "f32", [1000], { kind: "bell", mean: 0, deviation: 0.1 });
  return net.last("Gemm", [flat, weight, bias], "output", { transB: 1 });
}

const stages = [
  { blocks: 3, width: 64, stride: 1 },
  { blocks: 4, width: 128, stride: 2 },
  { blocks: 6, width: 256, stride: 2 },
  { blocks: 3, width: 512, stride: 2 },
] as const;

/** ResNet-50 (version 1.5: the stride is in the 3x3 convolution). */
export function resnet50(batch: number | string): OnnxModel {
  const net = new NetBuilder("resnet50", { name: "resnet50" });
  const image = net.input("input", "f32", [batch, 3, 224, 224]);
  let state = net.op("Relu", [conv(net, "conv1", image, { from: 3, to: 64, kernel: 7, stride: 2 })]);
  state = net.op("MaxPool", [state], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] });
  let from = 64;
  stages.forEach(({ blocks, width, stride }, stage) => {
    for (let block = 0; block < blocks; block++) {
      state = net.scope(`layer${stage + 1}`, () =>
        net.scope(`layer${stage + 1}.${block}`, () => bottleneck(net, state, from, width, block === 0 ? stride : 1)),
      );
      from = width * 4;
    }
  });
  classifier(net, state, 2048);
  net.output("output", "f32", [batch, 1000]);
  return net.build();
}

function bottleneck(net: NetBuilder, input: string, from: number, width: number, stride: number): string {
  const to = width * 4;
  const a = net.op("Relu", [conv(net, "conv1", input, { from, to: width, kernel: 1 })]);
  const b = net.op("Relu", [conv(net, "conv2", a, { from: width, to: width, kernel: 3, stride })]);
  const c = conv(net, "conv3", b, { from: width, to, kernel: 1, gain: 0.2 });
  const short = from === to && stride === 1 ? input : conv(net, "downsample.0", input, { from, to, kernel: 1, stride, gain: 1 });
  return net.op("Relu", [net.op("Add", [c, short])]);
}

/** Expansion, channels, repeats, first stride: table 2 of the MobileNetV2 paper (arXiv 1801.04381). */
const inverted: readonly (readonly [number, number, number, number])[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

type Layer = (name: string, input: string, shape: ConvShape, clipped: boolean) => string;
type Join = (left: string, right: string) => string;

function mobilenetBody(input: string, layer: Layer, join: Join, scope: (name: string, body: () => string) => string): string {
  let state = layer("features.0", input, { from: 3, to: 32, kernel: 3, stride: 2 }, true);
  let from = 32;
  let index = 1;
  for (const [expansion, to, repeats, first] of inverted) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const stride = repeat === 0 ? first : 1;
      const inner = from * expansion;
      state = scope(`features.${index++}`, () => {
        const wide = expansion === 1 ? state : layer("conv.0", state, { from, to: inner, kernel: 1 }, true);
        const deep = layer("conv.1", wide, { from: inner, to: inner, kernel: 3, stride, groups: inner }, true);
        const narrow = layer("conv.2", deep, { from: inner, to, kernel: 1, gain: from === to && stride === 1 ? 0.3 : 1 }, false);
        return from === to && stride === 1 ? join(state, narrow) : narrow;
      });
      from = to;
    }
  }
  return layer(`features.${index}`, state, { from, to: 1280, kernel: 1 }, true);
}

export function mobilenetV2(batch: number | string): OnnxModel {
  const net = new NetBuilder("mobilenetv2", { name: "mobilenetv2" });
  const image = net.input("input", "f32", [batch, 3, 224, 224]);
  const layer: Layer = (name, input, shape, clipped) => {
    const sum = conv(net, name, input, shape);
    return clipped ? net.op("Clip", [sum, net.constant("f32", [], [0]), net.constant("f32", [], [6])]) : sum;
  };
  const state = mobilenetBody(
    image,
    layer,
    (a, b) => net.op("Add", [a, b]),
    (name, body) => net.scope(name, body),
  );
  classifier(net, state, 1280);
  net.output("output", "f32", [batch, 1000]);
  return net.build();
}

/** QDQ: u8 activations per tensor, s8 weights per output channel, s32 biases; what lies between convolutions is quantised too. */
export function mobilenetV2Qdq(batch: number | string): OnnxModel {
  const net = new NetBuilder("mobilenetv2_qdq", { name: "mobilenetv2_qdq" });
  const image = net.input("input", "f32", [batch, 3, 224, 224]);
  const steps = { image: 1 / 32, clipped: 6 / 255, linear: 1 / 24 };
  const requantise = (value: string, step: number, zero: number): string => {
    const parameters = [net.constant("f32", [], [step]), net.constant("u8", [], [zero])];
    return net.op("DequantizeLinear", [net.op("QuantizeLinear", [value, ...parameters]), ...parameters]);
  };
  const stepOf = new Map<string, number>();
  const remember = (value: string, step: number): string => {
    stepOf.set(value, step);
    return value;
  };
  const layer: Layer = (name, input, shape, clipped) => {
    const sum = net.scope(name, () => convQdq(net, input, shape, stepOf.get(input) ?? steps.linear));
    if (!clipped) return remember(requantise(sum, steps.linear, 128), steps.linear);
    const active = net.op("Clip", [sum, net.constant("f32", [], [0]), net.constant("f32", [], [6])]);
    return remember(requantise(active, steps.clipped, 0), steps.clipped);
  };
  const join: Join = (a, b) => remember(requantise(net.op("Add", [a, b]), steps.linear, 128), steps.linear);
  const start = remember(requantise(image, steps.image, 128), steps.image);
  const state = mobilenetBody(start, layer, join, (name, body) => net.scope(name, body));
  classifier(net, state, 1280);
  net.output("output", "f32", [batch, 1000]);
  return net.build();
}

function convQdq(net: NetBuilder, input: string, shape: ConvShape, inputStep: number): string {
  const { from, to, kernel, groups = 1, gain = 2 } = shape;
  const fanIn = (from / groups) * kernel * kernel;
  const step = Math.sqrt(gain / fanIn) / 40;
  const weight = net.weight("weight_quantized", "i8", [to, from / groups, kernel, kernel], { kind: "bell", mean: 0, deviation: 40 });
  const scale = net.weight("weight_scale", "f32", [to], { kind: "constant", value: step });
  const zero = net.weight("weight_zero_point", "i8", [to], { kind: "constant", value: 0 });
  const product = Math.fround(Math.fround(inputStep) * Math.fround(step));
  const bias = net.weight("bias_quantized", "i32", [to], { kind: "integer", low: 0, high: Math.floor(0.2 / product) });
  const biasScale = net.weight("bias_scale", "f32", [to], { kind: "constant", value: product });
  const biasZero = net.weight("bias_zero_point", "i32", [to], { kind: "constant", value: 0 });
  const w = net.op("DequantizeLinear", [weight, scale, zero], { axis: 0 });
  const b = net.op("DequantizeLinear", [bias, biasScale, biasZero], { axis: 0 });
  return net.op("Conv", [input, w, b], convAttributes(shape));
}

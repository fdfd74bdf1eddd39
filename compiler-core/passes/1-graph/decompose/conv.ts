/** Convolutions: batch normalisation goes into the kernel, and a kernel that is worth a matrix product becomes a matrix. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import { transposedWindow } from "../../../graph/ops/conv-transpose.ts";
import { intAttr } from "../../../graph/ops/op.ts";
import type { Rule } from "../../../graph/rules.ts";
import { windowOf } from "../../../graph/window.ts";

/** Fewer output channels or products per element than this are computed directly: unfolding would cost as much as the products. */
const leastRows = 4;
const leastProducts = 128;

/** Padding in numbers, the kernel as matrices [groups, outputs, channels x taps]. */
function asMatrix(node: Node, e: GraphEditor): Patch | undefined {
  const [x, w, bias] = node.inputs as readonly [ValueId, ValueId, ValueId | null | undefined];
  const [xs, ws] = [e.staticShape(x), e.staticShape(w)];
  if (willFold(node, e)) return undefined;
  if (xs === undefined || ws === undefined || e.value(x).dtype !== "f32" || xs.length > 5) return undefined;
  const groups = intAttr(node.attrs, "group");
  const kernel = ws.slice(2);
  const [rows, k] = [ws[0]! / groups, ws.slice(1).reduce((a, b) => a * b, 1)];
  if ((rows < leastRows && k < leastProducts) || k === 0 || xs.includes(0) || rows === 0) return undefined;
  const axes = windowOf(node.attrs, xs.slice(2), kernel);
  const p = e.patch(node);
  const matrix = p.add("reshape", [w], { shape: [groups, rows, k], allowZero: true });
  return p.done(
    p.add("conv-gemm", bias == null ? [x, matrix] : [x, matrix, bias], {
      kernel,
      strides: axes.map((a) => a.stride),
      dilations: axes.map((a) => a.dilation),
      pads: [...axes.map((a) => a.begin), ...axes.map((a) => a.end)],
    }),
  );
}

/** One factor per output channel, for the kernel: as [outputs, 1, 1 ...]. */
const perOutput = (p: PatchBuilder, v: ValueId, outputs: number, rank: number): ValueId =>
  p.add("reshape", [v], { shape: [outputs, ...new Array<number>(rank - 1).fill(1)], allowZero: true });

/** The convolution in front, when its kernel and bias are constants and nobody else reads it. */
function foldable(e: GraphEditor, value: ValueId | null | undefined): Node | undefined {
  const producer = e.producer(value);
  if (producer?.op !== "conv" || !e.hasOneUse(value!)) return undefined;
  const [, w, bias] = producer.inputs;
  return e.isConstant(w) && (bias == null || e.isConstant(bias)) && e.staticShape(w!) !== undefined ? producer : undefined;
}

/** (conv(x, w) + b - mean) * f + shift = conv(x, w f) + (b - mean) f + shift, with f = scale / sqrt(variance + epsilon). */
function foldBatchNorm(node: Node, e: GraphEditor): Patch | undefined {
  const [y, scale, shift, mean, variance] = node.inputs as readonly ValueId[];
  const producer = foldable(e, y);
  if (producer === undefined || ![scale, shift, mean, variance].every((v) => e.isConstant(v))) return undefined;
  const [x, w, bias] = producer.inputs as readonly [ValueId, ValueId, ValueId | null | undefined];
  const shape = e.staticShape(w)!;
  const p = e.patch(node, [producer, node]);
  const epsilon = p.constant("", fromValues(e.value(variance!).dtype, [], [node.attrs["epsilon"] as number]));
  const factor = p.add("div", [scale!, p.add("sqrt", [p.add("add", [variance!, epsilon])])]);
  const kernel = p.add("mul", [w, perOutput(p, factor, shape[0]!, shape.length)]);
  const centre = bias == null ? p.add("neg", [mean!]) : p.add("sub", [bias, mean!]);
  const offset = p.add("add", [p.add("mul", [centre, factor]), shift!]);
  return p.done(p.add("conv", [x, kernel, offset], producer.attrs), "batch normalisation folded into the kernel");
}

/** A constant that has one element per channel of the convolution's result, as a vector. */
function channelVector(p: PatchBuilder, e: GraphEditor, id: ValueId, out: readonly number[]): ValueId | undefined {
  const shape = e.staticShape(id);
  if (shape === undefined || !e.isConstant(id) || shape.length > out.length) return undefined;
  const aligned = [...new Array<number>(out.length - shape.length).fill(1), ...shape];
  const channels = out[1]!;
  if (aligned.some((d, i) => d !== 1 && (i !== 1 || d !== channels))) return undefined;
  const one = p.add("reshape", [id], { shape: [aligned[1]!], allowZero: true });
  return aligned[1] === channels ? one : p.add("expand", [one], { shape: [channels] });
}

/** A constant per channel, added to a convolution or multiplied with it, goes into bias and kernel. */
function foldConstant(node: Node, e: GraphEditor): Patch | undefined {
  const [a, b] = node.inputs as readonly [ValueId, ValueId];
  const producer = foldable(e, a) ?? foldable(e, b);
  const out = e.staticShape(node.outputs[0]!);
  if (producer === undefined || out === undefined) return undefined;
  const result = producer.outputs[0]!;
  const other = result === a ? b : a;
  if (String(e.staticShape(result)) !== String(out)) return undefined;
  const p = e.patch(node, [producer, node]);
  const vector = channelVector(p, e, other, out);
  if (vector === undefined) return undefined;
  const [x, w, bias] = producer.inputs as readonly [ValueId, ValueId, ValueId | null | undefined];
  if (node.op === "add") return p.done(p.add("conv", [x, w, bias == null ? vector : p.add("add", [bias, vector])], producer.attrs));
  const shape = e.staticShape(w)!;
  const kernel = p.add("mul", [w, perOutput(p, vector, shape[0]!, shape.length)]);
  return p.done(p.add("conv", bias == null ? [x, kernel] : [x, kernel, p.add("mul", [bias, vector])], producer.attrs));
}

/** Will one of the rules below take the only reader of this convolution into its kernel? Then that comes first. */
function willFold(node: Node, e: GraphEditor): boolean {
  const out = node.outputs[0]!;
  if (!e.hasOneUse(out)) return false;
  const reader = e.users(out)[0]!;
  return convFoldingRules.some((r) => r.ops.includes(reader.op) && r.rewrite(reader, e) !== undefined);
}

/** These look at a convolution as the model has it. */
export const convFoldingRules: readonly Rule[] = [
  { name: "decompose/conv-batch-norm", ops: ["batch-norm"], rewrite: foldBatchNorm },
  { name: "decompose/conv-channel-constant", ops: ["add", "mul"], rewrite: foldConstant },
];

/** Every input position makes a column of products, and the columns are folded into the image. */
function asFolding(node: Node, e: GraphEditor): Patch | undefined {
  const [x, w, bias] = node.inputs as readonly [ValueId, ValueId, ValueId | null | undefined];
  const [xs, ws, out] = [e.staticShape(x), e.staticShape(w), e.staticShape(node.outputs[0]!)];
  if (xs === undefined || ws === undefined || out === undefined || xs.length > 5) return undefined;
  const groups = intAttr(node.attrs, "group");
  const [channels, columns] = [xs[1]! / groups, xs.slice(2).reduce((a, b) => a * b, 1)];
  const rows = ws.slice(1).reduce((a, b) => a * b, 1);
  const axes = transposedWindow(node.attrs, xs.slice(2), ws.slice(2));
  const p = e.patch(node);
  const reshape = (v: ValueId, shape: readonly number[]): ValueId => p.add("reshape", [v], { shape, allowZero: true });
  const split = groups === 1 ? [] : [groups];
  const kernel = reshape(w, [...split, channels, rows]);
  const turned = p.add("transpose", [kernel], { perm: groups === 1 ? [1, 0] : [0, 2, 1] });
  const image = reshape(x, [xs[0]!, ...split, channels, columns]);
  const products = reshape(p.add("matmul", [turned, image]), [xs[0]!, groups * rows, columns]);
  const folded = p.add("col2im", [products], {
    image: out.slice(2),
    block: ws.slice(2),
    strides: axes.map((a) => a.stride),
    dilations: axes.map((a) => a.dilation),
    pads: [...axes.map((a) => a.begin), ...axes.map((a) => a.end)],
  });
  if (bias == null) return p.done(folded);
  return p.done(p.add("add", [folded, reshape(bias, [out[1]!, ...out.slice(2).map(() => 1)])]));
}

export const convRules: readonly Rule[] = [
  { name: "decompose/conv-matrix", ops: ["conv"], rewrite: asMatrix },
  { name: "decompose/conv-transpose", ops: ["conv-transpose"], rewrite: asFolding },
];

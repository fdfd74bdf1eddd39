/** Batch normalisation, constants per channel and zeros around the image go into a convolution with constant weights. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import type { Rule } from "../../../graph/rules.ts";
import { windowOf } from "../../../graph/window.ts";

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

/** Zeros around rows and columns are the convolution's own padding. */
function foldPadding(node: Node, e: GraphEditor): Patch | undefined {
  const [padded, w, bias] = node.inputs as readonly [ValueId, ValueId, ValueId | null | undefined];
  const pad = e.producer(padded);
  const [shape, kernel] = [e.staticShape(padded), e.staticShape(w)];
  if (pad?.op !== "pad" || !e.hasOneUse(padded) || shape === undefined || kernel === undefined) return undefined;
  const { mode, pads, value } = pad.attrs;
  const spatial = shape.length - 2;
  if (mode !== "constant" || Number(value ?? 0) !== 0 || !Array.isArray(pads) || pads.length !== 2 * shape.length) return undefined;
  if (pad.inputs.length > 1 || (pads as readonly number[]).some((v, i) => v < 0 || (i % shape.length < 2 && v !== 0))) return undefined;
  const own = windowOf(node.attrs, shape.slice(2), kernel.slice(2));
  const [before, after] = [pads.slice(2, 2 + spatial), pads.slice(4 + spatial)] as [number[], number[]];
  const p = e.patch(node, [pad, node]);
  const all = [...own.map((a, i) => a.begin + before[i]!), ...own.map((a, i) => a.end + after[i]!)];
  const operands = bias == null ? [pad.inputs[0]!, w] : [pad.inputs[0]!, w, bias];
  return p.done(p.add("conv", operands, { ...node.attrs, pads: all, autoPad: "NOTSET" }), "padding is the convolution's own");
}

/** These look at a convolution as the model has it. */
export const convFoldingRules: readonly Rule[] = [
  { name: "fold-convolutions/batch-norm", ops: ["batch-norm"], rewrite: foldBatchNorm },
  { name: "fold-convolutions/channel-constant", ops: ["add", "mul"], rewrite: foldConstant },
  { name: "fold-convolutions/padding", ops: ["conv"], rewrite: foldPadding },
];

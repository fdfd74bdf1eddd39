/**
 * Convolutions of dequantised images with dequantised kernels become convolutions of integers, each operand less its zero point, so that padding
 * is 0; one factor per output channel follows. `decompose` makes products of bytes of them.
 */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { intAttr } from "../../../graph/ops/op.ts";
import type { Rule } from "../../../graph/rules.ts";
import { asF32, asScalar, isByte, isConstantLike, quantisedOperand, type Quantised } from "./quantised.ts";

/** Fewer output channels or products per element are computed as f32: unfolding the image would cost as much as the products. */
const leastChannels = 4;
const leastProducts = 16;
/** 255 * 255 * this many products fit 31 bits. */
const longestSum = 33025;

interface Convolution {
  readonly image: Quantised;
  readonly kernel: Quantised;
  readonly rank: number;
}

/** The operands of the convolution of integers, or why there is none. Undefined: nothing here is quantised. */
export function integerConvolution(node: Node, e: GraphEditor): Convolution | string | undefined {
  const [x, w] = node.inputs as readonly [ValueId, ValueId];
  if (e.value(node.outputs[0]!).dtype === "i32") return undefined;
  const [image, kernel] = [quantisedOperand(e, x), quantisedOperand(e, w)];
  if (image === undefined && kernel === undefined) return undefined;
  if (image === undefined) return "the image is not quantised";
  if (kernel === undefined) return "the kernel is not quantised, or has a scale for each block";
  const [xs, ws] = [e.staticShape(image.value), e.staticShape(kernel.value)];
  if (xs === undefined || ws === undefined) return "the shapes are not known";
  const alien = [image, kernel].find((q) => !isByte(q.dtype));
  if (alien !== undefined) return `elements of type ${alien.dtype} have no integer kernel`;
  const depthwise = isDepthwise(node, xs, ws);
  if (intAttr(node.attrs, "group") !== 1 && !depthwise)
    return "its channels are in groups: floats hold these products exactly, and fewer sums";
  if (image.axis !== undefined) return "the image has several scales";
  if (kernel.axis !== undefined && kernel.axis !== 0) return "the scales of the kernel do not lie along the output channels";
  if (!isConstantLike(e, kernel.value)) return "the kernel is computed at run time";
  const products = ws.slice(1).reduce((a, d) => a * d, 1);
  if (!depthwise && (ws[0]! < leastChannels || products < leastProducts))
    return `${ws[0]} output channels of ${products} products are not worth an unfolded image`;
  if (products > longestSum) return `a sum of ${products} products can exceed 32 bits`;
  return { image, kernel, rank: ws.length };
}

/** A channel each, in images of rows and columns: with channels last there is a kernel for it. */
const isDepthwise = (node: Node, x: readonly number[], w: readonly number[]): boolean => {
  const groups = intAttr(node.attrs, "group");
  return x.length === 4 && groups > 1 && groups === x[1] && groups === w[0] && w[1] === 1 && Math.max(w[2]!, w[3]!) <= 7;
};

/** A vector of one number per output channel, so that it broadcasts to the image. */
const perChannel = (p: PatchBuilder, v: ValueId, spatial: number): ValueId =>
  p.add("reshape", [v], { shape: [p.value(v).shape![0]!, ...new Array<number>(spatial).fill(1)], allowZero: true });

function centred(p: PatchBuilder, q: Quantised, spatial: number): ValueId {
  const wide = p.add("cast", [q.value], { to: "i32" });
  if (q.zero === null) return wide;
  const zero = q.axis === undefined ? asScalar(p, q.zero) : perChannel(p, q.zero, spatial + 1);
  return p.add("sub", [wide, p.add("cast", [zero], { to: "i32" })]);
}

function rewrite(node: Node, e: GraphEditor): Patch | undefined {
  const found = integerConvolution(node, e);
  if (found === undefined || typeof found === "string") return undefined;
  const { image, kernel, rank } = found;
  const spatial = rank - 2;
  const bias = node.inputs[2];
  const covers = [image.node, kernel.node].filter((n) => e.hasOneUse(n.outputs[0]!));
  const p = e.patch(node, [...new Set([...covers, node])]);
  const sums = p.add("conv", [centred(p, image, spatial), centred(p, kernel, spatial)], node.attrs);
  const own = asF32(p, kernel.scale);
  const ofKernel = kernel.axis === undefined ? asScalar(p, own) : perChannel(p, own, spatial);
  const scale = p.add("mul", [asScalar(p, asF32(p, image.scale)), ofKernel]);
  const real = p.add("mul", [p.add("cast", [sums], { to: "f32" }), scale]);
  const full = bias == null ? real : p.add("add", [real, perChannel(p, asF32(p, bias), spatial)]);
  const out = e.value(node.outputs[0]!).dtype;
  const note = `${image.dtype} x ${kernel.dtype}, ${kernel.axis === undefined ? "one scale" : "a scale per channel"}`;
  return p.done(out === "f32" ? full : p.add("cast", [full], { to: out }), note);
}

export const convolutionRules: readonly Rule[] = [{ name: "low-precision/convolution", ops: ["conv"], rewrite }];

/**
 * Convolutions of bytes in the form that kernels have: the image less a number that is known, the kernel as signed bytes.
 *   sum (x - z) w = sum x w - z sum w                 for a zero point of the image that is computed at run time
 *   sum (x - z) w = sum (x - z) (w + c) - c sum (x - z)   for a kernel less a zero point that no signed byte holds
 */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import { intAttr } from "../../../graph/ops/op.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Rule } from "../../../graph/rules.ts";
import { windowOf, type WindowAxis } from "../../../graph/window.ts";
import { integersOf, widened } from "../decompose/conv-integer.ts";

interface Sizes {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly groups: number;
  readonly axes: readonly WindowAxis[];
}

function sizesOf(node: Node, e: GraphEditor): Sizes | undefined {
  const [x, w] = [e.staticShape(node.inputs[0]!), e.staticShape(node.inputs[1]!)];
  if (x === undefined || w === undefined || x.includes(0) || w.includes(0) || e.value(node.outputs[0]!).dtype !== "i32") return undefined;
  return { x, w, groups: intAttr(node.attrs, "group"), axes: windowOf(node.attrs, x.slice(2), w.slice(2)) };
}

const reshape = (p: PatchBuilder, v: ValueId, shape: readonly number[]): ValueId => p.add("reshape", [v], { shape, allowZero: true });

/** A byte that is taken off all bytes of an image, when it is computed at run time. */
function computedZero(e: GraphEditor, x: ValueId): { readonly bytes: ValueId; readonly zero: ValueId } | undefined {
  const sub = e.producer(x);
  if (sub?.op !== "sub" || e.isConstant(sub.inputs[1])) return undefined;
  const wide = e.producer(sub.inputs[0]);
  let zero = e.producer(sub.inputs[1]);
  while (zero?.op === "reshape") zero = e.producer(zero.inputs[0]);
  if (wide?.op !== "cast" || zero?.op !== "cast") return undefined;
  const [bytes, point] = [wide.inputs[0]!, zero.inputs[0]!];
  const { dtype } = e.value(bytes);
  const isByte = (dtype === "u8" || dtype === "i8") && e.value(point).dtype === dtype;
  return isByte && e.staticShape(point)?.every((d) => d === 1) === true ? { bytes, zero: point } : undefined;
}

/** Padding is written out, with the zero point: the image has to be bytes, and all of them count. */
function zeroApart(node: Node, e: GraphEditor): Patch | undefined {
  const sizes = sizesOf(node, e);
  const found = computedZero(e, node.inputs[0]!);
  if (sizes === undefined || found === undefined || !e.isConstant(node.inputs[1])) return undefined;
  const { x, w, axes } = sizes;
  const p = e.patch(node);
  const zero = reshape(p, found.zero, []);
  const pads = [0, 0, ...axes.map((a) => a.begin), 0, 0, ...axes.map((a) => a.end)];
  const padded = pads.every((d) => d === 0) ? found.bytes : p.add("pad", [found.bytes, null, zero], { mode: "constant", pads });
  const attrs = { ...node.attrs, pads: axes.flatMap(() => [0, 0]), autoPad: "NOTSET" };
  const sums = p.add("conv", [p.add("cast", [padded], { to: "i32" }), ...node.inputs.slice(1)], attrs);
  const ofKernel = p.add("reduce-sum", [node.inputs[1]!], { axes: w.slice(1).map((_, i) => i + 1), keepdims: false });
  const shift = p.add("mul", [p.add("cast", [zero], { to: "i32" }), reshape(p, ofKernel, [w[0]!, ...x.slice(2).map(() => 1)])]);
  return p.done(p.add("sub", [sums, shift]), "a zero point of the run is taken off the sums");
}

/** What all weights are moved by to become signed bytes; undefined: they are, or their range is longer than that of bytes. */
function shiftOf(values: ArrayLike<number>): number | undefined {
  let [least, most] = [0, 0];
  for (let i = 0; i < values.length; i++) [least, most] = [Math.min(least, values[i]!), Math.max(most, values[i]!)];
  if (least >= -128 && most <= 127) return undefined;
  return most - least > 255 ? undefined : least < -128 ? -128 - least : 127 - most;
}

/** A convolution with ones gives the sums of the windows: of the sums over channels, or of each channel of a depthwise convolution. */
function signedKernel(node: Node, e: GraphEditor): Patch | undefined {
  const sizes = sizesOf(node, e);
  if (sizes === undefined || widened(e, node.inputs[0]!) === undefined) return undefined;
  const { x, w, groups, axes } = sizes;
  const isDepthwise = groups > 1 && groups === x[1] && groups === w[0];
  const isProduct = groups === 1 && axes.every((a) => a.kernel === 1 && a.stride === 1 && a.begin === 0 && a.end === 0);
  if (isProduct || (groups !== 1 && !isDepthwise)) return undefined;
  const values = integersOf(e, node.inputs[1]!);
  const shift = values === undefined ? undefined : shiftOf(values);
  if (values === undefined || shift === undefined) return undefined;
  const p = e.patch(node);
  const moved = Array.from(values, (v) => v + shift);
  const [first, bias] = [node.inputs[0]!, node.inputs[2]];
  const kernel = p.constant("", fromValues("i32", w, moved));
  const sums = p.add("conv", bias == null ? [first, kernel] : [first, kernel, bias], node.attrs);
  const one = [groups, 1, ...w.slice(2)];
  const ones = p.constant("", fromValues("i32", one, new Array<number>(one.reduce((a, d) => a * d, 1)).fill(1)));
  const pixels = isDepthwise ? first : p.add("reduce-sum", [first], { axes: [1], keepdims: true });
  const windows = p.add("conv", [pixels, ones], node.attrs);
  const taken = p.add("mul", [windows, p.constant("", fromValues("i32", [], [shift]))]);
  return p.done(p.add("sub", [sums, taken]), `weights moved by ${shift}: signed bytes`);
}

export const integerFoldingRules: readonly Rule[] = [
  { name: "fold-convolutions/zero-point", ops: ["conv"], rewrite: zeroApart },
  { name: "fold-convolutions/signed-kernel", ops: ["conv"], rewrite: signedKernel },
];

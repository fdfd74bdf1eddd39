/**
 * Convolutions of 8-bit integers. As they are imported, both operands are widened to i32 and their zero points taken off. Where image and
 * kernel are 8-bit numbers less one zero point each, the convolution is a product of bytes with the unfolded image, which a kernel computes.
 */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { fromValues, isBig, type NumberArray } from "../../../graph/ndarray.ts";
import { intAttr } from "../../../graph/ops/op.ts";
import type { Rule } from "../../../graph/rules.ts";
import { windowOf } from "../../../graph/window.ts";
import { integerRange } from "../../../tensor/rounding.ts";

/** Fewer output channels or products per element than this are computed directly: unfolding would cost as much as the products. */
const leastRows = 4;
const leastProducts = 16;
/** Constants of more elements are not looked at. */
const mostElements = 2 ** 24;

type Byte = "u8" | "i8";
export interface Bytes {
  readonly value: ValueId;
  readonly dtype: Byte;
  readonly zero: number;
}

/** The bytes that were widened, and what was taken off them; undefined: it is something else. */
export function widened(e: GraphEditor, value: ValueId): Bytes | undefined {
  const producer = e.producer(value);
  if (producer?.op === "cast") {
    const from = producer.inputs[0]!;
    const { dtype } = e.value(from);
    return dtype === "u8" || dtype === "i8" ? { value: from, dtype, zero: 0 } : undefined;
  }
  if (producer?.op !== "sub") return undefined;
  const bytes = widened(e, producer.inputs[0]!);
  const zero = e.constant(producer.inputs[1]);
  if (bytes === undefined || bytes.zero !== 0 || zero?.data.length !== 1) return undefined;
  return { ...bytes, zero: Number(zero.data[0]) };
}

/** The numbers of a constant of integers. */
export function integersOf(e: GraphEditor, value: ValueId): ArrayLike<number> | undefined {
  const data = e.constant(value, mostElements)?.data;
  if (data === undefined) return undefined;
  return isBig(e.value(value).dtype) ? Array.from(data as ArrayLike<bigint>, Number) : (data as NumberArray);
}

/** Bytes less a zero point. */
export interface Narrowed {
  readonly values: ArrayLike<number>;
  readonly dtype: Byte;
  readonly zero: number;
}

/** A kernel of constants that are bytes, or would be with another zero point. */
export function narrowed(e: GraphEditor, value: ValueId): Narrowed | undefined {
  const values = integersOf(e, value);
  if (values === undefined) return undefined;
  let [least, most] = [0, 0];
  for (let i = 0; i < values.length; i++) [least, most] = [Math.min(least, values[i]!), Math.max(most, values[i]!)];
  const dtype = (["i8", "u8"] as const).find((t) => {
    const { lowest, highest } = integerRange(t);
    return least >= lowest && most <= highest;
  });
  if (dtype !== undefined) return { values, dtype, zero: 0 };
  return most - least > 255 ? undefined : { values: Array.from(values, (v) => v - least), dtype: "u8", zero: -least };
}

function asProduct(node: Node, e: GraphEditor): Patch | undefined {
  const [x, w, bias] = node.inputs as readonly [ValueId, ValueId, ValueId | null | undefined];
  const [xs, ws, out] = [e.staticShape(x), e.staticShape(w), e.staticShape(node.outputs[0]!)];
  if (xs === undefined || ws === undefined || out === undefined || e.value(x).dtype !== "i32" || xs.length > 5) return undefined;
  const [rows, k] = [ws[0]!, ws.slice(1).reduce((a, b) => a * b, 1)];
  if (intAttr(node.attrs, "group") !== 1 || rows < leastRows || k < leastProducts || out.includes(0)) return undefined;
  const image = widened(e, x);
  const constants = image === undefined ? undefined : narrowed(e, w);
  const bytes = image === undefined || constants !== undefined ? undefined : widened(e, w);
  if (image === undefined || (constants === undefined && bytes === undefined)) return undefined;
  const p = e.patch(node);
  const reshape = (v: ValueId, shape: readonly number[]): ValueId => p.add("reshape", [v], { shape, allowZero: true });
  const left =
    constants !== undefined
      ? p.constant("", fromValues(constants.dtype, [rows, k], Array.from(constants.values)))
      : reshape(bytes!.value, [rows, k]);
  const zero = (b: Pick<Bytes, "zero" | "dtype"> | undefined): ValueId | null =>
    b === undefined || b.zero === 0 ? null : p.constant("", fromValues(b.dtype, [], [b.zero]));
  const axes = windowOf(node.attrs, xs.slice(2), ws.slice(2));
  const plain = xs[0] === 1 && axes.every((a) => a.kernel === 1 && a.stride === 1 && a.begin === 0 && a.end === 0);
  const columns = plain
    ? reshape(image.value, [k, out.slice(2).reduce((a, b) => a * b, 1)])
    : p.add("unfold", [image.value], {
        kernel: ws.slice(2),
        strides: axes.map((a) => a.stride),
        dilations: axes.map((a) => a.dilation),
        pads: [...axes.map((a) => a.begin), ...axes.map((a) => a.end)],
        fill: image.zero,
      });
  const product = p.add("matmul-integer", [left, columns, zero(constants ?? bytes), zero(image)]);
  const sums = bias == null ? product : p.add("add", [product, reshape(bias, [rows, 1])]);
  if (xs[0] === 1) return p.done(reshape(sums, out));
  const apart = reshape(sums, [rows, xs[0]!, ...out.slice(2)]);
  return p.done(p.add("transpose", [apart], { perm: [1, 0, ...out.slice(2).map((_, i) => i + 2)] }));
}

export const integerConvRules: readonly Rule[] = [{ name: "decompose/conv-integer", ops: ["conv"], rewrite: asProduct }];

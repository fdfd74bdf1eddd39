/** Convolutions with channels first: a kernel that is worth a matrix product becomes a matrix. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
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

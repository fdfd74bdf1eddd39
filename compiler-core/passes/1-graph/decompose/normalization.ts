/** Softmax and the normalisations. 16-bit floats are normalised in f32, as ONNX asks for. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import { computeType } from "../../../graph/ops/elementwise.ts";
import type { Rule } from "../../../graph/rules.ts";

const scalar = (p: PatchBuilder, like: ValueId, value: number): ValueId => p.constant("", fromValues(p.value(like).dtype, [], [value]));

/** exp(x - max) and its sum: subtracting the largest element keeps exp from overflowing and changes nothing else. */
function shiftedExp(p: PatchBuilder, x: ValueId, axis: number) {
  const over = { axes: [axis], keepdims: true };
  const shifted = p.add("sub", [x, p.add("reduce-max", [x], over)]);
  const e = p.add("exp", [shifted]);
  return { shifted, e, sum: p.add("reduce-sum", [e], over) };
}

function softmax(node: Node, editor: GraphEditor): Patch | undefined {
  const x = node.inputs[0]!;
  if (editor.value(x).shape === undefined) return undefined;
  const p = editor.patch(node);
  const { e, sum } = shiftedExp(p, x, node.attrs["axis"] as number);
  return p.done(p.add("div", [e, sum]));
}

function logSoftmax(node: Node, editor: GraphEditor): Patch | undefined {
  const x = node.inputs[0]!;
  if (editor.value(x).shape === undefined) return undefined;
  const p = editor.patch(node);
  const { shifted, sum } = shiftedExp(p, x, node.attrs["axis"] as number);
  return p.done(p.add("sub", [shifted, p.add("log", [sum])]));
}

/** x (or x - mean) divided by the root of its mean square, over the axes from `axis` on; then scale and bias. */
function normalized(centred: boolean): Rule["rewrite"] {
  return (node: Node, editor: GraphEditor): Patch | undefined => {
    const [x, scale, bias] = node.inputs;
    const rank = editor.value(x!).shape?.length;
    if (rank === undefined) return undefined;
    const p = editor.patch(node);
    const axis = node.attrs["axis"] as number;
    const over = { axes: Array.from({ length: rank - axis }, (_, i) => axis + i), keepdims: true };
    const { dtype } = editor.value(x!);
    const wide = computeType(dtype);
    const cast = (v: ValueId, to: string): ValueId => (p.value(v).dtype === to ? v : p.add("cast", [v], { to }));
    const from = cast(x!, wide);
    const d = centred ? p.add("sub", [from, p.add("reduce-mean", [from], over)]) : from;
    const square = p.add("reduce-mean", [p.add("mul", [d, d])], over);
    const inverse = p.add("reciprocal", [p.add("sqrt", [p.add("add", [square, scalar(p, from, node.attrs["epsilon"] as number)])])]);
    const y = cast(p.add("mul", [d, inverse]), dtype);
    const scaled = scale == null ? y : p.add("mul", [y, scale]);
    return p.done(bias == null ? scaled : p.add("add", [scaled, bias]));
  };
}

/** With given statistics it is one scale and one shift per channel; they fold when the statistics are constants. */
function batchNorm(node: Node, editor: GraphEditor): Patch | undefined {
  const [x, scale, bias, mean, variance] = node.inputs as readonly [ValueId, ValueId, ValueId, ValueId, ValueId];
  const shape = editor.value(x).shape;
  const channels = editor.staticShape(scale)?.[0];
  if (shape === undefined || channels === undefined) return undefined;
  const p = editor.patch(node);
  const deviation = p.add("sqrt", [p.add("add", [variance, scalar(p, variance, node.attrs["epsilon"] as number)])]);
  const factor = p.add("div", [scale, deviation]);
  const shift = p.add("sub", [bias, p.add("mul", [mean, factor])]);
  const perChannel = (v: ValueId): ValueId => p.add("reshape", [v], { shape: [channels, ...shape.slice(2).map(() => 1)], allowZero: true });
  const fits = shape.length <= 2;
  return p.done(p.add("add", [p.add("mul", [x, fits ? factor : perChannel(factor)]), fits ? shift : perChannel(shift)]));
}

export const normalizationRules: readonly Rule[] = [
  { name: "decompose/softmax", ops: ["softmax"], rewrite: softmax },
  { name: "decompose/log-softmax", ops: ["log-softmax"], rewrite: logSoftmax },
  { name: "decompose/layer-norm", ops: ["layer-norm"], rewrite: normalized(true) },
  { name: "decompose/rms-norm", ops: ["rms-norm"], rewrite: normalized(false) },
  { name: "decompose/batch-norm", ops: ["batch-norm"], rewrite: batchNorm },
];

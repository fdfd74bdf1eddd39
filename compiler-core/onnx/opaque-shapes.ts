/**
 * Shapes of results of operators that are not compiled, where they follow simply from the operands and attributes: so that the nodes
 * after them can be shown with their types.
 */
import type { Dim, Shape } from "../graph/ir.ts";
import type { OnnxNode } from "./model.ts";

type Rule = (node: OnnxNode, shapes: readonly (Shape | undefined)[]) => Shape | undefined;

const intsOf = (node: OnnxNode, name: string): readonly number[] | undefined => {
  const a = node.attributes.find((x) => x.name === name);
  return a?.kind === "ints" ? a.value.map(Number) : undefined;
};
const intOf = (node: OnnxNode, name: string, otherwise: number): number => {
  const a = node.attributes.find((x) => x.name === name);
  return a?.kind === "int" ? Number(a.value) : otherwise;
};
const textOf = (node: OnnxNode, name: string, otherwise: string): string => {
  const a = node.attributes.find((x) => x.name === name);
  return a?.kind === "string" ? a.value : otherwise;
};

/** Extents after a sliding window over the spatial axes (Conv and pooling operators of ONNX, all opsets). */
function slide(node: OnnxNode, spatial: readonly Dim[], kernel: readonly number[]): readonly Dim[] {
  const n = spatial.length;
  const strides = intsOf(node, "strides") ?? new Array<number>(n).fill(1);
  const dilations = intsOf(node, "dilations") ?? new Array<number>(n).fill(1);
  const pads = intsOf(node, "pads") ?? new Array<number>(2 * n).fill(0);
  const auto = textOf(node, "auto_pad", "NOTSET");
  const up = intOf(node, "ceil_mode", 0) === 1;
  return spatial.map((d, i) => {
    const stride = strides[i] ?? 1;
    if (typeof d !== "number") return "?";
    if (auto.startsWith("SAME")) return Math.ceil(d / stride);
    const [before, after] = auto === "VALID" ? [0, 0] : [pads[i] ?? 0, pads[i + n] ?? 0];
    const span = d + before + after - ((kernel[i] ?? 1) - 1) * (dilations[i] ?? 1) - 1;
    const steps = (up ? Math.ceil(span / stride) : Math.floor(span / stride)) + 1;
    // With ceil_mode the last window must still begin inside of the data or the leading pad.
    return Math.max(0, up && (steps - 1) * stride >= d + before ? steps - 1 : steps);
  });
}

const convolution =
  (weights: number): Rule =>
  (node, shapes) => {
    const [x, w] = [shapes[0], shapes[weights]];
    if (x === undefined || w === undefined || x.length < 3) return undefined;
    const kernel = intsOf(node, "kernel_shape") ?? w.slice(2).map(Number);
    return [x[0]!, w[0]!, ...slide(node, x.slice(2), kernel)];
  };

const pooling: Rule = (node, [x]) => {
  const kernel = intsOf(node, "kernel_shape");
  return x === undefined || kernel === undefined ? undefined : [...x.slice(0, 2), ...slide(node, x.slice(2), kernel)];
};

const reduced: Rule = (node, [x]) => {
  if (x === undefined) return undefined;
  const at = intOf(node, "axis", 0);
  const axis = at < 0 ? at + x.length : at;
  return intOf(node, "keepdims", 1) === 1 ? x.map((d, i) => (i === axis ? 1 : d)) : x.filter((_, i) => i !== axis);
};

const sameAsFirst: Rule = (_node, [x]) => x;

/** Queries with keys and values packed behind them are as wide as the heads of the queries alone: (heads + 2 kv_heads) parts. */
const attended: Rule = (node, [query, key]) => {
  if (query?.length !== 3 || key !== undefined) return query;
  const [heads, kvHeads, width] = [intOf(node, "num_heads", 1), intOf(node, "kv_num_heads", 1), query[2]];
  return typeof width === "number" ? [query[0]!, query[1]!, (width / (heads + 2 * kvHeads)) * heads] : undefined;
};

/** Moves `block` x `block` pixels into channels, or back. */
const blocks =
  (toSpace: boolean): Rule =>
  (node, [x]) => {
    const b = intOf(node, "blocksize", 1);
    if (x?.length !== 4 || x.slice(1).some((d) => typeof d !== "number")) return undefined;
    const [c, h, w] = x.slice(1) as number[];
    return toSpace ? [x[0]!, c! / (b * b), h! * b, w! * b] : [x[0]!, c! * b * b, h! / b, w! / b];
  };

const like = (names: string, rule: Rule): Record<string, Rule> => Object.fromEntries(names.split(" ").map((name) => [name, rule]));

const rules: Readonly<Record<string, Rule>> = {
  ...like("Conv ConvInteger", convolution(1)),
  QLinearConv: convolution(3),
  ...like("MaxPool AveragePool LpPool", pooling),
  ...like("ArgMax ArgMin", reduced),
  DepthToSpace: blocks(true),
  SpaceToDepth: blocks(false),
  GroupQueryAttention: attended,
  ...like("QMoE MoE", sameAsFirst),
  ...like(
    "LRN CumSum CumProd Trilu Hardmax InstanceNormalization GroupNormalization LpNormalization MeanVarianceNormalization",
    sameAsFirst,
  ),
  ...like(
    "ScatterElements ScatterND Scatter RotaryEmbedding SkipLayerNormalization SkipSimplifiedLayerNormalization QLinearLeakyRelu",
    sameAsFirst,
  ),
  ...like("QLinearSigmoid Acos Acosh Asin Asinh Atan Atanh Sinh Cosh Tan Bernoulli RandomNormalLike RandomUniformLike", sameAsFirst),
};

/** The shape of the first result; undefined when no rule knows. */
export function opaqueShape(node: OnnxNode, shapes: readonly (Shape | undefined)[]): Shape | undefined {
  const shape = Object.hasOwn(rules, node.opType) ? rules[node.opType]?.(node, shapes) : undefined;
  return shape?.every((d) => typeof d === "string" || (Number.isSafeInteger(d) && d >= 0)) ? shape : undefined;
}

/** Attention operators: those of ONNX 23 and later, and those of ONNX Runtime's own domain that are exactly sums of known operators. */
import type { Attrs, ValueId } from "../../graph/ir.ts";
import { dtypeOfCode } from "../dtype.ts";
import { asDType, notCompiled, type BuildCall, type Builder } from "./build-call.ts";

/** Names of what output 3 shows, by the number of `qk_matmul_output_mode`. */
const stages = ["product", "softcap", "mask", "softmax"] as const;

function attention(c: BuildCall) {
  const precision = c.int("softmax_precision");
  const attrs: Attrs = {
    heads: c.int("q_num_heads"),
    kvHeads: c.int("kv_num_heads"),
    scale: c.float("scale"),
    softcap: c.float("softcap", 0),
    causal: c.flag("is_causal"),
    scores: stages[c.int("qk_matmul_output_mode", 0)] ?? notCompiled("its qk_matmul_output_mode is not known"),
    softmaxType:
      precision === undefined ? undefined : (asDType(dtypeOfCode(precision)) ?? notCompiled("its softmax_precision is not known")),
  };
  return c.addMany("attention", c.operands(7), attrs, Math.max(1, c.outputCount));
}

function rotaryEmbedding(c: BuildCall) {
  return c.add("rotary-embedding", c.operands(4), {
    interleaved: c.flag("interleaved"),
    heads: c.int("num_heads", 0),
    width: c.int("rotary_embedding_dim", 0),
  });
}

function contribRotary(c: BuildCall) {
  if (c.float("scale", 1) !== 1) notCompiled("a scaled rotary embedding is not supported");
  if (c.flag("is_packed_batching")) notCompiled("packed batches are not supported");
  return c.add("rotary-embedding", [c.input(0), c.input(2), c.input(3), c.input(1)], {
    interleaved: c.flag("interleaved"),
    heads: c.int("num_heads", 0),
    width: c.int("rotary_embedding_dim", 0),
  });
}

/** 0 where `shown` holds, else the operator's filter value. */
const filtered = (c: BuildCall, shown: ValueId): ValueId =>
  c.add("where", [shown, c.scalar(c.dtype(0), 0), c.scalar(c.dtype(0), c.float("mask_filter_value", -10000))]);

/**
 * The mask of ONNX Runtime's attention operators as a summand of the scores. Rank 2: per key, 0 hides it; rank 3: per query and key; rank 1
 * (as many as batches): the number of keys to see, which needs the extent of the keys and is left out unless it is known.
 */
function keyMask(c: BuildCall, operand: number): ValueId {
  const mask = c.input(operand);
  const shape = c.shape(operand) ?? notCompiled("the rank of its mask is not known");
  const shown = c.add("greater", [mask, c.scalar(c.dtype(operand), 0)]);
  if (shape.length === 2) return filtered(c, c.reshape(shown, [{ axis: 0 }, 1, 1, { axis: 1 }]));
  if (shape.length === 3) return filtered(c, c.reshape(shown, [{ axis: 0 }, 1, { axis: 1 }, { axis: 2 }]));
  return notCompiled(`a mask of rank ${shape.length} is not supported`);
}

/** Number of keys to see, per batch: key positions, counted along the keys, against it. */
function lengthMask(c: BuildCall, operand: number, keys: ValueId): ValueId {
  const [batch, given] = [c.shapeOf(keys)?.[0], c.shape(operand)?.[0]];
  if (batch === undefined || given !== batch) notCompiled("a mask of starts and ends is not supported");
  const extents = c.add("shape", [keys], { start: 1, end: 2 });
  const one = c.scalar("i32", 1);
  const count = c.reshape(c.add("cast", [extents], { to: "i32" }), []);
  const positions = c.add("range", [c.scalar("i32", 0), count, one]);
  const limits = c.reshape(c.add("cast", [c.input(operand)], { to: "i32" }), [{ axis: 0 }, 1, 1, 1]);
  return filtered(c, c.add("less", [positions, limits]));
}

/** Sum of the summands that are there. */
const sum = (c: BuildCall, parts: readonly (ValueId | undefined)[]): ValueId | undefined =>
  parts.reduce((a, b) => (a === undefined ? b : b === undefined ? a : c.add("add", [a, b])), undefined);

const headCount = (c: BuildCall): number => c.int("num_heads") ?? notCompiled("num_heads is missing");

/** com.microsoft.Attention: one product makes queries, keys and values; keys and values of the past lie in one tensor of rank 5. */
function contribAttention(c: BuildCall) {
  if (c.flag("do_rotary")) notCompiled("attention that rotates its operands is not supported");
  if (c.has(6)) notCompiled("a past in a buffer that is shared with the present is not supported");
  const heads = headCount(c);
  const product = c.add("matmul", [c.input(0), c.input(1)]);
  const all = c.has(2) ? c.add("add", [product, c.input(2)]) : product;
  const width = c.shape(1)?.at(-1);
  const sizes = c.ints("qkv_hidden_sizes") ?? thirds(width);
  const [q, k, v] = c.addMany("split", [all], { axis: -1, sizes }, 3) as [ValueId, ValueId, ValueId];
  const past = c.has(4);
  const masked = c.has(3);
  if (masked && past && c.shape(3)?.length === 1) notCompiled("a mask of lengths with a past is not supported");
  const mask = masked ? (c.shape(3)?.length === 1 ? lengthMask(c, 3, k) : keyMask(c, 3)) : undefined;
  const bias = sum(c, [mask, c.has(5) ? c.input(5) : undefined]);
  const half = (i: number): ValueId =>
    c.reshape(c.add("slice", [c.input(4)], { starts: [i], ends: [i + 1], axes: [0], steps: [1] }), [
      { axis: 1 },
      { axis: 2 },
      { axis: 3 },
      { axis: 4 },
    ]);
  const operands = past ? [q, k, v, bias ?? null, half(0), half(1)] : bias === undefined ? [q, k, v] : [q, k, v, bias];
  const attrs = { heads, kvHeads: heads, scale: scaleOf(c), causal: c.flag("unidirectional") };
  if (c.outputCount < 2) return c.add("attention", operands, attrs);
  const [y, keys, values] = c.addMany("attention", operands, attrs, 3) as [ValueId, ValueId, ValueId];
  const stacked = (x: ValueId): ValueId => c.reshape(x, [1, { axis: 0 }, { axis: 1 }, { axis: 2 }, { axis: 3 }]);
  return [y, c.add("concat", [stacked(keys), stacked(values)], { axis: 0 })];
}

/** 0 means the default, as in ONNX Runtime. */
const scaleOf = (c: BuildCall): number | undefined => (c.float("scale", 0) === 0 ? undefined : c.float("scale", 0));

function thirds(width: unknown): readonly number[] {
  if (typeof width !== "number" || width % 3 !== 0) return notCompiled("the width of its weights is not known");
  return [width / 3, width / 3, width / 3];
}

/** Without functions of its own it is plain attention; with them the node stays until its subgraphs are copied. */
function flexAttention(c: BuildCall) {
  if (c.context.node.attributes.some((a) => a.kind === "graph")) notCompiled("its subgraphs are not copied yet");
  const precision = c.int("softmax_precision");
  if (precision !== undefined) notCompiled("a softmax of another element type is not supported");
  return c.add("attention", [c.input(0), c.input(1), c.input(2)], { scale: c.float("scale") });
}

/** com.microsoft.MultiHeadAttention: separate operands of rank 3, or keys and values already by head (cross attention with a cache). */
function multiHeadAttention(c: BuildCall) {
  if (c.has(8) || c.has(9)) notCompiled("a past in a buffer that is shared with the present is not supported");
  const heads = headCount(c);
  if (!c.has(1) || !c.has(2)) notCompiled("packed queries, keys and values are not supported");
  const byHead = c.shape(1)?.length === 4;
  const biased = (x: ValueId, i: number): ValueId => (c.has(3) ? c.add("add", [x, biasPart(c, i)]) : x);
  const q = biased(c.input(0), 0);
  if (c.shape(0)?.length !== 3) notCompiled("queries of this form are not supported");
  const split = (x: ValueId, width: number): ValueId =>
    c.add("transpose", [c.reshape(x, [{ axis: 0 }, { axis: 1 }, heads, width / heads])], { perm: [0, 2, 1, 3] });
  const mask = c.has(4) ? (c.shape(4)?.length === 1 ? lengthMask(c, 4, c.input(1)) : keyMask(c, 4)) : undefined;
  const bias = sum(c, [mask, c.has(5) ? c.input(5) : undefined]);
  const attrs = { scale: scaleOf(c), causal: c.flag("unidirectional") };
  if (!byHead) {
    const operands = [q, biased(c.input(1), 1), biased(c.input(2), 2), bias ?? null, c.optional(6), c.optional(7)];
    return c.addMany("attention", trimmed(operands), { ...attrs, heads, kvHeads: heads }, Math.max(1, c.outputCount));
  }
  const width = c.shape(0)?.[2];
  if (typeof width !== "number") notCompiled("the width of its queries is not known");
  const operands = [split(q, width as number), c.input(1), c.input(2), bias ?? null, c.optional(6), c.optional(7)];
  const outputs = c.addMany("attention", trimmed(operands), attrs, Math.max(1, c.outputCount));
  const rows = c.add("transpose", [outputs[0]!], { perm: [0, 2, 1, 3] });
  const valueSize = c.shape(2)?.[3];
  if (typeof valueSize !== "number") notCompiled("the width of its values is not known");
  return [c.reshape(rows, [{ axis: 0 }, { axis: 1 }, heads * (valueSize as number)]), ...outputs.slice(1)];
}

/** The part of the joint bias for queries, keys or values. */
function biasPart(c: BuildCall, part: number): ValueId {
  const widths = [0, 1, 2].map((i) => c.shape(i)?.at(-1));
  const [q, k] = widths;
  const whole = c.shape(3)?.[0];
  if (typeof q !== "number" || typeof whole !== "number") return notCompiled("the width of its queries is not known");
  // Keys by head carry their bias already: only the queries' part is left.
  const wide = typeof k === "number" && c.shape(1)?.length === 3 ? k : q;
  const [starts, ends] = [[0, q, q + wide][part]!, [q, q + wide, whole][part]!];
  return c.add("slice", [c.input(3)], { starts: [starts], ends: [ends], axes: [0], steps: [1] });
}

function trimmed(operands: readonly (ValueId | null)[]): readonly (ValueId | null)[] {
  const all = [...operands];
  while (all.length > 0 && all.at(-1) === null) all.pop();
  return all;
}

/** com.microsoft.EmbedLayerNormalization: the sum of word, position and segment embeddings, normalised; and the lengths a mask says. */
function embedLayerNorm(c: BuildCall) {
  const words = c.add("gather", [c.input(2), c.input(0)], { axis: 0 });
  const shape = c.shape(0);
  if (shape?.length !== 2) notCompiled("token ids of this form are not supported");
  const extents = c.add("shape", [c.input(0)], { start: 1, end: 2 });
  const positions = c.has(8)
    ? c.add("gather", [c.input(3), c.input(8)], { axis: 0 })
    : c.add("slice", [c.input(3), c.constant("i64", [1], [0]), extents, c.constant("i64", [1], [0])]);
  const segments = c.has(1) && c.has(4) ? c.add("gather", [c.input(4), c.input(1)], { axis: 0 }) : undefined;
  const total = sum(c, [words, positions, segments])!;
  const y = c.add("layer-norm", [total, c.input(5), c.input(6)], { axis: -1, epsilon: c.float("epsilon", 1e-12) });
  if (c.outputCount < 2) return y;
  const lengths = c.has(7)
    ? c.add("reduce-sum", [c.add("cast", [c.input(7)], { to: "i32" })], { axes: [1], keepdims: false })
    : c.add("constant-of-shape", [c.add("shape", [c.input(0)], { start: 0, end: 1 })], { value: 0, dtype: "i32" });
  return [y, lengths, total];
}

export const attentionBuilders: Readonly<Record<string, Builder>> = {
  Attention: attention,
  RotaryEmbedding: rotaryEmbedding,
  "ai.onnx.preview.FlexAttention": flexAttention,
  "com.microsoft.RotaryEmbedding": contribRotary,
  "com.microsoft.Attention": contribAttention,
  "com.microsoft.MultiHeadAttention": multiHeadAttention,
  "com.microsoft.EmbedLayerNormalization": embedLayerNorm,
};

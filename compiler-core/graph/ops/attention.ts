/** Scaled dot-product attention and rotary embeddings (ONNX 23 and 24), one operator each until `decompose` takes them apart. */
import { isStatic, normalAxis, productDim, shapeAgrees, shapeText, sumDim } from "../dims.ts";
import type { Attrs, Dim, Shape } from "../ir.ts";
import { evalAttention, evalRotary } from "../eval-attention.ts";
import { elementCount, floatTypes, refuse, type CostCall, type InferCall, type Inferred, type Op, type TensorType } from "./op.ts";

/** Extents of attention, from operands of rank 3 (batch, length, heads * size) or 4 (batch, heads, length, size). */
export interface AttentionSizes<D extends Dim> {
  readonly batch: D;
  readonly heads: D;
  readonly kvHeads: D;
  /** Queries, new keys, keys of the past. */
  readonly length: D;
  readonly fresh: D;
  readonly past: D;
  readonly size: D;
  readonly valueSize: D;
}

const headed = (d: Dim, heads: unknown): Dim => (typeof d === "number" && typeof heads === "number" && heads > 0 ? d / heads : "?");

/** The extents as far as they are known, or why the operands do not fit each other. */
export function attentionSizes(shapes: readonly (Shape | undefined)[], attrs: Attrs): AttentionSizes<Dim> | string | undefined {
  const [q, k, v, , pastKey] = shapes;
  if (q === undefined || k === undefined || v === undefined) return undefined;
  if ((q.length !== 3 && q.length !== 4) || k.length !== q.length || v.length !== q.length)
    return `queries of ${shapeText(q)}, keys of ${shapeText(k)} and values of ${shapeText(v)} do not have the same rank, 3 or 4`;
  const flat = q.length === 3;
  const [heads, kvHeads] = [attrs["heads"] as number | undefined, attrs["kvHeads"] as number | undefined];
  if (flat && (heads === undefined || kvHeads === undefined)) return "the numbers of heads are missing";
  const past = pastKey === undefined ? 0 : (pastKey[2] ?? "?");
  const sizes: AttentionSizes<Dim> = flat
    ? {
        batch: q[0]!,
        heads: heads!,
        kvHeads: kvHeads!,
        length: q[1]!,
        fresh: k[1]!,
        past,
        size: headed(q[2]!, heads),
        valueSize: headed(v[2]!, kvHeads),
      }
    : { batch: q[0]!, heads: q[1]!, kvHeads: k[1]!, length: q[2]!, fresh: k[2]!, past, size: q[3]!, valueSize: v[3]! };
  const uneven = typeof sizes.heads === "number" && typeof sizes.kvHeads === "number" && sizes.heads % sizes.kvHeads !== 0;
  if (uneven) return `${sizes.heads} heads of queries do not divide among ${sizes.kvHeads} heads of keys`;
  const broken = [sizes.size, sizes.valueSize].some((d) => typeof d === "number" && !Number.isInteger(d));
  return broken ? "the last extent is not a multiple of the number of heads" : sizes;
}

/** Extents of an attention whose operands are static. */
export function staticSizes(shapes: readonly (Shape | undefined)[], attrs: Attrs): AttentionSizes<number> | undefined {
  const sizes = attentionSizes(shapes, attrs);
  const known = typeof sizes === "object" && Object.values(sizes).every((d) => typeof d === "number");
  return known ? (sizes as AttentionSizes<number>) : undefined;
}

const total = (s: AttentionSizes<Dim>): Dim => sumDim([s.past, s.fresh]);

function inferAttention({ inputs, attrs, outputs }: InferCall): Inferred {
  const [q, k, v] = inputs as readonly TensorType[];
  if (![q, k, v].every((t) => floatTypes.includes(t!.dtype))) return refuse("dtype", `attention of ${q!.dtype} elements is not supported`);
  if (q!.dtype !== k!.dtype) return refuse("dtype", `queries are ${q!.dtype}, keys ${k!.dtype}`);
  const sizes = attentionSizes(
    inputs.map((t) => t?.shape),
    attrs,
  );
  if (typeof sizes === "string") return refuse("shape", sizes);
  const misfit = sizes && (operandProblem(inputs, sizes, attrs) ?? maskProblem(inputs[3]?.shape, sizes));
  if (misfit !== undefined) return refuse("shape", misfit);
  const types: readonly TensorType[] = [
    { dtype: q!.dtype, shape: sizes && resultShape(sizes, q!.shape!.length, attrs) },
    { dtype: k!.dtype, shape: sizes && [sizes.batch, sizes.kvHeads, total(sizes), sizes.size] },
    { dtype: v!.dtype, shape: sizes && [sizes.batch, sizes.kvHeads, total(sizes), sizes.valueSize] },
    { dtype: q!.dtype, shape: sizes && [sizes.batch, sizes.heads, sizes.length, total(sizes)] },
  ];
  return types.slice(0, outputs);
}

/** Keys, values, those of the past and the numbers of valid keys, against the extents that the queries and keys say. */
function operandProblem(inputs: InferCall["inputs"], s: AttentionSizes<Dim>, attrs: Attrs): string | undefined {
  const flat = inputs[0]?.shape?.length === 3 && attrs["heads"] !== undefined;
  const fresh = (size: Dim): Shape =>
    flat ? [s.batch, s.fresh, size === "?" ? "?" : productDim([s.kvHeads, size])] : [s.batch, s.kvHeads, s.fresh, size];
  const past = (size: Dim): Shape => [s.batch, s.kvHeads, s.past, size];
  const wanted: readonly (readonly [number, string, Shape])[] = [
    [1, "keys", fresh(s.size)],
    [2, "values", fresh(s.valueSize)],
    [4, "past keys", past(s.size)],
    [5, "past values", past(s.valueSize)],
    [6, "numbers of keys", [s.batch]],
  ];
  const wrong = wanted.find(([i, , shape]) => !shapeAgrees(inputs[i]?.shape, shape));
  return wrong && `${wrong[1]} of ${shapeText(inputs[wrong[0]]?.shape)} instead of ${shapeText(wrong[2])}`;
}

/** A mask broadcasts to (batch, heads, queries, keys); it may be shorter than the keys. */
function maskProblem(mask: Shape | undefined, s: AttentionSizes<Dim>): string | undefined {
  if (mask === undefined) return undefined;
  const scores: Shape = [s.batch, s.heads, s.length, total(s)];
  const fits = mask.every((d, i) => {
    const want = scores[i - mask.length + 4];
    if (typeof d !== "number" || typeof want !== "number") return want !== undefined;
    return d === want || d === 1 || (i === mask.length - 1 && d < want);
  });
  return fits ? undefined : `a mask of ${shapeText(mask)} does not broadcast to scores of ${shapeText(scores)}`;
}

const resultShape = (s: AttentionSizes<Dim>, rank: number, attrs: Attrs): Shape =>
  rank === 4
    ? [s.batch, s.heads, s.length, s.valueSize]
    : [s.batch, s.length, typeof s.valueSize === "number" ? s.valueSize * (attrs["heads"] as number) : "?"];

function attentionFlops(c: CostCall): number {
  const s = staticSizes(
    c.inputs.map((t) => t?.shape),
    c.attrs,
  );
  if (s === undefined) return NaN;
  const scores = s.batch * s.heads * s.length * (s.past + s.fresh);
  return scores * (2 * s.size + 2 * s.valueSize + 5);
}

export const attention: Op = {
  what: "softmax(scale * q k' + mask) v for each head; keys and values of the past come before the new ones",
  arity: [3, 7],
  outputs: [1, 4],
  attrs: {
    heads: { kind: "int", optional: true, what: "heads of queries, for operands of rank 3" },
    kvHeads: { kind: "int", optional: true, what: "heads of keys and values, for operands of rank 3" },
    scale: { kind: "float", optional: true, what: "absent: 1 / sqrt(head size)" },
    softcap: { kind: "float", default: 0, what: "scores become softcap * tanh(scores / softcap); 0: they stay" },
    causal: { kind: "bool", default: false, what: "a query sees the keys up to its own position" },
    scores: { kind: "string", default: "product", what: "output 3: scores after the product, softcap, mask or softmax" },
    softmaxType: { kind: "dtype", optional: true, what: "element type of the softmax" },
  },
  traits: ["composite"],
  infer: inferAttention,
  eval: evalAttention,
  flops: attentionFlops,
};

/** Heads of a rotary embedding's operand: axis 1 of rank 4, else given. */
export interface RotarySizes {
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly size: number;
  /** Leading elements of a head that are rotated. */
  readonly rotated: number;
}

export function rotarySizes(shape: readonly number[], attrs: Attrs, cosExtent: number): RotarySizes | string {
  const flat = shape.length === 3;
  if (!flat && shape.length !== 4) return `an operand of ${shapeText(shape)} does not have rank 3 or 4`;
  const width = attrs["width"] as number;
  // Without a number of heads, the tables say how long a head is.
  const given = attrs["heads"] as number;
  const heads = flat ? (given > 0 ? given : shape[2]! / (2 * cosExtent)) : shape[1]!;
  const size = flat ? shape[2]! / heads : shape[3]!;
  const rotated = width > 0 ? width : size;
  if (!Number.isInteger(heads) || !Number.isInteger(size)) return `${shape[2]} elements do not divide into heads`;
  if (rotated > size || rotated % 2 !== 0) return `${rotated} of ${size} elements of a head cannot be rotated`;
  return { batch: shape[0]!, heads, length: flat ? shape[1]! : shape[2]!, size, rotated };
}

function inferRotary({ inputs, attrs }: InferCall): Inferred {
  const [x, cos, sin] = inputs as readonly TensorType[];
  if (!floatTypes.includes(x!.dtype) || cos!.dtype !== x!.dtype || sin!.dtype !== x!.dtype)
    return refuse("dtype", `operand and tables have different element types (${x!.dtype}, ${cos!.dtype}, ${sin!.dtype})`);
  const extent = cos!.shape?.at(-1);
  if (isStatic(x!.shape) && typeof extent === "number") {
    const sizes = rotarySizes(x!.shape, attrs, extent);
    if (typeof sizes === "string") return refuse("shape", sizes);
    if (2 * extent !== sizes.rotated) return refuse("shape", `tables of ${extent} angles for ${sizes.rotated / 2} pairs`);
  }
  if (x!.shape !== undefined && normalAxis(2, x!.shape.length) === undefined)
    return refuse("shape", `an operand of ${shapeText(x!.shape)} does not have rank 3 or 4`);
  return [{ dtype: x!.dtype, shape: x!.shape }];
}

export const rotaryEmbedding: Op = {
  what: "pairs of elements of each head rotated by angles that depend on the position; cos and sin come from tables",
  arity: [3, 4],
  outputs: [1, 1],
  attrs: {
    interleaved: { kind: "bool", default: false, what: "pairs are neighbours; else the halves of the rotated part" },
    heads: { kind: "int", default: 0, what: "for an operand of rank 3; 0: as the tables say" },
    width: { kind: "int", default: 0, what: "leading elements of a head that are rotated; 0: all" },
  },
  traits: ["composite"],
  infer: inferRotary,
  eval: evalRotary,
  flops: (c) => 3 * elementCount(c.outputs[0]!),
};

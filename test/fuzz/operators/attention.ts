/** Attention with masks, a past and grouped heads, and rotary embeddings, in both forms of their operands. */
import type { AttributeInput } from "../../../compiler-core/onnx/builder.ts";
import { count, number, row, type Draw, type Result, type Row, type Val } from "../draw.ts";

interface Sizes {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly past: number;
  readonly heads: number;
  readonly groups: number;
  readonly width: number;
  readonly valueWidth: number;
}

function sizes(d: Draw): Sizes {
  const groups = d.one([1, 1, 2, 3]);
  const [width, past] = [d.one([1, 2, 4, 8, 16]), d.chance(0.3) ? d.one([1, 3, 8]) : 0];
  const queries = d.one([1, 2, 4, 7, 16]);
  return {
    batch: d.one([1, 2]),
    queries,
    keys: d.chance(0.5) ? queries : d.one([1, 3, 5, 17]),
    past,
    heads: groups * d.one([1, 1, 2]),
    groups,
    width,
    valueWidth: d.chance(0.7) ? width : d.one([1, 3, 8]),
  };
}

/** A mask that broadcasts to [batch, heads, queries, keys]; the first key stays visible, as rows without any have no agreed meaning. */
function mask(d: Draw, s: Sizes): Val | string {
  if (!d.chance(0.5)) return "";
  const total = s.keys + s.past;
  const full = [d.one([1, s.batch]), d.one([1, s.heads]), s.queries, total];
  const shape = full.slice(d.random.integer(0, 2));
  const first = (i: number): boolean => i % total === 0;
  const entries = Array.from({ length: count(shape) }, (_, i) => (first(i) || d.chance(0.7) ? 1 : 0));
  if (d.chance(0.5)) return d.constant("bool", shape, entries);
  if (d.chance(0.5)) return d.input("f32", shape);
  const hidden = d.one([-Infinity, -1e4, -2]);
  return d.constant(
    "f32",
    shape,
    entries.map((e) => (e === 1 ? d.one([0, 0, 0.5]) : hidden)),
  );
}

const attention = row(
  "Attention",
  3,
  (d) => {
    const s = sizes(d);
    const flat = d.chance(0.4);
    const operand = (heads: number, length: number, width: number): Val => {
      const shape = flat ? [s.batch, length, heads * width] : [s.batch, heads, length, width];
      const fits = (v: Val): boolean => v.dtype === "f32" && v.bound <= 8 && String(v.shape) === String(shape);
      return d.pick(fits, () => d.input("f32", shape))!;
    };
    const past = (width: number): Val | string => (s.past === 0 ? "" : d.input("f32", [s.batch, s.groups, s.past, width]));
    const total = s.keys + s.past;
    const padded = d.opset >= 24 && s.past === 0 && d.chance(0.3);
    const inputs = [
      operand(s.heads, s.queries, s.width),
      operand(s.groups, s.keys, s.width),
      operand(s.groups, s.keys, s.valueWidth),
      mask(d, s),
      past(s.width),
      past(s.valueWidth),
      padded ? d.input("i64", [s.batch], [1, s.keys]) : "",
    ];
    while (inputs.at(-1) === "") inputs.pop();
    const results: readonly Result[] = [
      { shape: flat ? [s.batch, s.queries, s.heads * s.valueWidth] : [s.batch, s.heads, s.queries, s.valueWidth], bound: 8 },
      { shape: [s.batch, s.groups, total, s.width], bound: 8 },
      { shape: [s.batch, s.groups, total, s.valueWidth], bound: 8 },
      { shape: [s.batch, s.heads, s.queries, total], bound: 1000 },
    ];
    const attributes: Record<string, AttributeInput> = {
      is_causal: d.chance(0.3) ? 1 : 0,
      ...(flat ? { q_num_heads: s.heads, kv_num_heads: s.groups } : {}),
      ...(d.chance(0.3) ? { scale: number(d.one([0.5, 1, 0.25])) } : {}),
      ...(d.chance(0.2) ? { softcap: number(d.one([1, 5])) } : {}),
    };
    // Queries before the first key see nothing: an average of nothing is not a number, in ONNX Runtime it is 0.
    const causal = attributes["is_causal"] === 1;
    if (padded && causal) d.alone = true;
    // A single query sees keys behind it, too.
    if (causal && s.queries === 1 && s.keys > 1) d.alone = true;
    if (s.past === 0) return d.node("Attention", inputs, results.slice(0, 1), attributes);
    const all = d.chance(0.3);
    // What is hidden is -inf in the second of these, and the lowest number in ONNX Runtime.
    const more: Record<string, AttributeInput> = all ? { qk_matmul_output_mode: d.one([0, 1, 3]) } : {};
    return d.node("Attention", inputs, all ? results : results.slice(0, 3), { ...attributes, ...more });
  },
  23,
);

/** With positions: rows of the tables are chosen by them; without: there is a row for each. */
const rotary = row(
  "RotaryEmbedding",
  2,
  (d) => {
    const [batch, length, heads, half] = [d.one([1, 2]), d.one([1, 3, 8]), d.one([1, 2, 3]), d.one([1, 2, 4, 8])];
    const width = 2 * half * d.one([1, 1, 2]);
    const flat = d.chance(0.5);
    const shape = flat ? [batch, length, heads * width] : [batch, heads, length, width];
    const fits = (v: Val): boolean => v.dtype === "f32" && String(v.shape) === String(shape);
    const x = d.pick(fits, () => d.input("f32", shape))!;
    const partial = 2 * half < width;
    const positions = d.chance(0.6) ? d.input("i64", [batch, length], [0, 9]) : undefined;
    const table = (): Val => d.weights(positions === undefined ? [batch, length, half] : [10, half], 1);
    return d.node("RotaryEmbedding", [x, table(), table(), ...(positions ? [positions] : [])], [{ shape, bound: 8 * x.bound }], {
      interleaved: d.random.integer(0, 1),
      ...(flat ? { num_heads: heads } : {}),
      ...(partial ? { rotary_embedding_dim: 2 * half, num_heads: heads } : {}),
    });
  },
  23,
);

export const attentionRows: readonly Row[] = [attention, rotary];

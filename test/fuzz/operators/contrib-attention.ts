/** Operators of ONNX Runtime's own domain that are a whole attention. */
import { number, type Draw, type Row, type Val } from "../draw.ts";
import { sizes } from "./heads.ts";
import { add, fitted, layered } from "./layers.ts";

const contrib = layered("attention of ONNX Runtime's domain", 3, (d) => {
  const s = sizes(d);
  const flat = [s.batch, s.rows, s.heads * s.width];
  const scale: Record<string, ReturnType<typeof number>> = d.chance(0.3) ? { scale: number(d.one([0.5, 0.25, 1])) } : {};
  if (d.chance(0.4)) {
    const x = d.input("f32", [s.batch, s.rows, s.hidden]);
    const operands: (Val | string)[] = [x, fitted(d, [s.hidden, 3 * s.heads * s.width], s.hidden), fitted(d, [3 * s.heads * s.width], 4)];
    if (d.chance(0.4)) operands.push(d.chance(0.5) ? d.input("i32", [s.batch], [1, s.rows]) : firstShown(d, s.batch, s.rows));
    const causal = operands.length < 4 && d.chance(0.4) ? { unidirectional: 1 } : {};
    return add(d, "com.microsoft.Attention", operands, flat, { num_heads: s.heads, ...scale, ...causal });
  }
  const keys = d.chance(0.6) ? s.rows : d.one([1, 5, 17]);
  const side = [s.batch, keys, s.heads * s.width];
  const operands: (Val | string)[] = [d.input("f32", flat), d.input("f32", side), d.input("f32", side)];
  if (d.chance(0.4)) operands.push(fitted(d, [3 * s.heads * s.width], 4));
  if (d.chance(0.3)) {
    while (operands.length < 4) operands.push("");
    operands.push(firstShown(d, s.batch, keys));
  }
  if (d.chance(0.3)) {
    while (operands.length < 5) operands.push("");
    operands.push(d.input("f32", [d.one([1, s.batch]), s.heads, s.rows, keys]));
  }
  return add(d, "com.microsoft.MultiHeadAttention", operands, flat, { num_heads: s.heads, ...scale });
});

/** 1 where a key counts, [batch, keys]; the first always does. */
const firstShown = (d: Draw, batch: number, keys: number): Val =>
  d.constant(
    "i32",
    [batch, keys],
    Array.from({ length: batch * keys }, (_, i) => (i % keys === 0 || d.chance(0.7) ? 1 : 0)),
  );

/** Prompts and steps of a decoder with a cache that is filled so far. */
const grouped = layered("GroupQueryAttention", 2, (d) => {
  const [batch, groups, times, size] = [d.one([1, 2]), d.one([1, 2]), d.one([1, 2, 3]), d.one([8, 16])];
  const past = d.one([0, 0, 1, 6, 16]);
  const fresh = past === 0 ? d.one([1, 2, 5, 16]) : 1;
  const [heads, total] = [groups * times, past + fresh];
  const of = (n: number): Val => d.input("f32", [batch, fresh, n * size]);
  const packed = d.chance(0.3);
  const operands: (Val | string)[] = packed ? [of(heads + 2 * groups), "", ""] : [of(heads), of(groups), of(groups)];
  const cache = (): Val => d.input("f32", [batch, groups, past, size]);
  const lengths = d.constant("i32", [batch], new Array<number>(batch).fill(total - 1));
  operands.push(cache(), cache(), lengths, d.constant("i32", [], [total]));
  const rotary = size === 16 && d.chance(0.4);
  if (rotary) operands.push(fitted(d, [total + 2, size / 2], 4), fitted(d, [total + 2, size / 2], 4));
  const full = [batch, groups, total, size];
  const attributes = {
    num_heads: heads,
    kv_num_heads: groups,
    ...(rotary ? { do_rotary: 1, rotary_interleaved: d.random.integer(0, 1) } : {}),
  };
  return d.node(
    "com.microsoft.GroupQueryAttention",
    operands,
    [
      { shape: [batch, fresh, heads * size], bound: 16 },
      { shape: full, bound: 16 },
      { shape: full, bound: 16 },
    ],
    attributes,
  );
});

export const contribAttentionRows: readonly Row[] = [contrib, grouped];

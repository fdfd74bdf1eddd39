/** Attention as exporters spell it: projections and heads, rotations, masks, caches, keys and values of fewer heads. */
import { count, type Draw, type Val } from "../draw.ts";
import { add, c, either, fitted, linear, TooLarge } from "./layers.ts";

export interface Sizes {
  readonly batch: number;
  readonly rows: number;
  readonly heads: number;
  readonly width: number;
  readonly hidden: number;
}

/** [batch, rows, heads * width] to [batch, heads, rows, width], or with the last two the other way round. */
function byHead(d: Draw, x: Val, s: Sizes, heads = s.heads, turned = false): Val {
  const rows = x.shape[1]!;
  const apart = add(
    d,
    "Reshape",
    [x, d.ints(d.chance(0.5) ? [0, 0, heads, s.width] : [s.batch, -1, heads, s.width])],
    [s.batch, rows, heads, s.width],
  );
  const shape = turned ? [s.batch, heads, s.width, rows] : [s.batch, heads, rows, s.width];
  return add(d, "Transpose", [apart], shape, { perm: turned ? [0, 2, 3, 1] : [0, 2, 1, 3] });
}

/** x cos + (-second half, first half) sin. */
function rotated(d: Draw, x: Val): Val {
  const [rows, width] = x.shape.slice(2) as [number, number];
  const half = width / 2;
  const part = [...x.shape.slice(0, 3), half];
  const cut = (from: number, to: number): Val => add(d, "Slice", [x, d.ints([from]), d.ints([to]), d.ints([-1])], part);
  const other = add(d, "Neg", [cut(half, width)], part);
  const turned = add(d, "Concat", [other, cut(0, half)], x.shape, { axis: -1 });
  const table = (): Val => fitted(d, d.chance(0.5) ? [rows, width] : [1, 1, rows, width], 4);
  return add(d, "Add", [add(d, "Mul", [x, table()], x.shape), add(d, "Mul", [turned, table()], x.shape)], x.shape);
}

/** What hides keys: a summand per key or per pair, or a choice. The first key stays. */
function masked(d: Draw, scores: Val): Val {
  const [batch, , rows, keys] = scores.shape as [number, number, number, number];
  const form = d.one(["none", "none", "keys", "causal", "where", "data"] as const);
  if (form === "none") return scores;
  if (form === "data")
    return add(d, "Add", [scores, d.input("f32", d.one([[batch, 1, 1, keys], [1, 1, rows, keys], [keys]]))], scores.shape);
  const shape = form === "keys" ? [batch, 1, 1, keys] : d.chance(0.5) ? [1, 1, rows, keys] : [rows, keys];
  const seen = Array.from({ length: count(shape) }, (_, i) => {
    const [row, key] = [Math.floor(i / keys) % rows, i % keys];
    return form === "keys" ? key === 0 || d.chance(0.7) : key === 0 || key <= row + keys - rows;
  });
  if (form === "where") {
    const shown = d.constant("bool", shape, seen.map(Number));
    return add(d, "Where", [shown, scores, c(d, d.one([-Infinity, -1e9, -3.4028234663852886e38]))], scores.shape);
  }
  const hidden = d.one([-Infinity, -1e4, -1e9]);
  if (form === "keys" && d.chance(0.5)) {
    // As data: 1 where a key counts, (1 - mask) * -10000 is added.
    const kept = d.input("f32", shape, [0, 1]);
    const away = add(d, "Mul", [add(d, "Sub", [c(d, 1), kept], shape), c(d, -1e4)], shape);
    return add(d, "Add", either(d, scores, away), scores.shape);
  }
  return add(
    d,
    "Add",
    either(
      d,
      scores,
      d.constant(
        "f32",
        shape,
        seen.map((v) => (v ? 0 : hidden)),
      ),
    ),
    scores.shape,
  );
}

/** Keys or values of fewer heads than queries, each for several of them. */
function repeated(d: Draw, x: Val, times: number): Val {
  if (times === 1) return x;
  const [batch, heads, a, b] = x.shape as [number, number, number, number];
  const apart = add(d, "Unsqueeze", [x, d.ints([2])], [batch, heads, 1, a, b]);
  const wide = [batch, heads, times, a, b];
  const copies = d.chance(0.6) ? add(d, "Expand", [apart, d.ints(wide)], wide) : add(d, "Tile", [apart, d.ints([1, 1, times, 1, 1])], wide);
  return add(d, "Reshape", [copies, d.ints([batch, heads * times, a, b])], [batch, heads * times, a, b]);
}

/** What came before, in front along the rows; the whole is a result, too. */
function cached(d: Draw, x: Val, past: number): Val {
  if (past === 0) return x;
  const shape = [...x.shape.slice(0, 2), x.shape[2]! + past, x.shape[3]!];
  const all = add(d, "Concat", [d.input("f32", [...x.shape.slice(0, 2), past, x.shape[3]!]), x], shape, { axis: 2 });
  if (d.chance(0.7)) d.hidden.push({ name: all.name, dtype: "f32" });
  return all;
}

function projections(d: Draw, x: Val, s: Sizes, kvHeads: number): readonly [Val, Val, Val] {
  const [q, kv] = [s.heads * s.width, kvHeads * s.width];
  if (d.chance(0.4)) {
    const all = linear(d, x, q + 2 * kv);
    const shapes = [q, kv, kv].map((n) => [s.batch, s.rows, n]);
    const parts = d.node(
      "Split",
      [all, d.ints([q, kv, kv])],
      shapes.map((shape) => ({ shape, bound: 16 })),
      { axis: -1 },
    );
    if (parts === undefined) throw new TooLarge();
    return parts as readonly [Val, Val, Val];
  }
  const other = d.chance(0.15) ? d.input("f32", [s.batch, d.one([1, 5, 16, 17]), s.hidden]) : x;
  return [linear(d, x, q), linear(d, other, kv), linear(d, other, kv)];
}

export function attention(d: Draw, x: Val, s: Sizes): Val {
  const times = d.chance(0.25) && s.heads % 2 === 0 ? 2 : 1;
  const kvHeads = s.heads / times;
  const [q, k, v] = projections(d, x, s, kvHeads);
  const past = d.chance(0.25) ? d.one([1, 4, 15]) : 0;
  const rotate = s.width % 2 === 0 && d.chance(0.3);
  const turn = (a: Val): Val => (rotate ? rotated(d, a) : a);
  let queries = turn(byHead(d, q, s));
  const keys =
    rotate || past > 0 || times > 1 || d.chance(0.5) ? repeated(d, cached(d, turn(byHead(d, k, s, kvHeads)), past), times) : undefined;
  const values = repeated(d, cached(d, byHead(d, v, s, kvHeads), past), times);
  const [batch, heads, total, width] = values.shape as [number, number, number, number];
  const right =
    keys === undefined ? byHead(d, k, s, kvHeads, true) : add(d, "Transpose", [keys], [batch, heads, width, total], { perm: [0, 1, 3, 2] });
  const scale = 1 / Math.sqrt(s.width);
  const early = d.chance(0.4);
  if (early) queries = add(d, "Mul", [queries, c(d, scale)], queries.shape);
  const shape = [s.batch, s.heads, s.rows, total];
  const product = add(d, "MatMul", [queries, right], shape);
  const scores = early
    ? product
    : d.chance(0.5)
      ? add(d, "Div", [product, c(d, 1 / scale)], shape)
      : add(d, "Mul", [product, c(d, scale)], shape);
  const weights = add(d, "Softmax", [masked(d, scores)], shape, { axis: d.one([-1, 3]) });
  const read = add(d, "MatMul", [weights, values], [s.batch, s.heads, s.rows, s.width]);
  const back = add(d, "Transpose", [read], [s.batch, s.rows, s.heads, s.width], { perm: [0, 2, 1, 3] });
  const flat = [s.batch, s.rows, s.heads * s.width];
  return linear(d, add(d, "Reshape", [back, d.ints(d.chance(0.5) ? flat : [0, 0, -1])], flat), s.hidden);
}

export function sizes(d: Draw): Sizes {
  const [heads, width] = d.one([
    [1, 4],
    [1, 16],
    [2, 4],
    [2, 8],
    [3, 5],
    [4, 4],
    [2, 17],
    [4, 8],
    [1, 33],
    [2, 1],
  ] as const);
  const rows = d.one([1, 2, 5, 7, 15, 16, 17]);
  return { batch: d.one([1, 1, 2, 3]), rows, heads, width, hidden: d.chance(0.7) ? heads * width : d.one([8, 12, 24]) };
}

/** Layers of transformers in small, as exporters write them: projections and heads, masks, caches, rotations, norms and two layers behind. */
import { count, number, row, type Draw, type Row, type Val } from "../draw.ts";

interface Sizes {
  readonly batch: number;
  readonly rows: number;
  readonly heads: number;
  readonly width: number;
  readonly hidden: number;
}

/** A value larger than a test may have: what was drawn so far stays in the graph. */
class TooLarge extends Error {}
const layered = (name: string, weight: number, make: (d: Draw) => unknown): Row =>
  row(name, weight, (d) => {
    try {
      return make(d);
    } catch (e) {
      if (e instanceof TooLarge) return undefined;
      throw e;
    }
  });

function add(d: Draw, op: string, inputs: readonly (Val | string)[], shape: readonly number[], attributes = {}): Val {
  const made = d.node(op, inputs, [{ dtype: "f32", shape, bound: 16 }], attributes)?.[0];
  if (made === undefined) throw new TooLarge();
  return made;
}
const c = (d: Draw, value: number): Val => d.constant("f32", d.chance(0.2) ? [1] : [], [value]);
const either = (d: Draw, a: Val, b: Val): readonly Val[] => (d.chance(0.5) ? [a, b] : [b, a]);
/** Numbers that keep sums of so many products small. */
const fitted = (d: Draw, shape: readonly number[], summands: number): Val => {
  const most = 2 / Math.sqrt(summands);
  return d.constant(
    "f32",
    shape,
    Array.from({ length: count(shape) }, () => (d.random.integer(-8, 8) * most) / 8),
  );
};

/** x W, with or without a bias, as MatMul and Add, or as Gemm of a flat operand. */
function linear(d: Draw, x: Val, n: number): Val {
  const k = x.shape.at(-1)!;
  const shape = [...x.shape.slice(0, -1), n];
  if (d.chance(0.15)) {
    const m = count(x.shape.slice(0, -1));
    const flat = add(d, "Reshape", [x, d.ints([-1, k])], [m, k]);
    const y = add(d, "Gemm", [flat, fitted(d, [n, k], k), fitted(d, [n], 4)], [m, n], { transB: 1 });
    return add(d, "Reshape", [y, d.ints(shape)], shape);
  }
  const y = add(d, "MatMul", [x, fitted(d, [k, n], k)], shape);
  return d.chance(0.7) ? add(d, "Add", either(d, y, fitted(d, [n], 4)), shape) : y;
}

/** In one operator, or as files before opset 17 have it; or without the mean. */
function norm(d: Draw, x: Val): Val {
  const w = x.shape.at(-1)!;
  const scale = d.constant("f32", [w]);
  const form = d.one(["one", "pieces", "root"] as const);
  if (form === "one" && d.opset >= 17)
    return add(d, "LayerNormalization", [x, scale, ...(d.chance(0.7) ? [d.constant("f32", [w])] : [])], x.shape, {
      axis: -1,
      epsilon: number(0.01),
    });
  const kept = [...x.shape.slice(0, -1), 1];
  const mean = (v: Val): Val => add(d, "ReduceMean", [v, d.ints([-1])], kept, { keepdims: 1 });
  const centred = form === "root" ? x : add(d, "Sub", [x, mean(x)], x.shape);
  const square = d.chance(0.5) ? add(d, "Pow", [centred, c(d, 2)], x.shape) : add(d, "Mul", [centred, centred], x.shape);
  const root = add(d, "Sqrt", [add(d, "Add", [mean(square), c(d, 0.01)], kept)], kept);
  const one = d.chance(0.5)
    ? add(d, "Div", [centred, root], x.shape)
    : add(d, "Mul", [centred, add(d, "Reciprocal", [root], kept)], x.shape);
  const scaled = add(d, "Mul", either(d, one, scale), x.shape);
  return form === "root" ? scaled : add(d, "Add", either(d, scaled, d.constant("f32", [w])), x.shape);
}

function active(d: Draw, x: Val): Val {
  const form = d.one(["Relu", "Gelu", "erf", "tanh", "silu"] as const);
  if (form === "Relu" || (form === "Gelu" && d.opset >= 20))
    return add(d, form, [x], x.shape, form === "Gelu" && d.chance(0.5) ? { approximate: "tanh" } : {});
  if (form === "silu") return add(d, "Mul", either(d, x, add(d, "Sigmoid", [x], x.shape)), x.shape);
  const inner = (): Val => {
    const cube = add(d, "Pow", [x, c(d, 3)], x.shape);
    const sum = add(d, "Add", [x, add(d, "Mul", [cube, c(d, 0.044715)], x.shape)], x.shape);
    return add(d, "Tanh", [add(d, "Mul", [sum, c(d, 0.7978845608028654)], x.shape)], x.shape);
  };
  const gate = form === "tanh" ? inner() : add(d, "Erf", [add(d, "Div", [x, c(d, Math.SQRT2)], x.shape)], x.shape);
  const one = add(d, "Add", [gate, c(d, 1)], x.shape);
  return add(d, "Mul", [add(d, "Mul", [x, one], x.shape), c(d, 0.5)], x.shape);
}

/** Two layers with an activation between them, or a gate of two products. */
function inner(d: Draw, x: Val): Val {
  const [hidden, wide] = [x.shape.at(-1)!, d.one([8, 16, 17, 33, 64])];
  if (d.chance(0.25)) {
    const [gate, up] = [linear(d, x, wide), linear(d, x, wide)];
    return linear(d, add(d, "Mul", [active(d, gate), up], up.shape), hidden);
  }
  let y = x;
  for (let n = d.one([1, 1, 1, 2, 3]); n > 0; n--) y = active(d, linear(d, y, wide));
  return linear(d, y, hidden);
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

function attention(d: Draw, x: Val, s: Sizes): Val {
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

function sizes(d: Draw): Sizes {
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

/** An encoder's layer, with its norms before or behind, or left out. */
const layer = layered("layer of a transformer", 5, (d) => {
  const s = sizes(d);
  const start = d.input("f32", [s.batch, s.rows, s.hidden]);
  const before = d.chance(0.5);
  const normed = (x: Val): Val => (x.shape.at(-1)! > 1 ? norm(d, x) : x);
  const wrapped = (x: Val, f: (y: Val) => Val): Val => {
    const y = f(before ? normed(x) : x);
    const sum = d.chance(0.9) ? add(d, "Add", either(d, x, y), x.shape) : y;
    return before ? sum : normed(sum);
  };
  const middle = wrapped(start, (y) => attention(d, y, s));
  return d.chance(0.6) ? wrapped(middle, (y) => inner(d, y)) : middle;
});

/** Products one behind the other, with what reads whole rows between them. */
const perceptron = layered("layers in a row", 4, (d) => {
  const [m, k] = [d.one([1, 2, 8, 15, 16, 33, 63]), d.one([1, 5, 16, 17, 33])];
  let x: Val = d.input("f32", d.chance(0.3) ? [2, m, k] : [m, k]);
  for (let n = d.random.integer(1, 4); n > 0; n--) {
    const from = x;
    x = linear(d, x, d.one([1, 8, 15, 16, 17, 32, 33]));
    if (String(x.shape) === String(from.shape) && d.chance(0.6)) x = add(d, "Add", either(d, x, from), x.shape);
    const after = d.one(["none", "active", "active", "norm", "Softmax", "sum"] as const);
    if (after === "active") x = active(d, x);
    if (after === "norm" && x.shape.at(-1)! > 1) x = norm(d, x);
    if (after === "Softmax") x = add(d, d.one(["Softmax", "LogSoftmax"]), [x], x.shape, { axis: -1 });
    if (after === "sum" && n === 1)
      x = add(d, d.one(["ReduceSum", "ReduceMax", "ReduceMean"]), [x, d.ints([-1])], [...x.shape.slice(0, -1), 1], { keepdims: 1 });
  }
  return x;
});

/** Several products of one operand joined; or parts of a product, of which each goes on alone. */
const slices = layered("parts of products", 3, (d) => {
  const [m, k] = [d.one([1, 4, 15, 16, 33]), d.one([3, 16, 17])];
  const x = d.input("f32", d.chance(0.3) ? [2, m, k] : [m, k]);
  if (d.chance(0.5)) {
    const parts = Array.from({ length: d.random.integer(2, 3) }, () => {
      const y = linear(d, x, d.one([1, 8, 16, 17]));
      return d.chance(0.5) ? active(d, y) : y;
    });
    const all = d.chance(0.3) && parts.every((p) => p.shape.at(-1) === k) ? [...parts, x] : parts;
    const width = all.reduce((s, p) => s + p.shape.at(-1)!, 0);
    const y = add(d, "Concat", all, [...x.shape.slice(0, -1), width], { axis: -1 });
    return d.chance(0.6) ? linear(d, y, d.one([4, 16])) : y;
  }
  const n = d.one([9, 16, 33, 34]);
  const y = linear(d, x, n);
  const [a, b] = [d.random.integer(1, n - 2), 0];
  const cut = (from: number, to: number): Val =>
    add(d, "Slice", [y, d.ints([from]), d.ints([to]), d.ints([-1])], [...y.shape.slice(0, -1), to - from]);
  const [left, right] = [cut(b, a), cut(a, n)];
  const done = [
    d.chance(0.5) ? active(d, left) : linear(d, left, 8),
    d.chance(0.5) && right.shape.at(-1)! > 1 ? norm(d, right) : linear(d, right, 8),
  ];
  if (d.chance(0.5)) return done;
  return add(
    d,
    "Concat",
    d.chance(0.5) ? done : [...done].reverse(),
    [...y.shape.slice(0, -1), done[0]!.shape.at(-1)! + done[1]!.shape.at(-1)!],
    { axis: -1 },
  );
});

/** Operators of ONNX Runtime's own domain that are a whole attention. */
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

export const transformerRows: readonly Row[] = [layer, perceptron, slices, contrib, grouped];

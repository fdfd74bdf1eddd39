/** Attention as exporters write it, small: what has to become one nest, and what must not. */
import { fromValues } from "../../compiler-core/graph/ndarray.ts";
import type { Graph, ValueId } from "../../compiler-core/graph/ir.ts";
import type { Net } from "./cases.ts";

type Make = (net: Net) => ValueId | readonly ValueId[];

function softmax(n: Net, x: ValueId, axis: number): ValueId {
  const over = { axes: [axis], keepdims: true };
  const e = n.op("exp", [n.op("sub", [x, n.op("reduce-max", [x], over)])]);
  return n.op("div", [e, n.op("reduce-sum", [e], over)]);
}

const heads = (n: Net, x: ValueId, shape: readonly number[]): ValueId =>
  n.op("transpose", [n.op("reshape", [x], { shape, allowZero: true })], { perm: [0, 2, 1, 3] });

/** Queries, keys as [B, H, D, S], values, a mask of [B, 1, 1, S]; the result as [B, S, H, D]. */
function paper(b: number, h: number, rows: number, s: number, d: number): Make {
  return (n) => {
    const [q, k, v] = [n.input(b, h, rows, d), n.input(b, h, d, s), n.input(b, h, s, d)];
    const scores = n.op("add", [n.op("div", [n.op("matmul", [q, k]), n.scalar(Math.sqrt(d))]), n.input(b, 1, 1, s)]);
    return n.op("transpose", [n.op("matmul", [softmax(n, scores, 3), v])], { perm: [0, 2, 1, 3] });
  };
}

/** One long row of everything, as BERT and GPT-2 are exported: q, k and v are views, the result is given back as rows. */
function projected(b: number, s: number, h: number, d: number, oneMatrix: boolean): Make {
  return (n) => {
    const width = h * d;
    const x = n.input(b, s, width);
    const parts = oneMatrix
      ? ((all) => [0, 1, 2].map((i) => n.op("slice", [all], { starts: [i * width], ends: [(i + 1) * width], axes: [2], steps: [1] })))(
          n.op("matmul", [x, n.weight(width, 3 * width)]),
        )
      : [0, 1, 2].map(() => n.op("matmul", [x, n.weight(width, width)]));
    const [q, k, v] = parts.map((p) => heads(n, p, [b, s, h, d])) as [ValueId, ValueId, ValueId];
    const scores = n.op("mul", [n.op("matmul", [q, k], { transB: true }), n.scalar(1 / Math.sqrt(d))]);
    const mixed = n.op("matmul", [softmax(n, scores, 3), v]);
    const back = n.op("reshape", [n.op("transpose", [mixed], { perm: [0, 2, 1, 3] })], { shape: [b, s, width], allowZero: true });
    return n.op("add", [n.op("matmul", [back, n.weight(width, width)]), x]);
  };
}

/** Heads that share keys are more rows of one product; the mask hides some rows as a whole. */
function grouped(b: number, kv: number, group: number, rows: number, s: number, d: number): Make {
  return (n) => {
    const [q, k, v] = [n.input(b, kv * group, rows, d), n.input(b, kv, s, d), n.input(b, kv, s, d)];
    const together = (x: ValueId, w: number): ValueId => n.op("reshape", [x], { shape: [b, kv, group * rows, w], allowZero: true });
    const apart = (x: ValueId, w: number): ValueId => n.op("reshape", [x], { shape: [b, kv * group, rows, w], allowZero: true });
    const scores = apart(n.op("matmul", [together(q, d), k], { transB: true }), s);
    const seen = n.bools([rows, s], (i) => i % s <= Math.floor(i / s) + s - rows);
    const masked = n.op("where", [seen, scores, n.scalar(-30000)]);
    return apart(n.op("matmul", [together(softmax(n, masked, 3), s), v]), d);
  };
}

export const attentionMakes: Readonly<Record<string, Make>> = {
  "attention, keys transposed": paper(2, 3, 19, 21, 8),
  "attention, one query": paper(1, 2, 1, 40, 16),
  "attention, two keys": paper(2, 2, 5, 2, 4),
  "attention, long rows": paper(1, 1, 17, 1500, 8),
  "attention, heads from one row": projected(2, 11, 3, 4, false),
  "attention, queries, keys and values from one product": projected(1, 18, 2, 8, true),
  "attention, shared keys": grouped(2, 2, 3, 5, 9, 8),
  "attention, shared keys, long rows": grouped(1, 1, 2, 9, 1300, 8),
  "attention, rows that are masked as a whole": (n) => {
    const [q, k, v] = [n.input(2, 15, 8), n.input(2, 15, 8), n.input(2, 15, 8)];
    const scores = n.op("where", [
      n.bools([15, 15], (i) => i % 15 < Math.floor(i / 15)),
      n.op("matmul", [q, k], { transB: true }),
      n.scalar(-1e9),
    ]);
    const weights = softmax(n, scores, 2);
    return n.op("relu", [n.op("matmul", [n.op("mul", [weights, n.input(15, 15)]), v])]);
  },
  "attention, operands that are computed": (n) => {
    const [q, k, v] = [n.input(2, 19, 8), n.input(2, 37, 8), n.input(2, 37, 21)];
    const scaled = n.op("add", [n.op("mul", [q, n.scalar(0.25)]), n.input(8)]);
    const scores = n.op("matmul", [scaled, n.op("relu", [k])], { transB: true });
    return n.op("matmul", [softmax(n, scores, 2), n.op("mul", [v, n.scalar(2)])]);
  },
  "attention, operands that are computed, long rows": (n) => {
    const [q, k, v] = [n.input(9, 8), n.input(8, 1300), n.input(1300, 5)];
    const scores = n.op("matmul", [n.op("abs", [q]), n.op("mul", [k, n.scalar(0.5)])]);
    return n.op("matmul", [softmax(n, scores, 1), n.op("neg", [v])]);
  },
  "attention, scores are a result, too": (n) => {
    const scores = n.op("matmul", [n.input(6, 8), n.input(8, 9)]);
    return [n.op("matmul", [softmax(n, scores, 1), n.input(9, 4)]), scores];
  },
  "attention, weights are a result, too": (n) => {
    const weights = softmax(n, n.op("matmul", [n.input(6, 8), n.input(8, 9)]), 1);
    return [n.op("matmul", [weights, n.input(9, 4)]), weights];
  },
  "a norm between products, behind 16 bits": (n) => {
    const x = n.op("cast", [n.op("cast", [n.op("matmul", [n.input(30, 12), n.weight(12, 40)])], { to: "f16" })], { to: "f32" });
    const d = n.op("sub", [x, n.op("reduce-mean", [x], { axes: [1], keepdims: true })]);
    const variance = n.op("reduce-mean", [n.op("mul", [d, d])], { axes: [1], keepdims: true });
    const scaled = n.op("mul", [d, n.op("reciprocal", [n.op("sqrt", [n.op("add", [variance, n.scalar(1e-5)])])])]);
    return n.op("matmul", [n.op("mul", [scaled, n.weight(40)]), n.weight(40, 7)]);
  },
  "causal attention": (n) => {
    const [q, k, v] = [n.input(2, 3, 40, 8), n.input(2, 3, 45, 8), n.input(2, 3, 45, 8)];
    const scores = n.op("mul", [n.op("matmul", [q, k], { transB: true }), n.scalar(0.35)]);
    const hidden = n.bools([40, 45], (i) => i % 45 > Math.floor(i / 45) + 5);
    return n.op("matmul", [softmax(n, n.op("where", [hidden, n.scalar(-Infinity), scores]), 3), v]);
  },
  "causal attention, long rows": (n) => {
    const [q, k, v] = [n.input(33, 8), n.input(8, 1300), n.input(1300, 5)];
    const seen = n.bools([33, 1300], (i) => i % 1300 <= Math.floor(i / 1300) + 700);
    const masked = n.op("where", [seen, n.op("div", [n.op("matmul", [q, k]), n.scalar(3)]), n.scalar(-Infinity)]);
    return n.op("matmul", [softmax(n, masked, 1), v]);
  },
  "softmax of a product": (n) => softmax(n, n.op("matmul", [n.input(33, 20), n.weight(20, 50)]), 1),
  "residual and norm behind a product": (n) => {
    const x = n.op("add", [n.op("matmul", [n.input(30, 12), n.weight(12, 40)]), n.input(30, 40)]);
    const d = n.op("sub", [x, n.op("reduce-mean", [x], { axes: [1], keepdims: true })]);
    const variance = n.op("reduce-mean", [n.op("mul", [d, d])], { axes: [1], keepdims: true });
    const scaled = n.op("mul", [d, n.op("reciprocal", [n.op("sqrt", [n.op("add", [variance, n.scalar(1e-5)])])])]);
    return [n.op("add", [n.op("mul", [scaled, n.weight(40)]), n.weight(40)]), x];
  },
};

export const attentionGraphs = (build: (make: Make) => Graph): Readonly<Record<string, Graph>> =>
  Object.fromEntries(Object.entries(attentionMakes).map(([name, make]) => [name, build(make)]));

/** Constants that the cases need beside weights. */
export const scalarOf = (value: number) => fromValues("f32", [], [value]);
export const boolsOf = (shape: readonly number[], at: (i: number) => boolean) =>
  fromValues(
    "bool",
    shape,
    Array.from({ length: shape.reduce((a, d) => a * d, 1) }, (_, i) => (at(i) ? 1 : 0)),
  );

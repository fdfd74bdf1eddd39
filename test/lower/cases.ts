/** Small graphs, one per thing lowering has to get right. Extents are odd on purpose: tails, one row, one column, several panels. */
import { GraphBuilder } from "../../compiler-core/graph/build.ts";
import { fromValues } from "../../compiler-core/graph/ndarray.ts";
import type { Attrs, Graph, ValueId } from "../../compiler-core/graph/ir.ts";
import { attentionGraphs, boolsOf, scalarOf } from "./attention-cases.ts";
import { channelsLastGraphs } from "./channels-last-cases.ts";
import { convGraphs } from "./conv-cases.ts";
import { movementGraphs } from "./movement-cases.ts";
import type { OpName } from "../../compiler-core/graph/ops/index.ts";

/** Numbers in [-1, 1) that depend on nothing but their position. */
export function numbers(n: number, seed: number): number[] {
  let state = seed * 2654435761 + 1;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** A graph builder with less to write. */
export class Net {
  readonly #builder = new GraphBuilder("case");
  #seed = 1;
  #ops = 0;

  input(...shape: number[]): ValueId {
    return this.#builder.input(`x${this.#seed++}`, "f32", shape);
  }
  weight(...shape: number[]): ValueId {
    const count = shape.reduce((a, d) => a * d, 1);
    return this.#builder.constant(`w${this.#seed}`, fromValues("f32", shape, numbers(count, this.#seed++)));
  }
  scalar(value: number): ValueId {
    return this.#builder.constant(`s${this.#seed++}`, scalarOf(value));
  }
  bools(shape: readonly number[], at: (i: number) => boolean): ValueId {
    return this.#builder.constant(`b${this.#seed++}`, boolsOf(shape, at));
  }
  positions(...values: number[]): ValueId {
    return this.#builder.constant(`i${this.#seed++}`, fromValues("i64", [values.length], values.map(BigInt)));
  }
  op(name: OpName, inputs: readonly ValueId[], attrs: Attrs = {}): ValueId {
    const origin = [this.#builder.source({ path: `#${this.#ops}`, opType: name, domain: "", name: `${name}_${this.#ops++}`, outputs: [] })];
    const [out] = this.#builder.add(name, inputs, attrs, { name, origin });
    if (out === undefined) throw new Error(`${name} has no result`);
    return out;
  }
  graph(...outputs: ValueId[]): Graph {
    for (const o of outputs) this.#builder.output(o);
    return this.#builder.finish();
  }
}

function dense(net: Net, x: ValueId, k: number, n: number, activation?: OpName): ValueId {
  const sum = net.op("add", [net.op("matmul", [x, net.weight(k, n)]), net.weight(n)]);
  return activation === undefined ? sum : net.op(activation, [sum]);
}

function mlp(rows: number, widths: readonly number[], activation: OpName): Graph {
  const net = new Net();
  let x = net.input(rows, widths[0] ?? 1);
  const input = x;
  widths.slice(1).forEach((n, i) => (x = dense(net, x, widths[i] ?? 1, n, activation)));
  return x === input ? net.graph() : net.graph(x);
}

function layerNorm(net: Net, x: ValueId, n: number): ValueId {
  const centred = net.op("sub", [x, net.op("reduce-mean", [x], { axes: [-1] })]);
  const variance = net.op("reduce-mean", [net.op("mul", [centred, centred])], { axes: [-1] });
  const scaled = net.op("div", [centred, net.op("sqrt", [net.op("add", [variance, net.weight(1)])])]);
  return net.op("add", [net.op("mul", [scaled, net.weight(n)]), net.weight(n)]);
}

const build = (make: (net: Net) => ValueId | readonly ValueId[]): Graph => {
  const net = new Net();
  const out = make(net);
  return net.graph(...(typeof out === "number" ? [out] : out));
};

export const cases: Readonly<Record<string, Graph>> = {
  ...attentionGraphs(build),
  "one dense layer": mlp(5, [7, 33], "relu"),
  "one row": mlp(1, [48, 70, 12], "elu"),
  "one column": mlp(19, [64, 1], "sigmoid"),
  "three layers, odd extents": mlp(37, [13, 65, 31, 17], "tanh"),
  "rows that collide in the cache": mlp(16, [512, 512, 64], "relu"),
  "transposed weights": build((n) => n.op("relu", [n.op("matmul", [n.input(9, 20), n.weight(35, 20)], { transB: true })])),
  "transposed weights, few columns": build((n) => n.op("matmul", [n.input(9, 40), n.weight(3, 40)], { transB: true })),
  "few columns": build((n) => n.op("matmul", [n.input(9, 40), n.weight(40, 3)])),
  "two inputs": build((n) => n.op("matmul", [n.input(6, 18), n.input(18, 21)])),
  "batch of products": build((n) => n.op("matmul", [n.input(2, 3, 5, 8), n.input(2, 3, 8, 20)])),
  "batch broadcast": build((n) => n.op("matmul", [n.input(4, 5, 8), n.weight(8, 20)])),
  "vector times matrix": build((n) => n.op("relu", [n.op("add", [n.op("matmul", [n.input(9), n.weight(9, 40)]), n.weight(40)])])),
  "residual on a product": build((n) => {
    const x = n.input(10, 24);
    return n.op("add", [dense(n, x, 24, 24, "relu"), x]);
  }),
  "product read twice": build((n) => {
    const y = dense(n, n.input(10, 24), 24, 40);
    return n.op("mul", [y, n.op("sigmoid", [y])]);
  }),
  "intermediate is a result": build((n) => {
    const y = dense(n, n.input(10, 24), 24, 40);
    return [n.op("relu", [y]), y];
  }),
  "column scale on a product": build((n) => n.op("mul", [n.op("matmul", [n.input(6, 10), n.weight(10, 34)]), n.input(6, 1)])),
  "layer norm": build((n) => layerNorm(n, n.input(7, 45), 45)),
  "layer norm after a product": build((n) => layerNorm(n, dense(n, n.input(7, 12), 12, 45), 45)),
  softmax: build((n) => {
    const x = n.input(3, 5, 50);
    const e = n.op("exp", [n.op("sub", [x, n.op("reduce-max", [x], { axes: [-1] })])]);
    return n.op("div", [e, n.op("reduce-sum", [e], { axes: [-1] })]);
  }),
  "sum over a middle axis": build((n) => n.op("reduce-sum", [n.input(3, 9, 5)], { axes: [1], keepdims: false })),
  "sum over everything": build((n) => n.op("reduce-sum", [n.input(3, 9)], { keepdims: false })),
  "long elementwise chain": build((n) => n.op("exp", [n.op("neg", [n.op("abs", [n.op("mul", [n.input(3, 2000), n.weight(1)])])])])),
  "broadcast operands": build((n) => n.op("add", [n.op("mul", [n.input(4, 1, 6), n.input(5, 1)]), n.weight(6)])),
  scalars: build((n) => n.op("add", [n.input(), n.weight()])),
  "reshape between layers": build((n) => dense(n, n.op("reshape", [n.input(3, 2, 4, 5)], { shape: [3, 40] }), 40, 20, "relu")),
  "reshape is the result": build((n) => n.op("reshape", [n.op("relu", [n.input(4, 6)])], { shape: [3, 8] })),
  "broadcast before a reshape": build((n) =>
    n.op("reshape", [n.op("relu", [n.op("add", [n.op("neg", [n.input(1, 4, 3, 6)]), n.weight(3, 6)])])], { shape: [4, 18] }),
  ),
  slices: build((n) => {
    const x = n.op("relu", [n.input(4, 20)]);
    const half = (from: number): ValueId => n.op("slice", [x], { starts: [from], ends: [from + 10], axes: [1], steps: [1] });
    return n.op("mul", [half(0), n.op("sigmoid", [half(10)])]);
  }),
  "slice backwards": build((n) => n.op("slice", [n.input(4, 9)], { starts: [8], ends: [-100], axes: [1], steps: [-2] })),
  "slice into a product": build((n) =>
    n.op("matmul", [n.op("slice", [n.input(4, 20)], { starts: [3], ends: [15], axes: [1], steps: [1] }), n.weight(12, 18)]),
  ),
  transpose: build((n) => n.op("relu", [n.op("transpose", [n.input(4, 5, 6)], { perm: [2, 0, 1] })])),
  "transpose into a product": build((n) => n.op("matmul", [n.op("transpose", [n.input(12, 4)], { perm: [1, 0] }), n.weight(12, 18)])),
  "transpose and reshape into a product": build((n) =>
    n.op("matmul", [n.op("reshape", [n.op("transpose", [n.input(4, 3, 6)], { perm: [1, 0, 2] })], { shape: [3, 24] }), n.weight(24, 10)]),
  ),
  expand: build((n) => n.op("expand", [n.input(4, 1)], { shape: [3, 4, 5] })),
  concat: build((n) => n.op("concat", [n.input(2, 3), n.op("relu", [n.input(2, 4)]), n.input(2, 1)], { axis: 1 })),
  gather: build((n) => n.op("gather", [n.input(5, 7), n.positions(4, 0, -2)], { axis: 0 })),
  "gather columns": build((n) => n.op("gather", [n.input(5, 7), n.positions(6, 1)], { axis: 1 })),
  "input is a result": build((n) => {
    const x = n.input(3, 4);
    return [x, n.op("relu", [x])];
  }),
  "constant is a result": build((n) => [n.weight(2, 3), n.op("neg", [n.input(2)])]),
  "same result twice": build((n) => {
    const y = n.op("relu", [n.input(3, 4)]);
    return [y, y];
  }),
  "sum over nothing": build((n) => n.op("add", [n.op("matmul", [n.input(3, 0), n.weight(0, 5)]), n.weight(5)])),
  "no rows": build((n) => dense(n, n.input(0, 4), 4, 5, "relu")),
  "comparison and selection": build((n) => {
    const x = n.input(6, 11);
    return n.op("where", [n.op("greater", [x, n.weight(11)]), x, n.op("neg", [x])]);
  }),
  ...convGraphs(build),
  ...channelsLastGraphs(build),
  ...movementGraphs(build),
};

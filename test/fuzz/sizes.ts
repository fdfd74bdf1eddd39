/** One case per operator, with a node for each extent that vectors, tails and blocks find hard; and broadcasts of each. */
import type { AttributeInput } from "../../compiler-core/onnx/builder.ts";
import type { DType } from "../../compiler-core/support/dtype.ts";
import type { CaseConstant, CaseInput, CaseNode, FuzzCase } from "./case.ts";

const sizes = [0, 1, 15, 16, 17, 63, 1000, 4097] as const;

class Sweep {
  readonly inputs: CaseInput[] = [];
  readonly constants: CaseConstant[] = [];
  readonly nodes: CaseNode[] = [];
  readonly outputs: { name: string; dtype: DType }[] = [];
  #names = 0;
  input(shape: readonly number[], dtype: DType = "f32"): string {
    const name = `x${this.#names++}`;
    this.inputs.push({ name, dtype, shape });
    return name;
  }
  ints(values: readonly number[], shape: readonly number[] = [values.length]): string {
    const name = `c${this.#names++}`;
    this.constants.push({ name, dtype: "i64", shape, values });
    return name;
  }
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeInput>> = {},
    dtype: DType = "f32",
    results = 1,
  ): void {
    const outputs = Array.from({ length: results }, () => `y${this.#names++}`);
    this.nodes.push({ op, inputs, outputs, attributes });
    this.outputs.push(...outputs.map((name) => ({ name, dtype })));
  }
}

/** A case of `each` for every size. Sizes that the operator does not take (a maximum of nothing) are left out by `from`. */
function sweep(name: string, each: (s: Sweep, n: number) => void, from = 0): FuzzCase {
  const s = new Sweep();
  for (const n of sizes) if (n >= from) each(s, n);
  return { seed: `size:${name}`, inputs: s.inputs, constants: s.constants, nodes: s.nodes, outputs: s.outputs };
}

const unary = ["Relu", "Neg", "Abs", "Sigmoid", "Tanh", "Erf", "Exp", "Softplus", "Elu", "HardSwish", "Floor", "Round", "Gelu", "Sign"];
const binary = ["Add", "Mul", "Sub", "Min", "Max"];
const reductions = ["ReduceSum", "ReduceMean", "ReduceL2", "ReduceL1", "ReduceSumSquare"];

export const sizeCases: readonly FuzzCase[] = [
  ...unary.map((op) => sweep(op, (s, n) => s.node(op, [s.input([n])]))),
  ...binary.map((op) =>
    sweep(op, (s, n) => {
      s.node(op, [s.input([n]), s.input([n])]);
      s.node(op, [s.input([2, n]), s.input([n])]);
      s.node(op, [s.input([3, 1]), s.input([1, n])]);
    }),
  ),
  sweep("compare", (s, n) => s.node("Less", [s.input([n]), s.input([n])], {}, "bool")),
  sweep("Where", (s, n) => s.node("Where", [s.input([n], "bool"), s.input([n]), s.input([1])])),
  sweep("Cast", (s, n) => s.node("Cast", [s.input([n])], { to: 7 }, "i64")),
  sweep("integers", (s, n) => s.node("Mul", [s.input([n], "i64"), s.input([n], "i64")], {}, "i64")),
  ...[...reductions, "ReduceMax", "ReduceMin"].map((op) =>
    sweep(
      op,
      (s, n) => {
        s.node(op, [s.input([3, n]), s.ints([1])]);
        s.node(op, [s.input([n, 3]), s.ints([0])], { keepdims: 0 });
      },
      op === "ReduceMean" || op === "ReduceMax" || op === "ReduceMin" ? 1 : 0,
    ),
  ),
  sweep(
    "Softmax",
    (s, n) => {
      s.node("Softmax", [s.input([3, n])], { axis: -1 });
      s.node("Softmax", [s.input([n, 3])], { axis: 0 });
      s.node("LogSoftmax", [s.input([2, n])], { axis: -1 });
    },
    1,
  ),
  sweep("ArgMax", (s, n) => s.node("ArgMax", [s.input([3, n])], { axis: 1 }, "i64"), 1),
  sweep("MatMul", (s, n) => {
    s.node("MatMul", [s.input([n, 17]), s.input([17, 5])]);
    s.node("MatMul", [s.input([3, n]), s.input([n, 2])]);
    s.node("MatMul", [s.input([2, 7]), s.input([7, n])]);
    if (n < 1000) s.node("MatMul", [s.input([2, 3, n]), s.input([2, n, 4])]);
  }),
  sweep("Transpose", (s, n) => {
    s.node("Transpose", [s.input([n, 5])], { perm: [1, 0] });
    s.node("Transpose", [s.input([3, n, 2])], { perm: [2, 0, 1] });
  }),
  sweep("Concat", (s, n) => {
    s.node("Concat", [s.input([n]), s.input([3]), s.input([n])], { axis: 0 });
    s.node("Concat", [s.input([3, n]), s.input([3, 2])], { axis: 1 });
  }),
  sweep(
    "Slice",
    (s, n) => {
      s.node("Slice", [s.input([n]), s.ints([1]), s.ints([n]), s.ints([0]), s.ints([1])]);
      s.node("Slice", [s.input([2, n]), s.ints([-1]), s.ints([-n - 1]), s.ints([1]), s.ints([-3])]);
    },
    1,
  ),
  sweep("Pad", (s, n) => s.node("Pad", [s.input([2, n]), s.ints([0, 3, 1, 2])])),
  sweep("Tile", (s, n) => s.node("Tile", [s.input([2, n]), s.ints([1, 3])])),
  sweep("Gather", (s, n) => s.node("Gather", [s.input([n, 3]), s.ints([0, n - 1, -1])], { axis: 0 }), 1),
  sweep("Expand", (s, n) => s.node("Expand", [s.input([2, 1]), s.ints([2, n])])),
  sweep("CumSum", (s, n) => s.node("CumSum", [s.input([2, n]), s.ints([1], [])])),
  sweep("LayerNormalization", (s, n) => s.node("LayerNormalization", [s.input([2, n]), s.input([n])], { axis: -1 }), 2),
  sweep("Conv", (s, n) => n < 4000 && s.node("Conv", [s.input([1, 2, n]), s.input([3, 2, 3])], { pads: [1, 1], kernel_shape: [3] }), 1),
  sweep("MaxPool", (s, n) => s.node("MaxPool", [s.input([1, 2, n])], { kernel_shape: [3], strides: [2], pads: [1, 1] }), 15),
];

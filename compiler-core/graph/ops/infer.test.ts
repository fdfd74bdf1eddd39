import assert from "node:assert/strict";
import { test } from "node:test";
import type { DType } from "../../support/dtype.ts";
import { inferOp, withDefaults } from "../infer.ts";
import type { Attrs, Shape } from "../ir.ts";
import { fromValues, type NdArray } from "../ndarray.ts";
import { opNames, opOf, ops, type OpName } from "./index.ts";
import { isRefusal, type TensorType } from "./op.ts";

type Operand = Shape | { readonly dtype: DType; readonly shape: Shape | undefined } | NdArray | null;

const isData = (x: Operand): x is NdArray => x !== null && "data" in x;
const typeOf = (x: Operand): TensorType | null =>
  x === null ? null : Array.isArray(x) ? { dtype: "f32", shape: x as Shape } : (x as TensorType);

/** `f32[2, n]`, or the reason of the refusal. */
function infer(op: OpName, operands: readonly Operand[], attrs: Attrs = {}, outputs = 1): string {
  const inputs = operands.map(typeOf);
  const found = inferOp(op, {
    inputs,
    attrs: withDefaults(op, attrs),
    outputs,
    known: (i) => (operands[i] !== undefined && isData(operands[i]) ? operands[i] : undefined),
  });
  if (isRefusal(found)) return `${found.refused}: ${found.reason}`;
  return found.map((t) => `${t.dtype}[${t.shape?.join(", ") ?? "*"}]`).join(" ");
}

const ints = (...values: readonly number[]): NdArray => fromValues("i64", [values.length], values);
const int = (value: number): NdArray => fromValues("i64", [], [value]);
const i64 = (shape: Shape): TensorType => ({ dtype: "i64", shape });

const cases: readonly (readonly [string, () => string, string])[] = [
  [
    "broadcast",
    () =>
      infer("add", [
        [2, 1, 3],
        [4, 1],
      ]),
    "f32[2, 4, 3]",
  ],
  [
    "broadcast of symbols",
    () =>
      infer("add", [
        ["n", 1, 3],
        ["n", "k", 1],
      ]),
    "f32[n, k, 3]",
  ],
  ["broadcast of unknown ranks", () => infer("add", [{ dtype: "f32", shape: undefined }, [2]]), "f32[*]"],
  ["no broadcast", () => infer("add", [[2], [3]]), "shape: shapes 2 and 3 do not broadcast"],
  ["types differ", () => infer("add", [[2], i64([2])]), "dtype: operands have different element types (f32, i64)"],
  ["comparison", () => infer("less", [[2], [2]]), "bool[2]"],
  ["power keeps the base type", () => infer("pow", [i64([2]), [2]]), "i64[2]"],
  [
    "matmul",
    () =>
      infer("matmul", [
        ["b", 2, 3],
        [3, 4],
      ]),
    "f32[b, 2, 4]",
  ],
  [
    "matmul transposed",
    () =>
      infer(
        "matmul",
        [
          [3, 2],
          [4, 3],
        ],
        { transA: true, transB: true },
      ),
    "f32[2, 4]",
  ],
  ["matmul of vectors", () => infer("matmul", [[3], [3]]), "f32[]"],
  ["matmul of a vector and a batch", () => infer("matmul", [[3], [5, 3, 4]]), "f32[5, 4]"],
  [
    "matmul mismatch",
    () =>
      infer("matmul", [
        [2, 3],
        [4, 5],
      ]),
    "shape: 2x3 times 4x5: the inner extents 3 and 4 differ",
  ],
  [
    "matmul of bytes",
    () =>
      infer("matmul", [
        { dtype: "u8", shape: [2, 2] },
        { dtype: "u8", shape: [2, 2] },
      ]),
    "dtype: a product of u8 matrices is not supported",
  ],
  [
    "gemm with a summand of an extent that has a name so far",
    () =>
      infer("gemm", [
        ["n", 3],
        [3, 4],
        [5, 1],
      ]),
    "f32[n, 4]",
  ],
  [
    "zero points of columns of an extent that has a name so far",
    () =>
      infer("matmul-integer", [
        { dtype: "u8", shape: [2, 4] },
        { dtype: "u8", shape: [4, "n"] },
        { dtype: "u8", shape: [] },
        { dtype: "u8", shape: [9] },
      ]),
    "i32[2, n]",
  ],
  ["gemm summand", () => infer("gemm", [[2, 3], [3, 4], [5]]), "shape: a summand of 5 does not broadcast to 2x4"],
  ["reduce", () => infer("reduce-sum", [["n", 3, 4]], { axes: [-1], keepdims: false }), "f32[n, 3]"],
  ["reduce all", () => infer("reduce-max", [[2, 3]]), "f32[1, 1]"],
  ["reduce out of range", () => infer("reduce-sum", [[2]], { axes: [1] }), "attribute: axes 1 are not axes of 2"],
  ["reshape with -1", () => infer("reshape", [["n", 4, 6]], { shape: [0, -1] }), "f32[n, 24]"],
  ["reshape cancels symbols", () => infer("reshape", [["n", "s", 6]], { shape: ["n", -1, 3] }), "f32[n, s*2, 3]"],
  ["reshape by operand", () => infer("reshape", [[2, 6], ints(3, -1)]), "f32[3, 4]"],
  ["reshape by an unknown operand", () => infer("reshape", [[2, 6], i64([3])]), "f32[?, ?, ?]"],
  ["reshape that does not fit", () => infer("reshape", [[2, 6]], { shape: [5, -1] }), "shape: 2x6 does not divide into 5x-1"],
  ["reshape with two holes", () => infer("reshape", [[2, 6]], { shape: [-1, -1] }), "shape: shape -1x-1 has more than one -1"],
  ["reshape of nothing", () => infer("reshape", [[0, 3]], { shape: [0, 7], allowZero: true }), "f32[0, 7]"],
  ["transpose", () => infer("transpose", [[2, "s", 4]], { perm: [2, 0, 1] }), "f32[4, 2, s]"],
  ["transpose, default", () => infer("transpose", [[2, 3]]), "f32[3, 2]"],
  [
    "transpose, twice the same",
    () => infer("transpose", [[2, 3]], { perm: [0, 0] }),
    "attribute: perm 0,0 is not an order of the axes of 2x3",
  ],
  [
    "concat",
    () =>
      infer(
        "concat",
        [
          ["n", 3],
          ["m", 3],
        ],
        { axis: 0 },
      ),
    "f32[n+m, 3]",
  ],
  [
    "concat learns extents",
    () =>
      infer(
        "concat",
        [
          ["n", 3],
          [2, 3],
        ],
        { axis: 1 },
      ),
    "f32[2, 6]",
  ],
  [
    "concat mismatch",
    () =>
      infer(
        "concat",
        [
          [2, 3],
          [3, 3],
        ],
        { axis: 1 },
      ),
    "shape: 3x3 does not join 2x3 along axis 1",
  ],
  ["split, uneven", () => infer("split", [[7]], {}, 3), "f32[3] f32[3] f32[1]"],
  ["split sizes", () => infer("split", [[7]], { sizes: [3, 3] }, 2), "attribute: sizes 3,3 do not add up to 7 in 2 parts"],
  ["slice, clamped", () => infer("slice", [[10, 4]], { starts: [-3], ends: [2 ** 62], axes: [0] }), "f32[3, 4]"],
  ["slice, backwards", () => infer("slice", [[10]], { starts: [-1], ends: [-(2 ** 62)], axes: [0], steps: [-3] }), "f32[4]"],
  ["slice of a symbol, whole", () => infer("slice", [["n", 4]], { starts: [0], ends: [2 ** 62], axes: [0], steps: [1] }), "f32[n, 4]"],
  ["slice, step 0", () => infer("slice", [[4]], { starts: [0], ends: [1], axes: [0], steps: [0] }), "value: a step is 0"],
  ["gather", () => infer("gather", [[10, 4], i64(["b", "s"])]), "f32[b, s, 4]"],
  ["gather by floats", () => infer("gather", [[10, 4], [2]]), "dtype: indices are f32"],
  ["shape", () => infer("shape", [["n", 3]], { start: -1 }), "i64[1]"],
  ["range", () => infer("range", [int(3), int(10), int(3)]), "i64[3]"],
  ["range of unknown extent", () => infer("range", [int(3), i64([]), int(3)]), "i64[?]"],
  ["constant-of-shape", () => infer("constant-of-shape", [ints(2, 3)]), "f32[2, 3]"],
  ["pad", () => infer("pad", [[2, "n"]], { pads: [1, 0, -1, 0] }), "f32[2, n]"],
  ["where", () => infer("where", [{ dtype: "bool", shape: [2, 1] }, [3], []]), "f32[2, 3]"],
  ["cast to text", () => infer("cast", [[2]], { to: "string" }), "dtype: casts to string are not supported"],
  ["softmax axis", () => infer("softmax", [[2, 3]], { axis: 2 }), "attribute: axis 2 is not an axis of 2x3"],
  ["layer-norm scale", () => infer("layer-norm", [[2, 3], [4]]), "shape: a scale of 4 does not broadcast to 2x3"],
  ["quantisation", () => infer("quantize-linear", [[2, 3], [3], { dtype: "i8", shape: [3] }], { to: "i8", axis: 1 }), "i8[2, 3]"],
  [
    "blocked quantisation",
    () =>
      infer(
        "quantize-linear",
        [
          [2, 4],
          [2, 2],
        ],
        { to: "u8" },
      ),
    "shape: a scale of 2x2 does not fit axis 1 of 2x4",
  ],
  ["too few operands", () => infer("add", [[2]]), "arity: add takes 2 operands, not 1"],
  ["missing operand", () => infer("add", [null, [2]]), "arity: an operand of add is missing"],
  ["missing attribute", () => infer("concat", [[2]]), "attribute: attribute axis of concat is missing"],
  ["wrong attribute", () => infer("softmax", [[2]], { axis: 1.5 }), "attribute: attribute axis of softmax is not of kind int"],
  ["text elements", () => infer("identity", [{ dtype: "string", shape: [2] }]), "dtype: elements of type string are not supported"],
];
for (const [name, run, expected] of cases) test(`inference: ${name}`, () => assert.equal(run(), expected));

test("every operator has a sentence, a consistent arity and, unless opaque, an evaluation", () => {
  assert.ok(opNames.length > 80);
  for (const name of opNames) {
    const op = opOf(name);
    assert.equal(op, ops[name]);
    assert.ok(op.what.length > 0 && op.arity[0] <= op.arity[1] && op.outputs[0] <= op.outputs[1], name);
    assert.equal(op.eval === undefined, op.traits.includes("opaque"), name);
    assert.equal(op.scalar !== undefined, op.traits.includes("elementwise"), name);
  }
});

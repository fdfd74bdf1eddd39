/** Cases that once failed, as the fuzzer printed them after making them small; with what was wrong. */
import type { FuzzCase } from "./case.ts";

export const regressions: readonly (FuzzCase & {
  readonly was: string;
  /** Also run as one plan with ONNX Runtime. */ readonly holes?: true;
})[] = [
  {
    was: "x <= x is true everywhere, and there was no vector form of a constant bool",
    seed: "a:70",
    inputs: [{ name: "x", dtype: "i64", shape: [2] }],
    constants: [],
    nodes: [{ op: "LessOrEqual", inputs: ["x", "x"], outputs: ["y"], attributes: {} }],
    outputs: [{ name: "y", dtype: "bool" }],
  },
  {
    was: "a register that begins and is added to within one vector loop (a product over one element) was taken for one from outside",
    seed: "n:60",
    inputs: [{ name: "x", dtype: "u8", shape: [1, 1] }],
    constants: [
      { name: "zero", dtype: "u8", shape: [], values: [2] },
      { name: "w", dtype: "i8", shape: [1, 2], values: [-9, 1] },
    ],
    nodes: [{ op: "MatMulInteger", inputs: ["x", "w", "zero"], outputs: ["y"], attributes: {} }],
    outputs: [{ name: "y", dtype: "i32" }],
  },
  {
    was: "a packed weight of lower rank than the result got as many leading axes as the result",
    seed: "r2:626",
    inputs: [{ name: "x", dtype: "f32", shape: [1, 1, 1, 1, 3] }],
    constants: [{ name: "w", dtype: "f32", shape: [1, 1, 3, 1], values: [1.25, -2, 0.5] }],
    nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["y"], attributes: {} }],
    outputs: [{ name: "y", dtype: "f32" }],
  },
  {
    was: "the check of the memory plan held a buffer without elements for one that overlaps",
    holes: true,
    seed: "h1:19",
    inputs: [
      { name: "none", dtype: "f32", shape: [4, 4, 0, 1] },
      { name: "boxes", dtype: "f32", shape: [1, 2, 4] },
      { name: "scores", dtype: "f32", shape: [1, 1, 2] },
    ],
    constants: [
      { name: "sizes", dtype: "i64", shape: [2], values: [1, 3] },
      { name: "overlap", dtype: "f32", shape: [], values: [0.5] },
      { name: "least", dtype: "f32", shape: [], values: [-1] },
      { name: "most", dtype: "i64", shape: [1], values: [3] },
    ],
    nodes: [
      { op: "Split", inputs: ["none", "sizes"], outputs: ["a", "b"], attributes: { axis: 0 } },
      { op: "Cast", inputs: ["a"], outputs: ["words"], attributes: { to: 8 } },
      { op: "Cast", inputs: ["words"], outputs: ["c"], attributes: { to: 1 } },
      { op: "NonMaxSuppression", inputs: ["boxes", "scores", "most", "overlap", "least"], outputs: ["kept"], attributes: {} },
      { op: "Size", inputs: ["kept"], outputs: ["n"], attributes: {} },
      { op: "Cast", inputs: ["n"], outputs: ["y"], attributes: { to: 1 } },
      { op: "Cast", inputs: ["c"], outputs: ["again"], attributes: { to: 8 } },
      { op: "Cast", inputs: ["again"], outputs: ["z"], attributes: { to: 1 } },
    ],
    outputs: [
      { name: "y", dtype: "f32" },
      { name: "z", dtype: "f32" },
    ],
  },
  {
    was: "means of rows without a kept axis lay along the columns of a square consumer, which was fused into the loop over rows",
    seed: "w2a:2805",
    inputs: [
      { name: "a", dtype: "f32", shape: [2, 2] },
      { name: "b", dtype: "f32", shape: [2, 2] },
    ],
    constants: [{ name: "axes", dtype: "i64", shape: [1], values: [1] }],
    nodes: [
      { op: "ReduceMean", inputs: ["b", "axes"], outputs: ["m"], attributes: { keepdims: 0 } },
      { op: "Sub", inputs: ["a", "m"], outputs: ["y"], attributes: {} },
    ],
    outputs: [{ name: "y", dtype: "f32" }],
  },
  {
    was: "two blocked loops around one another, both with a rest: the copy of the outer one kept the buffer of the inner one's copy",
    seed: "w4c:666",
    inputs: [{ name: "x", dtype: "f32", shape: [2, 17, 17, 1] }],
    constants: [{ name: "axes", dtype: "i64", shape: [1], values: [0] }],
    nodes: [
      { op: "Transpose", inputs: ["x"], outputs: ["t"], attributes: { perm: [3, 2, 0, 1] } },
      { op: "Squeeze", inputs: ["t", "axes"], outputs: ["y"], attributes: {} },
    ],
    outputs: [{ name: "y", dtype: "f32" }],
  },
  {
    was: "the place of an element was rounded in another order than in ONNX Runtime, and fell on the other side of a whole number",
    seed: "w5b:717",
    inputs: [{ name: "x", dtype: "f32", shape: [1, 1, 1, 5] }],
    constants: [{ name: "scales", dtype: "f32", shape: [4], values: [1, 1, 1, 1.5] }],
    nodes: [
      {
        op: "Resize",
        inputs: ["x", "", "scales"],
        outputs: ["y"],
        attributes: { mode: "nearest", coordinate_transformation_mode: "half_pixel_symmetric", nearest_mode: "floor" },
      },
    ],
    outputs: [{ name: "y", dtype: "f32" }],
  },
  {
    was: "a summand with an extent of its own was refused while the product's extent was a name",
    seed: "old:gemm",
    inputs: [{ name: "x", dtype: "f32", shape: [4, 3], stated: ["N", 3] }],
    constants: [
      { name: "w", dtype: "f32", shape: [3, 2], values: [1, -2, 0.5, 3, 0, 1] },
      { name: "c", dtype: "f32", shape: [4, 1], values: [1, 2, 3, 4] },
    ],
    nodes: [{ op: "Gemm", inputs: ["x", "w", "c"], outputs: ["y"], attributes: {} }],
    outputs: [{ name: "y", dtype: "f32" }],
    dims: { N: 4 },
  },
  {
    was: "a product without columns became part of a chain of nests, whose loops read where there is nothing",
    seed: "chain:no-columns",
    inputs: [
      { name: "x", dtype: "u8", shape: [2, 17], within: [0, 255] },
      { name: "w", dtype: "f32", shape: [17, 0] },
    ],
    constants: [
      { name: "s", dtype: "f32", shape: [], values: [0.5] },
      { name: "z", dtype: "u8", shape: [], values: [173] },
    ],
    nodes: [
      { op: "DequantizeLinear", inputs: ["x", "s", "z"], outputs: ["a"], attributes: {} },
      { op: "MatMul", inputs: ["a", "w"], outputs: ["y"], attributes: {} },
    ],
    outputs: [{ name: "y", dtype: "f32" }],
  },
  {
    was: "keys that a nest rounds to bf16 by itself were taken for keys that lie in memory, and packed from what nobody had written",
    seed: "t1:0",
    inputs: [
      { name: "keys", dtype: "f32", shape: [1, 2, 1, 2] },
      { name: "queries", dtype: "bf16", shape: [1, 2, 17, 1] },
      { name: "values", dtype: "bf16", shape: [1, 2, 2, 1] },
    ],
    constants: [],
    nodes: [
      { op: "Cast", inputs: ["keys"], outputs: ["rounded"], attributes: { to: 16 } },
      { op: "MatMul", inputs: ["queries", "rounded"], outputs: ["scores"], attributes: {} },
      { op: "Softmax", inputs: ["scores"], outputs: ["weights"], attributes: { axis: -1 } },
      { op: "MatMul", inputs: ["weights", "values"], outputs: ["read"], attributes: {} },
      { op: "Cast", inputs: ["read"], outputs: ["y"], attributes: { to: 1 } },
    ],
    outputs: [{ name: "y", dtype: "f32", slack: 0.03 }],
    options: { isa: "amx", threads: 2 },
  },
  {
    was: "half_pixel_symmetric was rounded after each step: a place just below a whole number fell on it",
    seed: "night17:images:108",
    inputs: [{ name: "x", dtype: "f32", shape: [1, 1, 6, 3] }],
    constants: [{ name: "sizes", dtype: "i64", shape: [2], values: [2, 7] }],
    nodes: [
      {
        op: "Resize",
        inputs: ["x", "", "", "sizes"],
        outputs: ["y"],
        attributes: { mode: "nearest", coordinate_transformation_mode: "half_pixel_symmetric", nearest_mode: "floor", axes: [2, 3] },
      },
    ],
    outputs: [{ name: "y", dtype: "f32" }],
  },
];

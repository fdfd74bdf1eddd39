/** Cases that once failed, as the fuzzer printed them after making them small; with what was wrong. */
import type { FuzzCase } from "./case.ts";

export const regressions: readonly (FuzzCase & { readonly was: string })[] = [
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
];

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
];

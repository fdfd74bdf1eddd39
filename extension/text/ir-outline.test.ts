import assert from "node:assert/strict";
import { test } from "node:test";
import { folds, outline, type OutlineItem } from "./ir-outline.ts";

const graph = `graph "mlp" {
  input %0 "x": f32[1, 100] set
  const %1 "w = relu(": f32[100, 256] = c0
  const %3 "b": f32[256] = c1 {0.5, 0.25}
  %2 "y": f32[1, 256] = matmul(%0, %1) {transA = false} #0 "/fc1/MatMul" from [0]
  %4 "z\\" = f(": f32[1, 256], %5 "": i64[1, 2] = topk(%2) #1 "" from [1]
  return %4
  group 0 "matmul_0" "matmul" leader #0 run
    member #0 "tile"
    member #1 "tile"
  source 0 "#0" "MatMul" "" "/fc1/MatMul" -> ["y"]
  source 1 "#1" "TopK" "" "" -> ["z"]
}`.split("\n");

const loops = `module "mlp" threads 1 next 36
buffer x#0: f32[100] input slot 0 value 0
buffer "a b"#1: f32[8] output slot 0 value 15
run {
  s25: alloc "a b"#1 @[2]
  s14: region 1 "matmul_1" { @[0,1]
    s6: for r0%2 in 0..8 parallel { @[11]
      s7: for p%3 in 0..128 { @[11]
        s8: x#0[p%3] = "a b"#1[0] @[11]
      }
    }
    s13: kernel gemm_f32(a = x#0[0]; m = 1) epilogue row%4 {
      s27: let add%22 = 1 @[1]
    }
  }
}`.split("\n");

const short = (items: readonly OutlineItem[]): unknown[] =>
  items.map(({ kind, name, detail, line, last, children }) => [kind, name, detail, `${line}-${last}`, ...short(children)]);

test("a graph: inputs, nodes by operator and name, groups", () =>
  assert.deepEqual(short(outline(graph)), [
    [
      "module",
      "mlp",
      "",
      "0-12",
      ["input", "%0", '"x": f32[1, 100]', "1-1"],
      ["node", "matmul", "/fc1/MatMul", "4-4"],
      ["node", "topk", "(no name)", "5-5"],
      ["group", "matmul_0", "matmul", "7-9"],
    ],
  ]));

test("loops: buffers, regions, loops in loops, kernels", () =>
  assert.deepEqual(short(outline(loops)), [
    ["module", "mlp", "", "0-0"],
    ["buffer", "x#0", "f32[100] input", "1-1"],
    ["buffer", '"a b"#1', "f32[8] output", "2-2"],
    [
      "part",
      "run",
      "",
      "3-15",
      [
        "region",
        "matmul_1",
        "",
        "5-14",
        ["loop", "r0%2", "in 0..8 parallel", "6-10", ["loop", "p%3", "in 0..128", "7-9"]],
        ["kernel", "gemm_f32", "a = x#0[0]", "11-13"],
      ],
    ],
  ]));

test("what has lines inside folds, and lists of constants, sources and buffers do", () => {
  assert.deepEqual(folds(graph), [
    [0, 11],
    [2, 3],
    [7, 9],
    [10, 11],
  ]);
  assert.deepEqual(folds(loops), [
    [1, 2],
    [3, 14],
    [5, 13],
    [6, 9],
    [7, 8],
    [11, 12],
  ]);
});

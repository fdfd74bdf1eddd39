import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModule } from "../tensor/parse.ts";
import { emitFor } from "./index.ts";

/** Two layers that only differ in their memory, one with another constant, and one whose result lies where its operand was. */
const layers = parseModule(`module "layers" threads 2 next 40
memory arena 256 without 256 packed 0 scratch 0
buffer x#0: f32[16] input slot 0
buffer a#1: f32[16] arena offset 0
buffer b#2: f32[16] arena offset 64
buffer c#3: f32[16] arena offset 128
buffer d#4: f32[16] arena offset 128
buffer y#5: f32[16] output slot 0
vars i%0:i64 j%1:i64 k%2:i64 l%3:i64 m%4:i64
init {
}
run {
  s1: alloc a#1
  s2: alloc b#2
  s3: alloc c#3
  s4: alloc d#4
  s5: region 0 "enter" {
    s6: for i%0 in 0..16 parallel { @[1]
      s7: a#1[i%0] = x#0[i%0] + 1:f32 @[1]
    }
  }
  s8: barrier
  s9: region 1 "layer" {
    s10: for j%1 in 0..16 parallel { @[2]
      s11: b#2[j%1] = a#1[j%1] + 2:f32 @[2]
    }
  }
  s12: barrier
  s13: region 2 "layer" {
    s14: for k%2 in 0..16 parallel { @[3]
      s15: c#3[k%2] = b#2[k%2] + 2:f32 @[3]
    }
  }
  s16: barrier
  s17: region 3 "in place" {
    s18: for l%3 in 0..16 parallel { @[4]
      s19: d#4[l%3] = c#3[l%3] + 2:f32 @[4]
    }
  }
  s20: barrier
  s21: region 4 "leave" {
    s22: for m%4 in 0..16 parallel { @[5]
      s23: y#5[m%4] = d#4[m%4] + 3:f32 @[5]
    }
  }
}
`);

const { text, lines } = emitFor(layers, undefined, "avx512");
const headOf = (name: string): string => text.split("\n").find((l) => l.startsWith(`FS_REGION_FUNCTION void ${name}(`)) ?? "";

test("regions that only differ in their memory are one function, called on each", () => {
  assert.equal(text.match(/^FS_REGION_FUNCTION /gm)?.length, 4);
  assert.match(text, /FS_REGION_BEGIN\(ctx, tid, 1\);\n\s+layer_g1\(ctx, tid, threads, b_b2, a_b1\);/);
  assert.match(text, /FS_REGION_BEGIN\(ctx, tid, 2\);\n\s+layer_g1\(ctx, tid, threads, c_b3, b_b2\);/);
  assert.equal(text.match(/fs_barrier\(ctx, tid\);/g)?.length, 4, "barriers stay between the calls");
});

test("a shared line comes from the statements of all its regions", () => {
  const at = (stmt: number): number[] => lines.filter((l) => l.stmt === stmt).map((l) => l.line);
  assert.deepEqual(at(11), at(15));
  assert.equal(at(11).length, 1);
  assert.deepEqual(
    lines.filter((l) => l.line === at(11)[0]).map((l) => l.nodes),
    [[2], [3]],
  );
  assert.deepEqual(
    lines.map((l) => l.line),
    lines.map((l) => l.line).sort((a, b) => a - b),
    "sorted by line",
  );
});

test("only operands in memory of their own are told apart", () => {
  assert.match(headOf("enter_g0"), /float\* __restrict a_b1, const float\* __restrict x_b0/);
  assert.match(headOf("in_place_g3"), /float\* d_b4, float\* c_b3/);
});

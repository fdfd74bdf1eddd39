import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { demangled } from "./demangle.ts";

const skip = spawnSync("c++filt", ["--version"]).error === undefined ? false : "c++filt is not installed (binutils)";

test("symbols are demangled, everything else stays", { skip }, async () => {
  const lines = ["_ZN2fs3expEf:", "    call    _ZN2fs3expEf", "", "    vmovups zmm0, [rdi]", ".L3:"];
  assert.deepEqual(await demangled(lines), ["fs::exp:", "    call    fs::exp", "", "    vmovups zmm0, [rdi]", ".L3:"]);
});

test("without c++filt the lines are as they were", async () => {
  const path = process.env.PATH;
  process.env.PATH = "/nowhere";
  try {
    assert.deepEqual(await demangled(["_ZN2fs3expEf:"]), ["_ZN2fs3expEf:"]);
  } finally {
    process.env.PATH = path;
  }
});

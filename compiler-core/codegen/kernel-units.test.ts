import assert from "node:assert/strict";
import { test } from "node:test";
import { isKernelUnit, kernelUnitText, placedAssembly, withoutUnits, type RegionText } from "./kernel-units.ts";

const body = ["FS_REGION_FUNCTION void f(fs_context* ctx, int tid, int threads, float* b0) {", "  fs::gemm_f32<4, 2>(b0);", "}", ""];
const unit: RegionText = { name: "mm_12", line: 3, text: body.join("\n") };
const file = [
  "#include <a>",
  "// group 1",
  (body[0] ?? "").replace(" f(", " mm_12("),
  "  fs::gemm_f32<4, 2>(x_b7);",
  "}",
  "",
  "void after();",
  "",
];

test("functions that instantiate a microkernel are units", () => {
  assert.equal(isKernelUnit(unit), true);
  assert.equal(isKernelUnit({ ...unit, text: "  fs::pack_b(x);" }), true);
  assert.equal(isKernelUnit({ ...unit, text: "  fs::store(x, fs::exp(y));" }), false);
  assert.equal(isKernelUnit({ ...unit, text: "  other::gemm(x);" }), false);
});

test("a unit has the lines of its function, and the rest of the file keeps its own", () => {
  const text = kernelUnitText(unit);
  assert.equal(text.split("\n").length, body.length);
  assert.match(text, /^FS_REGION_FUNCTION void fs_kernel_unit\(fs_context\* ctx/);
  const rest = withoutUnits(file.join("\n"), [unit]).split("\n");
  assert.equal(rest.length, file.length);
  assert.equal(rest[2], "FS_REGION_FUNCTION void mm_12(fs_context* ctx, int tid, int threads, float* b0);");
  assert.deepEqual([rest[3], rest[4], rest[6]], ["", "", "void after();"]);
});

test("its assembly gets the name and the lines of a file", () => {
  const assembly = [
    '\t.file\t"kernel.cpp"',
    '\t.file 0 "." "kernel.cpp"',
    "_Z14fs_kernel_unitP10fs_contextiiPf:",
    '\t.file 1 "kernel.cpp"',
    "\t.loc 1 2 9 is_stmt 1",
    '\t.file\t2 "native/kernels/gemm_f32/gemm_f32.hpp"',
    "\t.loc\t2 40 3",
    "\t.loc\t1 0 0",
    "\tcall\t_ZN2fs8gemm_f32IZ14fs_kernel_unitP10fs_contextiiPfEUlT_E_EEvS3_",
    '\t.string\t"fs_kernel_unit"',
    '\t.string\t"kernel.cpp"',
    "\t.loc\t1 1 1 view .LVU3",
  ].join("\n");
  const placed = placedAssembly(assembly, "kernel.cpp", unit, "model.cpp").split("\n");
  assert.deepEqual(placed, [
    '\t.file\t"model.cpp"',
    '\t.file 0 "." "model.cpp"',
    "_Z5mm_12P10fs_contextiiPf:",
    '\t.file 1 "model.cpp"',
    "\t.loc 1 4 9 is_stmt 1",
    '\t.file\t2 "native/kernels/gemm_f32/gemm_f32.hpp"',
    "\t.loc\t2 40 3",
    "\t.loc\t1 0 0",
    "\tcall\t_ZN2fs8gemm_f32IZ5mm_12P10fs_contextiiPfEUlT_E_EEvS3_",
    '\t.string\t"mm_12"',
    '\t.string\t"model.cpp"',
    "\t.loc\t1 3 1 view .LVU3",
  ]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { attachKernelCalls, instructionsByLine, parseDisassembly, placeFunctions, samplesByInstruction } from "./asm-map.ts";

const listing = `
0000000000001100 <tile<fs_run(fs_context*, int, int)::{lambda(auto:1)#1}>>:
tile():
/x/native/kernels/tile.hpp:150
    1100:\tvfmadd231ps zmm28,zmm30,zmm1
    1106:\tjne    1100 <tile+0x0>
max():
/usr/include/avx512fintrin.h:13033
inlined by /x/native/simd/avx512.hpp:46 (max)
inlined by ././model.cpp:4 (operator())
inlined by /x/native/kernels/tile.hpp:169 (tile)
    1335:\tvmaxps zmm28,zmm0,zmm28
inlined by ././model.cpp:4 (operator())
    133b:\tshl    rdx,0x4

0000000000002000 <fs_run>:
fs_run():
././model.cpp:1 (discriminator 2)
    2000:\tret
`;
const cpp = `FS_EXPORT void fs_run() {
  const int a = 1;
  fs::gemm([&](auto acc) {
    store(max(acc));
  });
}`;

test("an instruction's line is the first link of its chain in the generated file", () => {
  const list = parseDisassembly(listing, "model.cpp");
  assert.deepEqual(
    list.map((i) => i.cppLine),
    [undefined, undefined, 4, 4, 1],
  );
  assert.deepEqual(
    list[2]?.chain.map((p) => p.line),
    [13033, 46, 4, 169],
  );
  assert.equal(list[3]?.chain.length, 2, "a place that is not repeated stays");
});

test("a kernel's own loop belongs to the call it was instantiated for", () => {
  const list = attachKernelCalls(parseDisassembly(listing, "model.cpp"), cpp);
  assert.deepEqual(
    list.map((i) => [i.cppLine, i.exact]),
    [
      [3, false],
      [3, false],
      [4, true],
      [4, true],
      [1, true],
    ],
  );
  assert.deepEqual(instructionsByLine(list).get(3), [0, 1]);
});

test("a sample is charged to the instruction before it, within its function", () => {
  const list = parseDisassembly(listing, "model.cpp");
  assert.deepEqual(
    samplesByInstruction(
      list,
      [
        [0x1106, 5],
        [0x1100, 2],
        [0x2000, 1],
        [0x9999, 3],
      ],
      1,
    ),
    { counts: [7, 0, 0, 0, 1], outside: 3 },
  );
});

test("inlined calls of functions that were compiled apart get the lines of the file", () => {
  const functions = [
    { name: "early", line: 5, text: "void f() {\n  a;\n}\n" },
    { name: "product", line: 90, text: "void f() {\n  one;\n  two;\n}\n" },
  ];
  const at = (symbol: string, ...lines: readonly (readonly [string, number])[]) => ({
    ...{ address: 0, text: "nop", symbol, exact: true, cppLine: lines.find(([f]) => f === "model.cpp")?.[1] },
    chain: lines.map(([file, line]) => ({ file: `/x/${file}`, line })),
  });
  const placed = placeFunctions(
    [
      at("product(fs_context*, int, int)", ["gemm.hpp", 7], ["model.cpp", 3]),
      at("product(fs_context*, int, int)", ["model.cpp", 91]),
      at("early(fs_context*, int, int)", ["gemm.hpp", 7], ["model.cpp", 6]),
      at("fs_run", ["gemm.hpp", 7], ["model.cpp", 200]),
    ],
    "model.cpp",
    functions,
  );
  assert.deepEqual(
    placed.map((i) => i.cppLine),
    [92, 91, 6, 200],
  );
});

test("kernels compiled apart belong to the call whose lambda their symbol names, and places outside of their function are not ours", () => {
  const text =
    "void f() {\n  fs::gemm(a, [&](int64_t row, fs::f32x acc, auto n) {\n    store(acc);\n  });\n  fs::gemm(b, [&](int64_t row, fs::f32x acc, auto n) {\n  });\n}\n";
  const functions = [{ name: "product", line: 40, text }];
  const kernel = (number: number): string =>
    `void fs::tile<product(fs_context*, int, int, float*)::{lambda(long, fs::f32x, auto:1)#${number}}>(long)`;
  const at = (symbol: string, file: string, line: number) => ({
    ...{ address: 0, text: "nop", symbol, exact: file === "model.cpp", cppLine: file === "model.cpp" ? line : undefined },
    chain: [{ file: `/x/${file}`, line }],
  });
  const placed = placeFunctions(
    [at(kernel(1), "model.cpp", 136), at(kernel(2), "tile.hpp", 7), at(kernel(1), "model.cpp", 42)],
    "model.cpp",
    functions,
  );
  assert.deepEqual(
    attachKernelCalls(placed, text, functions).map((i) => [i.cppLine, i.exact]),
    [
      [41, false],
      [44, false],
      [42, true],
    ],
  );
});

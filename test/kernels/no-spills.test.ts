/** The hot loops of the block GEMMs keep everything in registers: read in the assembly, so that it holds on machines without the instructions too. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { IsaName } from "#core";
import { compile, compileFlags, packageRoot } from "#core/io";
import { hotLoops } from "./hot-loops.ts";
import { compilerOrReason } from "./native-program.ts";

const run = promisify(execFile);
const compiler = await compilerOrReason();
const objdump = await run("objdump", ["--version"]).then(
  () => undefined,
  () => "objdump is not installed (binutils)",
);
const reason = typeof compiler === "string" ? compiler : (objdump ?? (os.arch() === "x64" ? undefined : "x86-64 only"));

/** A hot loop that must be there: part of its function's name, the multiply-adds of one step of a full tile, and its registers. */
interface Promised {
  readonly name: string;
  readonly products: number;
  /** Functions of one value and rows may read constants from the stack; a tile may not. */
  readonly constants?: true;
}
const loop = (name: string, products: number): Promised => ({ name, products });
const map = (name: string, products: number): Promised => ({ name, products, constants: true });

/** exp has 7 multiply-adds, two of them in its reduction. */
const functions: readonly Promised[] = [
  map("map_exp", 7),
  map("map_log", 11),
  map("map_tanh", 12),
  map("map_erf", 21),
  map("map_gelu_erf", 22),
  map("map_gelu_tanh", 14),
  map("map_silu", 7),
  map("map_sigmoid", 7),
  map("softmax_row", 7),
];

const f32Loops = (rows: number): readonly Promised[] => [
  loop("f32_arithmetic", 2 * rows),
  loop("conv_panel|conv_rows", 2 * rows),
  loop("f16_arithmetic", 2 * rows),
];

const targets: readonly { readonly isa: IsaName; readonly registers: string; readonly loops: readonly Promised[] }[] = [
  {
    isa: "avx2",
    registers: "ymm",
    loops: [
      ...f32Loops(6),
      loop("gemm_f32_dot", 12),
      loop("i8_arithmetic", 16),
      loop("bf16_arithmetic", 16),
      loop("gemm_i4_tile", 32),
      ...functions,
    ],
  },
  {
    isa: "avx512",
    registers: "zmm",
    loops: [...f32Loops(14), loop("gemm_f32_dot", 16), loop("i8_arithmetic", 32), loop("bf16_arithmetic", 48), ...functions],
  },
  {
    isa: "avx512-bf16",
    registers: "zmm",
    loops: [
      ...f32Loops(14),
      loop("i8_arithmetic", 28),
      loop("bf16_arithmetic", 28),
      loop("gemm_i4_tile", 64),
      loop("gemm_i8_i4_tile", 80),
      ...functions,
    ],
  },
  { isa: "avx512-fp16", registers: "zmm", loops: [loop("f16_arithmetic", 28)] },
  { isa: "amx", registers: "tmm", loops: [loop("amx_u8s8", 4), loop("amx_s8s8", 4), loop("amx_bf16", 4)] },
];

for (const { isa, registers, loops } of targets) {
  // Building them is what takes long; each of these sets has loops that no other one has.
  if (process.env["FUSIONSCOPE_LONG"] === undefined && isa === "avx512") continue;
  test(`no spills in the hot loops for ${isa}`, { skip: reason ?? false }, async () => {
    assert.ok(typeof compiler !== "string");
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-spills-"));
    const object = path.join(folder, "tiles.o");
    const source = path.join(packageRoot(), "test/kernels/hot-loops.cpp");
    await compile(compiler, [...compileFlags(isa, compiler), `-I${path.join(packageRoot(), "native")}`, "-c", source, "-o", object]);
    const { stdout } = await run("objdump", ["-d", "--no-show-raw-insn", object], { maxBuffer: 2 ** 26 });
    const all = hotLoops(stdout, 4);
    for (const { name, products, constants } of loops) {
      const found = all.filter((l) => new RegExp(name).test(l.symbol) && l.multiplyAdds % products === 0);
      assert.ok(found.length > 0, `no loop with ${products} multiply-adds in ${name}`);
      for (const l of found) {
        if (constants !== true || l.spills.length > l.constants) assert.deepEqual(l.spills, [], `${l.symbol} spills`);
        assert.equal(l.registers, registers, `${l.symbol} works on ${l.registers}`);
      }
    }
    fs.rmSync(folder, { recursive: true });
  });
}

test("spills are seen where there are some", () => {
  const text = [
    "0000000000000010 <f>:",
    "  10:\tvmovups (%rsi),%zmm0",
    ...Array.from({ length: 6 }, (_, i) => `  ${(0x14 + 4 * i).toString(16)}:\tvfmadd231ps %zmm0,%zmm1,%zmm${i + 2}`),
    "  2c:\tvmovaps %zmm9,0x40(%rsp)",
    "  30:\tjne    10 <f>",
  ];
  const [loop] = hotLoops(text.join("\n"));
  assert.equal(loop?.multiplyAdds, 6);
  assert.equal(loop?.spills.length, 1);
  assert.equal(loop?.constants, 0);
  assert.equal(loop?.registers, "zmm");
  const [constant] = hotLoops([...text.slice(0, -2), "  2c:\tvmulps 0x40(%rsp),%zmm9,%zmm9", text.at(-1)].join("\n"));
  assert.deepEqual([constant?.spills.length, constant?.constants], [1, 1]);
});

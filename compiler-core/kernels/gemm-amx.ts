/** Products on AMX tiles, of the operands that gemm_bf16, gemm_u8s8 and gemm_s8s8 have: native/kernels/gemm_amx/gemm_amx.hpp. */
import type { CpuFeature, IsaName } from "../machine.ts";
import { isaSets } from "../machine.ts";
import { bf16Call, gemmBF16 } from "./gemm-bf16.ts";
import { panelsOf, reader, rowsOf, sumProducts } from "./gemm-meaning.ts";
import { gemmU8S8, integerCall } from "./gemm-u8s8.ts";
import type { Kernel, ShapeFacts } from "./kernel.ts";

/** Rows of a tile. */
const tileRows = 16;

/** Features of `needed` that a set does not declare. */
const lacking = (isa: IsaName, needed: readonly CpuFeature[]): readonly CpuFeature[] =>
  needed.filter((f) => !(isaSets[isa] as readonly CpuFeature[]).includes(f));

/** `depth`: elements of k in the 64 bytes of a tile's row. */
function onTiles(base: Kernel, name: string, feature: CpuFeature, depth: number): Kernel {
  const needed = ["amx_tile", feature] as const;
  return {
    ...base,
    name,
    headers: ["kernels/gemm_amx/gemm_amx.hpp"],
    features: () => needed,
    params: { nr: "columns of a panel: 32" },
    scope: "fs::amx::scope",
    accepts: (facts: ShapeFacts) => {
      const missing = lacking(facts.isa, needed);
      if (missing.length > 0) return `the instruction set ${facts.isa} has no ${missing.join(" and ")}`;
      if (facts.m < tileRows) return `${facts.m} rows do not fill a tile of ${tileRows}`;
      return facts.k < depth ? `k = ${facts.k} is shorter than a tile of ${depth}` : base.accepts(facts);
    },
    // What edges compute in vain: rows computed twice, panels that are not full, the last tile along k.
    score: ({ m, n, k }) =>
      0.8 * (m / (Math.ceil(m / tileRows) * tileRows)) * (n / (Math.ceil(n / 32) * 32)) * (k / (Math.ceil(k / depth) * depth)),
  };
}

export const gemmBF16Amx: Kernel = {
  ...onTiles(gemmBF16, "gemm_bf16_amx", "amx_bf16", 32),
  why: "16 x 16 sums of 32 products by one instruction",
  promises: [
    "products are exact, sums are f32; denormal operands and sums count as 0",
    "a part of k may begin at any even step of the panels",
    "the epilogue sees every element once, rows of a tile in order",
  ],
  cpp: (call) => bf16Call("gemm_bf16_amx", call),
};

export const gemmU8S8Amx: Kernel = {
  ...onTiles(gemmU8S8, "gemm_u8s8_amx", "amx_int8", 64),
  why: "16 x 16 sums of 64 products by one instruction; sums are exact",
  cpp: integerCall("gemm_u8s8_amx"),
};

/** Unlike gemm_s8s8, it multiplies A as it is. */
export const gemmS8S8Amx: Kernel = {
  ...onTiles(gemmU8S8, "gemm_s8s8_amx", "amx_int8", 64),
  why: "signed bytes as they are: the start values hold no -128 times the column sums, unlike those of gemm_s8s8",
  operands: { ...gemmU8S8.operands, a: { ...gemmU8S8.operands["a"]!, dtype: "i8" } },
  cpp: integerCall("gemm_s8s8_amx"),
  meaning: (call) => {
    const column = call.operand("c") === undefined ? () => 0 : reader(call, "c");
    sumProducts(call, { a: rowsOf(call, "a", "lda"), b: panelsOf(call, 4), start: (_, j) => column(j), finish: (sum) => sum | 0 });
  },
};

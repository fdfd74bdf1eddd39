/** bf16 block GEMM with f32 sums, and its packing: native/kernels/gemm_bf16/gemm_bf16.hpp. */
import type { CpuFeature, IsaName } from "../machine.ts";
import { f32Lanes, isaSets } from "../machine.ts";
import { bug } from "../messages.ts";
import { aheadArgs, aheadNeeds, aheadOperands, epilogueAhead } from "./gemm-ahead.ts";
import { panelPlace, panelsOf, rowsOf, startsOf, sumProducts } from "./gemm-meaning.ts";
import type { CallText, CallValues, Kernel } from "./kernel.ts";
import { element } from "./kernel.ts";

/** The register tile of an instruction set: `mr` rows by `nr` columns, as gemm_bf16_mr and gemm_bf16_nr of the header. */
export function gemmBF16Tile(isa: IsaName): { readonly mr: number; readonly nr: number } {
  return { mr: hasBF16Products(isa) ? 14 : f32Lanes(isa) === 16 ? 12 : 4, nr: (isa === "scalar" ? 4 : 2) * f32Lanes(isa) };
}

/** True where one instruction multiplies pairs of bf16; elsewhere both halves are widened to f32. */
export const hasBF16Products = (isa: IsaName): boolean => (isaSets[isa] as readonly CpuFeature[]).includes("avx512_bf16");

/** The call of a product on bf16 operands with the C++ function `name`. */
export function bf16Call(name: string, call: CallText): string {
  const start = call.pointer("c");
  const init = start === undefined ? "fs::gemm_zero{}" : `fs::gemm_from{${start}, ${call.arg("ldc")}}`;
  const operands = `fs::a_rows{${call.pointer("a")}, ${call.arg("lda")}}, fs::b_panels{${call.pointer("b")}, ${call.arg("kb")}}`;
  return `fs::${name}(${call.arg("m")}, ${call.arg("n")}, ${call.arg("k")}, ${operands}, ${init}, ${epilogueAhead(call, name)});`;
}

export const gemmBF16: Kernel = {
  name: "gemm_bf16",
  why: "two bf16 products per lane and instruction where the CPU has AVX512_BF16, and half of the bytes everywhere; sums are f32",
  operands: {
    a: { dtype: "bf16", access: "read", what: "m x k, row-major with row stride lda", rect: { rows: "m", cols: "k", ld: "lda" } },
    b: { dtype: "bf16", access: "read", what: "panels [n/nr][ceil(kb/2)][nr][2] made by pack_b_bf16" },
    c: {
      dtype: "f32",
      access: "read",
      optional: true,
      what: "start values, m x n with row stride ldc",
      rect: { rows: "m", cols: "n", ld: "ldc" },
    },
    ...aheadOperands,
  },
  args: ["m", "n", "k", "lda", "kb"],
  optionalArgs: ["ldc", ...aheadArgs],
  needs: (_, has) => [...(has("c") ? ["ldc"] : []), ...aheadNeeds(has)],
  params: { nr: "columns of a panel: gemmBF16Tile(isa).nr" },
  acc: "f32",
  headers: ["kernels/gemm_bf16/gemm_bf16.hpp"],
  features: (isa) => (hasBF16Products(isa) ? ["avx512_bf16"] : []),
  promises: [
    "products are exact, sums are f32",
    "with AVX512_BF16, denormal operands and sums count as 0 and a pair of products is rounded once",
    "a part of k may begin at any even step of the panels",
    "the epilogue sees every element once, rows of a tile in order",
  ],
  accepts: () => true,
  // Widened, a pair of products costs two multiply-adds, two shifts of B and two of A.
  score: ({ m, isa }) => (hasBF16Products(isa) ? 0.9 : 0.3) * Math.min(1, 0.5 + m / 8),
  cpp: (call) => bf16Call("gemm_bf16", call),
  meaning: (call) => sumProducts(call, { a: rowsOf(call, "a", "lda"), b: panelsOf(call, 2), start: startsOf(call), finish: call.round }),
};

function packMeaning(call: CallValues): void {
  const src = call.operand("src") ?? bug("pack_b_bf16 without src");
  const dst = call.operand("dst") ?? bug("pack_b_bf16 without dst");
  const [ks, ns, k, n, nr] = [call.arg("k_stride"), call.arg("n_stride"), call.arg("k"), call.arg("n"), Number(call.param("nr"))];
  const place = panelPlace(nr, k, 2);
  for (let j = call.arg("first") * nr; j < call.arg("last") * nr; j++)
    for (let p = 0; p < Math.ceil(k / 2) * 2; p++)
      dst.data[dst.at + place(p, j)] = j < n && p < k ? call.round(element(src, p * ks + j * ns)) : 0;
}

export const packBBF16: Kernel = {
  name: "pack_b_bf16",
  why: "pairs two steps of k in one 32-bit lane, as the product instruction reads them",
  operands: {
    src: { dtype: "bf16", access: "read", what: "element (p, j) at src[p * k_stride + j * n_stride]" },
    dst: { dtype: "bf16", access: "write", what: "panels [n/nr][ceil(k/2)][nr][2], zero padded; only panels first..last-1 are written" },
  },
  args: ["k_stride", "n_stride", "k", "n", "first", "last"],
  optionalArgs: [],
  params: { nr: "columns of a panel" },
  rounds: "bf16",
  headers: ["kernels/gemm_bf16/pack.hpp"],
  features: () => [],
  promises: ["elements past k and n are zero"],
  accepts: () => true,
  score: () => 1,
  cpp: (call) =>
    `fs::pack_b_bf16<${call.param("nr")}>(${call.pointer("dst")}, ${call.pointer("src")}, ${["k_stride", "n_stride", "k", "n", "first", "last"].map(call.arg).join(", ")});`,
  meaning: packMeaning,
};

/** As pack_b_bf16 from f32: rounded to the nearest bf16, ties to even, on the way. */
export const packBBF16FromF32: Kernel = {
  ...packBBF16,
  name: "pack_b_bf16_from_f32",
  why: "rounds and pairs in one pass: the f32 matrix is read once and no bf16 copy of it is written",
  operands: { ...packBBF16.operands, src: { ...packBBF16.operands["src"]!, dtype: "f32" } },
};

export const packABF16: Kernel = {
  name: "pack_a_bf16",
  why: "rounds the left operand once for all panels of the right one, into rows whose distance the caller chooses",
  operands: {
    src: { dtype: "f32", access: "read", what: "m x k, row stride lds", rect: { rows: "m", cols: "k", ld: "lds" } },
    dst: { dtype: "bf16", access: "write", what: "m x k, row stride ldd", rect: { rows: "m", cols: "k", ld: "ldd" } },
  },
  args: ["m", "k", "lds", "ldd"],
  optionalArgs: [],
  params: {},
  rounds: "bf16",
  headers: ["kernels/gemm_bf16/pack.hpp"],
  features: () => [],
  promises: ["rounded to nearest, ties to even; nothing beside the m x k elements is written"],
  accepts: () => true,
  score: () => 1,
  cpp: (call) =>
    `fs::pack_a_bf16(${call.pointer("dst")}, ${call.arg("ldd")}, ${call.pointer("src")}, ${["lds", "m", "k"].map(call.arg).join(", ")});`,
  meaning: (call) => {
    const src = call.operand("src") ?? bug("pack_a_bf16 without src");
    const dst = call.operand("dst") ?? bug("pack_a_bf16 without dst");
    const [m, k, lds, ldd] = [call.arg("m"), call.arg("k"), call.arg("lds"), call.arg("ldd")];
    for (let i = 0; i < m; i++) for (let p = 0; p < k; p++) dst.data[dst.at + i * ldd + p] = call.round(element(src, i * lds + p));
  },
};

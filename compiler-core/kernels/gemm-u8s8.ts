/** int8 block GEMM with exact 32-bit sums, and its packing: native/kernels/gemm_u8s8/gemm_u8s8.hpp. */
import type { IsaName } from "../machine.ts";
import { f32Lanes } from "../machine.ts";
import { bug } from "../messages.ts";
import { aheadArgs, aheadNeeds, aheadOperands, epilogueAhead } from "./gemm-ahead.ts";
import { panelPlace, panelsOf, reader, rowsOf, sumProducts } from "./gemm-meaning.ts";
import type { CallText, CallValues, Kernel } from "./kernel.ts";
import { element } from "./kernel.ts";

/** The register tile of an instruction set, as gemm_u8s8_mr and gemm_u8s8_nv of the header. */
export function gemmU8S8Tile(isa: IsaName): { readonly mr: number; readonly nv: number } {
  if (isa === "scalar") return { mr: 4, nv: 4 };
  if (isa === "avx2") return { mr: 8, nv: 1 };
  return { mr: isa === "avx512" ? 8 : 14, nv: 2 };
}

/** Columns of a panel, as gemm_u8s8_nr of the header. */
export const gemmU8S8Panel = (isa: IsaName): number => gemmU8S8Tile(isa).nv * f32Lanes(isa);

/** Template arguments, where the tile is not the usual one. */
const tileText = (call: CallText): string => {
  const mr = call.param("mr");
  return mr === undefined ? "" : `<${mr}, ${call.param("nr")} / fs::f32_lanes>`;
};

/** The call of a product on 8-bit operands with the C++ function `name`. */
export const integerCall =
  (name: string) =>
  (call: CallText): string => {
    const start = call.pointer("c");
    const init = start === undefined ? "fs::igemm_zero{}" : `fs::igemm_columns{${start}}`;
    const operands = `fs::a_rows{${call.pointer("a")}, ${call.arg("lda")}}, fs::b_panels{${call.pointer("b")}, ${call.arg("kb")}}`;
    return `fs::${name}${tileText(call)}(${call.arg("m")}, ${call.arg("n")}, ${call.arg("k")}, ${operands}, ${init}, ${epilogueAhead(call, name)});`;
  };

/** `shift` is what the kernel adds to every element of A when it reads it. */
const meaning =
  (shift: number) =>
  (call: CallValues): void => {
    const a = rowsOf(call, "a", "lda");
    const column = call.operand("c") === undefined ? () => 0 : reader(call, "c");
    sumProducts(call, { a: (i, p) => a(i, p) + shift, b: panelsOf(call, 4), start: (_, j) => column(j), finish: (sum) => sum | 0 });
  };

export const gemmU8S8: Kernel = {
  name: "gemm_u8s8",
  why: "four 8-bit products per lane and instruction where the CPU has VNNI; sums are exact",
  operands: {
    a: { dtype: "u8", access: "read", what: "m x k, row-major with row stride lda", rect: { rows: "m", cols: "k", ld: "lda" } },
    b: { dtype: "i8", access: "read", what: "panels [n/nr][ceil(kb/4)][nr][4] made by pack_b_u8s8" },
    c: { dtype: "i32", access: "read", optional: true, what: "start value of each column: n elements, where zero-point compensation goes" },
    ...aheadOperands,
  },
  args: ["m", "n", "k", "lda", "kb"],
  optionalArgs: aheadArgs,
  needs: (_, has) => aheadNeeds(has),
  params: {
    nr: "columns of a panel: gemmU8S8Panel(isa), or another with mr",
    mr: "rows of the register tile, where it is not the usual one",
  },
  acc: "i32",
  headers: ["kernels/gemm_u8s8/gemm_u8s8.hpp"],
  features: (isa) => (isa.startsWith("avx512-") || isa === "amx" ? ["avx512_vnni"] : []),
  promises: ["sums are exact for k up to 65536", "the epilogue sees every element once, rows of a tile in order"],
  accepts: ({ k }) => (k > 65536 ? `sums of ${k} products can exceed 32 bits` : true),
  score: () => 0.8,
  cpp: integerCall("gemm_u8s8"),
  meaning: meaning(0),
};

export const gemmS8S8: Kernel = {
  ...gemmU8S8,
  name: "gemm_s8s8",
  why: "as gemm_u8s8, with signed A read as A + 128: the start values hold -128 times the column sums",
  operands: { ...gemmU8S8.operands, a: { ...gemmU8S8.operands["a"]!, dtype: "i8" } },
  cpp: integerCall("gemm_s8s8"),
  meaning: meaning(128),
};

/** `less` is taken off every element. */
function packMeaning(less: number): (call: CallValues) => void {
  return (call) => {
    const src = call.operand("src") ?? bug("pack_b_u8s8 without src");
    const dst = call.operand("dst") ?? bug("pack_b_u8s8 without dst");
    const sums = call.operand("colsum") ?? bug("pack_b_u8s8 without colsum");
    const [ks, ns, k, n, nr] = [call.arg("k_stride"), call.arg("n_stride"), call.arg("k"), call.arg("n"), Number(call.param("nr"))];
    const depth = Math.ceil(k / 4) * 4;
    const place = panelPlace(nr, k, 4);
    for (let j = call.arg("first") * nr; j < call.arg("last") * nr; j++) {
      let sum = 0;
      for (let p = 0; p < depth; p++) {
        const x = j < n && p < k ? element(src, p * ks + j * ns) - less : 0;
        dst.data[dst.at + place(p, j)] = x;
        sum += x;
      }
      if (j < n) sums.data[sums.at + j] = sum;
    }
  };
}

export const packBU8S8: Kernel = {
  name: "pack_b_u8s8",
  why: "interleaves four rows of B so that one 32-bit lane holds the four bytes of one product step",
  operands: {
    src: { dtype: "i8", access: "read", what: "element (p, j) at src[p * k_stride + j * n_stride]" },
    dst: { dtype: "i8", access: "write", what: "panels [n/nr][ceil(k/4)][nr][4], zero padded" },
    colsum: { dtype: "i32", access: "write", what: "sum over k of each column: n elements" },
  },
  args: ["k_stride", "n_stride", "k", "n", "first", "last"],
  optionalArgs: [],
  params: { nr: "columns of a panel" },
  headers: ["kernels/gemm_u8s8/gemm_u8s8.hpp"],
  features: () => [],
  promises: ["elements past k and n are zero"],
  accepts: () => true,
  score: () => 1,
  cpp: (call) =>
    `fs::pack_b_u8s8<${call.param("nr")}>(${call.pointer("dst")}, ${call.pointer("src")}, ${["k_stride", "n_stride", "k", "n", "first", "last"].map(call.arg).join(", ")}, ${call.pointer("colsum")});`,
  meaning: packMeaning(0),
};

/** As pack_b_u8s8 for unsigned elements, which are packed less 128. */
export const packBU8: Kernel = {
  ...packBU8S8,
  name: "pack_b_u8",
  why: "makes signed bytes of unsigned ones on the way: the product's second operand is signed",
  operands: { ...packBU8S8.operands, src: { ...packBU8S8.operands["src"]!, dtype: "u8" } },
  meaning: packMeaning(128),
};

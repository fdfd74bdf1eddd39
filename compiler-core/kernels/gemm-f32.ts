/** f32 block GEMM on register tiles: native/kernels/gemm_f32/gemm_f32.hpp. */
import type { IsaName } from "../machine.ts";
import { f32Lanes } from "../machine.ts";
import { aheadArgs, aheadNeeds, aheadOperands, epilogueAhead } from "./gemm-ahead.ts";
import { panelsOf, rowsOf, startsOf, sumProducts } from "./gemm-meaning.ts";
import type { CallText, CallValues, Kernel, ShapeFacts } from "./kernel.ts";

/** The register tile of an instruction set: `mr` rows by `nr` columns, as gemm_f32_mr and gemm_f32_nr of the header. */
export function gemmF32Tile(isa: IsaName): { readonly mr: number; readonly nv: number; readonly nr: number } {
  const nv = isa === "scalar" ? 4 : 2;
  return { mr: isa === "scalar" ? 4 : isa === "avx2" ? 6 : 14, nv, nr: nv * f32Lanes(isa) };
}

/** Share of the tile's multiply-adds that compute elements of the result. */
function utilisation({ m, n, isa }: ShapeFacts): number {
  const { mr } = gemmF32Tile(isa);
  const lanes = f32Lanes(isa);
  const columns = n / (Math.ceil(n / lanes) * lanes);
  // A tile of r rows does r fma per load of B: below about 4 rows the loads bound it.
  const rows = Math.min(1, (m % mr === 0 ? mr : Math.min(m, mr)) / 4);
  return columns * (0.5 + 0.5 * rows);
}

/** Template arguments, where the tile is not the usual one. */
function tileText(call: CallText): string {
  const [mr, nr] = [call.param("mr"), Number(call.param("nr"))];
  return mr === undefined ? "" : `<${mr}, ${nr} / fs::f32_lanes>`;
}

function cpp(call: CallText): string {
  const b =
    call.param("b") === "rows"
      ? `fs::b_rows{${call.pointer("b")}, ${call.arg("ldb")}}`
      : `fs::b_panels{${call.pointer("b")}, ${call.arg("kb")}}`;
  const start = call.pointer("c");
  const init = start === undefined ? "fs::gemm_zero{}" : `fs::gemm_from{${start}, ${call.arg("ldc")}}`;
  const a = `fs::a_rows{${call.pointer("a")}, ${call.arg("lda")}}`;
  return `fs::gemm_f32${tileText(call)}(${call.arg("m")}, ${call.arg("n")}, ${call.arg("k")}, ${a}, ${b}, ${init}, ${epilogueAhead(call, "gemm_f32")});`;
}

function meaning(call: CallValues): void {
  const b = call.param("b") === "rows" ? rowsOf(call, "b", "ldb") : panelsOf(call, 1);
  sumProducts(call, { a: rowsOf(call, "a", "lda"), b, start: startsOf(call), finish: call.round });
}

export const gemmF32: Kernel = {
  name: "gemm_f32",
  why: "keeps a tile of the result in vector registers through the whole sum over k, and hands it to the epilogue there",
  operands: {
    a: { dtype: "f32", access: "read", what: "m x k, row-major with row stride lda", rect: { rows: "m", cols: "k", ld: "lda" } },
    b: {
      dtype: "f32",
      access: "read",
      what: 'b = "panels": [n/nr][kb][nr], zero padded; b = "rows": k x n, row-major with row stride ldb',
    },
    c: {
      dtype: "f32",
      access: "read",
      optional: true,
      what: "start values, m x n with row stride ldc",
      rect: { rows: "m", cols: "n", ld: "ldc" },
    },
    ...aheadOperands,
  },
  args: ["m", "n", "k", "lda"],
  optionalArgs: ["kb", "ldb", "ldc", ...aheadArgs],
  needs: (params, has) => [params["b"] === "rows" ? "ldb" : "kb", ...(has("c") ? ["ldc"] : []), ...aheadNeeds(has)],
  params: {
    b: '"panels" or "rows"',
    nr: "columns of a panel and of a register tile",
    mr: "rows of a register tile; absent: those of gemmF32Tile(isa), with its columns",
  },
  acc: "f32",
  headers: ["kernels/gemm_f32/gemm_f32.hpp"],
  features: () => [],
  promises: [
    "the sum over k is taken in order with one fma per element (small tiles: up to 4 interleaved partial sums)",
    "the epilogue sees every element once, rows of a tile in order",
    "k = 0 gives the start values",
  ],
  accepts: () => true,
  score: utilisation,
  cpp,
  meaning,
};

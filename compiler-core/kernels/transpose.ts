/** Transposition of a matrix of 32-bit floats: native/kernels/transpose/transpose.hpp. */
import { bug } from "../messages.ts";
import type { Kernel } from "./kernel.ts";

export const transposeF32: Kernel = {
  name: "transpose_f32",
  why: "squares of a line by a line go through registers: each line of both matrices is touched once, at any distance of the rows",
  operands: {
    src: { dtype: "f32", access: "read", what: "rows x cols, row stride ld", rect: { rows: "rows", cols: "cols", ld: "ld" } },
    dst: { dtype: "f32", access: "write", what: "cols x rows, row stride ldd", rect: { rows: "cols", cols: "rows", ld: "ldd" } },
  },
  args: ["rows", "cols", "ld", "ldd"],
  optionalArgs: [],
  params: {},
  headers: ["kernels/gemm/tile.hpp", "kernels/transpose/transpose.hpp"],
  features: () => [],
  promises: ["nothing beside the two matrices is read or written"],
  accepts: () => true,
  score: () => 1,
  cpp: (call) =>
    `fs::transpose(${call.pointer("src")}, ${["ld", "rows", "cols"].map(call.arg).join(", ")}, ${call.pointer("dst")}, ${call.arg("ldd")});`,
  meaning: (call) => {
    const src = call.operand("src") ?? bug("transpose_f32 without src");
    const dst = call.operand("dst") ?? bug("transpose_f32 without dst");
    const [rows, cols, ld, ldd] = [call.arg("rows"), call.arg("cols"), call.arg("ld"), call.arg("ldd")];
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < cols; c++) dst.data[dst.at + c * ldd + r] = src.data[src.at + r * ld + c] ?? bug("transpose_f32 beyond src");
  },
};

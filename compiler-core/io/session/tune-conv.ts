/** A convolution as something that measures its points: native/kernels/conv_f32/conv_f32_points.hpp. */
import { convScratch } from "../../kernels/conv-f32.ts";
import { gemmF32Tile } from "../../kernels/index.ts";
import { f32Lanes } from "../../machine.ts";
import { convAxes, convPoint, type ConvPoint, type ConvProblem } from "../../passes/2-lower/conv-space.ts";
import type { Params } from "../../passes/2-lower/gemm-problem.ts";
import { maxOperandBytes, tableProgram, upTo, type PointTable } from "./tune-harness.ts";

const typed = (point: Params): ConvPoint => point as unknown as ConvPoint;

/** The table of a problem, or why its points cannot be measured. */
export function convTable(p: ConvProblem): PointTable | { readonly why: string } {
  const { batch, groups, channels, rows, k, plane, columns, isa, threads } = p;
  const [input, matrix, output] = [batch * groups * channels * plane, groups * rows * k, batch * groups * rows * columns];
  const most = 4 * Math.max(input, matrix, output);
  if (most > maxOperandBytes) return { why: `an operand of ${most} bytes is more than the ${maxOperandBytes} that are tuned with` };
  const { nr } = gemmF32Tile(isa);
  const heights = [...new Set(convAxes(p).height.map((height) => convPoint({ height, rowBlocks: 1, columnBlocks: 1 }, p).tile))];
  const panelFloats = (tile: number): number => upTo(groups * upTo(rows, tile) * k, 16);
  const offset = (i: number): number => heights.slice(0, i).reduce((sum, tile) => sum + panelFloats(tile), 0);
  const tail = Math.ceil((columns % nr) / f32Lanes(isa));
  const axis = (a: ConvProblem["axes"][number]): string => `{${[a.input, a.kernel, a.stride, a.dilation, a.begin, a.output].join(", ")}}`;
  const packings = heights.map(
    (tile, i) => `  for (int64_t group = 0; group < ${groups}; group++)
    fs::pack_a<${tile}>(kernels + ${offset(i)} + group * ${upTo(rows, tile) * k}, w + group * ${rows * k}, ${k}, ${rows}, ${k}, 0, tid == 0 ? ${Math.ceil(rows / tile)} : 0);`,
  );
  const resultBytes = 4 * output;
  const main = tableProgram(
    {
      head: `${isa === "scalar" ? "#define FS_FORCE_SCALAR 1\n" : ""}#define FS_CONV_CASES(X) ${heights.map((tile) => `X(${tile}, ${rows % tile})`).join(" ")}
#include "kernels/conv_f32/conv_f32_points.hpp"`,
      operands: [
        ["x", "float"],
        ["w", "float"],
      ],
      result: "float",
      point: "fs::conv_point",
      words: 3,
      arena: 4 * offset(heights.length) + 64,
      scratch: upTo(4 * convScratch(upTo(columns, nr), k, nr), 64),
      prepare: `  float* const kernels = reinterpret_cast<float*>(arena);
${packings.join("\n")}
  const auto w_of = [&](int64_t tile) -> const float* {
${heights.map((tile, i) => `    if (tile == ${tile}) return kernels + ${offset(i)};`).join("\n")}
    return nullptr;
  };
  const fs::conv_operands operands{x, result, ${[batch, groups, channels, rows, k].join(", ")}, {${p.axes.map(axis).join(", ")}}};`,
      compute: `      fs::conv_at_point<${tail}>(operands, w_of, at, scratch, tid, threads);`,
    },
    threads,
    resultBytes,
  );
  const floats = (count: number, random: () => number): Uint8Array =>
    new Uint8Array(Float32Array.from({ length: count }, () => 2 * random() - 1).buffer);
  return {
    isa,
    threads,
    sources: [main],
    operands: (random) => [floats(input, random), floats(matrix, random)],
    resultBytes,
    times: 1,
    words: (point) => [typed(point).tile, typed(point).rows, typed(point).columns],
    isMeasurable: (point) => heights.includes(typed(point).tile),
  };
}

/** The registry of microkernels. Adding one: a manifest beside this file, a row here, the C++ in native/kernels/. */
import { bug } from "../messages.ts";
import { convF32 } from "./conv-f32.ts";
import { lastKernels } from "./conv-last.ts";
import { gemmBF16Amx, gemmS8S8Amx, gemmU8S8Amx } from "./gemm-amx.ts";
import { gemmBF16, packABF16, packBBF16, packBBF16FromF32 } from "./gemm-bf16.ts";
import { gemmF16, gemmF32F16, packBF16, packBF16Transposed } from "./gemm-f16.ts";
import { gemmF32 } from "./gemm-f32.ts";
import { gemmF32Dot } from "./gemm-f32-dot.ts";
import { gemmF32I4, gemmI8I4, packBI4, packBI4F16, quantiseRowsI8 } from "./gemm-i4.ts";
import { gemmS8S8, gemmU8S8, packBU8, packBU8S8 } from "./gemm-u8s8.ts";
import type { Kernel } from "./kernel.ts";
import { packB, packBTransposed } from "./pack-b.ts";
import { layerNormRows, logSoftmaxRows, rmsNormRows, softmaxBytesRows, softmaxRows, softmaxStepRows, softmaxWeightsRows } from "./rows.ts";
import { transposeF32 } from "./transpose.ts";

export type * from "./kernel.ts";
export { gemmBF16Tile, hasBF16Products } from "./gemm-bf16.ts";
export { gemmF32Tile } from "./gemm-f32.ts";
export { i4Block, i4Panels, i8RowBytes } from "./gemm-i4.ts";
export { gemmChoices, rankGemms, type GemmFacts, type RankedGemm } from "./rank.ts";
export { gemmU8S8Panel } from "./gemm-u8s8.ts";

export const kernels: readonly Kernel[] = [
  gemmF32,
  gemmF32Dot,
  packB,
  packBTransposed,
  gemmU8S8,
  gemmS8S8,
  packBU8S8,
  packBU8,
  gemmBF16,
  packBBF16,
  packBBF16FromF32,
  packABF16,
  gemmBF16Amx,
  gemmU8S8Amx,
  gemmS8S8Amx,
  gemmF16,
  gemmF32F16,
  packBF16,
  packBF16Transposed,
  gemmF32I4,
  gemmI8I4,
  packBI4,
  packBI4F16,
  quantiseRowsI8,
  convF32,
  ...lastKernels,
  transposeF32,
  softmaxRows,
  logSoftmaxRows,
  softmaxStepRows,
  softmaxWeightsRows,
  softmaxBytesRows,
  layerNormRows,
  rmsNormRows,
];

const byName = new Map(kernels.map((k) => [k.name, k]));

/** The kernel with this name; an unknown name is a bug of ours. */
export const kernelOf = (name: string): Kernel => byName.get(name) ?? bug(`no kernel ${name}`);
export const findKernel = (name: string): Kernel | undefined => byName.get(name);

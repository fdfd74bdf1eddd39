/** Which matrix-product kernel a product gets: every kernel of the registry with its score, or the reason why it cannot have it. */
import { isaSets, type CpuFeature, type IsaName } from "../machine.ts";
import type { DType } from "../support/dtype.ts";
import { gemmBF16Amx, gemmS8S8Amx, gemmU8S8Amx } from "./gemm-amx.ts";
import { gemmBF16 } from "./gemm-bf16.ts";
import { gemmF16, gemmF32F16 } from "./gemm-f16.ts";
import { gemmF32 } from "./gemm-f32.ts";
import { gemmF32Dot } from "./gemm-f32-dot.ts";
import { gemmF32I4, gemmI8I4 } from "./gemm-i4.ts";
import { gemmS8S8, gemmU8S8 } from "./gemm-u8s8.ts";
import type { Kernel, ShapeFacts } from "./kernel.ts";

interface GemmRow {
  readonly kernel: Kernel;
  /** Element types of the operands as the model has them. */
  readonly a: DType;
  readonly b: DType;
  /** Multiply-adds per lane of 32 bits for one f32 multiply-add, by the first feature of the set that the machine has. */
  readonly pace: readonly (readonly [CpuFeature | undefined, number])[];
}

const plain = [[undefined, 1]] as const;
const vnni = [
  ["avx512_vnni", 4],
  ["avx2", 1.3],
  [undefined, 0.5],
] as const;

/** All matrix-product kernels. Tiles do 16 (bf16) and 32 (int8) products where a vector lane does one. */
const gemmRows: readonly GemmRow[] = [
  { kernel: gemmF32, a: "f32", b: "f32", pace: plain },
  { kernel: gemmF32Dot, a: "f32", b: "f32", pace: plain },
  {
    kernel: gemmBF16,
    a: "bf16",
    b: "bf16",
    pace: [
      ["avx512_bf16", 2],
      [undefined, 1],
    ],
  },
  { kernel: gemmBF16Amx, a: "bf16", b: "bf16", pace: [["amx_bf16", 16]] },
  { kernel: gemmU8S8, a: "u8", b: "i8", pace: vnni },
  { kernel: gemmS8S8, a: "i8", b: "i8", pace: vnni },
  { kernel: gemmU8S8Amx, a: "u8", b: "i8", pace: [["amx_int8", 32]] },
  { kernel: gemmS8S8Amx, a: "i8", b: "i8", pace: [["amx_int8", 32]] },
  { kernel: gemmF16, a: "f16", b: "f16", pace: plain },
  { kernel: gemmF32F16, a: "f32", b: "f16", pace: plain },
  { kernel: gemmF32I4, a: "f32", b: "u4", pace: plain },
  { kernel: gemmI8I4, a: "i8", b: "u4", pace: vnni },
];

export interface RankedGemm {
  readonly kernel: Kernel;
  /** Estimated share of the peak of the arithmetic that the kernel uses; 0 when refused. */
  readonly score: number;
  /** Estimated multiply-adds in the time of one of f32 at its peak: what kernels of different arithmetic are compared by. */
  readonly speed: number;
  readonly refused?: string;
}

/** What of a product decides about its kernel. Element types: f32 when absent. */
export interface GemmFacts extends ShapeFacts {
  readonly a?: DType;
  readonly b?: DType;
}

const has = (isa: IsaName, feature: CpuFeature | undefined): boolean =>
  feature === undefined || (isaSets[isa] as readonly CpuFeature[]).includes(feature);

function rate(row: GemmRow, facts: GemmFacts): RankedGemm {
  const { kernel } = row;
  const [a, b] = [facts.a ?? "f32", facts.b ?? "f32"];
  const fits = row.a === a && row.b === b ? kernel.accepts(facts) : `multiplies ${row.a} with ${row.b}, not ${a} with ${b}`;
  if (fits !== true) return { kernel, score: 0, speed: 0, refused: fits };
  const score = kernel.score(facts);
  return { kernel, score, speed: score * (row.pace.find(([f]) => has(facts.isa, f))?.[1] ?? 0) };
}

/**
 * Every matrix-product kernel for one product: accepted ones first, the fastest first; then those of its element types that refuse its shape
 * or instruction set, then those of other element types, each with the reason.
 */
export function rankGemms(facts: GemmFacts): readonly RankedGemm[] {
  const rated = gemmRows.map((row) => ({ ...rate(row, facts), near: row.a === (facts.a ?? "f32") && row.b === (facts.b ?? "f32") }));
  return rated.sort((x, y) => y.speed - x.speed || Number(y.near) - Number(x.near)).map(({ near: _, ...ranked }) => ranked);
}

/** The kernels of a product's own element types: what a verdict about it lists. */
export const gemmChoices = (facts: GemmFacts): readonly RankedGemm[] =>
  rankGemms(facts).filter(({ kernel }) =>
    gemmRows.some((row) => row.kernel === kernel && row.a === (facts.a ?? "f32") && row.b === (facts.b ?? "f32")),
  );

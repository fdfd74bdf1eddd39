/** What kinds of matrix product have parameters, and what differs between them: element sizes, register tiles, and which axes they have. */
import { gemmU8S8Tile } from "../../kernels/gemm-u8s8.ts";
import { gemmF32Tile } from "../../kernels/index.ts";
import { f32Lanes, type IsaName } from "../../machine.ts";

/** Rows and vectors of a register tile. */
export type TileSize = readonly [number, number];

export type GemmKernel = "gemm_f32" | "gemm_u8s8" | "gemm_s8s8";

export interface GemmFamily {
  /** Bytes of an element of the operands; sums have four. */
  readonly bytes: number;
  /** Products of a lane in one step of the kernel. */
  readonly group: number;
  /** Instructions of one vector's step. */
  readonly instructions: (isa: IsaName) => number;
  /** Register tiles that a kernel may be built with; the first one is the usual one. */
  readonly tiles: (isa: IsaName) => readonly TileSize[];
  /** Can sums be handed on: over passes of k, to other threads; and may rows of A be copied? */
  readonly divides: boolean;
}

type Width = "scalar" | "avx2" | "avx512" | "vnni";

const widthOf = (isa: IsaName): Exclude<Width, "vnni"> => (isa === "scalar" || isa === "avx2" ? isa : "avx512");
const hasDotProduct = (isa: IsaName): boolean => isa.startsWith("avx512-") || isa === "amx";

/**
 * Tiles that leave room for a vector of B each and one broadcast of A: mr * nv + nv + 1 registers (32 of AVX-512, 16 else). Rows stay below 17,
 * up to where the kernel's loops are unrolled.
 */
const f32Tiles: Readonly<Record<Exclude<Width, "vnni">, readonly TileSize[]>> = {
  scalar: [
    [4, 4],
    [2, 4],
    [4, 2],
    [8, 1],
    [2, 2],
    [1, 4],
  ],
  avx2: [
    [6, 2],
    [5, 2],
    [4, 2],
    [3, 2],
    [2, 2],
    [12, 1],
    [10, 1],
    [8, 1],
    [6, 1],
    [4, 1],
    [4, 3],
    [3, 3],
    [2, 4],
  ],
  avx512: [
    [14, 2],
    [12, 2],
    [10, 2],
    [8, 2],
    [6, 2],
    [4, 2],
    [16, 1],
    [12, 1],
    [8, 1],
    [9, 3],
    [6, 3],
    [4, 3],
    [6, 4],
    [4, 4],
  ],
};

/** Without a dot product, vectors of both operands are taken apart into even and odd bytes, and products need a register of their own. */
const byteTiles: Readonly<Record<Width, readonly TileSize[]>> = {
  scalar: f32Tiles.scalar,
  avx2: [
    [8, 1],
    [10, 1],
    [6, 1],
    [4, 1],
    [3, 2],
    [2, 2],
  ],
  avx512: [
    [8, 2],
    [10, 2],
    [6, 2],
    [4, 2],
    [12, 1],
    [16, 1],
    [8, 1],
    [5, 3],
    [4, 3],
  ],
  vnni: f32Tiles.avx512,
};

const bytes: GemmFamily = {
  bytes: 1,
  group: 4,
  instructions: (isa) => (hasDotProduct(isa) ? 1 : isa === "scalar" ? 8 : 4),
  tiles: (isa) => byteTiles[hasDotProduct(isa) ? "vnni" : widthOf(isa)],
  divides: false,
};

export const gemmFamilies: Readonly<Record<GemmKernel, GemmFamily>> = {
  gemm_f32: { bytes: 4, group: 1, instructions: () => 1, tiles: (isa) => f32Tiles[widthOf(isa)], divides: true },
  gemm_u8s8: bytes,
  gemm_s8s8: bytes,
};

export const isGemmKernel = (name: unknown): name is GemmKernel => typeof name === "string" && name in gemmFamilies;

/** The tile that a kernel has without parameters. */
export function usualTile(kernel: GemmKernel, isa: IsaName): { readonly mr: number; readonly nv: number; readonly nr: number } {
  if (kernel === "gemm_f32") return gemmF32Tile(isa);
  const { mr, nv } = gemmU8S8Tile(isa);
  return { mr, nv, nr: nv * f32Lanes(isa) };
}

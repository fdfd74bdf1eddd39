/**
 * The search space of a convolution by way of its unfolded image: tiles of the kernel matrix, blocks of its rows and of output positions. Every
 * block unfolds the image for itself; the cost model weighs that against threads without work and panels that leave the cache.
 */
import { convDepth } from "../../kernels/conv-f32.ts";
import { gemmF32Tile } from "../../kernels/index.ts";
import { f32Lanes, resolveIsa, type IsaName } from "../../machine.ts";
import type { ConvGeometry } from "../../templates/conv-shape.ts";
import type { PassContext } from "../pass.ts";
import type { CoreFigures } from "./gemm-cost.ts";
import type { Params } from "./gemm-problem.ts";

export interface ConvProblem extends ConvGeometry {
  readonly threads: number;
  readonly isa: IsaName;
}

/** Rows of a tile of the kernel matrix, rows and output positions of a block. */
export interface ConvPoint {
  readonly tile: number;
  readonly rows: number;
  readonly columns: number;
}

/** As positions on the axes: the height of a tile at most, and how many blocks there are of either. */
export interface ConvChoice {
  readonly height: number;
  readonly rowBlocks: number;
  readonly columnBlocks: number;
}

export const convProblem = (s: ConvGeometry, { options, machine }: Pick<PassContext, "options" | "machine">): ConvProblem => ({
  ...s,
  threads: options.threads,
  isa: resolveIsa(options.isa, machine),
});

/** How the problem is named in tuned entries. */
export function convProblemKey({ batch, groups, channels, rows, k, axes, isa, threads }: ConvProblem): string {
  const each = axes.map((a) => `${a.input}:${a.kernel}/${a.stride}*${a.dilation}-${a.begin}=${a.output}`);
  return `conv_f32 batch=${batch} groups=${groups} channels=${channels} rows=${rows} k=${k} window=${each.join(",")} isa=${isa} threads=${threads}`;
}

/** The tile height of at most `most` that divides the rows most evenly: 64 rows are 4 tiles of 13 and one of 12, not 4 of 14 and one of 8. */
export const balancedTile = (rows: number, most: number): number => Math.max(1, Math.ceil(rows / Math.ceil(rows / most)));

/** `extent` in about `count` equal pieces that are multiples of `unit`. */
const piece = (extent: number, count: number, unit: number): number => Math.ceil(Math.ceil(extent / count) / unit) * unit;

const counts = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];

/** The values on every axis; those that mean the same as a smaller one are left out. */
export function convAxes(p: ConvProblem): { readonly [A in keyof ConvChoice]: readonly number[] } {
  const { mr, nr } = gemmF32Tile(p.isa);
  const different = (values: readonly number[], meaning: (value: number) => number): number[] =>
    values.filter((v, i) => values.findIndex((other) => meaning(other) === meaning(v)) === i);
  const heights = Array.from({ length: mr }, (_, i) => mr - i);
  return {
    height: different(heights, (h) => balancedTile(p.rows, h)),
    rowBlocks: different(counts, (c) => piece(p.rows, c, 1)),
    columnBlocks: different(counts, (c) => piece(p.columns, c, nr)),
  };
}

export function convPoint({ height, rowBlocks, columnBlocks }: ConvChoice, p: ConvProblem): ConvPoint {
  const tile = balancedTile(p.rows, height);
  const { nr } = gemmF32Tile(p.isa);
  return { tile, rows: piece(p.rows, rowBlocks, tile), columns: piece(p.columns, columnBlocks, nr) };
}

/** Why parameters cannot be used; undefined: they can. */
export function convPointProblem(point: Params, p: ConvProblem): string | undefined {
  const { mr, nr } = gemmF32Tile(p.isa);
  const [tile, rows, columns] = ["tile", "rows", "columns"].map((name) => Number(point[name]));
  if (![tile, rows, columns].every((x) => Number.isSafeInteger(x) && x! >= 1)) return "a size is missing";
  if (tile! > mr) return `tiles have at most ${mr} rows`;
  if (rows! % tile! !== 0) return "blocks of rows are no whole tiles";
  if (columns! % nr !== 0) return `blocks of columns are no whole panels of ${nr}`;
  return undefined;
}

/** Cycles to put a vector of the unfolded image into its panel, and of a block's own. */
const [unfoldCycles, blockCycles] = [2, 60];

/** Nanoseconds that the busiest thread takes. */
export function predictConv(f: CoreFigures, p: ConvProblem, { tile, rows, columns }: ConvPoint): number {
  const lanes = f32Lanes(p.isa);
  const { nv, nr } = gemmF32Tile(p.isa);
  const [down, across] = [Math.ceil(p.rows / rows), Math.ceil(p.columns / columns)];
  const waves = Math.ceil((p.batch * p.groups * down * across) / p.threads);
  const panels = Math.min(Math.ceil(columns / nr), Math.ceil(p.columns / nr));
  const tiles = Math.ceil(Math.min(rows, p.rows) / tile);
  const perStep = Math.max((tile * nv) / f.fma, nv * 0.75 + tile * 0.5, 4);
  const passes = Math.ceil(p.k / convDepth);
  const compute = panels * tiles * (p.k * perStep + passes * tile * nv * 3);
  const unfold = (panels * nr * p.k * unfoldCycles) / lanes;
  // A panel stays near while the tiles pass by; the kernel matrix comes again for every panel.
  const matrix = 4 * tiles * tile * p.k;
  const level = matrix <= 0.6 * f.l2 ? "l2" : "l3";
  const stream = (panels * matrix) / f.bytes[level];
  const scratch = 4 * panels * nr * Math.min(p.k, convDepth);
  const spill = scratch > 0.75 * f.l2 ? scratch / f.bytes.l3 : 0;
  return (waves * (Math.max(compute, stream) + 0.2 * stream + unfold + spill + blockCycles)) / f.ghz + f.barrierNs;
}

export const convText = ({ tile, rows, columns }: ConvPoint): string =>
  `tiles of ${tile} channels, blocks of ${rows} channels x ${columns} positions`;

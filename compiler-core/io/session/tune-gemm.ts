/** A matrix product as something that measures its points: native/kernels/gemm/points.hpp. */
import { f32Lanes } from "../../machine.ts";
import type { GemmKernel, TileSize } from "../../passes/2-lower/gemm-families.ts";
import type { Params } from "../../passes/2-lower/gemm-problem.ts";
import { gemmAxes, registerTiles, type GemmPoint, type GemmProblem } from "../../passes/2-lower/gemm-space.ts";
import { isCollidingPitch } from "../../passes/2-lower/storage-plan.ts";
import type { SourceFile } from "../native-build.ts";
import { maxOperandBytes, tableProgram, upTo, type PointTable } from "./tune-harness.ts";

interface Kind {
  /** The struct of points.hpp. */
  readonly name: string;
  readonly a: string;
  readonly b: string;
  readonly sum: string;
  readonly bytes: number;
  readonly group: number;
  /** Random elements. */
  readonly values: (count: number, random: () => number) => Uint8Array;
}

const whole = (lowest: number, highest: number) => (count: number, random: () => number) =>
  Uint8Array.from({ length: count }, () => Math.floor(lowest + random() * (highest - lowest + 1)) & 255);

const bytes = { b: "int8_t", sum: "int32_t", bytes: 1, group: 4, values: whole(-127, 127) };

const kinds: Readonly<Record<GemmKernel, Kind>> = {
  gemm_f32: {
    name: "fs::f32_points",
    a: "float",
    b: "float",
    sum: "float",
    bytes: 4,
    group: 1,
    values: (count, random) => new Uint8Array(Float32Array.from({ length: count }, () => 2 * random() - 1).buffer),
  },
  gemm_u8s8: { ...bytes, name: "fs::u8s8_points", a: "uint8_t" },
  gemm_s8s8: { ...bytes, name: "fs::s8s8_points", a: "int8_t" },
};

/** Row stride of A: as the compiler would lay it out. */
export const pitchOf = (p: GemmProblem): number =>
  p.kernel === "gemm_f32" && p.colliding !== true && isCollidingPitch(p.k) ? p.k + 16 : p.k;

/** Rows that the last tile of any share may have. */
function restsOf(p: GemmProblem, mr: number): readonly number[] {
  const shares = gemmAxes(p).grid.flatMap(([ms]) => {
    const rows = ms === 1 ? p.m : Math.min(p.m, upTo(Math.ceil(p.m / ms), p.m / ms >= 2 * mr ? mr : 1));
    return [rows, p.m % rows === 0 ? rows : p.m % rows];
  });
  // A point may come from elsewhere, with shares of its own: whole tiles, and what is left of them.
  return [...new Set([...shares.map((rows) => rows % mr), p.m % mr])].filter((r) => r > 0);
}

/** The register tiles that points of a problem may have. */
const tilesOf = (p: GemmProblem): readonly TileSize[] =>
  registerTiles(p).filter(([, nv]) => p.panel === undefined || nv * f32Lanes(p.isa) === p.panel);

/** Can points of other grids be measured, too? Their last tiles must have been compiled in. */
function isMeasurable(p: GemmProblem, point: GemmPoint): boolean {
  const nv = point.nr / f32Lanes(p.isa);
  // There is no second nest that would add up parts of the depth.
  if (point.parts !== undefined) return false;
  if (!tilesOf(p).some(([mr, v]) => mr === point.mr && v === nv)) return false;
  const last = p.m % point.rowsPerThread;
  const rests = restsOf(p, point.mr);
  return [point.rowsPerThread, last].every((rows) => rows % point.mr === 0 || rests.includes(rows % point.mr));
}

/** Tiles are compiled in so many files at once. */
const units = 2;

/** One translation unit for a part of the register tiles, and one that walks the table. */
function sources(p: GemmProblem): readonly SourceFile[] {
  const lanes = f32Lanes(p.isa);
  const { name, a, b, sum, bytes: size, group } = kinds[p.kernel];
  const scalar = p.isa === "scalar" ? "#define FS_FORCE_SCALAR 1\n" : "";
  const tiles = tilesOf(p);
  const [pitch, panels] = [pitchOf(p), p.b === "panels"];
  const parameters = `int64_t m, int64_t k, const ${a}* a, const ${b}* const* b, ${sum}* c, const fs::gemm_point& at, float* scratch, int tid, int threads`;
  const cases = tiles.map(([mr, nv]) => `  X(${[mr, nv, ...restsOf(p, mr)].join(", ")})`);
  const all = Array.from({ length: Math.min(units, tiles.length) }, (_, i) => i);
  const unit = (i: number): SourceFile => ({
    name: `points${i}.cpp`,
    text: `${scalar}#define FS_POINT_CASES(X) \\
${cases.filter((_, j) => j % all.length === i).join(" \\\n")}
#include "kernels/gemm/points.hpp"
void fs_points_${i}(${parameters}) {
  fs::gemm_at_point<${name}, ${p.n}, ${pitch}, ${panels}>(m, k, a, [&](int64_t nv) { return b[nv]; }, c, at, scratch, tid, threads);
}
`,
  });
  const widths = panels ? [...new Set(tiles.map(([, nv]) => nv))] : [];
  const packed = (nv: number): number => upTo(p.n, nv * lanes) * upTo(p.k, group) * size;
  const offsets = widths.map((_, i) =>
    upTo(
      widths.slice(0, i).reduce((total, nv) => total + packed(nv), 0),
      64,
    ),
  );
  const highest = Math.max(...tiles.map(([mr]) => mr));
  const widest = Math.max(...tiles.map(([, nv]) => nv)) * lanes;
  const packings = widths.map(
    (nv, i) => `  {
    ${b}* const packed = reinterpret_cast<${b}*>(arena + ${upTo(offsets[i] ?? 0, 64)});
    int64_t lo, hi;
    fs_range(0, ${Math.ceil(p.n / (nv * lanes))}, tid, threads, &lo, &hi);
    ${name}::pack<${nv * lanes}>(packed, b, ${p.n}, ${p.k}, lo, hi);
    panels[${nv}] = packed;
  }`,
  );
  const main = tableProgram(
    {
      head: `${scalar}#define FS_POINT_CASES(X)\n#include "kernels/gemm/points.hpp"\n${all.map((i) => `void fs_points_${i}(${parameters});`).join("\n")}`,
      operands: [
        ["a", a],
        ["b", b],
      ],
      result: sum,
      point: "fs::gemm_point",
      words: 9,
      arena:
        upTo(
          widths.reduce((total, nv) => total + packed(nv), 0),
          64,
        ) +
        64 * widths.length,
      scratch: upTo(4 * ((p.m + highest) * (upTo(p.n, widest) + 16 + widest) + p.m * (pitch + 16)), 64),
      prepare: `  const ${b}* panels[8] = {b, b, b, b, b, b, b, b};\n${packings.join("\n")}`,
      compute: all.map((i) => `      fs_points_${i}(${p.m}, ${p.k}, a, panels, result, at, scratch, tid, threads);`).join("\n"),
    },
    p.threads,
    4 * p.m * p.n,
  );
  return [...all.map(unit), main];
}

const typed = (point: Params): GemmPoint => point as unknown as GemmPoint;

/** The table of a problem, or why its points cannot be measured. */
export function gemmTable(p: GemmProblem): PointTable | { readonly why: string } {
  const { values, bytes: size } = kinds[p.kernel];
  const { m, n, k, isa, threads } = p;
  const most = Math.max(size * m * (k + 32), size * k * n, 4 * m * n);
  if (most > maxOperandBytes) return { why: `an operand of ${most} bytes is more than the ${maxOperandBytes} that are tuned with` };
  return {
    isa,
    threads,
    sources: sources(p),
    operands: (random) => [values(m * pitchOf(p), random), values(k * n, random)],
    resultBytes: 4 * m * n,
    times: p.batch,
    words: (point) => {
      const { rowsPerThread, colsPerThread, mr, nr, mc, nc, kc, order, copyA } = typed(point);
      return [rowsPerThread, colsPerThread, mr, nr / f32Lanes(isa), mc, nc, kc, order === "columns" ? 1 : 0, copyA];
    },
    isMeasurable: (point) => isMeasurable(p, typed(point)),
  };
}

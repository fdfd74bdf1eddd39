/**
 * Measures many points of a product's search space with one build: native/kernels/gemm_f32/gemm_f32_points.hpp takes the parameters as arguments,
 * only sizes and register tiles are compiled in. A table of points goes in, their ticks come out.
 */
import fs from "node:fs";
import { f32Lanes } from "../../machine.ts";
import { bug } from "../../messages.ts";
import { gemmAxes, registerTiles, type GemmPoint, type GemmProblem } from "../../passes/2-lower/gemm-space.ts";
import { isCollidingPitch } from "../../passes/2-lower/storage-plan.ts";
import type { TargetId } from "../../protocol/runner.ts";
import { buildModule, type SourceFile } from "../native-build.ts";
import { randomSource } from "../random-inputs.ts";
import type { RunnerClient } from "../runner-client.ts";
import type { BuildSettings } from "./build.ts";
import { Scratch } from "./scratch.ts";

/** Rows of a table at most. */
const tableRows = 4096;
/** Words of a row: the fields of fs::gemm_point, and how often the product is repeated. */
const rowWords = 10;
const maxOperandBytes = 2 ** 28;

const upTo = (x: number, unit: number): number => Math.ceil(x / unit) * unit;

/** Row stride of A: as the compiler would lay it out. */
const pitchOf = (p: GemmProblem): number => (p.colliding !== true && isCollidingPitch(p.k) ? p.k + 16 : p.k);

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
const tilesOf = (p: GemmProblem): readonly (readonly [number, number])[] =>
  registerTiles(p.isa).filter(([, nv]) => p.panel === undefined || nv * f32Lanes(p.isa) === p.panel);

/** Can points of other grids be measured, too? Their last tiles must have been compiled in. */
export function isMeasurable(p: GemmProblem, point: GemmPoint): boolean {
  const nv = point.nr / f32Lanes(p.isa);
  if (!tilesOf(p).some(([mr, v]) => mr === point.mr && v === nv)) return false;
  const last = p.m % point.rowsPerThread;
  const rests = restsOf(p, point.mr);
  return [point.rowsPerThread, last].every((rows) => rows % point.mr === 0 || rests.includes(rows % point.mr));
}

/** One translation unit for a part of the register tiles, and one that walks the table. */
function sources(p: GemmProblem, units: number): readonly SourceFile[] {
  const lanes = f32Lanes(p.isa);
  const scalar = p.isa === "scalar" ? "#define FS_FORCE_SCALAR 1\n" : "";
  const tiles = tilesOf(p);
  const [pitch, panels] = [pitchOf(p), p.b === "panels"];
  const parameters =
    "int64_t m, int64_t k, const float* a, const float* const* b, float* c, const fs::gemm_point& at, float* scratch, int tid, int threads";
  const cases = tiles.map(([mr, nv]) => `  X(${[mr, nv, ...restsOf(p, mr)].join(", ")})`);
  const unit = (i: number): SourceFile => ({
    name: `points${i}.cpp`,
    text: `${scalar}#define FS_POINT_CASES(X) \\
${cases.filter((_, j) => j % units === i).join(" \\\n")}
#include "kernels/gemm_f32/gemm_f32_points.hpp"
void fs_points_${i}(${parameters}) {
  fs::gemm_at_point<${p.n}, ${pitch}, ${panels}>(m, k, a, [&](int64_t nv) { return b[nv]; }, c, at, scratch, tid, threads);
}
`,
  });
  const widths = panels ? [...new Set(tiles.map(([, nv]) => nv))] : [];
  const packedFloats = (nv: number): number => upTo(p.n, nv * lanes) * p.k;
  const offsets = widths.map((_, i) => upTo(4 * widths.slice(0, i).reduce((sum, nv) => sum + packedFloats(nv), 0), 64));
  const arena = upTo(4 * widths.reduce((sum, nv) => sum + packedFloats(nv), 0), 64) + 64 * widths.length;
  const highest = Math.max(...tiles.map(([mr]) => mr));
  const widest = Math.max(...tiles.map(([, nv]) => nv)) * lanes;
  const scratch = upTo(4 * ((p.m + highest) * (upTo(p.n, widest) + 16 + widest) + p.m * (pitch + 16)), 64);
  const all = Array.from({ length: units }, (_, i) => i);
  const main = `${scalar}#define FS_POINT_CASES(X)
#include "kernels/gemm_f32/gemm_f32_points.hpp"
${all.map((i) => `void fs_points_${i}(${parameters});`).join("\n")}
static const uint64_t output_bytes[] = {${8 * tableRows}, ${4 * p.m * p.n}};
FS_EXPORT const fs_module fs_module_info = {
  FS_ABI_VERSION, ${p.threads}, "points", 0,
  3, 2, 0, 0,
  ${arena}, 0, ${scratch},
  nullptr, output_bytes, nullptr,
};
FS_EXPORT void fs_init(fs_context*, int, int) {}
FS_EXPORT void fs_run(fs_context* ctx, int tid, int threads) {
  const int64_t* const table = static_cast<const int64_t*>(ctx->inputs[0]);
  const float* const a = static_cast<const float*>(ctx->inputs[1]);
  const float* const b = static_cast<const float*>(ctx->inputs[2]);
  uint64_t* const ticks = static_cast<uint64_t*>(ctx->outputs[0]);
  float* const c = static_cast<float*>(ctx->outputs[1]);
  float* const scratch = reinterpret_cast<float*>(fs_scratch(ctx, tid));
  const float* panels[8] = {b, b, b, b, b, b, b, b};
${widths
  .map(
    (nv, i) => `  {
    float* const packed = reinterpret_cast<float*>(ctx->arena + ${upTo(offsets[i] ?? 0, 64)});
    int64_t lo, hi;
    fs_range(0, ${Math.ceil(p.n / (nv * lanes))}, tid, threads, &lo, &hi);
    fs::pack_b<${nv * lanes}>(packed, b, ${p.n}, ${p.k}, ${p.n}, lo, hi);
    panels[${nv}] = packed;
  }`,
  )
  .join("\n")}
  for (int64_t i = 0; i < table[0]; i++) {
    const int64_t* const row = table + 1 + i * ${rowWords};
    fs::gemm_point at;
    memcpy(&at, row, sizeof at);
    fs_barrier(ctx, tid);
    const uint64_t start = fs_ticks();
    for (int64_t times = row[${rowWords - 1}]; times > 0; times--) {
${all.map((j) => `      fs_points_${j}(${p.m}, ${p.k}, a, panels, c, at, scratch, tid, threads);`).join("\n")}
      fs_barrier(ctx, tid);
    }
    if (tid == 0) ticks[i] = fs_ticks() - start;
  }
}
`;
  return [...all.map(unit), { name: "main.cpp", text: main }];
}

function words(problem: GemmProblem, point: GemmPoint, repeat: number): number[] {
  const { rowsPerThread, colsPerThread, mr, nr, mc, nc, kc, order, copyA } = point;
  return [rowsPerThread, colsPerThread, mr, nr / f32Lanes(problem.isa), mc, nc, kc, order === "columns" ? 1 : 0, copyA, repeat];
}

/** Why points of a problem cannot be measured; undefined: they can. */
export function harnessRefusal({ m, n, k }: GemmProblem): string | undefined {
  const bytes = 4 * Math.max(m * (k + 32), k * n, m * n);
  return bytes > maxOperandBytes ? `an operand of ${bytes} bytes is more than the ${maxOperandBytes} that are tuned with` : undefined;
}

export class GemmHarness {
  private constructor(
    private readonly client: RunnerClient,
    private readonly target: TargetId,
    private readonly scratch: Scratch,
    readonly problem: GemmProblem,
    private readonly operands: readonly string[],
    private readonly ticksPerNs: number,
    private readonly settings: BuildSettings,
  ) {}

  /** Builds the harness of a problem (kept by content) and loads it. `harnessRefusal` must not object. Throws the errors of building and loading. */
  static async open(client: RunnerClient, problem: GemmProblem, settings: BuildSettings, seed = 1): Promise<GemmHarness> {
    const pitch = pitchOf(problem);
    const built = await buildModule({
      sources: sources(problem, Math.min(2, tilesOf(problem).length)),
      isa: problem.isa,
      parts: 1,
      fresh: settings.cache === false,
      signal: settings.signal,
      timeoutMs: settings.timeoutSeconds === undefined ? undefined : 1000 * settings.timeoutSeconds,
    });
    const { ticksPerNs } = await client.hello();
    const { target } = await client.request("load", { so: built.so, threads: problem.threads }, { signal: settings.signal });
    const scratch = new Scratch();
    const random = randomSource(seed);
    const matrix = (count: number): Uint8Array => new Uint8Array(Float32Array.from({ length: count }, () => 2 * random() - 1).buffer);
    const operands = [scratch.write("a.bin", matrix(problem.m * pitch)), scratch.write("b.bin", matrix(problem.k * problem.n))];
    return new GemmHarness(client, target, scratch, problem, operands, ticksPerNs, settings);
  }

  /** Nanoseconds of each product, in the order given: measured one after the other, each `repeat` times. */
  async measure(rows: readonly { readonly point: GemmPoint; readonly repeat: number }[]): Promise<number[]> {
    const { ticks } = await this.run(rows, undefined);
    return rows.map(({ repeat }, i) => Number(ticks[i] ?? 0n) / this.ticksPerNs / repeat);
  }

  /** The result of the product at one point, row-major. */
  async product(point: GemmPoint): Promise<Float32Array> {
    const { result } = await this.run([{ point, repeat: 1 }], this.scratch.path("c.bin"));
    return result ?? bug("no result");
  }

  /** The operands, row-major with the pitch of A. */
  matrices(): { readonly a: Float32Array; readonly pitch: number; readonly b: Float32Array } {
    const read = (file: string): Float32Array => new Float32Array(new Uint8Array(fs.readFileSync(file)).buffer);
    return { a: read(this.operands[0] ?? ""), pitch: pitchOf(this.problem), b: read(this.operands[1] ?? "") };
  }

  private async run(rows: readonly { readonly point: GemmPoint; readonly repeat: number }[], c: string | undefined) {
    if (rows.length > tableRows) return bug(`${rows.length} points at a time`);
    const strange = rows.find(({ point }) => !isMeasurable(this.problem, point));
    if (strange !== undefined) return bug("a point that the harness was not built for");
    const table = BigInt64Array.from([rows.length, ...rows.flatMap(({ point, repeat }) => words(this.problem, point, repeat))], BigInt);
    const [input, output] = [this.scratch.write("table.bin", new Uint8Array(table.buffer)), this.scratch.path("ticks.bin")];
    await this.client.request(
      "run",
      {
        target: this.target,
        inputs: [input, ...this.operands].map((file) => ({ file })),
        outputs: [{ file: output }, { file: c ?? "" }],
      },
      { signal: this.settings.signal },
    );
    const ticks = new BigUint64Array(new Uint8Array(fs.readFileSync(output)).buffer);
    const result = c === undefined ? undefined : new Float32Array(new Uint8Array(fs.readFileSync(c)).buffer);
    for (const file of [input, output, ...(c === undefined ? [] : [c])]) fs.rmSync(file, { force: true });
    return { ticks, result };
  }

  async close(): Promise<void> {
    await this.client.request("unload", { target: this.target }).catch(() => undefined);
    this.scratch.close();
  }
}

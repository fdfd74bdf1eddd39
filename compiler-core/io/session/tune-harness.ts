/**
 * Measures many points of a search space with one build: headers like native/kernels/gemm/points.hpp take the parameters as arguments, only sizes and
 * register tiles are compiled in. A table of points goes in, their ticks come out.
 */
import fs from "node:fs";
import type { IsaName } from "../../machine.ts";
import { bug } from "../../messages.ts";
import type { Params } from "../../passes/2-lower/gemm-problem.ts";
import type { TargetId } from "../../protocol/runner.ts";
import { buildModule, type SourceFile } from "../native-build.ts";
import { randomSource } from "../random-inputs.ts";
import type { RunnerClient } from "../runner-client.ts";
import type { BuildSettings } from "./build.ts";
import { Scratch } from "./scratch.ts";

/** Rows of a table at most. */
export const tableRows = 4096;
export const maxOperandBytes = 2 ** 28;

export const upTo = (x: number, unit: number): number => Math.ceil(x / unit) * unit;

/** A problem as something that measures its points. */
export interface PointTable {
  readonly isa: IsaName;
  readonly threads: number;
  readonly sources: readonly SourceFile[];
  /** What the program reads behind the table. */
  readonly operands: (random: () => number) => readonly Uint8Array[];
  readonly resultBytes: number;
  /** Of what is measured, how many the problem has, one after the other. */
  readonly times: number;
  /** The point as the header's struct has it. */
  readonly words: (point: Params) => readonly number[];
  /** Points from elsewhere may need what was not compiled in. */
  readonly isMeasurable: (point: Params) => boolean;
}

export interface TableProgram {
  /** Lines before anything else, and what is included. */
  readonly head: string;
  /** Names of the operands' pointers, and C types. */
  readonly operands: readonly (readonly [name: string, type: string])[];
  /** C type of the result's elements. */
  readonly result: string;
  /** The struct of a row, and its words. */
  readonly point: string;
  readonly words: number;
  /** Bytes of memory that is written once, and of each thread's own. */
  readonly arena: number;
  readonly scratch: number;
  /** Written once, before the table is walked: may use `arena`, `tid`, `threads` and the operands. */
  readonly prepare: string;
  /** Computes the thread's part at the point `at`. */
  readonly compute: string;
}

/** The file that walks the table. */
export function tableProgram(t: TableProgram, threads: number, resultBytes: number): SourceFile {
  const pointers = t.operands.map(
    ([name, type], i) => `  const ${type}* const ${name} = static_cast<const ${type}*>(ctx->inputs[${i + 1}]);`,
  );
  const text = `${t.head}
static const uint64_t output_bytes[] = {${8 * tableRows}, ${resultBytes}};
FS_EXPORT const fs_module fs_module_info = {
  FS_ABI_VERSION, ${threads}, "points", 0,
  ${t.operands.length + 1}, 2, 0, 0,
  ${t.arena}, 0, ${t.scratch},
  nullptr, output_bytes, nullptr,
};
FS_EXPORT void fs_init(fs_context*, int, int) {}
FS_EXPORT void fs_run(fs_context* ctx, int tid, int threads) {
  const int64_t* const table = static_cast<const int64_t*>(ctx->inputs[0]);
${pointers.join("\n")}
  uint64_t* const ticks = static_cast<uint64_t*>(ctx->outputs[0]);
  ${t.result}* const result = static_cast<${t.result}*>(ctx->outputs[1]);
  float* const scratch = reinterpret_cast<float*>(fs_scratch(ctx, tid));
  unsigned char* const arena = ctx->arena;
  (void)arena;
${t.prepare}
  for (int64_t i = 0; i < table[0]; i++) {
    const int64_t* const row = table + 1 + i * ${t.words + 1};
    ${t.point} at;
    memcpy(&at, row, sizeof at);
    fs_barrier(ctx, tid);
    const uint64_t start = fs_ticks();
    for (int64_t times = row[${t.words}]; times > 0; times--) {
${t.compute}
      fs_barrier(ctx, tid);
    }
    if (tid == 0) ticks[i] = fs_ticks() - start;
  }
}
`;
  return { name: "main.cpp", text };
}

export class PointHarness {
  private constructor(
    private readonly client: RunnerClient,
    private readonly target: TargetId,
    private readonly scratch: Scratch,
    readonly table: PointTable,
    private readonly operands: readonly string[],
    private readonly ticksPerNs: number,
    private readonly settings: BuildSettings,
  ) {}

  /** Builds the harness of a problem (kept by content) and loads it. Throws the errors of building and loading. */
  static async open(client: RunnerClient, table: PointTable, settings: BuildSettings, seed = 1): Promise<PointHarness> {
    const built = await buildModule({
      sources: table.sources,
      isa: table.isa,
      parts: 1,
      fresh: settings.cache === false,
      signal: settings.signal,
      timeoutMs: settings.timeoutSeconds === undefined ? undefined : 1000 * settings.timeoutSeconds,
    });
    const { ticksPerNs } = await client.hello();
    const { target } = await client.request("load", { so: built.so, threads: table.threads }, { signal: settings.signal });
    const scratch = new Scratch();
    const operands = table.operands(randomSource(seed)).map((bytes, i) => scratch.write(`operand${i}.bin`, bytes));
    return new PointHarness(client, target, scratch, table, operands, ticksPerNs, settings);
  }

  /** Nanoseconds of each point, in the order given: measured one after the other, each `repeat` times. */
  async measure(rows: readonly { readonly point: Params; readonly repeat: number }[]): Promise<number[]> {
    const { ticks } = await this.run(rows, undefined);
    return rows.map(({ repeat }, i) => (this.table.times * Number(ticks[i] ?? 0n)) / this.ticksPerNs / repeat);
  }

  /** The bytes of the result at one point. */
  async product(point: Params): Promise<Uint8Array> {
    const { result } = await this.run([{ point, repeat: 1 }], this.scratch.path("c.bin"));
    return result ?? bug("no result");
  }

  /** The operands as they were written. */
  operandBytes(): readonly Uint8Array[] {
    return this.operands.map((file) => new Uint8Array(fs.readFileSync(file)));
  }

  private async run(rows: readonly { readonly point: Params; readonly repeat: number }[], c: string | undefined) {
    if (rows.length > tableRows) return bug(`${rows.length} points at a time`);
    const strange = rows.find(({ point }) => !this.table.isMeasurable(point));
    if (strange !== undefined) return bug("a point that the harness was not built for");
    const words = rows.flatMap(({ point, repeat }) => [...this.table.words(point), repeat]);
    const table = BigInt64Array.from([rows.length, ...words], BigInt);
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
    const result = c === undefined ? undefined : new Uint8Array(fs.readFileSync(c));
    for (const file of [input, output, ...(c === undefined ? [] : [c])]) fs.rmSync(file, { force: true });
    return { ticks, result };
  }

  async close(): Promise<void> {
    await this.client.request("unload", { target: this.target }).catch(() => undefined);
    this.scratch.close();
  }
}

/**
 * Builds many generated modules as one program (one compiler run for all: a run for each would take minutes) and runs each on given inputs.
 * The program reads one file: per module its inputs and weights in slot order; it writes all outputs to another.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { CppSource } from "../../compiler-core/codegen/index.ts";
import { encode, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import { prefixOf, quickBuilds, unitOf } from "../onnx-node/unit.ts";

export interface BatchItem {
  readonly source: CppSource;
  readonly inputs: readonly NdArray[];
  readonly weights: readonly NdArray[];
  /** Threads the host uses; any number must give the right answer. */
  readonly threads: number;
}

function program(items: readonly BatchItem[]): string {
  const rows = items.map(({ threads }, i) => {
    const name = (symbol: string): string => `case_${i}::${prefixOf(i)}${symbol}`;
    return `  {&${name("fs_module_info")}, ${name("fs_init")}, ${name("fs_run")}, ${threads}},`;
  });
  return `${unitOf(items.map(({ source }) => source.text))}
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
#include <thread>
#include <vector>
struct row { const fs_module* info; fs_entry init, run; int threads; };
static const row rows[] = {
${rows.join("\n")}
};
// Exactly the size asked for. What is left up to the next 64 bytes holds a canary, then comes a page that may not be touched.
struct block {
  unsigned char* p;
  uint64_t n;
  explicit block(uint64_t bytes) : n(bytes) {
#ifdef __SANITIZE_ADDRESS__
    void* q = nullptr;
    if (posix_memalign(&q, 64, bytes) != 0) abort();
    p = static_cast<unsigned char*>(q), memset(p, 0x7f, bytes);
#else
    const uint64_t used = (bytes + 63) / 64 * 64, pages = (used + 4095) / 4096 * 4096;
    void* q = mmap(nullptr, pages + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (q == MAP_FAILED || mprotect(static_cast<unsigned char*>(q) + pages, 4096, PROT_NONE) != 0) abort();
    p = static_cast<unsigned char*>(q) + pages - used, memset(p, 0x7f, used);
#endif
  }
  bool intact() const {
#ifndef __SANITIZE_ADDRESS__
    for (uint64_t i = n; i < (n + 63) / 64 * 64; i++) if (p[i] != 0x7f) return false;
#endif
    return true;
  }
  void close() {
#ifdef __SANITIZE_ADDRESS__
    free(p);
#else
    munmap(reinterpret_cast<unsigned char*>(reinterpret_cast<uintptr_t>(p) & ~4095ull), ((reinterpret_cast<uintptr_t>(p) & 4095) + (n + 63) / 64 * 64) / 4096 * 4096 + 4096);
#endif
  }
};
int main(int, char** argv) {
  FILE* in = fopen(argv[1], "rb");
  FILE* out = fopen(argv[2], "wb");
  for (const row& r : rows) {
    const fs_module& m = *r.info;
    std::vector<block> inputs, weights, outputs;
    for (uint32_t i = 0; i < m.inputs; i++) { inputs.emplace_back(m.input_bytes[i]); if (fread(inputs[i].p, 1, inputs[i].n, in) != inputs[i].n) return 2; }
    for (uint32_t i = 0; i < m.weights; i++) { weights.emplace_back(m.weight_bytes[i]); if (fread(weights[i].p, 1, weights[i].n, in) != weights[i].n) return 2; }
    for (uint32_t i = 0; i < m.outputs; i++) outputs.emplace_back(m.output_bytes[i]);
    block packed(m.packed_bytes), arena(m.arena_bytes), scratch(m.scratch_bytes * r.threads);
    std::vector<void*> ip, op;
    std::vector<const void*> wp;
    for (auto& b : inputs) ip.push_back(b.p);
    for (auto& b : outputs) op.push_back(b.p);
    for (auto& b : weights) wp.push_back(b.p);
    fs_team team;
    fs_team_init(&team, r.threads, 0);
    fs_context ctx = {};
    ctx.inputs = ip.data(), ctx.outputs = op.data(), ctx.weights = wp.data();
    ctx.packed = packed.p, ctx.arena = arena.p, ctx.scratch = scratch.p, ctx.scratch_stride = m.scratch_bytes, ctx.team = &team;
    auto all = [&](fs_entry f) {
      std::vector<std::thread> team_threads;
      for (int t = 1; t < r.threads; t++) team_threads.emplace_back(f, &ctx, t, r.threads);
      f(&ctx, 0, r.threads);
      for (auto& t : team_threads) t.join();
    };
    all(r.init);
    for (int repeat = 0; repeat < 2; repeat++) all(r.run);
    unsigned char ok = packed.intact() && arena.intact() && scratch.intact();
    for (auto& b : outputs) ok = ok && b.intact();
    fwrite(&ok, 1, 1, out);
    for (auto& b : outputs) fwrite(b.p, 1, b.n, out);
    for (auto* list : {&inputs, &weights, &outputs}) for (auto& b : *list) b.close();
    for (auto* b : {&packed, &arena, &scratch}) b->close();
  }
  return fclose(out);
}
`;
}

export interface BatchResult {
  /** Raw bytes of the outputs by slot. */
  readonly outputs: readonly Uint8Array[];
  /** False: it wrote past the end of a buffer. */
  readonly intact: boolean;
}

/** True when the command exists here. */
export const hasCompiler = (command: string): boolean => spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;

/** Builds and runs all items. `flags` choose the instruction set. Throws with the compiler's or program's message. */
export function runBatch(items: readonly BatchItem[], compiler: string, flags: readonly string[], root: string): readonly BatchResult[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), "fusionscope-batch-"));
  try {
    const file = (name: string): string => path.join(folder, name);
    writeFileSync(file("batch.cpp"), program(items));
    const args = [
      "-std=c++17",
      quickBuilds ? "-Og" : "-O1",
      "-ffp-contract=off",
      "-fno-strict-aliasing",
      "-w",
      ...flags,
      `-I${path.join(root, "native")}`,
      file("batch.cpp"),
      "-o",
      file("batch"),
      "-pthread",
    ];
    const built = spawnSync(compiler, args, { encoding: "utf8" });
    if (built.status !== 0) throw new Error(`${compiler}: ${built.stderr.slice(0, 3000)}`);
    writeFileSync(file("in"), Buffer.concat(items.flatMap((i) => [...i.inputs, ...i.weights].map((a) => encode(a)))));
    const ran = spawnSync(file("batch"), [file("in"), file("out")], { encoding: "utf8", timeout: 120_000 });
    if (ran.status !== 0) throw new Error(`the batch ended with ${ran.signal ?? ran.status}: ${ran.stderr}`);
    return split(items, readFileSync(file("out")));
  } finally {
    if (process.env["KEEP_BATCH"] === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function split(items: readonly BatchItem[], bytes: Buffer): readonly BatchResult[] {
  let at = 0;
  return items.map(({ source }) => {
    const intact = bytes[at++] === 1;
    const outputs = source.plan.outputs.map((o) => new Uint8Array(bytes.subarray(at, (at += o.bytes))));
    return { outputs, intact };
  });
}

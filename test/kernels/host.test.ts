/** A compiled model runs from a plain C program, with nothing of ours but headers: what `compile -o` leaves behind. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { compile, packageRoot } from "#core/io";
import { buildMatmul, largestDifference, readFloats, writeMatmul } from "./matmul-case.ts";
import { compilerOrReason, runProgram } from "./native-program.ts";

const compiler = await compilerOrReason();
const size = { m: 20, n: 33, k: 17 };

const program = (folder: string): string => `
#include "runtime/host.h"
#include <stdio.h>

/* Every allocation of the process, its threads and libraries while a run is under way. */
static int counting, allocations;
void* __libc_malloc(size_t n);
void* __libc_calloc(size_t n, size_t size);
void* __libc_realloc(void* p, size_t n);
static void seen(void) {
  if (__atomic_load_n(&counting, __ATOMIC_SEQ_CST)) __atomic_add_fetch(&allocations, 1, __ATOMIC_SEQ_CST);
}
void* malloc(size_t n) { return seen(), __libc_malloc(n); }
void* calloc(size_t n, size_t size) { return seen(), __libc_calloc(n, size); }
void* realloc(void* p, size_t n) { return seen(), __libc_realloc(p, n); }

static float x[${size.m * size.k}], w[${size.k * size.n}], y[${size.m * size.n}];

static int transfer(const char* name, const char* mode, float* p, size_t n) {
  FILE* f = fopen(name, mode);
  if (f == NULL) return 1;
  const size_t done = mode[0] == 'r' ? fread(p, 4, n, f) : fwrite(p, 4, n, f);
  return fclose(f) != 0 || done != n;
}
extern const fs_module fs_module_info;

int main(void) {
  if (transfer("${folder}/x.bin", "rb", x, sizeof x / 4) || transfer("${folder}/w.bin", "rb", w, sizeof w / 4)) return 2;
  const void* weights[] = {w};
  void* inputs[] = {x};
  void* outputs[] = {y};
  static fs_host host;
  const int why = fs_host_open(&host, &fs_module_info, fs_init, fs_run, weights, 2, NULL);
  if (why != FS_HOST_OK) return 10 + why;
  __atomic_store_n(&counting, 1, __ATOMIC_SEQ_CST);
  for (int i = 0; i < 3; i++) fs_host_run(&host, inputs, outputs);
  if (allocations != 0) return 4;
  free(malloc(allocations + 1));
  if (allocations != 1) return 5;
  __atomic_store_n(&counting, 0, __ATOMIC_SEQ_CST);
  fs_host_close(&host);
  return transfer("${folder}/y.bin", "wb", y, sizeof y / 4) ? 3 : 0;
}
`;

test(
  "a C program with the headers alone runs a compiled model, and no run allocates",
  { skip: typeof compiler === "string" ? compiler : false },
  async (t) => {
    assert.ok(typeof compiler !== "string");
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-host-"));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const { expected } = writeMatmul(size, folder);
    const { so } = await buildMatmul(size, "scalar");
    const at = (name: string): string => path.join(folder, name);
    fs.writeFileSync(at("main.c"), program(folder));
    const strict = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", `-I${path.join(packageRoot(), "native")}`];
    await compile(compiler, ["-x", "c", ...strict, "-c", at("main.c"), "-o", at("main.o")]);
    await promisify(execFile)(compiler.command, [at("main.o"), so, "-pthread", `-Wl,-rpath,${path.dirname(so)}`, "-o", at("main")]);
    const { code, output } = await runProgram(at("main"));
    assert.equal(code, 0, output);
    assert.ok(largestDifference(readFloats(at("y.bin")), expected) < 2e-6);
  },
);

/** tanh(x w) as a compiled model, as an ONNX model and as numbers: what the runner's tests and experiments run. */
import fs from "node:fs";
import path from "node:path";
import type { IsaName } from "#core";
import { buildModule, findOrtLibrary, packageRoot, type BuiltModule } from "#core/io";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";

export interface MatmulSize {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

const isaBits: Readonly<Record<string, string>> = { scalar: "0", avx2: "FS_ISA_AVX2", avx512: "FS_ISA_AVX512" };

/** Builds matmul-module.cpp. `misbehave`: one of its macros. */
export function buildMatmul(
  size: MatmulSize,
  isa: IsaName,
  options: { readonly misbehave?: string; readonly profile?: boolean } = {},
): Promise<BuiltModule> {
  const source = fs.readFileSync(path.join(packageRoot(), "test/kernels/matmul-module.cpp"), "utf8");
  const macros = {
    TEST_M: size.m,
    TEST_N: size.n,
    TEST_K: size.k,
    TEST_ISA: isaBits[isa] ?? "0",
    ...(options.misbehave === undefined ? {} : { [options.misbehave]: 1 }),
  };
  const head = Object.entries(macros).map(([name, value]) => `#define ${name} ${value}\n`);
  return buildModule({ sources: [{ name: "model.cpp", text: head.join("") + source }], isa, profile: options.profile });
}

/** Deterministic values in [-1, 1). */
function values(count: number, seed: number): Float32Array {
  let state = seed;
  return new Float32Array(count).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >> 8) / 2 ** 23;
  });
}

export interface MatmulFiles {
  readonly x: string;
  readonly w: string;
  readonly expected: Float64Array;
  /** Plain MatMul and Tanh. */
  readonly onnx: string;
}

/** Writes inputs, weights and the ONNX form into `folder`, and computes the result in double precision. */
export function writeMatmul({ m, n, k }: MatmulSize, folder: string): MatmulFiles {
  const x = values(m * k, 1);
  const w = values(k * n, 2).map((v) => v / 8);
  const at = (name: string): string => path.join(folder, name);
  fs.writeFileSync(at("x.bin"), x);
  fs.writeFileSync(at("w.bin"), w);
  const model = modelBuilder();
  model.input("x", "f32", [m, k]);
  model.initializer("w", "f32", [k, n], w);
  model.node("Tanh", [model.node("MatMul", ["x", "w"], "xw")], "y");
  model.output("y", "f32", [m, n]);
  fs.writeFileSync(at("model.onnx"), encodeModel(model.build()));
  const expected = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += (x[i * k + p] ?? 0) * (w[p * n + j] ?? 0);
      expected[i * n + j] = Math.tanh(sum);
    }
  }
  return { x: at("x.bin"), w: at("w.bin"), expected, onnx: at("model.onnx") };
}

/** A model of one Identity node: a call of it is all overhead. */
export function writeIdentity(folder: string): string {
  const model = modelBuilder();
  model.input("x", "f32", [1]);
  model.node("Identity", ["x"], "y");
  model.output("y", "f32", [1]);
  const file = path.join(folder, "identity.onnx");
  fs.writeFileSync(file, encodeModel(model.build()));
  return file;
}

export function readFloats(file: string): Float32Array {
  const bytes = fs.readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

export function largestDifference(a: Float32Array, b: Float64Array): number {
  return b.reduce((worst, v, i) => Math.max(worst, Math.abs(v - (a[i] ?? NaN))), 0);
}

/** The library of ONNX Runtime, or why there is none: for `skip`. */
export function ortOrReason(): { readonly library: string } | { readonly why: string } {
  const library = findOrtLibrary();
  return library === undefined ? { why: "onnxruntime-node is not installed" } : { library };
}

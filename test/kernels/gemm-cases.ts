/** Every matrix-product kernel of the registry with its packing, as modules: data for manifests.test.ts. */
import type { NdArray } from "../../compiler-core/graph/ndarray.ts";
import { fromValues } from "../../compiler-core/graph/ndarray.ts";
import { gemmBF16Tile, gemmF32Tile, gemmU8S8Panel, i4Block, i4Panels } from "../../compiler-core/kernels/index.ts";
import { isaSets, type IsaName } from "../../compiler-core/machine.ts";
import type { DType } from "../../compiler-core/support/dtype.ts";
import { KernelModule, type KernelCase } from "./kernel-module.ts";

export interface GemmSize {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Values that are exact in bf16 and f16, so that no rounding of inputs is part of the comparison; integers for integer types. */
export function values(dtype: DType, shape: readonly number[], seed: number): NdArray {
  let state = Math.imul(seed + 1, 2654435761) | 0;
  const count = shape.reduce((a, d) => a * d, 1);
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 8;
  };
  const from = Array.from({ length: count }, () => {
    const v = next() % 255;
    if (dtype === "u8") return v;
    return dtype === "i8" || dtype === "i32" ? v - 127 : (v - 127) / 64;
  });
  return fromValues(dtype, shape, from);
}

interface GemmRow {
  readonly name: string;
  /** Instruction sets that have the kernel; absent: all. */
  readonly only?: (isa: IsaName) => boolean;
  /** The module's text, its inputs in slot order. */
  readonly make: (isa: IsaName, size: GemmSize, vector: boolean) => { readonly module: KernelModule; readonly inputs: readonly NdArray[] };
}

const panels = (k: number, n: number, nr: number, group: number): number[] => [Math.ceil(n / nr), Math.ceil(k / group), nr, group];

/** f32 B in panels, from rows or from columns; start values. */
const f32 = (transposed: boolean): GemmRow => ({
  name: transposed ? "gemm_f32 of a transposed weight" : "gemm_f32",
  make: (isa, { m, n, k }, vector) => {
    const { nr } = gemmF32Tile(isa);
    const t = new KernelModule(isa);
    t.buffer("a", "f32", [m, k], "input");
    t.buffer("b", "f32", transposed ? [n, k] : [k, n], "input");
    t.buffer("c", "f32", [m, n], "input");
    t.buffer("y", "f32", [m, n], "output");
    t.buffer("p", "f32", panels(k, n, nr, 1), "arena");
    const pack = transposed ? "pack_b_transposed" : "pack_b";
    t.call(pack, { src: "b", dst: "p" }, { k, n, ld: transposed ? k : n, first: 0, last: Math.ceil(n / nr) }, { nr });
    t.call("gemm_f32", { a: "a", b: "p", c: "c" }, { m, n, k, lda: k, kb: k, ldc: n }, { b: "panels", nr }, { to: "y", vector });
    return { module: t, inputs: [values("f32", [m, k], 1), values("f32", transposed ? [n, k] : [k, n], 2), values("f32", [m, n], 3)] };
  },
});

const f32Dot: GemmRow = {
  name: "gemm_f32_dot",
  make: (isa, { m, n, k }, vector) => {
    const t = new KernelModule(isa);
    t.buffer("a", "f32", [m, k], "input");
    t.buffer("b", "f32", [n, k], "input");
    t.buffer("y", "f32", [m, n], "output");
    t.call("gemm_f32_dot", { a: "a", b: "b" }, { m, n, k, lda: k, ldb: k }, {}, { to: "y", vector });
    return { module: t, inputs: [values("f32", [m, k], 1), values("f32", [n, k], 2)] };
  },
};

const hasTiles = (isa: IsaName): boolean => (isaSets[isa] as readonly string[]).includes("amx_tile");

const int8 = (a: "u8" | "i8", b: "i8" | "u8", kernel = a === "u8" ? "gemm_u8s8" : "gemm_s8s8"): GemmRow => ({
  name: `${kernel} of ${a} by ${b}`,
  ...(kernel.endsWith("_amx") ? { only: hasTiles } : {}),
  make: (isa, { m, n, k }, vector) => {
    const nr = gemmU8S8Panel(isa);
    const t = new KernelModule(isa);
    t.buffer("a", a, [m, k], "input");
    t.buffer("b", b, [k, n], "input");
    t.buffer("y", "i32", [m, n], "output");
    t.buffer("p", "i8", panels(k, n, nr, 4), "arena");
    t.buffer("sums", "i32", [n], "arena");
    const pack = b === "i8" ? "pack_b_u8s8" : "pack_b_u8";
    t.call(pack, { src: "b", dst: "p", colsum: "sums" }, { k_stride: n, n_stride: 1, k, n, first: 0, last: Math.ceil(n / nr) }, { nr });
    t.call(kernel, { a: "a", b: "p", c: "sums" }, { m, n, k, lda: k, kb: k }, { nr }, { to: "y", vector });
    return { module: t, inputs: [values(a, [m, k], 1), values(b, [k, n], 2)] };
  },
});

/** From f32 operands, rounded on the way, or from bf16 ones; columns of a transposed weight too. */
const bf16 = (from: "f32" | "bf16", transposed: boolean, kernel = "gemm_bf16"): GemmRow => ({
  name: `${kernel} from ${from}${transposed ? ", transposed" : ""}`,
  ...(kernel.endsWith("_amx") ? { only: hasTiles } : {}),
  make: (isa, { m, n, k }, vector) => {
    const { nr } = gemmBF16Tile(isa);
    const t = new KernelModule(isa);
    const shape = transposed ? [n, k] : [k, n];
    t.buffer("a", from, [m, k], "input");
    t.buffer("b", from, shape, "input");
    t.buffer("c", "f32", [m, n], "input");
    t.buffer("y", "f32", [m, n], "output");
    t.buffer("p", "bf16", panels(k, n, nr, 2), "arena");
    const strides = transposed ? { k_stride: 1, n_stride: k } : { k_stride: n, n_stride: 1 };
    const pack = from === "f32" ? "pack_b_bf16_from_f32" : "pack_b_bf16";
    t.call(pack, { src: "b", dst: "p" }, { ...strides, k, n, first: 0, last: Math.ceil(n / nr) }, { nr });
    const lda = from === "f32" ? k + 2 : k;
    if (from === "f32") {
      t.buffer("rows", "bf16", [m, lda], "arena");
      t.call("pack_a_bf16", { src: "a", dst: "rows" }, { m, k, lds: k, ldd: lda });
    }
    const a = from === "f32" ? "rows" : "a";
    t.call(kernel, { a, b: "p", c: "c" }, { m, n, k, lda, kb: k, ldc: n }, { nr }, { to: "y", vector });
    return { module: t, inputs: [values(from, [m, k], 1), values(from, shape, 2), values("f32", [m, n], 3)] };
  },
});

/** Weights of 4 bits with f32 or f16 scales, with zero points or without; A as it is or rounded to bytes. */
const int4 = (kernel: "gemm_f32_i4" | "gemm_i8_i4", scaleType: "f32" | "f16", zeroPoints: boolean): GemmRow => ({
  name: `${kernel}, scales ${scaleType}${zeroPoints ? ", zero points" : ""}`,
  make: (isa, { m, n, k }, vector) => {
    const { nr } = gemmF32Tile(isa);
    const t = new KernelModule(isa);
    const blocks = Math.ceil(k / i4Block);
    const packed = i4Panels(k, n, nr);
    const [across = 0] = packed;
    t.buffer("a", "f32", [m, k], "input");
    t.buffer("w", "u8", [n, blocks, 16], "input");
    t.buffer("s", scaleType, [n, blocks], "input");
    if (zeroPoints) t.buffer("z", "u8", [n, Math.ceil(blocks / 2)], "input");
    t.buffer("y", "f32", [m, n], "output");
    t.buffer("b", "u8", packed, "arena");
    t.buffer("scales", "f32", [across, blocks, nr], "arena");
    if (zeroPoints) t.buffer("zeros", "u8", [across, blocks, nr], "arena");
    const from = { src: "w", scales: "s", dst: "b", dst_scales: "scales", ...(zeroPoints ? { zeros: "z", dst_zeros: "zeros" } : {}) };
    t.call(scaleType === "f32" ? "pack_b_i4" : "pack_b_i4_f16", from, { k, n, first: 0, last: across }, { nr });
    const b = { b: "b", scales: "scales", ...(zeroPoints ? { zeros: "zeros" } : {}) };
    if (kernel === "gemm_f32_i4") {
      t.call(kernel, { a: "a", ...b }, { m, n, k, lda: k, kb: k }, { nr }, { to: "y", vector });
    } else {
      t.buffer("q", "i8", [m, blocks, i4Block], "arena");
      t.buffer("a_scales", "f32", [m, blocks], "arena");
      t.buffer("a_sums", "i32", [m, blocks], "arena");
      t.call("quantise_rows_i8", { src: "a", dst: "q", scales: "a_scales", sums: "a_sums" }, { m, k, lds: k });
      const a = { a: "q", a_scales: "a_scales", a_sums: "a_sums" };
      t.call(kernel, { ...a, ...b }, { m, n, k, kb: k }, { nr }, { to: "y", vector });
    }
    const inputs = [values("f32", [m, k], 1), values("u8", [n, blocks, 16], 2), values(scaleType, [n, blocks], 3)];
    return { module: t, inputs: zeroPoints ? [...inputs, values("u8", [n, Math.ceil(blocks / 2)], 4)] : inputs };
  },
});

/** f16 weights under f16 or f32 rows. */
const f16 = (kernel: "gemm_f16" | "gemm_f32_f16", transposed: boolean): GemmRow => ({
  name: `${kernel}${transposed ? " of a transposed weight" : ""}`,
  make: (isa, { m, n, k }, vector) => {
    const { nr } = gemmF32Tile(isa);
    const t = new KernelModule(isa);
    const [a, shape] = [kernel === "gemm_f16" ? "f16" : "f32", transposed ? [n, k] : [k, n]] as const;
    t.buffer("a", a, [m, k], "input");
    t.buffer("b", "f16", shape, "input");
    t.buffer("c", "f32", [m, n], "input");
    t.buffer("y", "f32", [m, n], "output");
    t.buffer("p", "f16", panels(k, n, nr, 1), "arena");
    const pack = transposed ? "pack_b_f16_transposed" : "pack_b_f16";
    t.call(pack, { src: "b", dst: "p" }, { k, n, ld: transposed ? k : n, first: 0, last: Math.ceil(n / nr) }, { nr });
    t.call(kernel, { a: "a", b: "p", c: "c" }, { m, n, k, lda: k, kb: k, ldc: n }, { nr }, { to: "y", vector });
    return { module: t, inputs: [values(a, [m, k], 1), values("f16", shape, 2), values("f32", [m, n], 3)] };
  },
});

const rows: readonly GemmRow[] = [
  f32(false),
  f32(true),
  f32Dot,
  int8("u8", "i8"),
  int8("i8", "u8"),
  bf16("f32", false),
  bf16("f32", true),
  bf16("bf16", false),
  bf16("f32", false, "gemm_bf16_amx"),
  int8("u8", "i8", "gemm_u8s8_amx"),
  int8("i8", "i8", "gemm_s8s8_amx"),
  f16("gemm_f16", false),
  f16("gemm_f32_f16", true),
  int4("gemm_f32_i4", "f32", false),
  int4("gemm_f32_i4", "f16", true),
  int4("gemm_i8_i4", "f32", true),
];

/**
 * Cases for an instruction set: odd edges in all directions, with vector and scalar epilogues. `each`: both sizes for every kernel; otherwise
 * they take turns, because a compiler's time is what this costs.
 */
export function gemmCases(isa: IsaName, each: boolean): readonly KernelCase[] {
  const sizes: readonly GemmSize[] = [
    { m: 17, n: 37, k: 45 },
    { m: 3, n: 7, k: 70 },
  ];
  const here = rows.filter(({ only }) => only?.(isa) ?? true);
  return here.flatMap(({ name, make }, turn) =>
    sizes.flatMap((size, i) => {
      if (!each && turn % 2 !== i) return [];
      const { module, inputs } = make(isa, size, i === 0);
      return [{ name: `${name}, ${size.m} x ${size.n} x ${size.k}`, module: module.finish(name), inputs }];
    }),
  );
}

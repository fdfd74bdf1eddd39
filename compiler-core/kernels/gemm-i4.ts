/** Products with weights of 4 bits (ONNX Runtime's MatMulNBits), and what prepares their operands: native/kernels/gemm_i4. */
import { bug } from "../messages.ts";
import { gemmF32Tile } from "./gemm-f32.ts";
import { reader, rowsOf, sumProducts } from "./gemm-meaning.ts";
import type { CallText, CallValues, Kernel, ShapeFacts } from "./kernel.ts";

/** Weights along k that share a scale. */
export const i4Block = 32;
const blocksOf = (k: number): number => Math.ceil(k / i4Block);

/** Extents of the packed weights, in bytes; those of scales and zero points are the first, second and fourth. */
export const i4Panels = (k: number, n: number, nr: number): readonly number[] => [Math.ceil(n / nr), blocksOf(k), 4, nr, 4];

const weightOperands = {
  b: { dtype: "u8", access: "read", what: "weights [n/nr][ceil(kb/32)][4][nr][4] made by pack_b_i4, two a byte" },
  scales: { dtype: "f32", access: "read", what: "[n/nr][ceil(kb/32)][nr]" },
  zeros: { dtype: "u8", access: "read", optional: true, what: "zero points [n/nr][ceil(kb/32)][nr]; absent: 8" },
} as const;

/** A packed weight as it lies, its scale and its zero point. */
function packedWeights(call: CallValues): (p: number, j: number) => { readonly q: number; readonly scale: number; readonly zero: number } {
  const [b, scales, nr, blocks] = [reader(call, "b"), reader(call, "scales"), Number(call.param("nr")), blocksOf(call.arg("kb"))];
  const zeros = call.operand("zeros") === undefined ? undefined : reader(call, "zeros");
  return (p, j) => {
    const at = (Math.floor(j / nr) * blocks + Math.floor(p / i4Block)) * nr;
    const lane = at * 16 + (Math.floor((p % i4Block) / 8) * nr + (j % nr)) * 4;
    return {
      q: (b(lane + (p % 4)) >> (4 * (Math.floor(p / 4) % 2))) & 15,
      scale: scales(at + (j % nr)),
      zero: zeros === undefined ? 8 : zeros(at + (j % nr)),
    };
  };
}

const weightText = (call: CallText): string =>
  `fs::b_i4{${call.pointer("b")}, ${call.pointer("scales")}, ${call.pointer("zeros") ?? "nullptr"}, ${call.arg("kb")}}`;

/** How much of the panels is the product's own columns. */
const columnShare = ({ n, isa }: ShapeFacts): number => n / (Math.ceil(n / gemmF32Tile(isa).nr) * gemmF32Tile(isa).nr);

export const gemmF32I4: Kernel = {
  name: "gemm_f32_i4",
  why: "decodes weights of 4 bits in registers (few rows) or once for eight tiles of rows: memory is read an eighth as often as for f32",
  operands: {
    a: { dtype: "f32", access: "read", what: "m x k, row-major with row stride lda", rect: { rows: "m", cols: "k", ld: "lda" } },
    ...weightOperands,
  },
  args: ["m", "n", "k", "lda", "kb"],
  optionalArgs: [],
  params: { nr: "columns of a panel: gemmF32Tile(isa).nr" },
  acc: "f32",
  headers: ["kernels/gemm_i4/gemm_i4.hpp"],
  features: () => [],
  promises: [
    "a weight is (q - zero) * scale, sums are f32, block by block along k",
    "a part of k may begin at any block of 32",
    "the epilogue sees every element once, rows of a tile in order",
  ],
  accepts: () => true,
  score: (facts) => 0.6 * columnShare(facts),
  cpp: (call) => {
    const sizes = ["m", "n", "k"].map(call.arg).join(", ");
    return `fs::gemm_f32_i4(${sizes}, fs::a_rows{${call.pointer("a")}, ${call.arg("lda")}}, ${weightText(call)}, ${call.epilogue ?? bug("gemm_f32_i4 without epilogue")});`;
  },
  meaning: (call) => {
    const weight = packedWeights(call);
    const b = (p: number, j: number): number => {
      const { q, scale, zero } = weight(p, j);
      return (q - zero) * scale;
    };
    sumProducts(call, { a: rowsOf(call, "a", "lda"), b, start: () => 0, finish: call.round });
  },
};

export const gemmI8I4: Kernel = {
  name: "gemm_i8_i4",
  why: "as gemm_f32_i4 with A rounded to 8 bits, block by block: four products per lane and instruction instead of one",
  operands: {
    a: { dtype: "i8", access: "read", what: "m x ceil(k/32) x 32 bytes made by quantise_rows_i8" },
    a_scales: { dtype: "f32", access: "read", what: "m x ceil(k/32)" },
    a_sums: { dtype: "i32", access: "read", what: "m x ceil(k/32): sum of the bytes of each block" },
    ...weightOperands,
  },
  args: ["m", "n", "k", "kb"],
  optionalArgs: [],
  params: { nr: "columns of a panel: gemmF32Tile(isa).nr" },
  acc: "f32",
  headers: ["kernels/gemm_i4/gemm_i4_s8.hpp"],
  features: (isa) => (isa.startsWith("avx512-") || isa === "amx" ? ["avx512_vnni"] : []),
  promises: [
    "sums inside a block are exact, those over blocks are f32",
    "differs from gemm_f32_i4 by the rounding of A to 1/127 of each block's largest magnitude",
    "the epilogue sees every element once, rows of a tile in order",
  ],
  accepts: () => true,
  score: (facts) => 0.7 * columnShare(facts),
  cpp: (call) => {
    const a = `fs::a_i8_blocks{${["a", "a_scales", "a_sums"].map(call.pointer).join(", ")}, ${call.arg("k")}}`;
    return `fs::gemm_i8_i4(${call.arg("m")}, ${call.arg("n")}, ${a}, ${weightText(call)}, ${call.epilogue ?? bug("gemm_i8_i4 without epilogue")});`;
  },
  meaning: (call) => {
    const [weight, q, scales, blocks] = [packedWeights(call), reader(call, "a"), reader(call, "a_scales"), blocksOf(call.arg("k"))];
    const a = (i: number, p: number): number => q(i * blocks * i4Block + p) * scales(i * blocks + Math.floor(p / i4Block));
    const b = (p: number, j: number): number => {
      const { q: bits, scale, zero } = weight(p, j);
      return (bits - zero) * scale;
    };
    sumProducts(call, { a, b, start: () => 0, finish: call.round });
  },
};

function packMeaning(call: CallValues): void {
  const [b, scales] = [reader(call, "src"), reader(call, "scales")];
  const zeros = call.operand("zeros") === undefined ? undefined : reader(call, "zeros");
  const to = (name: string) => call.operand(name) ?? bug(`pack_b_i4 without ${name}`);
  const [weights, toScales] = [to("dst"), to("dst_scales")];
  const [k, n, nr] = [call.arg("k"), call.arg("n"), Number(call.param("nr"))];
  const blocks = blocksOf(k);
  for (let j = call.arg("first") * nr; j < call.arg("last") * nr; j++) {
    for (let block = 0; block < blocks; block++) {
      const at = (Math.floor(j / nr) * blocks + block) * nr;
      const inside = j < n;
      toScales.data[toScales.at + at + (j % nr)] = inside ? scales(j * blocks + block) : 0;
      if (zeros !== undefined) {
        const packed = inside ? zeros(j * Math.ceil(blocks / 2) + Math.floor(block / 2)) : 0;
        to("dst_zeros").data[to("dst_zeros").at + at + (j % nr)] = (packed >> (4 * (block % 2))) & 15;
      }
      const weight = (p: number): number =>
        inside && block * i4Block + p < k ? (b((j * blocks + block) * 16 + Math.floor(p / 2)) >> (4 * (p % 2))) & 15 : 0;
      for (let i = 0; i < 16; i++) {
        const p = Math.floor(i / 4) * 8 + (i % 4);
        const place = weights.at + at * 16 + (Math.floor(i / 4) * nr + (j % nr)) * 4 + (i % 4);
        weights.data[place] = weight(p) | (weight(p + 4) << 4);
      }
    }
  }
}

export const packBI4: Kernel = {
  name: "pack_b_i4",
  why: "puts eight weights of a column into one lane, so that two masks (or a table) decode a vector of columns",
  operands: {
    src: { dtype: "u8", access: "read", what: "n x ceil(k/32) x 16 bytes, two weights a byte, the lower half first" },
    scales: { dtype: "f32", access: "read", what: "n x ceil(k/32)" },
    zeros: { dtype: "u8", access: "read", optional: true, what: "n x ceil(ceil(k/32)/2) bytes, two zero points each; absent: 8" },
    dst: { dtype: "u8", access: "write", what: "[n/nr][ceil(k/32)][4][nr][4]" },
    dst_scales: { dtype: "f32", access: "write", what: "[n/nr][ceil(k/32)][nr]; 0 past n" },
    dst_zeros: { dtype: "u8", access: "write", optional: true, what: "[n/nr][ceil(k/32)][nr], with zeros" },
  },
  args: ["k", "n", "first", "last"],
  optionalArgs: [],
  params: { nr: "columns of a panel" },
  headers: ["kernels/gemm_i4/layout.hpp"],
  features: () => [],
  promises: ["weights past k and n are 0; only panels first..last-1 are written"],
  accepts: () => true,
  score: () => 1,
  cpp: (call) => {
    const pointers = ["dst", "dst_scales", "dst_zeros", "src", "scales", "zeros"].map((name) => {
      const to = call.pointer(name);
      return to ?? (name === "dst_zeros" ? "static_cast<uint8_t*>(nullptr)" : "static_cast<const uint8_t*>(nullptr)");
    });
    return `fs::pack_b_i4<${call.param("nr")}>(${pointers.join(", ")}, ${["k", "n", "first", "last"].map(call.arg).join(", ")});`;
  },
  meaning: packMeaning,
};

/** As pack_b_i4 with scales of 16 bits, which are widened. */
export const packBI4F16: Kernel = {
  ...packBI4,
  name: "pack_b_i4_f16",
  operands: { ...packBI4.operands, scales: { ...packBI4.operands["scales"]!, dtype: "f16" } },
};

/** Rounds half to even. */
function roundEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

export const quantiseRowsI8: Kernel = {
  name: "quantise_rows_i8",
  why: "each block of a row is rounded by its own largest magnitude, in one pass, with the sum that zero points need",
  operands: {
    src: { dtype: "f32", access: "read", what: "m x k, row stride lds", rect: { rows: "m", cols: "k", ld: "lds" } },
    dst: { dtype: "i8", access: "write", what: "m x ceil(k/32) x 32; 0 past k" },
    scales: { dtype: "f32", access: "write", what: "m x ceil(k/32): largest magnitude / 127" },
    sums: { dtype: "i32", access: "write", what: "m x ceil(k/32)" },
  },
  args: ["m", "k", "lds"],
  optionalArgs: [],
  params: {},
  headers: ["kernels/gemm_i4/gemm_i4_s8.hpp"],
  features: () => [],
  promises: ["half of a step is rounded to even, as far as f32 tells", "a block with an infinity or NaN has scale NaN"],
  accepts: () => true,
  score: () => 1,
  cpp: (call) =>
    `fs::quantise_rows_i8(${["dst", "scales", "sums", "src"].map(call.pointer).join(", ")}, ${["lds", "m", "k"].map(call.arg).join(", ")});`,
  meaning: (call) => {
    const row = rowsOf(call, "src", "lds");
    const to = (name: string) => call.operand(name) ?? bug(`quantise_rows_i8 without ${name}`);
    const [q, scales, sums, k] = [to("dst"), to("scales"), to("sums"), call.arg("k")];
    const blocks = blocksOf(k);
    for (let i = 0; i < call.arg("m"); i++) {
      for (let block = 0; block < blocks; block++) {
        const at = (p: number): number => (block * i4Block + p < k ? row(i, block * i4Block + p) : 0);
        const all = Array.from({ length: i4Block }, (_, p) => at(p));
        const top = Math.max(...all.map(Math.abs));
        const scale = Number.isFinite(top) ? Math.fround(top / 127) : NaN;
        // In f32, as the kernel does it, so that ties fall to the same side.
        const by = Math.fround(1 / scale);
        const scaled = (v: number): number => Math.fround(scale < 1.17549435e-38 ? v / scale : v * by);
        const rounded = all.map((v) => (scale > 0 ? Math.max(-127, Math.min(127, roundEven(scaled(v)))) : 0));
        rounded.forEach((v, p) => (q.data[q.at + (i * blocks + block) * i4Block + p] = v));
        scales.data[scales.at + i * blocks + block] = scale;
        sums.data[sums.at + i * blocks + block] = rounded.reduce((a, v) => a + v, 0);
      }
    }
  },
};

/** Bytes of one quantised row of k elements. */
export const i8RowBytes = (k: number): number => blocksOf(k) * i4Block;

/** Convolutions of images whose channels are the last axis: native/kernels/conv_last and native/kernels/depthwise_last. */
import type { DType } from "../support/dtype.ts";
import { bug } from "../messages.ts";
import { transformed, winogradImage, winogradResult } from "../graph/winograd.ts";
import { panelPlace, reader } from "./gemm-meaning.ts";
import type { CallText, CallValues, Kernel } from "./kernel.ts";

/** Parameters of a window, as those of window_last of the header. */
export const windowParams = ["rows", "columns", "channels", "kh", "kw", "sy", "sx", "dy", "dx", "top", "left", "out_columns"] as const;

const paramDocs: Readonly<Record<(typeof windowParams)[number], string>> = {
  rows: "rows of the image",
  columns: "columns of the image",
  channels: "channels of the image",
  kh: "rows of the kernel",
  kw: "columns of the kernel",
  sy: "stride of rows",
  sx: "stride of columns",
  dy: "dilation of rows",
  dx: "dilation of columns",
  top: "padding above",
  left: "padding on the left",
  out_columns: "columns of the result",
};

/** Elements of scratch for some rows of the result, as conv_last_scratch of the header. */
export function convLastScratch(p: Readonly<Record<(typeof windowParams)[number], number>>, rows: number): number {
  const width = (p.out_columns - 1) * p.sx + (p.kw - 1) * p.dx + 1;
  return ((rows - 1) * p.sy + (p.kh - 1) * p.dy + 1) * width * p.channels + 16;
}

type Window = Readonly<Record<(typeof windowParams)[number], number>>;
const windowOf = (call: CallValues): Window =>
  Object.fromEntries(windowParams.map((name) => [name, Number(call.param(name))])) as unknown as Window;
const windowText = (call: CallText): string => `fs::window_last<${windowParams.map((name) => String(call.param(name))).join(", ")}>`;

interface Bytes {
  /** Element type of the image. */
  readonly image: DType;
  /** Type of the kernel's elements. */
  readonly weight: DType;
  readonly acc: "f32" | "i32";
  /** What is added to an element when it is read. */
  readonly shift: number;
  readonly name: "f32" | "u8s8" | "s8s8";
}

const kinds: readonly Bytes[] = [
  { image: "f32", weight: "f32", acc: "f32", shift: 0, name: "f32" },
  { image: "u8", weight: "i8", acc: "i32", shift: 0, name: "u8s8" },
  { image: "i8", weight: "i8", acc: "i32", shift: 128, name: "s8s8" },
];

const initOf = (call: CallText, kind: Bytes): string => {
  const start = call.pointer("start");
  if (start === undefined) return kind.name === "f32" ? "fs::gemm_zero{}" : "fs::igemm_zero{}";
  return `fs::${kind.name === "f32" ? "gemm" : "igemm"}_columns{${start}}`;
};
const fillOf = (call: CallText, kind: Bytes): readonly string[] =>
  kind.name === "f32" ? [] : [`static_cast<${kind.image === "u8" ? "uint8_t" : "int8_t"}>(${call.param("fill") ?? 0})`];

/** The element of the image at a tap of a position, shifted; `fill` outside. */
function tapReader(call: CallValues, w: Window, shift: number): (oy: number, ox: number, ky: number, kx: number, c: number) => number {
  const x = reader(call, "x");
  const fill = Number(call.param("fill") ?? 0);
  return (oy, ox, ky, kx, c) => {
    const [y, z] = [oy * w.sy + ky * w.dy - w.top, ox * w.sx + kx * w.dx - w.left];
    const inside = y >= 0 && y < w.rows && z >= 0 && z < w.columns;
    return (inside ? x((y * w.columns + z) * w.channels + c) : fill) + shift;
  };
}

/** Hands the sums of all positions to the epilogue, in vectors of channels. */
function forVectors(
  call: CallValues,
  w: Window,
  channels: number,
  sum: (oy: number, ox: number, j: number) => number,
  integer: boolean,
): void {
  const [row, rows] = [call.arg("row"), call.arg("rows")];
  const start = call.operand("start") === undefined ? () => 0 : reader(call, "start");
  for (let i = 0; i < rows * w.out_columns; i++)
    for (let j = 0; j < channels; j += call.lanes) {
      const at = (l: number): number => {
        const total = start(j + l) + sum(row + Math.floor(i / w.out_columns), i % w.out_columns, j + l);
        return integer ? total | 0 : call.round(total);
      };
      call.epilogue(
        i,
        j,
        Array.from({ length: Math.min(call.lanes, channels - j) }, (_, l) => at(l)),
      );
    }
}

const common = (kind: Bytes) =>
  ({
    acc: kind.acc,
    args: ["row", "rows"],
    optionalArgs: [] as readonly string[],
    features: (isa: string) => (kind.name !== "f32" && (isa.startsWith("avx512-") || isa === "amx") ? (["avx512_vnni"] as const) : []),
    accepts: () => true as const,
  }) as const;

const convLast = (kind: Bytes): Kernel => ({
  ...common(kind),
  name: `conv_last_${kind.name}`,
  why:
    kind.name === "f32"
      ? "channels of neighbouring taps lie together, so that rows of the kernel are products with the image as it lies: nothing is unfolded"
      : "as conv_last_f32, four products of bytes per lane and instruction where the CPU has VNNI; sums are exact",
  operands: {
    x: { dtype: kind.image, access: "read", what: "one image: rows x columns x channels, dense" },
    w: { dtype: kind.weight, access: "read", what: "panels [n/nr][segment][ceil(length/group)][nr][group], zero padded" },
    start: { dtype: kind.acc, access: "read", optional: true, what: "start value of each output channel: n elements" },
    scratch: { dtype: kind.image, access: "write", optional: true, what: "with copy = 1: convLastScratch elements" },
  },
  args: ["row", "rows", "n"],
  params: {
    ...paramDocs,
    copy: "1: rows are copied with their padding first",
    tr: "rows of a register tile",
    tw: "columns of a register tile",
    nr: "columns of a panel",
    fill: "bytes: stands in the padding",
  },
  headers: ["kernels/conv_last/conv_last.hpp"],
  promises: [
    "sums run over rows, columns, channels of the kernel in order",
    "the epilogue sees every element once, with the position in the block as its row",
    kind.name === "f32" ? "padding counts as 0" : `padding counts as fill${kind.shift === 0 ? "" : ", and every element as 128 more"}`,
  ],
  score: () => 0.9,
  cpp: (call) => {
    const sizes = `${windowText(call)}, ${Number(call.param("copy")) === 1}, ${call.param("tr")}, ${call.param("tw")}`;
    const scratch = call.pointer("scratch") ?? "nullptr";
    const pointers = [call.pointer("x"), call.pointer("w"), scratch, ...fillOf(call, kind), initOf(call, kind)].join(", ");
    const epilogue = call.epilogue ?? bug("a convolution without epilogue");
    return `fs::conv_last_${kind.name}<${sizes}>(${["row", "rows", "n"].map(call.arg).join(", ")}, ${pointers}, ${epilogue});`;
  },
  meaning: (call) => {
    const w = windowOf(call);
    const element = tapReader(call, w, kind.shift);
    const weight = reader(call, "w");
    const group = kind.name === "f32" ? 1 : 4;
    const together = w.dx === 1 || w.kw === 1;
    const length = together ? w.kw * w.channels : w.channels;
    const padded = Math.ceil(length / group) * group;
    const place = panelPlace(Number(call.param("nr")), padded * w.kh * (together ? 1 : w.kw), group);
    const sum = (oy: number, ox: number, j: number): number => {
      let total = 0;
      for (let ky = 0; ky < w.kh; ky++)
        for (let kx = 0; kx < w.kw; kx++) {
          const from = together ? ky * padded + kx * w.channels : (ky * w.kw + kx) * padded;
          for (let c = 0; c < w.channels; c++) total += element(oy, ox, ky, kx, c) * weight(place(from + c, j));
        }
      return total;
    };
    forVectors(call, w, call.arg("n"), sum, kind.acc === "i32");
  },
});

const depthwiseLast = (kind: Bytes): Kernel => ({
  ...common(kind),
  name: `depthwise_last_${kind.name}`,
  why:
    kind.name === "f32"
      ? "vectors run along the channels, whatever the width of the image; a pixel is loaded once for all positions of a tile that it belongs to"
      : "four taps of a channel are the bytes of a lane: interleaved once for all rows of a tile, multiplied by one instruction where there is VNNI",
  operands: {
    x: { dtype: kind.image, access: "read", what: "one image: rows x columns x channels, dense" },
    w: {
      dtype: kind.weight,
      access: "read",
      what: kind.name === "f32" ? "kh x kw x channels, dense" : "kh x ceil(kw/4) x channels x 4, zero padded",
    },
    start: { dtype: kind.acc, access: "read", optional: true, what: "start value of each channel" },
    fills: { dtype: kind.image, access: "write", what: "an element per channel: the row that stands for the padding" },
  },
  params: { ...paramDocs, fill: "bytes: stands in the padding" },
  headers: ["kernels/depthwise_last/depthwise_last.hpp"],
  promises: [
    "the sum is taken over rows, then columns of the kernel",
    "the epilogue sees every element once, with the position in the block as its row",
    kind.name === "f32" ? "padding counts as 0" : `padding counts as fill${kind.shift === 0 ? "" : ", and every element as 128 more"}`,
  ],
  score: () => 0.5,
  cpp: (call) => {
    const pointers = [call.pointer("x"), call.pointer("w"), call.pointer("fills"), ...fillOf(call, kind), initOf(call, kind)].join(", ");
    const epilogue = call.epilogue ?? bug("a convolution without epilogue");
    return `fs::depthwise_last_${kind.name}<${windowText(call)}>(${["row", "rows"].map(call.arg).join(", ")}, ${pointers}, ${epilogue});`;
  },
  meaning: (call) => {
    const w = windowOf(call);
    const element = tapReader(call, w, kind.shift);
    const weight = reader(call, "w");
    const groups = Math.ceil(w.kw / 4);
    const place = (ky: number, kx: number, c: number): number =>
      kind.name === "f32" ? (ky * w.kw + kx) * w.channels + c : ((ky * groups + Math.floor(kx / 4)) * w.channels + c) * 4 + (kx % 4);
    const sum = (oy: number, ox: number, c: number): number => {
      let total = 0;
      for (let ky = 0; ky < w.kh; ky++) for (let kx = 0; kx < w.kw; kx++) total += element(oy, ox, ky, kx, c) * weight(place(ky, kx, c));
      return total;
    };
    forVectors(call, w, w.channels, sum, kind.acc === "i32");
  },
});

/** Floats of scratch for blocks of `ty` rows of tiles, as winograd_last_scratch of the header. */
export function winogradScratch(w: Window, ty: number, tile: { readonly mr: number; readonly nr: number }): number {
  const tiles = ty * Math.ceil(w.out_columns / 2);
  const group = Math.ceil(tiles / Math.ceil(tiles / tile.mr));
  return 16 * (tiles * w.channels + 16) + 16 * group * tile.nr + w.channels;
}

const winogradLast: Kernel = {
  ...common(kinds[0]!),
  name: "winograd_last_f32",
  why: "16 products for four elements of the result instead of 36, between sums and differences of the image and of the kernel",
  operands: {
    x: { dtype: "f32", access: "read", what: "one image: rows x columns x channels, dense" },
    w: { dtype: "f32", access: "read", what: "panels [n/nr][16][channels][nr] of the transformed kernel, zero padded" },
    start: { dtype: "f32", access: "read", optional: true, what: "start value of each output channel: n elements" },
    scratch: { dtype: "f32", access: "write", what: "winogradScratch elements" },
  },
  args: ["row", "rows", "n"],
  params: { ...paramDocs, ty: "rows of tiles in a block", nr: "columns of a panel" },
  headers: ["kernels/winograd_last/winograd_last.hpp"],
  promises: [
    "the error is about that of the direct sum",
    "the epilogue sees every element once, with the position in the block as its row",
    "tiles begin at even rows and columns, so results do not depend on how the work is split",
  ],
  score: () => 1,
  cpp: (call) => {
    const pointers = [call.pointer("x"), call.pointer("w"), call.pointer("scratch"), initOf(call, kinds[0]!)].join(", ");
    const epilogue = call.epilogue ?? bug("a convolution without epilogue");
    return `fs::winograd_last_f32<${windowText(call)}, ${call.param("ty")}>(${["row", "rows", "n"].map(call.arg).join(", ")}, ${pointers}, ${epilogue});`;
  },
  meaning: (call) => {
    const w = windowOf(call);
    const [x, weight] = [reader(call, "x"), reader(call, "w")];
    const place = panelPlace(Number(call.param("nr")), 16 * w.channels, 1);
    const pixel = (y: number, z: number, c: number): number =>
      y < 0 || y >= w.rows || z < 0 || z >= w.columns ? 0 : x((y * w.columns + z) * w.channels + c);
    const tiles = new Map<number, readonly (readonly number[])[]>();
    const sum = (oy: number, ox: number, j: number): number => {
      const [ty, tx] = [oy - (oy % 2), ox - (ox % 2)];
      const images =
        tiles.get(ty * w.out_columns + tx) ??
        Array.from({ length: w.channels }, (_, c) =>
          transformed(winogradImage, (i) => pixel(ty + Math.floor(i / 4) - w.top, tx + (i % 4) - w.left, c)),
        );
      tiles.set(ty * w.out_columns + tx, images);
      const sums = Array.from({ length: 16 }, (_, e) => images.reduce((s, v, c) => s + v[e]! * weight(place(e * w.channels + c, j)), 0));
      return transformed(winogradResult, (e) => sums[e]!)[(oy - ty) * 2 + ox - tx] ?? 0;
    };
    forVectors(call, w, call.arg("n"), sum, false);
  },
};

export const lastKernels: readonly Kernel[] = [...kinds.map(convLast), ...kinds.map(depthwiseLast), winogradLast];

/** f32 convolution through column panels of the unfolded image: native/kernels/conv_f32/conv_f32.hpp. */
import { bug } from "../messages.ts";
import type { CallText, CallValues, Kernel } from "./kernel.ts";
import { element } from "./kernel.ts";

/** Steps of k per pass, as conv_f32_depth of the header. */
export const convDepth = 256;

/** Floats of scratch for a block of columns, as conv_f32_scratch of the header. */
export const convScratch = (columns: number, k: number, nr: number): number => Math.ceil(columns / nr) * nr * Math.min(k, convDepth) + nr;

const axes = ["z", "y", "x"] as const;
const fields = ["input", "kernel", "stride", "dilation", "begin", "output"] as const;
/** Names of the size arguments of the geometry: `z_input` ... */
const convGeometryArgs = axes.flatMap((a) => fields.map((f) => `${a}_${f}`));

function cpp(call: CallText): string {
  const axis = (a: string): string => `{${fields.map((f) => call.arg(`${a}_${f}`)).join(", ")}}`;
  const pointers = ["y", "x", "w", "bias", "scratch"].map((name) => call.pointer(name) ?? "nullptr").join(", ");
  const block = `fs::conv_block{${["row", "m", "column", "n"].map(call.arg).join(", ")}}`;
  const template = ["r", "rest", "tail"].map((name) => String(call.param(name))).join(", ");
  return `fs::conv_f32<${template}>(${pointers}, ${block}, ${call.arg("k")}, fs::conv_geometry{${axes.map(axis).join(", ")}});`;
}

function meaning(call: CallValues): void {
  const operand = (name: string) => call.operand(name) ?? bug(`conv_f32 without ${name}`);
  const [x, w, y] = [operand("x"), operand("w"), operand("y")];
  const bias = call.operand("bias");
  const [row, m, column, n, k] = ["row", "m", "column", "n", "k"].map(call.arg) as [number, number, number, number, number];
  const r = Number(call.param("r"));
  const [z, v, h] = axes.map((a) => Object.fromEntries(fields.map((f) => [f, call.arg(`${a}_${f}`)]))) as [Axis, Axis, Axis];
  const columns = z.output * v.output * h.output;
  const plane = z.input * v.input * h.input;
  const taps = z.kernel * v.kernel * h.kernel;
  for (let j = column; j < column + n; j++) {
    const places: number[] = [];
    for (let t = 0; t < taps; t++) {
      const ix = at(h, j % h.output, t % h.kernel);
      const iy = at(v, Math.floor(j / h.output) % v.output, Math.floor(t / h.kernel) % v.kernel);
      const iz = at(z, Math.floor(j / h.output / v.output), Math.floor(t / h.kernel / v.kernel));
      places.push(ix < 0 || iy < 0 || iz < 0 ? -1 : (iz * v.input + iy) * h.input + ix);
    }
    for (let i = row; i < row + m; i++) {
      let sum = bias === undefined ? 0 : element(bias, i);
      const panel = w.at + Math.floor(i / r) * r * k + (i % r);
      for (let p = 0; p < k; p++) {
        const place = places[p % taps]!;
        if (place >= 0) sum += Number(w.data[panel + p * r]) * Number(x.data[x.at + Math.floor(p / taps) * plane + place]);
      }
      y.data[y.at + i * columns + j] = call.round(sum);
    }
  }
}

type Axis = Readonly<Record<(typeof fields)[number], number>>;
/** The input position of a tap; -1 outside. */
function at(a: Axis, output: number, tap: number): number {
  const i = output * a.stride + tap * a.dilation - a.begin;
  return i < a.input ? i : -1;
}

export const convF32: Kernel = {
  name: "conv_f32",
  why: "unfolds a block of the image into column panels that stay in cache, and multiplies register tiles of the kernel matrix with them",
  operands: {
    x: { dtype: "f32", access: "read", what: "the channels of one image and group, each z_input x y_input x x_input" },
    w: { dtype: "f32", access: "read", what: "row panels [rows/r][k][r] of the kernel matrix, zero padded" },
    bias: { dtype: "f32", access: "read", optional: true, what: "one per row" },
    y: { dtype: "f32", access: "write", what: "rows of the result, one element per output position" },
    scratch: { dtype: "f32", access: "write", what: "memory of the thread's own: convScratch(n, k, nr) elements" },
  },
  args: ["row", "m", "column", "n", "k", ...convGeometryArgs],
  optionalArgs: [],
  params: { r: "rows of a tile", rest: "rows of a last, shorter tile", tail: "vectors of a last, narrower panel" },
  headers: ["kernels/conv_f32/conv_f32.hpp"],
  features: () => [],
  promises: [
    "the sum over k is taken in order with one fma per element (small tiles: up to 4 interleaved partial sums)",
    "only the rows and columns of the block are written",
  ],
  accepts: () => true,
  score: () => 0.8,
  cpp,
  meaning,
};

/** f32 convolution of one channel with one kernel of its own: native/kernels/conv_depthwise. */
import { f32Lanes } from "../machine.ts";
import { bug } from "../messages.ts";
import { reader } from "./gemm-meaning.ts";
import type { Kernel } from "./kernel.ts";

const geometry = ["rows", "columns", "top", "left", "m", "n"] as const;

export const convDepthwise: Kernel = {
  name: "conv_depthwise",
  why: "a vector of the plane is loaded once for all rows that it belongs to; zeros around it come from masks, so there is no padded copy",
  operands: {
    x: { dtype: "f32", access: "read", what: "rows x columns, dense" },
    w: { dtype: "f32", access: "read", what: "kh x kw, dense" },
    bias: { dtype: "f32", access: "read", optional: true, what: "one element" },
  },
  args: [...geometry],
  optionalArgs: [],
  params: { kh: "rows of the kernel", kw: "columns of the kernel", stride: "1 or 2, in both directions" },
  acc: "f32",
  headers: ["kernels/conv_depthwise/conv_depthwise.hpp"],
  features: () => [],
  promises: [
    "the sum is taken over rows, then columns of the kernel, with one fma each",
    "rows outside of the plane are left out, columns outside count as 0",
    "the epilogue sees every element of the m x n result once",
  ],
  // Of a use: n columns of the result, k taps.
  accepts: ({ n, k, isa }) =>
    k > 64 ? `${k} taps are too many to write out` : n * 2 < f32Lanes(isa) ? `${n} columns fill less than half of a vector` : true,
  score: ({ n, isa }) => 0.4 * (n / (Math.ceil(n / f32Lanes(isa)) * f32Lanes(isa))),
  cpp: (call) => {
    const sizes = `fs::depthwise_geometry{${geometry.map(call.arg).join(", ")}}`;
    const pointers = ["x", "w", "bias"].map((name) => call.pointer(name) ?? "nullptr").join(", ");
    const template = ["kh", "kw", "stride"].map((name) => String(call.param(name))).join(", ");
    return `fs::conv_depthwise<${template}>(${pointers}, ${sizes}, ${call.epilogue ?? bug("conv_depthwise without epilogue")});`;
  },
  meaning: (call) => {
    const [x, w] = [reader(call, "x"), reader(call, "w")];
    const bias = call.operand("bias") === undefined ? 0 : reader(call, "bias")(0);
    const [kh, kw, stride] = ["kh", "kw", "stride"].map((name) => Number(call.param(name))) as [number, number, number];
    const [rows, columns, top, left, m, n] = geometry.map(call.arg) as [number, number, number, number, number, number];
    const at = (i: number, j: number): number => {
      let sum = bias;
      for (let ky = 0; ky < kh; ky++) {
        const y = i * stride + ky - top;
        if (y < 0 || y >= rows) continue;
        for (let kx = 0; kx < kw; kx++) {
          const c = j * stride + kx - left;
          if (c >= 0 && c < columns) sum += w(ky * kw + kx) * x(y * columns + c);
        }
      }
      return call.round(sum);
    };
    for (let i = 0; i < m; i++)
      for (let col = 0; col < n; col += call.lanes) {
        const count = Math.min(call.lanes, n - col);
        call.epilogue(
          i,
          col,
          Array.from({ length: count }, (_, l) => at(i, col + l)),
        );
      }
  },
};

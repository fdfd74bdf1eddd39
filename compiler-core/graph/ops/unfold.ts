/** The windows of an image as columns of a matrix: a convolution is then a product. Made by `decompose` for convolutions of 8-bit integers. */
import { shapeText } from "../dims.ts";
import type { Dim } from "../ir.ts";
import { allocate, type NdArray, type NumberArray } from "../ndarray.ts";
import { slideDims, threeAxes, windowAttrs, windowOf, windowProblem } from "../window.ts";
import { intAttr, intsAttr, noFlops, refuse, type EvalCall, type InferCall, type Inferred, type Op } from "./op.ts";

const times = (dims: readonly Dim[]): Dim => (dims.every((d) => typeof d === "number") ? dims.reduce<number>((a, d) => a * d, 1) : "?");

function infer({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  const kernel = intsAttr(attrs, "kernel");
  if (x.dtype !== "u8" && x.dtype !== "i8") return refuse("dtype", `windows of ${x.dtype} are not unfolded`);
  if (x.shape === undefined) return [{ dtype: x.dtype, shape: undefined }];
  if (x.shape.length !== kernel.length + 2 || kernel.length > 3)
    return refuse("shape", `${kernel.length} taps for an image of ${shapeText(x.shape)}`);
  const problem = windowProblem(attrs, kernel.length, kernel);
  if (problem !== undefined) return refuse("attribute", problem);
  const [batch, channels, ...spatial] = x.shape as readonly [Dim, Dim, ...Dim[]];
  return [{ dtype: x.dtype, shape: [times([channels, ...kernel]), times([batch, ...slideDims(attrs, spatial, kernel)])] }];
}

function evaluate({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const x = inputs[0]!;
  const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  const [batch, channels, ...spatial] = x.shape as readonly [number, number, ...number[]];
  const [z, y, h] = threeAxes(windowOf(attrs, spatial, intsAttr(attrs, "kernel")))!;
  const [from, to] = [x.data as NumberArray, out.data as NumberArray];
  const taps = z.kernel * y.kernel * h.kernel;
  const positions = z.output * y.output * h.output;
  const inside = (a: typeof h, o: number, k: number): number => {
    const i = o * a.stride + k * a.dilation - a.begin;
    return i < a.input ? i : -1;
  };
  for (let row = 0; row < channels * taps; row++) {
    const [c, t] = [Math.floor(row / taps), row % taps];
    const [kz, ky, kx] = [Math.floor(t / (y.kernel * h.kernel)), Math.floor(t / h.kernel) % y.kernel, t % h.kernel];
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < positions; p++) {
        const iz = inside(z, Math.floor(p / (y.output * h.output)), kz);
        const iy = inside(y, Math.floor(p / h.output) % y.output, ky);
        const ix = inside(h, p % h.output, kx);
        const at = (((n * channels + c) * z.input + iz) * y.input + iy) * h.input + ix;
        to[(row * batch + n) * positions + p] = iz < 0 || iy < 0 || ix < 0 ? intAttr(attrs, "fill") : from[at]!;
      }
    }
  }
  return [out];
}

export const unfold: Op = {
  what: "the windows of an image [batch, channels, spatial axes ...] as a matrix [channels x taps, batch x positions]",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: {
    kernel: { kind: "ints", what: "taps along the spatial axes" },
    ...windowAttrs,
    fill: { kind: "int", default: 0, what: "stands in the padding" },
  },
  traits: ["movement"],
  infer,
  eval: evaluate,
  flops: noFlops,
};

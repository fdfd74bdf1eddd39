/** Reference convolution: unfolded rows of the input times rows of the kernel, with sums in double (exact for integers below 2^53). */
import { bug } from "../messages.ts";
import { isBig, type BigArray, type NdArray, type NumberArray } from "./ndarray.ts";
import { threeAxes, type WindowAxis } from "./window.ts";

export interface ConvSizes {
  readonly batch: number;
  readonly groups: number;
  /** Per group. */
  readonly inputs: number;
  readonly outputs: number;
  readonly axes: readonly WindowAxis[];
}

/** Adds taps of one input plane, times a weight each, to a plane of sums. */
function addPlane(sums: Float64Array, x: NumberArray, xAt: number, w: NumberArray, wAt: number, axes: readonly WindowAxis[]): void {
  const [z, y, h] = threeAxes(axes) ?? bug("more than three spatial axes");
  for (let kz = 0, tap = wAt; kz < z.kernel; kz++) {
    for (let ky = 0; ky < y.kernel; ky++) {
      for (let kx = 0; kx < h.kernel; kx++, tap++) {
        const weight = w[tap]!;
        const shift = kx * h.dilation - h.begin;
        const from = Math.max(0, Math.ceil(-shift / h.stride));
        const to = Math.min(h.output, Math.floor((h.input - 1 - shift) / h.stride) + 1);
        for (let oz = 0; oz < z.output; oz++) {
          const iz = oz * z.stride + kz * z.dilation - z.begin;
          if (iz < 0 || iz >= z.input) continue;
          for (let oy = 0; oy < y.output; oy++) {
            const iy = oy * y.stride + ky * y.dilation - y.begin;
            if (iy < 0 || iy >= y.input) continue;
            const row = xAt + (iz * y.input + iy) * h.input + shift;
            const out = (oz * y.output + oy) * h.output;
            if (h.stride === 1) for (let ox = from; ox < to; ox++) sums[out + ox]! += weight * x[row + ox]!;
            else for (let ox = from; ox < to; ox++) sums[out + ox]! += weight * x[row + ox * h.stride]!;
          }
        }
      }
    }
  }
}

/** y = x * w + bias into `out`, which has the shape [batch, groups * outputs, ...]. */
export function evalConvolution(x: NdArray, w: NdArray, bias: NdArray | null | undefined, out: NdArray, s: ConvSizes): void {
  const size = (of: "input" | "kernel" | "output"): number => s.axes.reduce((n, a) => n * a[of], 1);
  const [plane, taps, result] = [size("input"), size("kernel"), size("output")];
  if (isBig(out.dtype)) bug(`a convolution of ${out.dtype}`);
  const sums = new Float64Array(result);
  const channels = s.groups * s.outputs;
  const [from, weights, to] = [x.data as NumberArray, w.data as NumberArray, out.data as Exclude<typeof out.data, BigArray>];
  for (let n = 0; n < s.batch; n++) {
    for (let m = 0; m < channels; m++) {
      sums.fill(bias ? Number(bias.data[m]) : 0);
      const group = Math.floor(m / s.outputs);
      for (let c = 0; c < s.inputs; c++)
        addPlane(sums, from, (n * s.groups * s.inputs + group * s.inputs + c) * plane, weights, (m * s.inputs + c) * taps, s.axes);
      to.set(sums, (n * channels + m) * result);
    }
  }
}

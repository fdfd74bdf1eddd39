/** Pooling: the largest element, the mean or the p-norm of sliding windows. */
import { bug } from "../../messages.ts";
import type { DType } from "../../support/dtype.ts";
import { roundFloat } from "../../tensor/rounding.ts";
import type { Dim, Shape } from "../ir.ts";
import { allocate, isBig, type NdArray } from "../ndarray.ts";
import { slideDims, threeAxes, windowAttrs, windowOf, windowProblem, type WindowAxis } from "../window.ts";
import {
  boolAttr,
  elementCount,
  floatTypes,
  intAttr,
  intsAttr,
  refuse,
  type CostCall,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
} from "./op.ts";

const infer =
  (accepted: readonly DType[]) =>
  ({ inputs, attrs, outputs }: InferCall): Inferred => {
    const x = inputs[0]!;
    if (!accepted.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} are not supported here`);
    const kernel = intsAttr(attrs, "kernel");
    const problem = windowProblem(attrs, kernel.length, kernel);
    if (problem !== undefined) return refuse("attribute", problem);
    if (kernel.length > 3) return refuse("attribute", "more than three spatial axes");
    if (x.shape !== undefined && x.shape.length !== kernel.length + 2)
      return refuse("shape", `${kernel.length} spatial axes for an operand of rank ${x.shape.length}`);
    const from: Shape = x.shape ?? new Array<Dim>(kernel.length + 2).fill("?");
    const shape = [...from.slice(0, 2), ...slideDims(attrs, from.slice(2), kernel, boolAttr(attrs, "ceil"))];
    return [{ dtype: x.dtype, shape }, ...(outputs > 1 ? [{ dtype: "i64" as const, shape }] : [])];
  };

/** The geometry of a pooling node over a static operand. */
export const poolAxes = (attrs: EvalCall["attrs"], shape: readonly number[]): readonly [WindowAxis, WindowAxis, WindowAxis] =>
  threeAxes(windowOf(attrs, shape.slice(2), intsAttr(attrs, "kernel"), boolAttr(attrs, "ceil"))) ?? bug("more than three spatial axes");

/** Input positions of the taps of one output position that are inside, with the tap's place in front of the padding's end. */
function taps(a: WindowAxis, o: number): { readonly inside: readonly number[]; readonly padded: number } {
  const all = Array.from({ length: a.kernel }, (_, t) => o * a.stride + t * a.dilation - a.begin);
  return { inside: all.filter((i) => i >= 0 && i < a.input), padded: all.filter((i) => i < a.input + a.end).length };
}

/** Visits every window of every plane: offsets of its elements, and how many taps are in front of the end of the padding. */
function forWindows(
  x: NdArray,
  axes: readonly [WindowAxis, WindowAxis, WindowAxis],
  visit: (plane: number, out: number, offsets: readonly number[], padded: number) => void,
): void {
  const [z, y, h] = axes.map((a) => Array.from({ length: a.output }, (_, o) => taps(a, o))) as [Taps[], Taps[], Taps[]];
  const [, ay, ax] = axes;
  const plane = axes.reduce((n, a) => n * a.input, 1);
  let out = 0;
  for (let at = 0; at < x.data.length; at += plane) {
    for (const tz of z)
      for (const ty of y)
        for (const tx of h) {
          const offsets: number[] = [];
          for (const iz of tz.inside)
            for (const iy of ty.inside) for (const ix of tx.inside) offsets.push((iz * ay.input + iy) * ax.input + ix);
          visit(at, out++, offsets, tz.padded * ty.padded * tx.padded);
        }
  }
}
type Taps = ReturnType<typeof taps>;

/** ONNX counts positions through the whole tensor; with storage order 1 the spatial axes count in reverse. */
function position(offset: number, axes: readonly [WindowAxis, WindowAxis, WindowAxis], columnMajor: boolean): number {
  if (!columnMajor) return offset;
  const [z, y, x] = axes;
  const [ix, rest] = [offset % x.input, Math.floor(offset / x.input)];
  return Math.floor(rest / y.input) + (rest % y.input) * z.input + ix * z.input * y.input;
}

function evalMax({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const x = inputs[0]!;
  const results = outputs.map((o) => allocate(o.dtype, o.shape, mode));
  const [out, places] = results as [NdArray, NdArray | undefined];
  if (isBig(x.dtype)) bug("pooling of 64-bit integers");
  const axes = poolAxes(attrs, x.shape);
  const columnMajor = intAttr(attrs, "storageOrder") === 1;
  forWindows(x, axes, (plane, i, offsets) => {
    let best = offsets[0] ?? 0;
    for (const o of offsets)
      if (!(Number(x.data[plane + o]) <= Number(x.data[plane + best])) && !Number.isNaN(Number(x.data[plane + best]))) best = o;
    out.data[i] = offsets.length === 0 ? -Infinity : x.data[plane + best]!;
    if (places) places.data[i] = BigInt(plane + position(best, axes, columnMajor));
  });
  return results;
}

function evalSum(
  of: (sum: number, attrs: EvalCall["attrs"], inside: number, padded: number) => number,
  term: (x: number, attrs: EvalCall["attrs"]) => number,
) {
  return ({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] => {
    const x = inputs[0]!;
    const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
    forWindows(x, poolAxes(attrs, x.shape), (plane, i, offsets, padded) => {
      let sum = 0;
      for (const o of offsets) sum += term(Number(x.data[plane + o]), attrs);
      const y = of(sum, attrs, offsets.length, padded);
      out.data[i] = mode === "f64" ? y : roundFloat(out.dtype, y);
    });
    return [out];
  };
}

const attrs = {
  kernel: { kind: "ints", what: "extents of the window" },
  ...windowAttrs,
  ceil: { kind: "bool", default: false, what: "a last window that is not whole counts" },
} as const;
const windowFlops = (c: CostCall): number => elementCount(c.outputs[0]!) * intsAttr(c.attrs, "kernel").reduce((a, b) => a * b, 1);

export const maxPool: Op = {
  what: "largest element of each window, and its position",
  arity: [1, 1],
  outputs: [1, 2],
  attrs: { ...attrs, storageOrder: { kind: "int", default: 0, what: "1: positions count the spatial axes from the last to the first" } },
  traits: [],
  infer: infer([...floatTypes, "i8", "u8"]),
  eval: evalMax,
  flops: windowFlops,
};

export const averagePool: Op = {
  what: "mean of each window",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: { ...attrs, includePad: { kind: "bool", default: false, what: "padding counts as elements" } },
  traits: [],
  infer: infer(floatTypes),
  eval: evalSum(
    (sum, a, inside, padded) => sum / (boolAttr(a, "includePad") ? padded : inside),
    (x) => x,
  ),
  flops: windowFlops,
};

export const lpPool: Op = {
  what: "p-norm of each window",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: { ...attrs, p: { kind: "int", default: 2 } },
  traits: [],
  infer: infer(floatTypes),
  eval: evalSum(
    (sum, a) => sum ** (1 / intAttr(a, "p")),
    (x, a) => Math.abs(x) ** intAttr(a, "p"),
  ),
  flops: windowFlops,
};

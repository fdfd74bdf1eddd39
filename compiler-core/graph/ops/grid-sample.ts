/** GridSample and AffineGrid: an image looked up at positions that are data (ONNX GridSample-20, AffineGrid-20). */
import { agrees, shapeAgrees, shapeText } from "../dims.ts";
import { eachIndex } from "../eval-movement.ts";
import { allocate, count, strides, writeScalar, type NdArray } from "../ndarray.ts";
import {
  boolAttr,
  elementCount,
  floatTypes,
  optionalInts,
  refuse,
  stringAttr,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

const gridModes = ["nearest", "linear", "cubic"];
const gridPaddings = ["zeros", "border", "reflection"];
/** The parameter of the cubic filter. */
export const gridCubicA = -0.75;

/** Where the image begins and ends, as coordinates that pixels outside are reflected at. */
export const gridBounds = (extent: number, alignCorners: boolean): readonly [number, number] =>
  alignCorners ? [0, extent - 1] : [-0.5, extent - 0.5];

function inferGridSample({ inputs, attrs }: InferCall): Inferred {
  const [x, grid] = inputs as readonly [TensorType, TensorType];
  if (!gridModes.includes(stringAttr(attrs, "mode")) || !gridPaddings.includes(stringAttr(attrs, "padding")))
    return refuse("attribute", `interpolation ${stringAttr(attrs, "mode")} with padding ${stringAttr(attrs, "padding")} is not known`);
  if (!floatTypes.includes(grid.dtype) || !floatTypes.includes(x.dtype)) return refuse("dtype", `${x.dtype} sampled at ${grid.dtype}`);
  if (x.shape === undefined || grid.shape === undefined) return [{ dtype: x.dtype, shape: undefined }];
  const n = x.shape.length - 2;
  const last = grid.shape.at(-1);
  if (n < 1 || grid.shape.length !== n + 2 || (typeof last === "number" && last !== n) || !agrees(x.shape[0]!, grid.shape[0]!))
    return refuse("shape", `a grid of ${shapeText(grid.shape)} does not fit ${shapeText(x.shape)}`);
  if (x.shape.slice(2).includes(0)) return refuse("shape", `${shapeText(x.shape)} has no pixels`);
  return [{ dtype: x.dtype, shape: [x.shape[0]!, x.shape[1]!, ...grid.shape.slice(1, -1)] }];
}

/** Back and forth between two bounds. */
function reflected(x: number, low: number, high: number): number {
  const range = high - low;
  if (x >= low && x <= high) return x;
  const beyond = x < low ? low - x : x - high;
  const times = Math.trunc(beyond / range);
  const rest = beyond - times * range;
  return x < low === (times % 2 === 0) ? low + rest : high - rest;
}

const halfEven = (x: number): number => {
  const down = Math.floor(x);
  return x - down === 0.5 ? down + (Math.abs(down) % 2) : Math.round(x);
};

interface GridAxis {
  readonly extent: number;
  /** Coordinates count pixels, instead of halves of the image. */
  readonly pixels: boolean;
  readonly align: boolean;
  readonly mode: string;
  readonly padding: string;
}

/** A coordinate outside of the image as the padding has it. The cubic filter looks beyond a border, so only its pixels are brought back. */
function backInside(x: number, a: GridAxis): number {
  if (a.padding === "reflection") return reflected(x, ...gridBounds(a.extent, a.align));
  return a.padding === "border" && a.mode !== "cubic" ? Math.min(Math.max(x, 0), a.extent - 1) : x;
}

/** The positions along one axis and their weights; an undefined position is a zero outside of the image. */
function gridTaps(g: number, a: GridAxis): { readonly at: readonly (number | undefined)[]; readonly weight: readonly number[] } {
  const [low, high] = gridBounds(a.extent, a.align);
  const given = a.pixels ? g : a.align ? ((g + 1) / 2) * (a.extent - 1) : ((g + 1) * a.extent - 1) / 2;
  const whole = a.mode === "nearest" ? halfEven(given) : given;
  const outside = whole < low || whole > high;
  const x = outside ? backInside(whole, a) : whole;
  const inside = (i: number): number | undefined => {
    if (a.padding === "zeros") return i >= 0 && i < a.extent ? i : undefined;
    const back = a.padding === "reflection" ? Math.trunc(reflected(i, low, high)) : i;
    return Number.isNaN(back) ? 0 : Math.min(Math.max(back, 0), a.extent - 1);
  };
  if (a.mode === "nearest") return { at: [inside(Math.trunc(x))], weight: [1] };
  const base = Math.floor(x);
  const d = x - base;
  if (a.mode === "linear") return { at: [inside(base), inside(base + 1)], weight: [1 - d, d] };
  return { at: [-1, 0, 1, 2].map((i) => inside(base + i)), weight: cubicWeights(d) };
}

const cubicWeights = (d: number): readonly number[] => {
  const a = gridCubicA;
  const far = (s: number): number => ((a * s - 5 * a) * s + 8 * a) * s - 4 * a;
  const near = (s: number): number => ((a + 2) * s - (a + 3)) * s * s + 1;
  return [far(d + 1), near(d), near(1 - d), far(2 - d)];
};

function evalGridSample({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [x, grid] = inputs as readonly [NdArray, NdArray];
  const out = allocate(x.dtype, outputs[0]!.shape, mode);
  const spatial = x.shape.slice(2);
  const [steps, plane, points] = [strides(x.shape), count(spatial), count(out.shape.slice(2))];
  const [channels, n] = [x.shape[1]!, spatial.length];
  const options = {
    align: boolAttr(attrs, "alignCorners"),
    pixels: boolAttr(attrs, "pixels"),
    mode: stringAttr(attrs, "mode"),
    padding: stringAttr(attrs, "padding"),
  };
  for (let point = 0; point < out.shape[0]! * points; point++) {
    // The grid names the innermost axis first.
    const taps = spatial.map((extent, a) => gridTaps(Number(grid.data[point * n + (n - 1 - a)]), { extent, ...options }));
    const batch = Math.floor(point / points);
    for (let c = 0; c < channels; c++) {
      const from = (batch * channels + c) * plane;
      const sum = (axis: number, at: number): number => {
        const t = taps[axis];
        if (t === undefined) return Number(x.data[from + at]);
        return t.weight.reduce((s, w, i) => s + (t.at[i] === undefined ? 0 : w * sum(axis + 1, at + t.at[i] * steps[axis + 2]!)), 0);
      };
      writeScalar(out, (batch * channels + c) * points + (point % points), sum(0, 0));
    }
  }
  return [out];
}

export const gridSample: Op = {
  what: "images looked up at the positions of a grid, each coordinate in [-1, 1]",
  arity: [2, 2],
  outputs: [1, 1],
  attrs: {
    mode: { kind: "string", default: "linear", what: "nearest, linear or cubic" },
    padding: { kind: "string", default: "zeros", what: "zeros, border or reflection" },
    alignCorners: { kind: "bool", default: false },
    pixels: { kind: "bool", default: false, what: "coordinates count pixels from 0" },
  },
  traits: [],
  infer: inferGridSample,
  eval: evalGridSample,
  flops: (c) =>
    elementCount(c.outputs[0]!) * (stringAttr(c.attrs, "mode") === "nearest" ? 1 : stringAttr(c.attrs, "mode") === "linear" ? 8 : 40),
};

/** The coordinates of the points of a grid over the cube [-1, 1]^n, each with a 1 behind it: extents x (n + 1). */
export function baseGrid(extents: readonly number[], alignCorners: boolean): readonly number[] {
  const out: number[] = [];
  const place = (i: number, extent: number): number =>
    alignCorners ? (extent === 1 ? -1 : (2 * i) / (extent - 1) - 1) : (2 * i + 1) / extent - 1;
  eachIndex(extents, (index) => out.push(...index.map((i, a) => place(i, extents[a]!)).reverse(), 1));
  return out;
}

/** The grid is a constant. */
const mostPoints = 2 ** 24;

export const affineGrid: Op = {
  what: "the grid of positions that affine maps give for an image of a size; becomes a product of matrices",
  arity: [1, 2],
  outputs: [1, 1],
  attrs: { size: { kind: "ints", optional: true, what: "batch, channels, extents" }, alignCorners: { kind: "bool", default: false } },
  traits: ["composite"],
  late: { size: 1 },
  infer: ({ inputs, attrs }) => {
    const theta = inputs[0]!;
    const size = optionalInts(attrs, "size");
    const n = theta.shape?.[1];
    if (size === undefined)
      return [
        { dtype: theta.dtype, shape: typeof n === "number" ? [theta.shape![0]!, ...Array.from({ length: n }, () => "?"), n] : undefined },
      ];
    const fits =
      shapeAgrees(theta.shape, [size[0] ?? 0, size.length - 2, size.length - 1]) &&
      size.every((d) => d >= 0) &&
      size.slice(2).reduce((n, d) => n * d, 1) <= mostPoints;
    return fits
      ? [{ dtype: theta.dtype, shape: [size[0]!, ...size.slice(2), size.length - 2] }]
      : refuse("shape", `maps of ${shapeText(theta.shape)} do not fit a size of ${size.join("x")}`);
  },
  eval: ({ inputs, attrs, outputs, mode }) => {
    const theta = inputs[0]!;
    const size = optionalInts(attrs, "size")!;
    const n = size.length - 2;
    const out = allocate(theta.dtype, outputs[0]!.shape, mode);
    const base = baseGrid(size.slice(2), boolAttr(attrs, "alignCorners"));
    const points = base.length / (n + 1);
    for (let at = 0; at < out.data.length; at++) {
      const [batch, point, row] = [Math.floor(at / n / points), Math.floor(at / n) % points, at % n];
      let sum = 0;
      for (let k = 0; k <= n; k++) sum += Number(theta.data[(batch * n + row) * (n + 1) + k]) * base[point * (n + 1) + k]!;
      writeScalar(out, at, sum);
    }
    return [out];
  },
  flops: (c) => 8 * elementCount(c.outputs[0]!),
};

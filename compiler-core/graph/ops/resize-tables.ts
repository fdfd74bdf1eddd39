/**
 * Where the elements of a resized axis come from (ONNX Resize-19, in the arithmetic of ONNX Runtime: coordinates in single precision). Every
 * mode is a table: for each element of the result the positions it reads, and their weights.
 */

export interface AxisTable {
  /** Positions read for each element of the result. */
  readonly taps: number;
  /** By tap, then by element: positions inside of the operand, and weights. */
  readonly index: readonly number[];
  readonly weight: readonly number[];
  /** Elements that lie outside of the operand and get the extrapolation value (only with a region of interest). */
  readonly outside: readonly boolean[];
}

export interface AxisSpec {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  /** Start and end as shares of the axis, for tf_crop_and_resize. */
  readonly roi: readonly [number, number];
}

export interface ResizeMode {
  readonly mode: string;
  readonly coordinates: string;
  readonly nearest: string;
  readonly cubicA: number;
  readonly excludeOutside: boolean;
  readonly antialias: boolean;
}

const f = Math.fround;

type Coordinate = (x: number, a: AxisSpec) => number;

const halfPixel: Coordinate = (x, a) => f(f(f(x + 0.5) / a.scale) - 0.5);

/** By name: the position in the operand, a fraction, of element `x` of the result. */
export const coordinateModes: Readonly<Record<string, Coordinate>> = {
  half_pixel: halfPixel,
  // Unlike the others, it is rounded once, at its end, as in ONNX Runtime: that decides which whole number a position falls below.
  half_pixel_symmetric: (x, a) => {
    const adjustment = f(a.to / f(a.scale * a.from));
    return f(f(f(a.from / 2) * f(1 - adjustment)) + (x + 0.5) / a.scale - 0.5);
  },
  pytorch_half_pixel: (x, a) => (a.to > 1 ? halfPixel(x, a) : 0),
  align_corners: (x, a) => (a.to === 1 ? 0 : f(f(x * (a.from - 1)) / (a.to - 1))),
  asymmetric: (x, a) => f(x / a.scale),
  tf_half_pixel_for_nn: (x, a) => f(f(x + 0.5) / a.scale),
  tf_crop_and_resize: (x, { from, to, roi: [start, end] }) =>
    to > 1 ? f(f(start * (from - 1)) + f(f(x * f(f(end - start) * (from - 1))) / (to - 1))) : f(0.5 * f(f(start + end) * (from - 1))),
};

/** Half away from zero, as C's round. */
const round = (x: number): number => (x < 0 ? -Math.round(-x) : Math.round(x));

/** By name: the whole position a fraction stands for. `simple` is that of operator sets before 11. */
export const nearestModes: Readonly<Record<string, (x: number, scale: number) => number>> = {
  round_prefer_floor: (x) => (x === Math.trunc(x) + 0.5 ? Math.floor(x) : round(x)),
  round_prefer_ceil: round,
  floor: Math.floor,
  ceil: Math.ceil,
  simple: (x, scale) => (scale < 1 ? Math.ceil(x) : Math.trunc(x)),
};

const linear = (distance: number): number => Math.max(0, 1 - Math.abs(distance));

/** Keys' cubic convolution with parameter `a`. */
function cubic(a: number) {
  return (distance: number): number => {
    const x = Math.abs(distance);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
  };
}

interface Taps {
  readonly at: readonly number[];
  readonly weight: readonly number[];
}

/** Two neighbours; at the ends, the end itself. */
function linearTaps(x: number, from: number): Taps {
  const inside = Math.min(Math.max(x, 0), from - 1);
  const left = Math.min(Math.floor(inside), from - 1);
  const right = Math.min(left + 1, from - 1);
  const share = left === right ? 0.5 : f(inside - left);
  return { at: [left, right], weight: [f(1 - share), share] };
}

/** A filter, stretched by 1/scale when shrinking with antialias; positions outside count as the border, or not at all. */
function filterTaps(x: number, a: AxisSpec, m: ResizeMode): Taps {
  const stretch = m.antialias ? Math.min(a.scale, 1) : 1;
  const [radius, filter] = m.mode === "cubic" ? [2, cubic(m.cubicA)] : [1, linear];
  const start = Math.floor(-radius / stretch) + 1;
  const base = Math.floor(x);
  const at = Array.from({ length: 2 - 2 * start }, (_, i) => base + start + i);
  const raw = at.map((p) => filter((p - x) * stretch) * (m.excludeOutside && (p < 0 || p >= a.from) ? 0 : 1));
  const sum = m.antialias || m.excludeOutside ? raw.reduce((s, w) => s + w, 0) : 1;
  return { at: at.map((p) => Math.min(Math.max(p, 0), a.from - 1)), weight: raw.map((w) => f(w / sum)) };
}

/** The table of one axis. */
export function axisTable(a: AxisSpec, m: ResizeMode): AxisTable {
  const coordinate = coordinateModes[m.coordinates] ?? halfPixel;
  const nearest = nearestModes[m.nearest] ?? Math.floor;
  const xs = Array.from({ length: a.to }, (_, x) => (a.scale === 1 && m.coordinates !== "tf_crop_and_resize" ? x : coordinate(x, a)));
  const all = xs.map((x): Taps => {
    if (m.mode === "nearest") return { at: [Math.min(Math.max(nearest(x, a.scale), 0), a.from - 1)], weight: [1] };
    return m.mode === "linear" && !m.antialias ? linearTaps(x, a.from) : filterTaps(x, a, m);
  });
  const taps = all[0]?.at.length ?? 1;
  const byTap = (part: (t: Taps) => readonly number[]): number[] =>
    Array.from({ length: taps * a.to }, (_, i) => part(all[i % a.to]!)[Math.floor(i / a.to)]!);
  const outside = xs.map((x) => m.coordinates === "tf_crop_and_resize" && (x < 0 || x > a.from - 1));
  return { taps, index: byTap((t) => t.at), weight: byTap((t) => t.weight), outside };
}

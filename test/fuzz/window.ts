/** Sliding windows with any stride, dilation and padding that leave at least one position, as convolutions and pools share them. */
import type { AttributeInput } from "../../compiler-core/onnx/builder.ts";
import type { Draw } from "./draw.ts";

export interface Window {
  /** Spatial extents of the operand, the kernel and the result. */
  readonly extents: readonly number[];
  readonly kernel: readonly number[];
  readonly size: readonly number[];
  readonly attributes: Readonly<Record<string, AttributeInput>>;
}

interface Axis {
  readonly extent: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

const automatic = ["SAME_UPPER", "SAME_LOWER", "VALID"] as const;
const reach = (a: Axis): number => (a.kernel - 1) * a.dilation + 1;

export interface Rules {
  /** Padding stays below the kernel's extent, and no window sees padding alone. */
  readonly pool?: boolean;
  readonly ceil?: boolean;
  /** Extents that are given. */
  readonly extents?: readonly number[];
}

/** A window over `rank` axes. */
export function sliding(d: Draw, rank: number, rules: Rules = {}): Window {
  const dilated = d.chance(0.3);
  const auto = d.chance(0.2) && !dilated ? d.one(automatic) : undefined;
  const axes = Array.from({ length: rank }, (_, i) => axis(d, rules, dilated, auto !== undefined, rules.extents?.[i]));
  const list = (f: (a: Axis) => number): readonly number[] => axes.map(f);
  const attributes = {
    kernel_shape: list((a) => a.kernel),
    ...(d.chance(0.8) || axes.some((a) => a.stride > 1) ? { strides: list((a) => a.stride) } : {}),
    ...(dilated ? { dilations: list((a) => a.dilation) } : {}),
    ...(auto === undefined ? { pads: [...list((a) => a.before), ...list((a) => a.after)] } : { auto_pad: auto }),
    ...(rules.ceil === true ? { ceil_mode: 1 } : {}),
  };
  const size = list((a) => (auto === "VALID" || auto === undefined ? positions(a, rules.ceil === true) : Math.ceil(a.extent / a.stride)));
  return { extents: list((a) => a.extent), kernel: list((a) => a.kernel), size, attributes };
}

function axis(d: Draw, { pool, extents }: Rules, dilated: boolean, auto: boolean, given: number | undefined): Axis {
  const dilation = dilated ? d.one([1, 2, 3]) : 1;
  const extent = given ?? d.one([1, 3, 4, 5, 7, 8, 9, 17]);
  const fits = (k: number, padding: number): boolean => (k - 1) * dilation + 1 <= extent + padding;
  const most = auto || pool === true ? 0 : 2;
  const kernel = d.one([1, 1, 2, 3, 3, 5].filter((k) => fits(k, most)));
  const pad = (): number => (auto ? 0 : d.one([0, 0, 1, 2].filter((p) => pool !== true || p < kernel)));
  let [before, after] = [pad(), pad()];
  if (!fits(kernel, before + after)) [before, after] = [1, 1];
  if (extents !== undefined && pool === true && kernel === 1) [before, after] = [0, 0];
  // Steps longer than the kernel would make SAME take elements away: ONNX Runtime does so, refuses or clamps, by operator.
  const strides = [1, 1, 2, 3].filter((stride) => !auto || stride <= kernel);
  return { extent, kernel, stride: d.one(strides), dilation, before, after };
}

/** The last window of a rounded up count has to begin in the operand or the padding before it. */
function positions(a: Axis, ceil: boolean): number {
  const room = a.extent + a.before + a.after - reach(a);
  if (!ceil) return Math.floor(room / a.stride) + 1;
  const n = Math.ceil(room / a.stride) + 1;
  return (n - 1) * a.stride >= a.extent + a.before ? n - 1 : n;
}

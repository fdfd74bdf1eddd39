/**
 * The geometry of sliding windows: how far kernels, strides, dilations and padding let convolutions and pools reach, per spatial axis.
 * `automatic` padding (ONNX auto_pad) and rounding up (ceil_mode) are resolved here, so that nobody else has to know them.
 */
import type { Attrs, Dim, Shape } from "./ir.ts";
import { optionalInts, stringAttr, type AttrSpec } from "./ops/op.ts";

/** One spatial axis: output position `o`, tap `k` reads input position `o * stride + k * dilation - begin`, if there is one. */
export interface WindowAxis {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding in front and behind. */
  readonly begin: number;
  readonly end: number;
  readonly output: number;
}

/** Elements that one window covers from its first to its last tap. */
export const reach = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

export const windowAttrs = {
  strides: { kind: "ints", optional: true, what: "absent: 1" },
  dilations: { kind: "ints", optional: true, what: "absent: 1" },
  pads: { kind: "ints", optional: true, what: "begins of all spatial axes, then ends; absent: 0" },
  autoPad: { kind: "string", default: "NOTSET", what: "NOTSET, VALID, SAME_UPPER or SAME_LOWER" },
} as const satisfies Record<string, AttrSpec>;

/** A sentence about attributes that do not fit `rank` spatial axes; undefined when they do. */
export function windowProblem(attrs: Attrs, rank: number, kernel?: readonly number[]): string | undefined {
  const [strides, dilations, pads] = ["strides", "dilations", "pads"].map((name) => optionalInts(attrs, name));
  if ((strides?.length ?? rank) !== rank || (dilations?.length ?? rank) !== rank || (pads?.length ?? 2 * rank) !== 2 * rank)
    return `strides, dilations or pads are not for ${rank} spatial axes`;
  if ([...(strides ?? []), ...(dilations ?? []), ...(kernel ?? [])].some((v) => v < 1)) return "an extent, stride or dilation is below 1";
  if (pads?.some((p) => p < 0) === true) return "padding is negative";
  return ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"].includes(stringAttr(attrs, "autoPad"))
    ? undefined
    : `${stringAttr(attrs, "autoPad")} is not a kind of padding`;
}

/** The axis `i` of `rank`, all of it known. With `ceil` a last, incomplete window counts if it begins inside of input or front padding. */
function windowAxis(attrs: Attrs, i: number, rank: number, input: number, kernel: number, ceil = false): WindowAxis {
  const stride = optionalInts(attrs, "strides")?.[i] ?? 1;
  const dilation = optionalInts(attrs, "dilations")?.[i] ?? 1;
  const pads = optionalInts(attrs, "pads");
  const mode = stringAttr(attrs, "autoPad");
  const span = reach(kernel, dilation);
  if (mode.startsWith("SAME")) {
    const output = Math.ceil(input / stride);
    const total = Math.max(0, (output - 1) * stride + span - input);
    const small = Math.floor(total / 2);
    const [begin, end] = mode === "SAME_UPPER" ? [small, total - small] : [total - small, small];
    return { input, kernel, stride, dilation, begin, end, output };
  }
  const [begin, end] = mode === "VALID" ? [0, 0] : [pads?.[i] ?? 0, pads?.[i + rank] ?? 0];
  const free = input + begin + end - span;
  let output = (ceil ? Math.ceil(free / stride) : Math.floor(free / stride)) + 1;
  if (ceil && (output - 1) * stride >= input + begin) output--;
  return { input, kernel, stride, dilation, begin, end, output: Math.max(0, output) };
}

/** All spatial axes of a static operand. */
export const windowOf = (attrs: Attrs, spatial: readonly number[], kernel: readonly number[], ceil = false): readonly WindowAxis[] =>
  spatial.map((d, i) => windowAxis(attrs, i, spatial.length, d, kernel[i] ?? 1, ceil));

/** Extents after sliding; a symbolic one stays itself where the window keeps every extent, and is unknown otherwise. */
export function slideDims(attrs: Attrs, spatial: Shape, kernel: Shape, ceil = false): Dim[] {
  return spatial.map((d, i) => {
    const k = kernel[i];
    if (typeof k !== "number") return "?";
    if (typeof d === "number") return windowAxis(attrs, i, spatial.length, d, k, ceil).output;
    const probe = 4096;
    return [probe, probe + 1].every((n) => windowAxis(attrs, i, spatial.length, n, k, ceil).output === n) ? d : "?";
  });
}

const unit: WindowAxis = { input: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0, output: 1 };

/** A window over exactly three axes: missing ones in front have extent 1. Undefined for more than three. */
export function threeAxes(axes: readonly WindowAxis[]): readonly [WindowAxis, WindowAxis, WindowAxis] | undefined {
  if (axes.length > 3) return undefined;
  const [z, y, x] = [...Array.from({ length: 3 - axes.length }, () => unit), ...axes];
  return [z!, y!, x!];
}

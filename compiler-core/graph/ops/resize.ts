/** Resize (and Upsample): interpolation along axes, one after the other. */
import { isStatic, normalAxis, shapeText } from "../dims.ts";
import type { Attrs, Dim } from "../ir.ts";
import { allocate, count, writeScalar, type Mode, type NdArray } from "../ndarray.ts";
import { isFloat } from "../../support/dtype.ts";
import {
  boolAttr,
  elementCount,
  floatAttr,
  integerTypes,
  intAttr,
  numberTypes,
  optionalInts,
  refuse,
  stringAttr,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";
import { axisTable, coordinateModes, nearestModes, type AxisSpec, type AxisTable, type ResizeMode } from "./resize-tables.ts";

const numbers = (attrs: Attrs, name: string): readonly number[] | undefined => {
  const list = attrs[name] as readonly number[] | undefined;
  return list === undefined || list.length === 0 ? undefined : list;
};

const resizeMode = (attrs: Attrs): ResizeMode => ({
  mode: stringAttr(attrs, "mode"),
  coordinates: stringAttr(attrs, "coordinates"),
  nearest: stringAttr(attrs, "nearest"),
  cubicA: floatAttr(attrs, "cubicA"),
  excludeOutside: boolAttr(attrs, "excludeOutside"),
  antialias: boolAttr(attrs, "antialias"),
});

const axesOf = (attrs: Attrs, rank: number): readonly number[] =>
  (optionalInts(attrs, "axes") ?? Array.from({ length: rank }, (_, i) => i)).map((a) => normalAxis(a, rank) ?? NaN);

/** The extents of the result, with each axis' scale; a sentence when they do not fit. */
function targets(shape: readonly Dim[], attrs: Attrs): readonly { readonly to: Dim; readonly scale: number }[] | string {
  const axes = axesOf(attrs, shape.length);
  const [sizes, scales] = [numbers(attrs, "sizes"), numbers(attrs, "scales")];
  const given = sizes ?? scales;
  if (axes.includes(NaN)) return `axes are not those of ${shapeText(shape)}`;
  if (given === undefined || given.length !== axes.length) return `${given?.length ?? 0} sizes or scales for ${axes.length} axes`;
  if (given.some((v) => v < 0 || Number.isNaN(v))) return "a negative size or scale";
  const roi = numbers(attrs, "roi");
  const crop = stringAttr(attrs, "coordinates") === "tf_crop_and_resize";
  if (crop && roi?.length !== 2 * axes.length) return "the region of interest does not fit the axes";
  const policy = sizes === undefined ? undefined : policyScale(shape, sizes, axes, stringAttr(attrs, "aspect"));
  return shape.map((d, axis) => {
    const i = axes.indexOf(axis);
    if (i < 0) return { to: d, scale: 1 };
    if (typeof d !== "number")
      return { to: sizes?.[i] ?? (scales![i] === 1 ? d : Number.isInteger(scales![i]) ? `${d}*${scales![i]}` : "?"), scale: NaN };
    if (policy !== undefined) return { to: Math.floor(policy * d + 0.5), scale: Math.fround(policy) };
    if (sizes !== undefined) return { to: sizes[i]!, scale: Math.fround(sizes[i]! / d) };
    const scale = Math.fround(scales![i]!);
    const part = crop ? Math.fround(roi![i + axes.length]! - roi![i]!) : 1;
    return { to: Math.floor(Math.fround(Math.fround(d * part) * scale)), scale };
  });
}

/** With an aspect ratio to keep, all axes get the smallest, or largest, of the scales. */
function policyScale(shape: readonly Dim[], sizes: readonly number[], axes: readonly number[], policy: string): number | undefined {
  if (policy === "stretch") return undefined;
  const each = axes.map((axis, i) => sizes[i]! / Number(shape[axis]));
  return policy === "not_larger" ? Math.min(...each) : Math.max(...each);
}

/** Resized axes are tables: longer ones than this are nobody's image. */
const longestTable = 2 ** 24;

function inferResize({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  const m = resizeMode(attrs);
  if (!["nearest", "linear", "cubic"].includes(m.mode) || !(m.coordinates in coordinateModes) || !(m.nearest in nearestModes))
    return refuse("attribute", `interpolation ${m.mode} with ${m.coordinates} and ${m.nearest} is not known`);
  if (m.mode !== "nearest" && !numberTypes.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} are not interpolated`);
  if (x.shape === undefined) return [x];
  if (inputs.slice(1).some((operand) => operand != null)) return [{ dtype: x.dtype, shape: x.shape.map(() => "?") }];
  const found = targets(x.shape, attrs);
  if (typeof found === "string") return refuse("attribute", found);
  if (found.some((t) => typeof t.to === "number" && !(t.to <= longestTable))) return refuse("value", "an axis is too long for a table");
  return x.shape.some((d, i) => d === 0 && found[i]!.to !== 0)
    ? refuse("shape", `${shapeText(x.shape)} has nothing to interpolate`)
    : [{ dtype: x.dtype, shape: found.map((t) => t.to) }];
}

export interface ResizedAxis {
  readonly axis: number;
  readonly table: AxisTable;
}

/** The tables of the axes that change: first those that shrink, from the outside in, then those that grow, from the inside out. */
export function resizedAxes(shape: readonly number[], attrs: Attrs): readonly ResizedAxis[] {
  const found = targets(shape, attrs);
  if (typeof found === "string") return [];
  const axes = axesOf(attrs, shape.length);
  const roi = numbers(attrs, "roi");
  const crop = stringAttr(attrs, "coordinates") === "tf_crop_and_resize";
  const specs = shape.map((from, axis): AxisSpec => {
    const i = axes.indexOf(axis);
    const region: readonly [number, number] = i >= 0 && crop ? [roi![i]!, roi![i + axes.length]!] : [0, 1];
    return { from, to: found[axis]!.to as number, scale: found[axis]!.scale, roi: region };
  });
  const changed = [...axes].filter((a) => specs[a]!.scale !== 1 || specs[a]!.to !== specs[a]!.from || crop).sort((a, b) => a - b);
  const shrinks = (a: number): boolean => specs[a]!.to < specs[a]!.from;
  const order = [...changed.filter(shrinks), ...changed.filter((a) => !shrinks(a)).reverse()];
  return order.map((axis) => ({ axis, table: axisTable(specs[axis]!, resizeMode(attrs)) }));
}

/** One axis in double precision; an element that reads one position is copied. */
function alongAxis(x: NdArray, { axis, table }: ResizedAxis, outsideValue: number, mode: Mode): NdArray {
  const [from, to, inner] = [x.shape[axis]!, table.outside.length, count(x.shape.slice(axis + 1))];
  const out = allocate(x.dtype, x.shape.map((d, a) => (a === axis ? to : d)), mode); // prettier-ignore
  const outer = count(x.shape.slice(0, axis));
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < to; i++)
      for (let j = 0; j < inner; j++) {
        const at = (o * to + i) * inner + j;
        const element = (t: number): number | bigint => x.data[(o * from + table.index[t * to + i]!) * inner + j]!;
        if (table.outside[i]) writeScalar(out, at, outsideValue);
        else if (table.taps === 1) out.data[at] = element(0);
        else {
          let sum = 0;
          for (let t = 0; t < table.taps; t++) if (table.weight[t * to + i] !== 0) sum += table.weight[t * to + i]! * Number(element(t));
          writeScalar(out, at, sum);
        }
      }
  return out;
}

function evalResize({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const given = inputs[0]!;
  const whole = stringAttr(attrs, "mode") === "nearest" || isFloat(given.dtype);
  let x: NdArray = whole
    ? given
    : { dtype: "f64", shape: given.shape, data: Float64Array.from(given.data as ArrayLike<number | bigint>, Number) };
  for (const axis of resizedAxes(x.shape, attrs)) x = alongAxis(x, axis, floatAttr(attrs, "outsideValue"), mode);
  if (whole) return [{ ...x, shape: outputs[0]!.shape }];
  const out = allocate(given.dtype, x.shape, mode);
  const toInteger = boolAttr(attrs, "antialias") ? Math.round : Math.trunc;
  for (let i = 0; i < x.data.length; i++) writeScalar(out, i, toInteger(Number(x.data[i])));
  return [out];
}

export const resize: Op = {
  what: "x interpolated to another size; becomes gathers and resamplings of one axis each",
  arity: [1, 4],
  outputs: [1, 1],
  attrs: {
    roi: { kind: "numbers", optional: true, what: "starts of the axes, then ends, as shares" },
    scales: { kind: "numbers", optional: true },
    sizes: { kind: "ints", optional: true },
    axes: { kind: "ints", optional: true, what: "absent: all" },
    mode: { kind: "string", default: "nearest", what: "nearest, linear or cubic" },
    coordinates: { kind: "string", default: "half_pixel" },
    nearest: { kind: "string", default: "round_prefer_floor" },
    cubicA: { kind: "float", default: -0.75 },
    excludeOutside: { kind: "bool", default: false },
    antialias: { kind: "bool", default: false },
    outsideValue: { kind: "float", default: 0 },
    aspect: { kind: "string", default: "stretch", what: "stretch, not_larger or not_smaller" },
  },
  traits: ["composite"],
  late: { roi: 1, scales: 2, sizes: 3 },
  infer: inferResize,
  eval: evalResize,
  flops: (c) => (stringAttr(c.attrs, "mode") === "nearest" ? 0 : 8 * elementCount(c.outputs[0]!)),
};

/** One axis by a table; made by the decomposition of `resize`, so positions lie inside of the axis. */
export const resample: Op = {
  what: "along an axis, sums of elements at the positions of a table with the weights of a table (each: taps x extent)",
  arity: [3, 3],
  outputs: [1, 1],
  attrs: { axis: { kind: "int" } },
  traits: [],
  infer: ({ inputs, attrs }) => {
    const [x, index, weight] = inputs as readonly [TensorType, TensorType, TensorType];
    if (!integerTypes.includes(index.dtype) || weight.dtype !== x.dtype || !isFloat(x.dtype))
      return refuse("dtype", "the tables do not fit the operand");
    if (x.shape === undefined || !isStatic(index.shape)) return [{ dtype: x.dtype, shape: undefined }];
    const axis = intAttr(attrs, "axis");
    return index.shape.length === 2 && shapeText(weight.shape) === shapeText(index.shape) && normalAxis(axis, x.shape.length) === axis
      ? [{ dtype: x.dtype, shape: x.shape.map((d, a) => (a === axis ? index.shape![1]! : d)) }]
      : refuse("shape", `tables of ${shapeText(index.shape)} and ${shapeText(weight.shape)} do not fit`);
  },
  eval: ({ inputs, attrs, mode }) => {
    const [x, index, weight] = inputs as readonly [NdArray, NdArray, NdArray];
    const [taps, to] = index.shape as readonly [number, number];
    const axis = intAttr(attrs, "axis");
    const clamp = (i: number | bigint): number => Math.min(Math.max(Number(i), 0), x.shape[axis]! - 1);
    const table: AxisTable = {
      taps,
      index: Array.from(index.data as ArrayLike<number>, clamp),
      weight: Array.from(weight.data as ArrayLike<number>),
      outside: new Array<boolean>(to).fill(false),
    };
    return [alongAxis(x, { axis, table }, 0, mode)];
  },
  flops: (c) => 2 * elementCount(c.outputs[0]!) * c.inputs[1]!.shape[0]!,
};

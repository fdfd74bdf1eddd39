/** Reading and writing at positions, as constants and as data; padding in every mode; masks and counters. */
import type { DType } from "../../../compiler-core/support/dtype.ts";
import { axisOf, count, like, row, solid, type Draw, type Row, type Val } from "../draw.ts";

/** Positions below `extent`, some of them counted from the end: constants or data. */
const positions = (d: Draw, shape: readonly number[], extent: number): Val =>
  d.chance(0.5)
    ? d.input("i64", shape, [-extent, extent - 1])
    : d.constant(
        "i64",
        shape,
        Array.from({ length: count(shape) }, () => d.random.integer(d.chance(0.2) ? -extent : 0, extent - 1)),
      );
/** Every number below `n` once. */
function shuffled(d: Draw, n: number): number[] {
  const list = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = d.random.integer(0, i);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

const elements: readonly DType[] = ["f32", "f32", "i64", "i32"];
const reductions = ["none", "add", "mul", "min", "max"] as const;
const grown = (how: string, x: Val, n: number): number =>
  how === "add" ? x.bound + 9 * n : how === "mul" ? x.bound * 9 ** n : Math.max(9, x.bound);

/** Without a reduction each place is written once, as the order is not defined. */
const scatterElements = row("ScatterElements", 2, (d) => {
  const x = d.pick((v) => elements.includes(v.dtype) && solid(v) && count(v.shape) < 400 && v.bound < 100);
  if (x === undefined) return undefined;
  const [axis, written] = axisOf(d, x.shape.length);
  const how = d.one(reductions);
  const extent = x.shape[axis]!;
  const n = how === "none" ? d.random.integer(1, extent) : d.random.integer(0, 4);
  const shape = x.shape.map((e, i) => (i === axis ? n : d.random.integer(1, e)));
  const inner = count(shape.slice(axis + 1));
  const once = (): Val => {
    const lines = Array.from({ length: count(shape.slice(0, axis)) * inner }, () => shuffled(d, extent));
    const at = (i: number): number => lines[Math.floor(i / (n * inner)) * inner + (i % inner)]![Math.floor(i / inner) % n]!;
    return d.constant(
      "i64",
      shape,
      Array.from({ length: count(shape) }, (_, i) => at(i)),
    );
  };
  const at = how === "none" ? once() : positions(d, shape, extent);
  const updates = d.chance(0.5) ? d.constant(x.dtype, shape) : d.input(x.dtype, shape);
  const bound = grown(how, x, n);
  const exact = x.exact && bound < 4096 && how !== "mul";
  return d.node("ScatterElements", [x, at, updates], [{ ...like(x, x.shape), exact, bound }], { axis: written, reduction: how });
});

const scatterNd = row("ScatterND", 2, (d) => {
  const x = d.pick((v) => elements.includes(v.dtype) && solid(v) && count(v.shape) < 400 && v.bound < 100);
  if (x === undefined) return undefined;
  const depth = d.random.integer(1, x.shape.length);
  const how = d.one(reductions);
  const places = count(x.shape.slice(0, depth));
  const n = d.random.integer(how === "none" ? 1 : 0, Math.min(places, 4));
  const rows = how === "none" ? shuffled(d, places).slice(0, n) : Array.from({ length: n }, () => d.random.integer(0, places - 1));
  const split = (flat: number): number[] => {
    const at: number[] = [];
    for (let i = depth - 1, left = flat; i >= 0; i--) {
      at.unshift(left % x.shape[i]!);
      left = Math.floor(left / x.shape[i]!);
    }
    return at;
  };
  const at = d.constant("i64", [n, depth], rows.flatMap(split));
  const shape = [n, ...x.shape.slice(depth)];
  const updates = d.chance(0.5) ? d.constant(x.dtype, shape) : d.input(x.dtype, shape);
  const bound = grown(how, x, n);
  const exact = x.exact && bound < 4096 && how !== "mul";
  return d.node("ScatterND", [x, at, updates], [{ ...like(x, x.shape), exact, bound }], { reduction: how });
});

const gatherNd = row("GatherND", 2, (d) => {
  const x = d.pick(solid);
  if (x === undefined) return undefined;
  const batch = d.random.integer(0, Math.min(2, x.shape.length - 1));
  const depth = d.random.integer(1, x.shape.length - batch);
  const inner = d.chance(0.3) ? [d.random.integer(1, 3), d.random.integer(1, 2)] : [d.random.integer(1, 4)];
  const shape = [...x.shape.slice(0, batch), ...inner, depth];
  const extents = x.shape.slice(batch, batch + depth);
  if (count(shape) > 500) return undefined;
  const at =
    depth === 1 && d.chance(0.4)
      ? d.input("i64", shape, [-extents[0]!, extents[0]! - 1])
      : d.constant(
          "i64",
          shape,
          Array.from({ length: count(shape) }, (_, i) =>
            d.random.integer(d.chance(0.1) ? -extents[i % depth]! : 0, extents[i % depth]! - 1),
          ),
        );
  return d.node("GatherND", [x, at], [like(x, [...x.shape.slice(0, batch), ...inner, ...x.shape.slice(batch + depth)])], {
    batch_dims: batch,
  });
});

const gather = row("Gather by data", 2, (d) => {
  const x = d.pick(solid);
  if (x === undefined) return undefined;
  const [axis, written] = axisOf(d, x.shape.length);
  const shape = d.shape(0, 2);
  if (d.chance(0.5))
    return d.node(
      "Gather",
      [x, positions(d, shape, x.shape[axis]!)],
      [like(x, [...x.shape.slice(0, axis), ...shape, ...x.shape.slice(axis + 1)])],
      { axis: written },
    );
  const same = x.shape.map((e, i) => (i === axis ? d.random.integer(0, 4) : d.random.integer(1, e)));
  return d.node("GatherElements", [x, positions(d, same, x.shape[axis]!)], [like(x, same)], { axis: written });
});

/** Amounts below zero cut. What is reflected has to be there. */
const pad = row("Pad modes", 4, (d) => {
  const x = d.pick((v) => solid(v) && (elements.includes(v.dtype) || v.dtype === "bool"));
  if (x === undefined) return undefined;
  const mode = d.one(["constant", "reflect", "edge", "wrap"]);
  const axes = d.chance(0.3) ? x.shape.map((_, i) => i).filter(() => d.chance(0.6)) : undefined;
  const chosen = axes ?? x.shape.map((_, i) => i);
  const cut = (e: number): number => (e > 2 && d.chance(0.25) ? -1 : 0);
  const amount = (e: number): number => (d.chance(0.4) ? cut(e) : d.random.integer(0, mode === "reflect" ? Math.min(3, e - 1) : 3));
  const before = chosen.map((a) => amount(x.shape[a]!));
  const after = chosen.map((a) => amount(x.shape[a]!));
  // What a cut leaves must still be enough to reflect.
  if (mode !== "constant" && [...before, ...after].some((p) => p < 0) && d.chance(0.8)) return undefined;
  const shape = [...x.shape];
  chosen.forEach((a, i) => (shape[a]! += before[i]! + after[i]!));
  // Beyond one whole copy, ONNX Runtime reads beside its operand.
  if (mode === "wrap" && chosen.some((a, i) => Math.max(before[i]!, after[i]!) > x.shape[a]!)) d.alone = true;
  const value = mode === "constant" && d.chance(0.6) ? d.constant(x.dtype, [], [x.dtype === "bool" ? 1 : d.one([0, 1, -2])]).name : "";
  const written = axes?.map((a) => (d.chance(0.3) ? a - x.shape.length : a));
  const inputs = [x, d.ints([...before, ...after]), value, ...(written ? [d.ints(written)] : [])];
  if (axes?.length === 0) return undefined;
  while (inputs.at(-1) === "") inputs.pop();
  return d.node("Pad", inputs, [{ ...like(x, shape), bound: Math.max(2, x.bound) }], { mode });
});

const reverse = row("ReverseSequence", 1, (d) => {
  const x = d.pick((v) => solid(v) && v.shape.length >= 2 && v.dtype === "f32");
  if (x === undefined) return undefined;
  const time = d.random.integer(0, 1);
  const lengths = d.input("i64", [x.shape[1 - time]!], [1, x.shape[time]!]);
  return d.node("ReverseSequence", [x, lengths], [like(x, x.shape)], { time_axis: time, batch_axis: 1 - time });
});

const oneHot = row("OneHot by axis", 1, (d) => {
  const [shape, depth] = [d.shape(1, 3), d.random.integer(1, 6)];
  const x = d.input(d.one(["i64", "i64", "i64", "i32"]), shape, [-depth - 1, depth + 1]);
  const [axis, written] = axisOf(d, shape.length + 1);
  const values = d.chance(0.5) ? d.constant("f32", [2], [-1, 2.5]) : d.input("f32", [2]);
  const result = { dtype: "f32", shape: [...shape.slice(0, axis), depth, ...shape.slice(axis)], exact: true, bound: 4 } as const;
  return d.node("OneHot", [x, d.constant("i64", d.one([[], [1]]), [depth]), values], [result], { axis: written });
});

const triangle = row("Trilu of any type", 1, (d) => {
  const x = d.pick((v) => solid(v) && v.shape.length >= 2 && [...elements, "bool"].includes(v.dtype));
  if (x === undefined) return undefined;
  const by = d.chance(0.7) ? [d.constant("i64", [], [d.random.integer(-20, 20)])] : [];
  return d.node("Trilu", [x, ...by], [like(x, x.shape)], { upper: d.random.integer(0, 1) });
});

const eye = row("EyeLike", 1, (d) => {
  const x = d.pick((v) => v.shape.length === 2 && v.dtype === "f32");
  const result = { dtype: "f32", exact: true } as const;
  return x && d.node("EyeLike", [x], [{ ...result, shape: x.shape }], { k: d.random.integer(-4, 4), dtype: 1 });
});

const topK = row("TopK of any type", 1, (d) => {
  const x = d.pick((v) => solid(v) && v.exact && elements.includes(v.dtype));
  if (x === undefined) return undefined;
  const [axis, written] = axisOf(d, x.shape.length);
  const k = d.random.integer(0, x.shape[axis]!);
  const shape = x.shape.map((e, i) => (i === axis ? k : e));
  const results = [like(x, shape), { dtype: "i64", shape, exact: true, bound: 100 }] as const;
  return d.node("TopK", [x, d.ints([k])], results, { axis: written, largest: d.random.integer(0, 1) });
});

const cacheWrite = row(
  "TensorScatter",
  1,
  (d) => {
    const [batch, length, width, steps] = [d.one([1, 2, 3]), d.one([4, 8]), d.one([1, 4, 5]), d.one([1, 2, 4])];
    const shape = d.chance(0.5) ? [batch, length, width] : [batch, 2, length, width];
    const cache = d.pick(
      (v) => v.dtype === "f32" && String(v.shape) === String(shape),
      () => d.input("f32", shape),
    )!;
    const update = d.input(
      "f32",
      shape.map((e, i) => (i === shape.length - 2 ? steps : e)),
    );
    const mode = d.one(["linear", "circular"]);
    const at = d.chance(0.8) ? [d.input("i64", [batch], [0, mode === "linear" ? length - steps : length - 1])] : [];
    return d.node("TensorScatter", [cache, update, ...at], [like(cache, shape)], { mode, axis: -2 });
  },
  24,
);

const crop = row("CenterCropPad", 1, (d) => {
  const x = d.pick((v) => solid(v) && v.dtype === "f32");
  if (x === undefined) return undefined;
  const axes = x.shape.map((_, i) => i).filter(() => d.chance(0.6));
  if (axes.length === 0) return undefined;
  const sizes = axes.map(() => d.random.integer(1, 9));
  const shape = x.shape.map((e, i) => (axes.includes(i) ? sizes[axes.indexOf(i)]! : e));
  return d.node("CenterCropPad", [x, d.ints(sizes)], [like(x, shape)], { axes });
});

export const indexingRows: readonly Row[] = [
  scatterElements,
  scatterNd,
  gatherNd,
  gather,
  pad,
  reverse,
  oneHot,
  triangle,
  eye,
  topK,
  cacheWrite,
  crop,
];

/** Operators that move elements: shapes, order, pieces, copies, indices; also shape arithmetic as exporters write it. */
import { axisOf, count, like, row, type Draw, type Row, type Val } from "../draw.ts";

const any = (d: Draw, fits: (v: Val) => boolean = () => true): Val | undefined => d.pick(fits);

const transpose = row("Transpose", 5, (d) => {
  const x = any(d, (v) => v.shape.length > 0);
  if (x === undefined) return undefined;
  const perm = x.shape.map((_, i) => i);
  for (let i = perm.length - 1; i > 0; i--) {
    const j = d.random.integer(0, i);
    [perm[i], perm[j]] = [perm[j]!, perm[i]!];
  }
  return d.node(
    "Transpose",
    [x],
    [
      like(
        x,
        perm.map((p) => x.shape[p]!),
      ),
    ],
    { perm },
  );
});

/** The same number of elements in other axes. */
function otherShape(d: Draw, n: number): readonly number[] {
  if (n === 0) return [0, d.random.integer(1, 3)];
  const shape: number[] = [];
  let left = n;
  for (let f = 2; f <= left && shape.length < 3; f++) {
    if (left % f === 0 && d.chance(0.6)) {
      shape.push(f);
      left /= f;
    }
  }
  shape.splice(d.random.integer(0, shape.length), 0, left);
  if (d.chance(0.2)) shape.splice(d.random.integer(0, shape.length), 0, 1);
  return shape;
}

const reshape = row("Reshape", 5, (d) => {
  const x = any(d);
  if (x === undefined) return undefined;
  const shape = otherShape(d, count(x.shape));
  const wild = count(shape) > 0 && d.chance(0.4) ? d.random.integer(0, shape.length - 1) : -1;
  return d.node(
    "Reshape",
    [x, d.ints(shape.map((v, i) => (i === wild ? -1 : v)))],
    [like(x, shape)],
    count(shape) === 0 ? { allowzero: 1 } : {},
  );
});

/** Shape -> Gather -> Unsqueeze -> Concat -> Reshape, as PyTorch writes x.view(x.size(0), -1). */
const viewByShape = row("view", 2, (d) => {
  const x = any(d, (v) => v.shape.length >= 2 && count(v.shape) > 0);
  if (x === undefined) return undefined;
  const [size] = d.node("Shape", [x], [{ dtype: "i64", shape: [x.shape.length], exact: true, bound: 100 }])!;
  const [first] = d.node("Gather", [size!, d.constant("i64", [], [0])], [{ dtype: "i64", shape: [], exact: true, bound: 100 }], {
    axis: 0,
  })!;
  const [list] = d.node("Unsqueeze", [first!, d.ints([0])], [{ dtype: "i64", shape: [1], exact: true, bound: 100 }])!;
  const [to] = d.node("Concat", [list!, d.ints([-1])], [{ dtype: "i64", shape: [2], exact: true, bound: 100 }], { axis: 0 })!;
  return d.node("Reshape", [x, to!], [like(x, [x.shape[0]!, count(x.shape.slice(1))])]);
});

const squeeze = row("Squeeze", 2, (d) => {
  const x = any(d, (v) => v.shape.includes(1));
  if (x === undefined) return undefined;
  const axis = x.shape.indexOf(1);
  return d.node(
    "Squeeze",
    [x, d.ints([d.chance(0.3) ? axis - x.shape.length : axis])],
    [
      like(
        x,
        x.shape.filter((_, i) => i !== axis),
      ),
    ],
  );
});
const unsqueeze = row("Unsqueeze", 2, (d) => {
  const x = any(d, (v) => v.shape.length < 4);
  if (x === undefined) return undefined;
  const axis = d.random.integer(0, x.shape.length);
  return d.node("Unsqueeze", [x, d.ints([axis])], [like(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)])]);
});
const flatten = row("Flatten", 1, (d) => {
  const x = any(d);
  if (x === undefined) return undefined;
  const axis = d.random.integer(0, x.shape.length);
  return d.node("Flatten", [x], [like(x, [count(x.shape.slice(0, axis)), count(x.shape.slice(axis))])], { axis });
});
const expand = row("Expand", 2, (d) => {
  const x = any(d, (v) => v.shape.length < 4);
  if (x === undefined) return undefined;
  const shape = [...(d.chance(0.4) ? [d.random.integer(1, 3)] : []), ...x.shape.map((v) => (v === 1 ? d.extent() : v))];
  return d.node("Expand", [x, d.ints(shape)], [like(x, shape)]);
});

const concat = row("Concat", 4, (d) => {
  const x = any(d, (v) => v.shape.length > 0);
  if (x === undefined) return undefined;
  const [axis, written] = axisOf(d, x.shape.length);
  const parts = [x];
  for (let more = d.random.integer(1, 2); more > 0; more--) {
    const fits = (v: Val): boolean =>
      v.dtype === x.dtype && v.shape.length === x.shape.length && v.shape.every((e, i) => i === axis || e === x.shape[i]);
    const other = (): Val =>
      d.input(
        x.dtype,
        x.shape.map((e, i) => (i === axis ? d.extent() : e)),
      );
    parts.push(d.pick(fits, other)!);
  }
  const shape = x.shape.map((e, i) => (i === axis ? parts.reduce((s, p) => s + p.shape[axis]!, 0) : e));
  const result = { ...like(x, shape), exact: parts.every((p) => p.exact), bound: Math.max(...parts.map((p) => p.bound)) };
  return d.node("Concat", parts, [result], { axis: written });
});

const split = row("Split", 3, (d) => {
  const x = any(d, (v) => v.shape.some((e) => e >= 2));
  if (x === undefined) return undefined;
  const axis = x.shape.findIndex((e) => e >= 2);
  const first = d.random.integer(1, x.shape[axis]! - 1);
  const sizes = [first, x.shape[axis]! - first];
  return d.node(
    "Split",
    [x, d.ints(sizes)],
    sizes.map((s) =>
      like(
        x,
        x.shape.map((e, i) => (i === axis ? s : e)),
      ),
    ),
    { axis },
  );
});

const slice = row("Slice", 5, (d) => {
  const x = any(d, (v) => v.shape.some((e) => e >= 2));
  if (x === undefined) return undefined;
  const shape = [...x.shape];
  const lists: [number[], number[], number[], number[]] = [[], [], [], []];
  x.shape.forEach((extent, axis) => {
    if (extent < 2 || d.chance(0.4)) return;
    const step = d.one([1, 1, 1, 2, 3, -1, -2]);
    const [low, high] = [d.random.integer(0, extent - 1), d.random.integer(1, extent)];
    const [start, end] =
      step > 0 ? [Math.min(low, high - 1), Math.max(low + 1, high)] : [Math.max(low, high - 1), Math.min(low, high - 1) - 1];
    shape[axis] = Math.ceil((end - start) / step);
    const written = end < 0 ? end - extent : d.chance(0.3) && end < extent && step > 0 ? end - extent : end;
    [start, written, axis, step].forEach((v, i) => lists[i]!.push(v));
  });
  if (lists[0].length === 0) return undefined;
  return d.node("Slice", [x, ...lists.map((l) => d.ints(l))], [like(x, shape)]);
});

const gather = row("Gather", 3, (d) => {
  const x = any(d, (v) => v.shape.length > 0 && !v.shape.includes(0));
  if (x === undefined) return undefined;
  const [axis, written] = axisOf(d, x.shape.length);
  const extent = x.shape[axis]!;
  const shape = d.shape(0, 2).filter((e) => e > 0);
  const at = d.constant(
    "i64",
    shape,
    Array.from({ length: count(shape) }, () => d.random.integer(d.chance(0.2) ? -extent : 0, extent - 1)),
  );
  return d.node("Gather", [x, at], [like(x, [...x.shape.slice(0, axis), ...shape, ...x.shape.slice(axis + 1)])], { axis: written });
});

const pad = row("Pad", 3, (d) => {
  const x = any(d, (v) => v.dtype === "f32" && v.shape.length > 0);
  if (x === undefined) return undefined;
  const pads = [...x.shape, ...x.shape].map(() => (d.chance(0.5) ? d.random.integer(0, 2) : 0));
  const shape = x.shape.map((e, i) => e + pads[i]! + pads[i + x.shape.length]!);
  const value = d.one([0, 1, -2]);
  return d.node("Pad", [x, d.ints(pads), d.constant("f32", [], [value])], [{ ...like(x, shape), bound: Math.max(2, x.bound) }]);
});

const tile = row("Tile", 2, (d) => {
  const x = any(d, (v) => v.shape.length > 0 && v.dtype !== "bool");
  if (x === undefined) return undefined;
  const times = x.shape.map(() => d.one([1, 1, 2, 3]));
  return d.node(
    "Tile",
    [x, d.ints(times)],
    [
      like(
        x,
        x.shape.map((e, i) => e * times[i]!),
      ),
    ],
  );
});

const trilu = row("Trilu", 1, (d) => {
  const x = d.float((v) => v.shape.length >= 2 && !v.shape.includes(0));
  return x && d.node("Trilu", [x, d.constant("i64", [], [d.random.integer(-2, 2)])], [like(x, x.shape)], { upper: d.random.integer(0, 1) });
});

const spaceToDepth = row("SpaceToDepth", 1, (d) => {
  const x = d.pick(
    (v) => v.dtype === "f32" && v.shape.length === 4 && v.shape[2]! % 2 === 0 && v.shape[3]! % 2 === 0,
    () => d.input("f32", [1, 4, 4, 6]),
  )!;
  if (x.shape.length !== 4 || x.shape.includes(0)) return undefined;
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const deep = d.chance(0.5) && c % 4 === 0;
  const shape = deep ? [n, c / 4, h * 2, w * 2] : [n, c * 4, h / 2, w / 2];
  return d.node(deep ? "DepthToSpace" : "SpaceToDepth", [x], [like(x, shape)], {
    blocksize: 2,
    ...(deep ? { mode: d.one(["DCR", "CRD"]) } : {}),
  });
});

const cumSum = row("CumSum", 1, (d) => {
  const x = d.float((v) => v.shape.length > 0 && v.bound < 500);
  if (x === undefined) return undefined;
  const [axis, written] = axisOf(d, x.shape.length);
  const attributes = { exclusive: d.random.integer(0, 1), reverse: d.random.integer(0, 1) };
  return d.node(
    "CumSum",
    [x, d.constant("i64", [], [written])],
    [{ ...like(x, x.shape), exact: false, bound: x.bound * Math.max(1, x.shape[axis]!) }],
    attributes,
  );
});

export const movementRows: readonly Row[] = [
  transpose,
  reshape,
  viewByShape,
  squeeze,
  unsqueeze,
  flatten,
  expand,
  concat,
  split,
  slice,
  gather,
  pad,
  tile,
  trilu,
  spaceToDepth,
  cumSum,
];

/** Branches and loops whose condition and count are known, so that they are written out; signals and their windows. */
import { GraphBuilder, type AttributeInput } from "../../../compiler-core/onnx/builder.ts";
import { count, row, type Draw, type Row, type Val } from "../draw.ts";
import { halvingBody } from "./loop-body.ts";

const steps = ["Relu", "Neg", "Abs", "Sigmoid", "Tanh"] as const;
const body = (g: GraphBuilder): AttributeInput => ({ kind: "graph", value: g.graph() });

/** A condition as a constant, or as it follows from a shape. */
function condition(d: Draw, x: Val): Val | undefined {
  if (d.chance(0.5)) return d.constant("bool", [], [d.random.integer(0, 1)]);
  const size = d.node("Size", [x], [{ dtype: "i64", shape: [], exact: true, bound: 3000 }])?.[0];
  return (
    size && d.node("Greater", [size, d.constant("i64", [], [d.random.integer(0, 40)])], [{ dtype: "bool", shape: [], exact: true }])?.[0]
  );
}

/** A chain of operators that reads the value from outside. */
function chain(d: Draw, x: Val, times: number): AttributeInput {
  const g = new GraphBuilder(`${d.fresh()}_branch`);
  let last = x.name;
  for (let i = 0; i < times; i++) last = g.node(d.one(steps), [last], d.fresh());
  g.output(last, "f32", x.shape);
  return body(g);
}

const branch = row("If of a known condition", 2, (d) => {
  const x = d.float((v) => v.bound < 100);
  const c = x && condition(d, x);
  if (x === undefined || c === undefined) return undefined;
  const attributes = { then_branch: chain(d, x, d.random.integer(1, 3)), else_branch: chain(d, x, 1) };
  return d.node("If", [c], [{ dtype: "f32", shape: x.shape, bound: Math.max(1, x.bound) }], attributes, [x.name]);
});

/** acc = acc / 2 + x + number of the iteration; with the accumulators of all iterations as a second result. */
const loop = row("Loop of a known count", 2, (d) => {
  const x = d.float((v) => v.bound < 1000);
  if (x === undefined) return undefined;
  const trips = d.random.integer(0, 4);
  const scan = trips > 0 && d.chance(0.5);
  const { g, i, go, sum } = halvingBody(d, x);
  const next = g.node("Add", [sum, g.node("Cast", [i], d.fresh(), { attributes: { to: 1 } })], d.fresh());
  g.output(go, "bool", []);
  g.output(next, "f32", x.shape);
  if (scan) g.output(g.node("Neg", [next], d.fresh()), "f32", x.shape);
  const result = { dtype: "f32", bound: 3 * x.bound + 8 } as const;
  const results = [{ ...result, shape: x.shape }, ...(scan ? [{ ...result, shape: [trips, ...x.shape] }] : [])];
  const inputs = [d.constant("i64", d.one([[], [1]]), [trips]), d.chance(0.5) ? d.constant("bool", [], [1]) : "", x];
  return d.node("Loop", inputs, results, { body: body(g) }, [x.name]);
});

/** A running sum over one axis, in either direction. */
const scan = row("Scan", 2, (d) => {
  const x = d.float((v) => v.shape.length >= 1 && v.shape.length <= 3 && !v.shape.includes(0) && v.bound < 100);
  if (x === undefined) return undefined;
  const axis = d.random.integer(0, x.shape.length - 1);
  const length = x.shape[axis]!;
  if (length > 9) return undefined;
  const slice = x.shape.filter((_, i) => i !== axis);
  const g = new GraphBuilder(`${d.fresh()}_body`);
  const [state, item] = [g.input(d.fresh(), "f32", slice), g.input(d.fresh(), "f32", slice)];
  const sum = g.node("Add", [state, item], d.fresh());
  g.output(sum, "f32", slice);
  g.output(g.node(d.one(steps), [sum], d.fresh()), "f32", slice);
  const bound = x.bound * (length + 1) + 4;
  const results = [
    { shape: slice, bound },
    { shape: [length, ...slice], bound },
  ];
  return d.node("Scan", [d.input("f32", slice), x], results, {
    body: body(g),
    num_scan_inputs: 1,
    scan_input_axes: [axis],
    scan_input_directions: [d.random.integer(0, 1)],
    ...(d.chance(0.5) ? { scan_output_directions: [d.random.integer(0, 1)] } : {}),
  });
});

const ranges = row("Range and shapes", 1, (d) => {
  const [from, n, step] = [d.random.integer(-3, 3), d.random.integer(0, 9), d.one([1, 2, -1])];
  const type = d.one(["i64", "i32", "f32"] as const);
  const numbers = [from, from + n * step, step].map((v) => d.constant(type, [], [v]));
  const made = d.node("Range", numbers, [{ dtype: type, shape: [n], exact: true, bound: 24 }])?.[0];
  const x = d.float((v) => v.shape.length > 0 && count(v.shape) > 0);
  if (made === undefined || x === undefined || d.chance(0.5)) return made;
  const shape = d.node("Shape", [x], [{ dtype: "i64", shape: [x.shape.length], exact: true, bound: 100 }])![0]!;
  const value = {
    kind: "tensor",
    value: {
      name: "",
      dtype: "f32",
      dims: [1],
      data: { source: "memory", bytes: new Uint8Array([0, 0, 192, 63]) },
      docString: "",
      metadataProps: [],
    },
  } as const;
  return d.node("ConstantOfShape", [shape], [{ dtype: "f32", shape: x.shape, exact: true, bound: 1.5 }], { value });
});

/** Lengths with and without small factors; shorter and longer than the signal; one side of a real one, and back. */
const dft = row("DFT", 1, (d) => {
  const [batch, n] = [d.one([1, 2]), d.one([1, 2, 3, 4, 5, 8, 12, 17])];
  const complex = d.chance(0.5);
  const x = d.input("f32", [batch, n, complex ? 2 : 1]);
  const length = d.chance(0.4) ? d.one([1, 4, 7, 16]) : n;
  const inverse = complex && d.chance(0.4) ? 1 : 0;
  const onesided = !complex && d.chance(0.5) ? 1 : 0;
  const shape = [batch, onesided ? Math.floor(length / 2) + 1 : length, 2];
  const axis = d.constant("i64", [], [d.one([1, -2])]);
  const given = length === n ? "" : d.constant("i64", [], [length]);
  return d.node("DFT", [x, given, axis], [{ shape, bound: 8 * n }], { inverse, onesided });
});

const stft = row("STFT", 1, (d) => {
  const [batch, n, length, step] = [d.one([1, 2]), d.one([16, 33]), d.one([4, 7, 8]), d.one([2, 3, 8])];
  const x = d.input("f32", [batch, n, 1]);
  const onesided = d.random.integer(0, 1);
  const frames = Math.floor((n - length) / step) + 1;
  const shape = [batch, frames, onesided ? Math.floor(length / 2) + 1 : length, 2];
  const windowed = d.chance(0.5);
  const inputs = [x, d.constant("i64", [], [step]), windowed ? d.weights([length], 1) : "", d.constant("i64", [], [length])];
  return d.node("STFT", inputs, [{ shape, bound: 40 * length }], { onesided });
});

const windows = row("windows", 1, (d) => {
  const n = d.one([1, 2, 5, 16]);
  if (d.chance(0.7)) {
    const op = d.one(["HannWindow", "HammingWindow", "BlackmanWindow"]);
    return d.node(op, [d.constant("i64", [], [n])], [{ dtype: "f32", shape: [n], bound: 1 }], {
      periodic: n === 1 ? 1 : d.random.integer(0, 1),
    });
  }
  const [bins, length] = [d.one([2, 5]), d.one([16, 32])];
  const wholes = [bins, length, 8000].map((v) => d.constant("i64", [], [v]));
  const edges = [0, 4000].map((v) => d.constant("f32", [], [v]));
  return d.node("MelWeightMatrix", [...wholes, ...edges], [{ dtype: "f32", shape: [length / 2 + 1, bins], bound: 1 }]);
});

export const controlRows: readonly Row[] = [branch, loop, scan, ranges, dft, stft, windows];

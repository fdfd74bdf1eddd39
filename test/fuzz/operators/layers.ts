/** Parts of layers of transformers, as exporters write them: products with a bias, norms, activations, two layers one behind the other. */
import { count, number, row, type Draw, type Row, type Val } from "../draw.ts";

/** A value larger than a test may have: what was drawn so far stays in the graph. */
export class TooLarge extends Error {}
export const layered = (name: string, weight: number, make: (d: Draw) => unknown): Row =>
  row(name, weight, (d) => {
    try {
      return make(d);
    } catch (e) {
      if (e instanceof TooLarge) return undefined;
      throw e;
    }
  });

export function add(d: Draw, op: string, inputs: readonly (Val | string)[], shape: readonly number[], attributes = {}): Val {
  const made = d.node(op, inputs, [{ dtype: "f32", shape, bound: 16 }], attributes)?.[0];
  if (made === undefined) throw new TooLarge();
  return made;
}
export const c = (d: Draw, value: number): Val => d.constant("f32", d.chance(0.2) ? [1] : [], [value]);
export const either = (d: Draw, a: Val, b: Val): readonly Val[] => (d.chance(0.5) ? [a, b] : [b, a]);
/** Numbers that keep sums of so many products small. */
export const fitted = (d: Draw, shape: readonly number[], summands: number): Val => {
  const most = 2 / Math.sqrt(summands);
  return d.constant(
    "f32",
    shape,
    Array.from({ length: count(shape) }, () => (d.random.integer(-8, 8) * most) / 8),
  );
};

/** x W, with or without a bias, as MatMul and Add, or as Gemm of a flat operand. */
export function linear(d: Draw, x: Val, n: number): Val {
  const k = x.shape.at(-1)!;
  const shape = [...x.shape.slice(0, -1), n];
  if (d.chance(0.15)) {
    const m = count(x.shape.slice(0, -1));
    const flat = add(d, "Reshape", [x, d.ints([-1, k])], [m, k]);
    const y = add(d, "Gemm", [flat, fitted(d, [n, k], k), fitted(d, [n], 4)], [m, n], { transB: 1 });
    return add(d, "Reshape", [y, d.ints(shape)], shape);
  }
  const y = add(d, "MatMul", [x, fitted(d, [k, n], k)], shape);
  return d.chance(0.7) ? add(d, "Add", either(d, y, fitted(d, [n], 4)), shape) : y;
}

/** In one operator, or as files before opset 17 have it; or without the mean. */
export function norm(d: Draw, x: Val): Val {
  const w = x.shape.at(-1)!;
  const scale = d.constant("f32", [w]);
  const form = d.one(["one", "pieces", "root"] as const);
  if (form === "one" && d.opset >= 17)
    return add(d, "LayerNormalization", [x, scale, ...(d.chance(0.7) ? [d.constant("f32", [w])] : [])], x.shape, {
      axis: -1,
      epsilon: number(0.01),
    });
  const kept = [...x.shape.slice(0, -1), 1];
  const mean = (v: Val): Val => add(d, "ReduceMean", [v, d.ints([-1])], kept, { keepdims: 1 });
  const centred = form === "root" ? x : add(d, "Sub", [x, mean(x)], x.shape);
  const square = d.chance(0.5) ? add(d, "Pow", [centred, c(d, 2)], x.shape) : add(d, "Mul", [centred, centred], x.shape);
  const root = add(d, "Sqrt", [add(d, "Add", [mean(square), c(d, 0.01)], kept)], kept);
  const one = d.chance(0.5)
    ? add(d, "Div", [centred, root], x.shape)
    : add(d, "Mul", [centred, add(d, "Reciprocal", [root], kept)], x.shape);
  const scaled = add(d, "Mul", either(d, one, scale), x.shape);
  return form === "root" ? scaled : add(d, "Add", either(d, scaled, d.constant("f32", [w])), x.shape);
}

export function active(d: Draw, x: Val): Val {
  const form = d.one(["Relu", "Gelu", "erf", "tanh", "silu"] as const);
  if (form === "Relu" || (form === "Gelu" && d.opset >= 20))
    return add(d, form, [x], x.shape, form === "Gelu" && d.chance(0.5) ? { approximate: "tanh" } : {});
  if (form === "silu") return add(d, "Mul", either(d, x, add(d, "Sigmoid", [x], x.shape)), x.shape);
  const inner = (): Val => {
    const cube = add(d, "Pow", [x, c(d, 3)], x.shape);
    const sum = add(d, "Add", [x, add(d, "Mul", [cube, c(d, 0.044715)], x.shape)], x.shape);
    return add(d, "Tanh", [add(d, "Mul", [sum, c(d, 0.7978845608028654)], x.shape)], x.shape);
  };
  const gate = form === "tanh" ? inner() : add(d, "Erf", [add(d, "Div", [x, c(d, Math.SQRT2)], x.shape)], x.shape);
  const one = add(d, "Add", [gate, c(d, 1)], x.shape);
  return add(d, "Mul", [add(d, "Mul", [x, one], x.shape), c(d, 0.5)], x.shape);
}

/** Two layers with an activation between them, or a gate of two products. */
export function inner(d: Draw, x: Val): Val {
  const [hidden, wide] = [x.shape.at(-1)!, d.one([8, 16, 17, 33, 64])];
  if (d.chance(0.25)) {
    const [gate, up] = [linear(d, x, wide), linear(d, x, wide)];
    return linear(d, add(d, "Mul", [active(d, gate), up], up.shape), hidden);
  }
  let y = x;
  for (let n = d.one([1, 1, 1, 2, 3]); n > 0; n--) y = active(d, linear(d, y, wide));
  return linear(d, y, hidden);
}

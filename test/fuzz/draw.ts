/** The state of a graph under construction, as the operators' rows see it. */
import type { AttributeInput } from "../../compiler-core/onnx/builder.ts";
import { isFloat, type DType } from "../../compiler-core/support/dtype.ts";
import type { Random } from "../workloads/prng.ts";
import { element, opset as defaultOpset, type CaseConstant, type CaseInput, type CaseNode, type CaseOutput } from "./case.ts";

export interface Val extends CaseInput {
  /** Free of rounding: comparisons and rounding of it mean the same however it was computed. */
  readonly exact: boolean;
  /** No element is larger. */
  readonly bound: number;
}

/** What a row says about a result. */
export interface Result {
  readonly dtype?: DType;
  readonly shape: readonly number[];
  readonly exact?: boolean;
  readonly bound?: number;
}

export const count = (shape: readonly number[]): number => shape.reduce((a, d) => a * d, 1);
const maxElements = 3000;

export class Draw {
  readonly inputs: Val[] = [];
  readonly constants: CaseConstant[] = [];
  readonly nodes: CaseNode[] = [];
  /** Everything that can be an operand. */
  readonly values: Val[] = [];
  /** Outputs of the graph that are no operands of the rows: their extents show only at run time, or they may differ a little. */
  readonly hidden: CaseOutput[] = [];
  /** Results whose shapes the file states. */
  readonly declared: CaseInput[] = [];
  /** See `FuzzCase.alone`. */
  alone = false;
  #names = 0;

  constructor(
    readonly random: Random,
    readonly opset = defaultOpset,
  ) {}

  chance(p: number): boolean {
    return this.random.uniform() < p;
  }
  one<T>(list: readonly T[]): T {
    return list[this.random.integer(0, list.length - 1)]!;
  }
  extent(): number {
    return this.chance(0.03) ? 0 : this.one([1, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 63]);
  }
  shape(least = 0, most = 4): number[] {
    const shape: number[] = [];
    for (let rank = this.chance(0.06) ? 5 : this.random.integer(least, most); rank > 0; rank--) shape.push(this.extent());
    while (count(shape) > maxElements) shape[shape.indexOf(Math.max(...shape))] = 2;
    return shape;
  }
  fresh(): string {
    return `v${this.#names++}`;
  }

  /** `within`: the smallest and largest element, for positions and lengths. */
  input(dtype: DType, shape: readonly number[], within?: readonly [number, number]): Val {
    const bound = within === undefined ? (isFloat(dtype) ? 4 : dtype === "bool" ? 1 : 9) : Math.max(...within.map(Math.abs));
    const v = { name: this.fresh(), dtype, shape, exact: true, bound, ...(within && { within }) };
    this.inputs.push(v);
    this.values.push(v);
    return v;
  }
  /** These numbers stand in place of some elements of an input, which no row takes as an operand then. */
  specialised(v: Val, special: readonly number[]): void {
    this.values.splice(this.values.indexOf(v), 1);
    this.inputs[this.inputs.indexOf(v)] = { ...v, special };
  }
  constant(dtype: DType, shape: readonly number[], values?: readonly number[]): Val {
    const data = values ?? Array.from({ length: count(shape) }, () => element(this.random, dtype));
    const name = this.fresh();
    this.constants.push({ name, dtype, shape, values: data });
    return { name, dtype, shape, exact: true, bound: data.reduce((m, v) => Math.max(m, Math.abs(v)), 0) };
  }
  /** A constant, or now and then a value that is computed, on a finer grid: products of many of them stay small. */
  weights(shape: readonly number[], most = 0.5): Val {
    const values = Array.from({ length: count(shape) }, () => (this.random.integer(-8, 8) * most) / 8);
    const made = { shape, bound: most };
    const scaled = this.chance(0.25) && this.node("Mul", [this.input("f32", shape), this.constant("f32", [], [most / 4])], [made]);
    return scaled ? scaled[0]! : this.constant("f32", shape, values);
  }
  /** A list of whole numbers as an operand. */
  ints(values: readonly number[]): string {
    return this.constant("i64", [values.length], values).name;
  }

  /** An existing value that fits, or a new input. Later values come more often. */
  pick(fits: (v: Val) => boolean, otherwise?: () => Val): Val | undefined {
    const found = this.values.filter((v) => count(v.shape) <= maxElements && fits(v));
    if (found.length === 0 || (otherwise !== undefined && this.chance(0.15))) return otherwise?.();
    const back = Math.min(found.length - 1, Math.floor(this.random.uniform() ** 2 * found.length));
    return found[found.length - 1 - back];
  }
  float(fits: (v: Val) => boolean = () => true): Val | undefined {
    return this.pick((v) => v.dtype === "f32" && fits(v));
  }
  /** Something that broadcasts with `v`: a value, a constant or a new input. */
  partner(v: Val, fits: (w: Val) => boolean = () => true): Val {
    const broadcasts = (w: Val): boolean => w.dtype === v.dtype && fits(w) && broadcast(v.shape, w.shape) !== undefined;
    const have = this.chance(0.6) ? this.pick((w) => broadcasts(w)) : undefined;
    if (have !== undefined) return have;
    const shape = v.shape.slice(this.random.integer(0, v.shape.length)).map((d) => (this.chance(0.2) ? 1 : d));
    const made = this.chance(0.5) ? this.constant(v.dtype, shape) : this.input(v.dtype, shape);
    return fits(made) ? made : this.constant(v.dtype, shape, new Array<number>(count(shape)).fill(1));
  }

  /** Adds a node; results too large are refused, and undefined comes back. */
  node(
    op: string,
    inputs: readonly (Val | string)[],
    results: readonly Result[],
    attributes: Readonly<Record<string, AttributeInput>> = {},
    captures: readonly string[] = [],
  ): readonly Val[] | undefined {
    if (results.some((r) => count(r.shape) > maxElements || !((r.bound ?? 1) < 1e5))) return undefined;
    const first = inputs.find((v): v is Val => typeof v !== "string");
    const made = results.map((r): Val => ({
      name: this.fresh(),
      dtype: r.dtype ?? first?.dtype ?? "f32",
      shape: r.shape,
      exact: r.exact ?? false,
      bound: r.bound ?? 1,
    }));
    const names = inputs.map((v) => (typeof v === "string" ? v : v.name));
    this.nodes.push({ op, inputs: names, outputs: made.map((v) => v.name), attributes, ...(captures.length > 0 ? { captures } : {}) });
    this.values.push(...made);
    return made;
  }
  /** Makes a value an output that no row takes as an operand: answers may be `slack` off, see `CaseOutput`. */
  only(v: Val | undefined, slack: number): void {
    const at = v === undefined ? -1 : this.values.indexOf(v);
    if (v === undefined || at < 0) return;
    this.values.splice(at, 1);
    this.hidden.push({ name: v.name, dtype: v.dtype, slack });
  }
  /** A node with results of unknown extents, by name; now and then they are outputs too. */
  unknown(
    op: string,
    inputs: readonly (Val | string)[],
    dtypes: readonly DType[],
    attributes: Readonly<Record<string, AttributeInput>> = {},
  ): readonly string[] {
    const outputs = dtypes.map(() => this.fresh());
    this.nodes.push({ op, inputs: inputs.map((v) => (typeof v === "string" ? v : v.name)), outputs, attributes });
    for (const [i, name] of outputs.entries()) if (this.chance(0.3)) this.hidden.push({ name, dtype: dtypes[i]! });
    return outputs;
  }
}

export interface Row {
  readonly name: string;
  /** How often, beside the others. */
  readonly weight: number;
  /** Adds nodes to the graph, or nothing when there is no operand for them. */
  readonly make: (d: Draw) => unknown;
  /** The first opset that has it. */
  readonly since?: number;
  /** The first that has it no more in this form. */
  readonly until?: number;
}
export const row = (name: string, weight: number, make: Row["make"], since = 1): Row => ({ name, weight, make, since });

/** A row for the opsets from `since` to before `until`. */
export const formerRow = (name: string, since: number, until: number, make: Row["make"], weight = 1): Row => ({
  name,
  weight,
  make,
  since,
  until,
});

export const solid = (v: Val): boolean => v.shape.length > 0 && !v.shape.includes(0);
/** The elements of `x` in another shape. */
export const like = (x: Val, shape: readonly number[]) => ({ dtype: x.dtype, shape, exact: x.exact, bound: x.bound });
/** An axis, counted from the front, and as it is written. */
export const axisOf = (d: Draw, rank: number): readonly [number, number] => {
  const axis = d.random.integer(0, rank - 1);
  return [axis, d.chance(0.3) ? axis - rank : axis];
};

export function broadcast(a: readonly number[], b: readonly number[]): readonly number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const [x, y] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out.push(x === 1 ? y : x);
  }
  return out;
}

export const number = (value: number): AttributeInput => ({ kind: "float", value });

/** What a builder of one ONNX operator sees: operands, attributes by kind, and the graph it adds nodes to. */
import type { GraphBuilder } from "../../graph/build.ts";
import type { Attrs, Dim, Shape, ValueId } from "../../graph/ir.ts";
import { fromValues, toNumbers, type NdArray, type Scalar } from "../../graph/ndarray.ts";
import type { OpName } from "../../graph/ops/index.ts";
import { dtypes, type DType } from "../../support/dtype.ts";
import { dtypeOfCode } from "../dtype.ts";
import type { OnnxNode, OnnxTensor } from "../model.ts";

/** The node uses something we do not compile: it becomes opaque, with this reason. */
export class NotCompiled extends Error {
  constructor(readonly reason: string) {
    super(reason);
  }
}
export const notCompiled = (reason: string): never => {
  throw new NotCompiled(reason);
};

export interface BuildContext {
  readonly graph: GraphBuilder;
  readonly node: OnnxNode;
  /** Operands; an input that is left out is null. */
  readonly inputs: readonly (ValueId | null)[];
  /** Version of the operator set the node's domain is imported with. */
  readonly opset: number;
  readonly origin: readonly number[];
  readonly readTensor: (tensor: OnnxTensor) => NdArray;
  /** The elements of a value that is a sequence, or the value of an optional one, where they are known. */
  readonly elements: (id: ValueId) => readonly ValueId[] | undefined;
}

export class BuildCall {
  constructor(readonly context: BuildContext) {}

  get opset(): number {
    return this.context.opset;
  }
  get inputCount(): number {
    return this.context.inputs.length;
  }
  /** Outputs up to the last one that has a name. */
  get outputCount(): number {
    return this.context.node.outputs.reduce((n, name, i) => (name === "" ? n : i + 1), 0);
  }

  has(i: number): boolean {
    return this.context.inputs[i] != null;
  }
  /** Operand `i`, which must be there. */
  input(i: number): ValueId {
    return this.context.inputs[i] ?? notCompiled(`operand ${i} is missing`);
  }
  optional(i: number): ValueId | null {
    return this.context.inputs[i] ?? null;
  }
  /** Operands that are present among the first `n`, without trailing absent ones. */
  operands(n: number): readonly (ValueId | null)[] {
    const all = this.context.inputs.slice(0, n);
    while (all.length > 0 && all.at(-1) === null) all.pop();
    return all;
  }
  dtype(i: number): DType {
    return this.context.graph.type(this.input(i)).dtype;
  }
  shape(i: number): Shape | undefined {
    return this.context.graph.type(this.input(i)).shape;
  }
  shapeOf(id: ValueId): Shape | undefined {
    return this.context.graph.type(id).shape;
  }
  /** Elements of operand `i`, a sequence; undefined for tensors and for sequences that nothing is known of. */
  elements(i: number): readonly ValueId[] | undefined {
    return this.context.elements(this.input(i));
  }
  /** The values of a small constant operand. */
  known(i: number): readonly number[] | undefined {
    const id = this.context.inputs[i];
    const data = id == null ? undefined : this.context.graph.known(id);
    return data && toNumbers(data);
  }

  add(op: OpName, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): ValueId {
    return this.addMany(op, inputs, attrs, 1)[0]!;
  }
  addMany(op: OpName, inputs: readonly (ValueId | null)[], attrs: Attrs, outputs: number): readonly ValueId[] {
    return this.context.graph.add(op, inputs, attrs, { name: this.context.node.name, origin: this.context.origin, outputs });
  }
  constant(dtype: DType, shape: readonly number[], values: readonly Scalar[]): ValueId {
    return this.context.graph.constant("", fromValues(dtype, shape, values));
  }
  scalar(dtype: DType, value: Scalar): ValueId {
    return this.constant(dtype, [], [value]);
  }

  int(name: string): number | undefined;
  int(name: string, otherwise: number): number;
  int(name: string, otherwise?: number): number | undefined {
    const a = this.#attribute(name);
    return a?.kind === "int" ? Number(a.value) : a === undefined ? otherwise : notCompiled(`attribute ${name} is not an int`);
  }
  float(name: string): number | undefined;
  float(name: string, otherwise: number): number;
  float(name: string, otherwise?: number): number | undefined {
    const a = this.#attribute(name);
    return a?.kind === "float" || a?.kind === "int"
      ? Number(a.value)
      : a === undefined
        ? otherwise
        : notCompiled(`attribute ${name} is not a float`);
  }
  flag(name: string, otherwise = false): boolean {
    return this.int(name, otherwise ? 1 : 0) !== 0;
  }
  text(name: string, otherwise: string): string {
    const a = this.#attribute(name);
    return a?.kind === "string" ? a.value : a === undefined ? otherwise : notCompiled(`attribute ${name} is not text`);
  }
  ints(name: string): readonly number[] | undefined {
    const a = this.#attribute(name);
    return a?.kind === "ints" ? a.value.map(Number) : a === undefined ? undefined : notCompiled(`attribute ${name} is not a list of ints`);
  }
  floats(name: string): readonly number[] | undefined {
    const a = this.#attribute(name);
    return a?.kind === "floats" ? a.value : a === undefined ? undefined : notCompiled(`attribute ${name} is not a list of floats`);
  }
  strings(name: string): readonly string[] | undefined {
    const a = this.#attribute(name);
    return a?.kind === "strings" ? a.value : a === undefined ? undefined : notCompiled(`attribute ${name} is not a list of strings`);
  }
  tensor(name: string): NdArray | undefined {
    const a = this.#attribute(name);
    return a?.kind === "tensor" ? this.context.readTensor(a.value) : undefined;
  }
  /** An element type given by its ONNX number. */
  dtypeOf(name: string, otherwise?: DType): DType {
    const code = this.int(name);
    if (code === undefined) return otherwise ?? notCompiled(`attribute ${name} is missing`);
    return asDType(dtypeOfCode(code)) ?? notCompiled(`element type ${code} is not known`);
  }
  #attribute(name: string) {
    return this.context.node.attributes.find((a) => a.name === name);
  }

  /** Axes given by an attribute up to some opset and by operand `i` after it; undefined: not given. */
  axes(name: string, i: number): readonly number[] | undefined {
    const fromAttribute = this.ints(name);
    if (fromAttribute !== undefined || !this.has(i)) return fromAttribute;
    return this.known(i) ?? notCompiled(`${name} are computed at run time`);
  }

  /**
   * `x` with a new shape, given as extents or as axes of `x` to copy. Extents that are not known at all are computed at run time from the
   * shape of `x`, to be folded once it is known.
   */
  reshape(x: ValueId, parts: readonly (number | { readonly axis: number })[]): ValueId {
    const from = this.shapeOf(x) ?? notCompiled("the rank of its operand is not known");
    const dims: Dim[] = parts.map((p) => (typeof p === "number" ? p : from[p.axis]!));
    const unknown = dims.filter((d) => !this.context.graph.followsFromInputs(d));
    if (unknown.length <= 1) return this.add("reshape", [x], { shape: dims.map((d) => (unknown.includes(d) ? -1 : d)), allowZero: true });
    const extents = this.add("shape", [x]);
    const pieces = parts.map((p) =>
      typeof p === "number"
        ? this.constant("i64", [1], [p])
        : this.add("slice", [extents], { starts: [p.axis], ends: [p.axis + 1], axes: [0], steps: [1] }),
    );
    return this.add("reshape", [x, this.add("concat", pieces, { axis: 0 })], { allowZero: true });
  }
}

/** Returns one value for each output of the ONNX node (missing trailing ones are not needed by anybody). */
export type Builder = (call: BuildCall) => ValueId | readonly ValueId[];

/** The graph's element type of the same name; undefined for those that only exist in files. */
export const asDType = (name: string): DType | undefined => ((dtypes as readonly string[]).includes(name) ? (name as DType) : undefined);

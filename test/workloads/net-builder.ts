/** A model builder that names things the way exporters do: scopes, numbered operators, weights with dotted paths. */
import { ModelBuilder, type AttributeInput, type ModelOptions } from "../../compiler-core/onnx/builder.ts";
import type { OnnxDType } from "../../compiler-core/onnx/dtype.ts";
import { generated, type Fill } from "./fill.ts";

export type Attributes = Readonly<Record<string, AttributeInput>>;

export class NetBuilder extends ModelBuilder {
  private readonly scopes: string[] = [];
  private readonly used = new Map<string, number>();

  /** `seed` names the weights' random sequence: models of one family share their weights. */
  constructor(
    private readonly seed: string,
    options: ModelOptions,
  ) {
    super(options);
  }

  /** Everything that `body` adds is named below `name`. */
  scope<T>(name: string, body: () => T): T {
    this.scopes.push(name);
    const result = body();
    this.scopes.pop();
    return result;
  }

  private unique(name: string): string {
    const count = this.used.get(name) ?? 0;
    this.used.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  }

  /** Adds a node in the current scope, named `/scope/.../OpType`; returns its output. */
  op(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const name = this.unique(`/${[...this.scopes, opType].join("/")}`);
    return this.node(opType, inputs, `${name}_output_0`, { name, attributes });
  }

  /** As `op`, for an operator with several outputs. */
  ops(opType: string, inputs: readonly string[], count: number, attributes: Attributes = {}): readonly string[] {
    const name = this.unique(`/${[...this.scopes, opType].join("/")}`);
    return this.multi(
      opType,
      inputs,
      Array.from({ length: count }, (_, i) => `${name}_output_${i}`),
      { name, attributes },
    );
  }

  /** As `op`, with a given output name: for graph outputs. */
  last(opType: string, inputs: readonly string[], output: string, attributes: Attributes = {}): string {
    const name = this.unique(`/${[...this.scopes, opType].join("/")}`);
    return this.node(opType, inputs, output, { name, attributes });
  }

  /** A weight in the current scope. */
  weight(name: string, dtype: OnnxDType, dims: readonly number[], fill: Fill): string {
    const path = this.unique([...this.scopes, name].join("."));
    return this.initializer(path, dtype, dims, generated(`${this.seed}:${path}`, dtype, dims, fill));
  }

  /** A small constant, shared by equal values. */
  constant(dtype: OnnxDType, dims: readonly number[], values: readonly number[]): string {
    const name = `const_${dtype}_${dims.join("x")}_${values.join("_")}`;
    if (this.used.has(name)) return name;
    return this.initializer(this.unique(name), dtype, dims, values);
  }
}

/** He initialisation: keeps the second moment of activations through a layer and a ReLU. */
export function he(fanIn: number, gain = 2): Fill {
  return { kind: "bell", mean: 0, deviation: Math.sqrt(gain / fanIn) };
}

/** A generated graph as plain data, and the ONNX model and the inputs that are made of it. */
import { modelBuilder, type AttributeInput } from "../../compiler-core/onnx/builder.ts";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import type { CompileOptions } from "../../compiler-core/options.ts";
import { fromValues, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import { isFloat, type DType } from "../../compiler-core/support/dtype.ts";
import { Random } from "../workloads/prng.ts";

export interface CaseInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The smallest and largest element. */
  readonly within?: readonly [number, number];
  /** Numbers that stand in place of some of its elements: NaN, infinities, -0. */
  readonly special?: readonly number[];
  /** The shape as the file states it: with names in place of extents. */
  readonly stated?: readonly (number | string)[];
}
/** With values: a constant of the model. */
export interface CaseConstant extends CaseInput {
  readonly values: readonly number[];
}
export interface CaseNode {
  readonly op: string;
  /** Empty: absent. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeInput>>;
  /** Values from outside that its subgraphs read. */
  readonly captures?: readonly string[];
}
export interface CaseOutput {
  readonly name: string;
  readonly dtype: DType;
  /** How far an answer may be off: whole numbers by so many, floats by so much of the largest element. Absent: as rounding of f32 explains. */
  readonly slack?: number;
}
export interface FuzzCase {
  /** Names the case, and seeds the contents of its inputs. */
  readonly seed: string;
  readonly inputs: readonly CaseInput[];
  readonly constants: readonly CaseConstant[];
  readonly nodes: readonly CaseNode[];
  readonly outputs: readonly CaseOutput[];
  /** Types that the file states; for results of operators that are not compiled. */
  readonly declared?: readonly CaseInput[];
  /** ONNX Runtime is known to answer otherwise than the standard says, or with what the memory held: it is not asked. */
  readonly alone?: true;
  /** How it is compiled, where that is not as usual. */
  readonly options?: Partial<CompileOptions>;
  /** Opset of the file. */
  readonly opset?: number;
  /** Extents of the symbolic dimensions. */
  readonly dims?: Readonly<Record<string, number>>;
}

/** Of the files that do not say another. */
export const opset = 21;

/** The domain of operators that are named with it in front. */
const foreign = "com.microsoft";

export function modelOf(one: FuzzCase): OnnxModel {
  const isForeign = one.nodes.some(({ op }) => op.startsWith(`${foreign}.`));
  const b = modelBuilder({
    opset: one.opset ?? opset,
    name: one.seed,
    irVersion: (one.opset ?? opset) > 22 ? 11 : 10,
    ...(isForeign ? { opsets: { [foreign]: 1 } } : {}),
  });
  for (const { name, dtype, shape, stated } of one.inputs) b.input(name, dtype as never, stated ?? shape);
  for (const { name, dtype, shape, values } of one.constants)
    b.initializer(name, dtype as never, shape, dtype === "bool" ? Uint8Array.from(values) : values);
  for (const n of one.nodes) {
    const domain = n.op.startsWith(`${foreign}.`) ? foreign : "";
    b.multi(n.op.slice(domain === "" ? 0 : domain.length + 1), n.inputs, n.outputs, { attributes: n.attributes, domain });
  }
  for (const { name, dtype, shape } of one.declared ?? []) b.value(name, dtype as never, shape);
  for (const { name, dtype } of one.outputs) b.output(name, dtype as never);
  return b.build();
}

/** Elements on a coarse grid, so that sums and products of a few are exact; whole numbers are small. */
export function element(random: Random, dtype: DType): number {
  if (dtype === "bool") return random.integer(0, 1);
  if (isFloat(dtype)) return random.integer(-16, 16) / 4;
  return dtype.startsWith("u") ? random.integer(0, 9) : random.integer(-9, 9);
}

/** The contents of the inputs, by name: the same for every run of a case. */
export function inputsOf(one: FuzzCase): ReadonlyMap<string, NdArray> {
  return new Map(
    one.inputs.map(({ name, dtype, shape, within, special }) => {
      const random = new Random(`${one.seed}:${name}`);
      const usual = within === undefined ? () => element(random, dtype) : () => random.integer(...within);
      const isSpecial = (): boolean => special !== undefined && random.uniform() < 0.1;
      const draw = (): number => (isSpecial() ? special![random.integer(0, special!.length - 1)]! : usual());
      const values = Array.from({ length: shape.reduce((a, d) => a * d, 1) }, draw);
      return [name, fromValues(dtype, shape, values)];
    }),
  );
}

/** A text that says everything, to be pasted into a test: JSON, with NaN and infinities as names. */
export const reproducer = (one: FuzzCase): string =>
  JSON.stringify(one, (_, v: unknown) =>
    typeof v === "number" && (!Number.isFinite(v) || Object.is(v, -0)) ? `@${v === 0 ? "-0" : v}@` : v,
  ).replace(/"@([^"@]*)@"/g, "$1");

/** Builds models in a program: test cases, generators, extracted subgraphs. */
import { bug } from "../messages.ts";
import type { OnnxDType } from "./dtype.ts";
import type {
  Int,
  OnnxAttribute,
  OnnxAttributeValue,
  OnnxDim,
  OnnxFunction,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxType,
  OnnxValueInfo,
  TensorData,
} from "./model.ts";
import { encodeElements } from "./tensor-values.ts";

/** A dimension: a size, a symbol, or unknown. */
export type DimInput = Int | string | undefined;

/** An attribute: a whole number is an INT, an array of them INTS, text a STRING; everything else says its kind. */
export type AttributeInput = number | bigint | string | readonly number[] | readonly string[] | OnnxAttributeValue;

/** Elements of a tensor: raw little-endian bytes, numbers to convert, strings, or data produced when it is written. */
export type TensorInput = Uint8Array | readonly Int[] | readonly string[] | Float32Array | TensorData;

export interface ModelOptions {
  readonly name?: string;
  /** Opset of ai.onnx; default 17. */
  readonly opset?: number;
  readonly opsets?: Readonly<Record<string, number>>;
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly docString?: string;
}

export interface NodeOptions {
  readonly name?: string;
  readonly domain?: string;
  readonly docString?: string;
  readonly attributes?: Readonly<Record<string, AttributeInput>>;
}

/** A tensor type; without dims the rank is unknown. */
export function tensorType(dtype: OnnxDType, dims?: readonly DimInput[]): OnnxType {
  return { kind: "tensor", dtype, ...(dims === undefined ? {} : { dims: dims.map(toDim) }), denotation: "" };
}

function toDim(dim: DimInput): OnnxDim {
  if (dim === undefined) return { denotation: "" };
  return typeof dim === "string" ? { param: dim, denotation: "" } : { value: dim, denotation: "" };
}

export function valueInfo(name: string, type: OnnxType | undefined): OnnxValueInfo {
  return { name, ...(type === undefined ? {} : { type }), docString: "", metadataProps: [] };
}

/** A tensor whose data is in memory, or produced on demand. */
export function tensor(name: string, dtype: OnnxDType, dims: readonly number[], input: TensorInput): OnnxTensor {
  return { name, dtype, dims, data: toData(dtype, input), docString: "", metadataProps: [] };
}

function toData(dtype: OnnxDType, input: TensorInput): TensorData {
  if (input instanceof Uint8Array) return { source: "memory", bytes: input };
  if (input instanceof Float32Array) return { source: "memory", bytes: encodeElements(dtype, input) };
  if (!Array.isArray(input)) return input as TensorData;
  if (dtype === "string") return { source: "strings", values: input as readonly string[] };
  return { source: "memory", bytes: encodeElements(dtype, input as readonly Int[]) };
}

/** An attribute by name. */
export function attribute(name: string, input: AttributeInput): OnnxAttribute {
  return { name, docString: "", refAttrName: "", ...attributeValue(name, input) };
}

function attributeValue(name: string, input: AttributeInput): OnnxAttributeValue {
  if (typeof input === "string") return { kind: "string", value: input };
  if (typeof input === "bigint" || typeof input === "number") {
    if (typeof input === "number" && !Number.isSafeInteger(input)) bug(`attribute ${name} is a float: say { kind: "float", value }`);
    return { kind: "int", value: input };
  }
  if (!Array.isArray(input)) return input as OnnxAttributeValue;
  if (input.some((item) => typeof item === "string")) return { kind: "strings", value: input as readonly string[] };
  return { kind: "ints", value: input as readonly number[] };
}

export function node(opType: string, inputs: readonly string[], outputs: readonly string[], options: NodeOptions = {}): OnnxNode {
  return {
    inputs,
    outputs,
    name: options.name ?? "",
    opType,
    attributes: Object.entries(options.attributes ?? {}).map(([name, input]) => attribute(name, input)),
    docString: options.docString ?? "",
    domain: options.domain ?? "",
    overload: "",
    metadataProps: [],
    deviceConfigurations: [],
  };
}

/** Collects the parts of a graph; every method returns the name of the value it made, so that calls nest. */
export class GraphBuilder {
  protected readonly nodes: OnnxNode[] = [];
  protected readonly inputs: OnnxValueInfo[] = [];
  protected readonly outputs: OnnxValueInfo[] = [];
  protected readonly initializers: OnnxTensor[] = [];
  protected readonly valueInfos: OnnxValueInfo[] = [];

  constructor(readonly name: string) {}

  input(name: string, type: OnnxDType | OnnxType, dims?: readonly DimInput[]): string {
    this.inputs.push(valueInfo(name, typeof type === "string" ? tensorType(type, dims) : type));
    return name;
  }

  output(name: string, type: OnnxDType | OnnxType, dims?: readonly DimInput[]): string {
    this.outputs.push(valueInfo(name, typeof type === "string" ? tensorType(type, dims) : type));
    return name;
  }

  /** States the type of an intermediate value. */
  value(name: string, type: OnnxDType | OnnxType, dims?: readonly DimInput[]): string {
    this.valueInfos.push(valueInfo(name, typeof type === "string" ? tensorType(type, dims) : type));
    return name;
  }

  initializer(name: string, dtype: OnnxDType, dims: readonly number[], input: TensorInput): string {
    this.initializers.push(tensor(name, dtype, dims, input));
    return name;
  }

  /** Adds a node with one output; the output's name is also the node's unless `options.name` says otherwise. */
  node(opType: string, inputs: readonly string[], output: string, options: NodeOptions = {}): string {
    this.nodes.push(node(opType, inputs, [output], options));
    return output;
  }

  /** Adds a node with several outputs. */
  multi(opType: string, inputs: readonly string[], outputs: readonly string[], options: NodeOptions = {}): readonly string[] {
    this.nodes.push(node(opType, inputs, outputs, options));
    return outputs;
  }

  get nodeCount(): number {
    return this.nodes.length;
  }

  graph(): OnnxGraph {
    const { name, nodes, initializers, inputs, outputs, valueInfos } = this;
    const empty = { sparseInitializers: [], docString: "", quantizationAnnotations: [], metadataProps: [] };
    return { nodes, name, initializers, inputs, outputs, valueInfos, ...empty };
  }
}

export class ModelBuilder extends GraphBuilder {
  private readonly functions: OnnxFunction[] = [];

  constructor(private readonly options: ModelOptions) {
    super(options.name ?? "graph");
  }

  function(definition: OnnxFunction): void {
    this.functions.push(definition);
  }

  build(): OnnxModel {
    const { options } = this;
    const opsets = { "": options.opset ?? 17, ...options.opsets };
    return {
      irVersion: options.irVersion ?? 8,
      opsetImports: Object.entries(opsets).map(([domain, version]) => ({ domain, version })),
      producerName: options.producerName ?? "fusionscope",
      producerVersion: "",
      domain: "",
      modelVersion: 0,
      docString: options.docString ?? "",
      graph: this.graph(),
      metadataProps: [],
      trainingInfo: [],
      functions: this.functions,
      configurations: [],
    };
  }
}

export function modelBuilder(options: ModelOptions = {}): ModelBuilder {
  return new ModelBuilder(options);
}

/** A function definition (FunctionProto). */
export function functionDefinition(
  domain: string,
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
  nodes: readonly OnnxNode[],
  options: { attributes?: readonly string[]; attributeDefaults?: readonly OnnxAttribute[]; opset?: number } = {},
): OnnxFunction {
  return {
    name,
    inputs,
    outputs,
    attributes: options.attributes ?? [],
    attributeDefaults: options.attributeDefaults ?? [],
    nodes,
    docString: "",
    opsetImports: [{ domain: "", version: options.opset ?? 17 }],
    domain,
    overload: "",
    valueInfos: [],
    metadataProps: [],
  };
}

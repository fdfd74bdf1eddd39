/**
 * A parsed ONNX model as plain readonly data, field by field what the file says (onnx.proto, IR version 14). Nothing is
 * interpreted here: names may be empty or duplicate, types may be missing. Weights are not in here, only where they are.
 */
import type { OnnxDType, TypedField } from "./dtype.ts";

/** An int64: a number where that is exact, else a bigint. */
export type Int = number | bigint;

export interface StringEntry {
  readonly key: string;
  readonly value: string;
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly opsetImports: readonly OnnxOpsetId[];
  readonly producerName: string;
  readonly producerVersion: string;
  readonly domain: string;
  readonly modelVersion: Int;
  readonly docString: string;
  readonly graph: OnnxGraph;
  readonly metadataProps: readonly StringEntry[];
  readonly trainingInfo: readonly OnnxTrainingInfo[];
  readonly functions: readonly OnnxFunction[];
  readonly configurations: readonly OnnxDeviceConfiguration[];
}

/** `domain` "" is ai.onnx. */
export interface OnnxOpsetId {
  readonly domain: string;
  readonly version: number;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly name: string;
  readonly initializers: readonly OnnxTensor[];
  readonly sparseInitializers: readonly OnnxSparseTensor[];
  readonly docString: string;
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly valueInfos: readonly OnnxValueInfo[];
  readonly quantizationAnnotations: readonly OnnxQuantizationAnnotation[];
  readonly metadataProps: readonly StringEntry[];
}

/** Inputs named "" are optional inputs left out. */
export interface OnnxNode {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly attributes: readonly OnnxAttribute[];
  readonly docString: string;
  readonly domain: string;
  readonly overload: string;
  readonly metadataProps: readonly StringEntry[];
  readonly deviceConfigurations: readonly OnnxNodeDeviceConfiguration[];
}

interface AttributeBase {
  readonly name: string;
  readonly docString: string;
  /** In function bodies: the function's attribute that supplies the value; `value` is then only a placeholder. "" otherwise. */
  readonly refAttrName: string;
}

/** The value of an attribute by kind. `blob` is a string of more than 1 MiB (it stays in the file); `undefined` has no value. */
export type OnnxAttributeValue =
  | { readonly kind: "undefined" }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "int"; readonly value: Int }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "blob"; readonly value: FileRange }
  | { readonly kind: "tensor"; readonly value: OnnxTensor }
  | { readonly kind: "graph"; readonly value: OnnxGraph }
  | { readonly kind: "sparse"; readonly value: OnnxSparseTensor }
  | { readonly kind: "type"; readonly value: OnnxType }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "ints"; readonly value: readonly Int[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensors"; readonly value: readonly OnnxTensor[] }
  | { readonly kind: "graphs"; readonly value: readonly OnnxGraph[] }
  | { readonly kind: "sparses"; readonly value: readonly OnnxSparseTensor[] }
  | { readonly kind: "types"; readonly value: readonly OnnxType[] };

export type OnnxAttribute = AttributeBase & OnnxAttributeValue;

/** A range of bytes of the model file. */
export interface FileRange {
  readonly offset: number;
  readonly length: number;
}

export interface OnnxTensor {
  readonly name: string;
  readonly dtype: OnnxDType;
  readonly dims: readonly number[];
  readonly data: TensorData;
  readonly docString: string;
  readonly metadataProps: readonly StringEntry[];
}

/**
 * Where the elements of a tensor are:
 * - `file`: `raw_data`, these bytes of the model file;
 * - `fields`: one of the typed lists, packed or not, somewhere in the message at this range of the model file;
 * - `external`: another file, by path relative to the model's folder; without `length`, as much as the shape needs;
 * - `memory`, `strings`, `stream`: made by a program (`modelBuilder`); `field` asks the writer for a typed list instead of raw data;
 * - `none`: the file holds no data for it.
 */
export type TensorData =
  | ({ readonly source: "file" } & FileRange)
  | ({ readonly source: "fields"; readonly field: TypedField } & FileRange)
  | {
      readonly source: "external";
      readonly location: string;
      readonly offset: number;
      readonly length?: number;
      readonly checksum?: string;
    }
  | { readonly source: "memory"; readonly bytes: Uint8Array; readonly field?: TypedField }
  | { readonly source: "strings"; readonly values: readonly string[] }
  | { readonly source: "stream"; readonly length: number; readonly chunks: () => Iterable<Uint8Array> }
  | { readonly source: "none" };

/** Indices are linear [nnz] or coordinates [nnz, rank]. */
export interface OnnxSparseTensor {
  readonly values?: OnnxTensor;
  readonly indices?: OnnxTensor;
  readonly dims: readonly Int[];
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly type?: OnnxType;
  readonly docString: string;
  readonly metadataProps: readonly StringEntry[];
}

/** At most one of `value` and `param` is set; neither: an unknown dimension. */
export interface OnnxDim {
  readonly value?: Int;
  readonly param?: string;
  readonly denotation: string;
}

/** Types of values. A tensor without `dims` has unknown rank. */
export type OnnxType = { readonly denotation: string } & (
  | { readonly kind: "none" }
  | { readonly kind: "tensor"; readonly dtype: OnnxDType; readonly dims?: readonly OnnxDim[] }
  | { readonly kind: "sparse-tensor"; readonly dtype: OnnxDType; readonly dims?: readonly OnnxDim[] }
  | { readonly kind: "sequence"; readonly element?: OnnxType }
  | { readonly kind: "optional"; readonly element?: OnnxType }
  | { readonly kind: "map"; readonly key: OnnxDType; readonly value?: OnnxType }
  | { readonly kind: "opaque"; readonly domain: string; readonly name: string }
);

export interface OnnxFunction {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of attributes without a default. */
  readonly attributes: readonly string[];
  /** Attributes with their defaults. */
  readonly attributeDefaults: readonly OnnxAttribute[];
  readonly nodes: readonly OnnxNode[];
  readonly docString: string;
  readonly opsetImports: readonly OnnxOpsetId[];
  readonly domain: string;
  readonly overload: string;
  readonly valueInfos: readonly OnnxValueInfo[];
  readonly metadataProps: readonly StringEntry[];
}

export interface OnnxQuantizationAnnotation {
  readonly tensorName: string;
  readonly quantParameterTensorNames: readonly StringEntry[];
}

export interface OnnxTrainingInfo {
  readonly initialization?: OnnxGraph;
  readonly algorithm?: OnnxGraph;
  readonly initializationBinding: readonly StringEntry[];
  readonly updateBinding: readonly StringEntry[];
}

export interface OnnxDeviceConfiguration {
  readonly name: string;
  readonly numDevices: number;
  readonly devices: readonly string[];
}

export interface OnnxNodeDeviceConfiguration {
  readonly configurationId: string;
  readonly pipelineStage: number;
  readonly shardingSpecs: readonly OnnxShardingSpec[];
}

export interface OnnxShardingSpec {
  readonly tensorName: string;
  readonly devices: readonly Int[];
  readonly indexToDeviceGroup: readonly { readonly key: Int; readonly value: readonly Int[] }[];
  readonly shardedDims: readonly {
    readonly axis: Int;
    readonly simpleShardings: readonly { readonly value?: Int; readonly param?: string; readonly numShards: Int }[];
  }[];
}

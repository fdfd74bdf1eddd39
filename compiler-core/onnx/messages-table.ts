/** The messages of onnx.proto, IR version 14. Keys are those of `model.ts`, except in messages with forms (see `forms.ts`). */
import { attributeForms, shapeForms, tensorForms, typeForms } from "./forms.ts";
import { message, type MessageSpec } from "./schema.ts";

const entry = message("StringStringEntryProto", [
  [1, "key", "text", "always"],
  [2, "value", "text", "always"],
]);
const entries = () => entry;

const opsetId = message("OperatorSetIdProto", [
  [1, "domain", "text", "always"],
  [2, "version", "number", "always"],
]);

const dim = message("TensorShapeProto.Dimension", [
  [1, "value", "int", "optional"],
  [2, "param", "text", "optional"],
  [3, "denotation", "text"],
]);
const shape = message("TensorShapeProto", [[1, "dims", "message", "repeated", () => dim]], shapeForms);
const tensorType = message("TypeProto.Tensor", [
  [1, "element", "number", "always"],
  [2, "shape", "message", "optional", () => shape],
]);
const elementType = message("TypeProto.Sequence", [[1, "element", "message", "optional", () => type]]);
const mapType = message("TypeProto.Map", [
  [1, "key", "number", "always"],
  [2, "value", "message", "optional", () => type],
]);
const opaqueType = message("TypeProto.Opaque", [
  [1, "domain", "text"],
  [2, "name", "text"],
]);
const type: MessageSpec = message(
  "TypeProto",
  [
    [1, "tensor", "message", "optional", () => tensorType],
    [4, "sequence", "message", "optional", () => elementType],
    [5, "map", "message", "optional", () => mapType],
    [6, "denotation", "text"],
    [7, "opaque", "message", "optional", () => opaqueType],
    [8, "sparse-tensor", "message", "optional", () => tensorType],
    [9, "optional", "message", "optional", () => elementType],
  ],
  typeForms,
);

const segment = message("TensorProto.Segment", [
  [1, "begin", "int", "always"],
  [2, "end", "int", "always"],
]);

export const tensorMessage = message(
  "TensorProto",
  [
    [1, "dims", "int", "repeated"],
    [2, "code", "number", "always"],
    [3, "segment", "message", "optional", () => segment],
    [4, "float_data", "typed", "optional"],
    [5, "int32_data", "typed", "optional"],
    [6, "string_data", "typed", "optional"],
    [7, "int64_data", "typed", "optional"],
    [8, "name", "text"],
    [9, "raw", "range", "optional"],
    [10, "double_data", "typed", "optional"],
    [11, "uint64_data", "typed", "optional"],
    [12, "docString", "text"],
    [13, "external", "message", "repeated", entries],
    [14, "location", "number"],
    [16, "metadataProps", "message", "repeated", entries],
  ],
  tensorForms,
);
const tensor = () => tensorMessage;

const sparseTensor = message("SparseTensorProto", [
  [1, "values", "message", "optional", tensor],
  [2, "indices", "message", "optional", tensor],
  [3, "dims", "int", "repeated"],
]);

const attribute = message(
  "AttributeProto",
  [
    [1, "name", "text"],
    [2, "float", "float", "optional"],
    [3, "int", "int", "optional"],
    [4, "string", "blob", "optional"],
    [5, "tensor", "message", "optional", tensor],
    [6, "graph", "message", "optional", () => graph],
    [7, "floats", "float", "repeated"],
    [8, "ints", "int", "repeated"],
    [9, "strings", "text", "repeated"],
    [10, "tensors", "message", "repeated", tensor],
    [11, "graphs", "message", "repeated", () => graph],
    [13, "docString", "text"],
    [14, "type", "message", "optional", () => type],
    [15, "types", "message", "repeated", () => type],
    [20, "code", "number", "always"],
    [21, "refAttrName", "text"],
    [22, "sparse", "message", "optional", () => sparseTensor],
    [23, "sparses", "message", "repeated", () => sparseTensor],
  ],
  attributeForms,
);

const simpleSharding = message("SimpleShardedDimProto", [
  [1, "value", "int", "optional"],
  [2, "param", "text", "optional"],
  [3, "numShards", "int"],
]);
const shardedDim = message("ShardedDimProto", [
  [1, "axis", "int"],
  [2, "simpleShardings", "message", "repeated", () => simpleSharding],
]);
const intList = message("IntIntListEntryProto", [
  [1, "key", "int"],
  [2, "value", "int", "repeated"],
]);
const shardingSpec = message("ShardingSpecProto", [
  [1, "tensorName", "text"],
  [2, "devices", "int", "repeated"],
  [3, "indexToDeviceGroup", "message", "repeated", () => intList],
  [4, "shardedDims", "message", "repeated", () => shardedDim],
]);
const nodeDeviceConfiguration = message("NodeDeviceConfigurationProto", [
  [1, "configurationId", "text"],
  [2, "shardingSpecs", "message", "repeated", () => shardingSpec],
  [3, "pipelineStage", "number"],
]);

const node = message("NodeProto", [
  [1, "inputs", "text", "repeated"],
  [2, "outputs", "text", "repeated"],
  [3, "name", "text"],
  [4, "opType", "text"],
  [5, "attributes", "message", "repeated", () => attribute],
  [6, "docString", "text"],
  [7, "domain", "text"],
  [8, "overload", "text"],
  [9, "metadataProps", "message", "repeated", entries],
  [10, "deviceConfigurations", "message", "repeated", () => nodeDeviceConfiguration],
]);

const valueInfo = message("ValueInfoProto", [
  [1, "name", "text"],
  [2, "type", "message", "optional", () => type],
  [3, "docString", "text"],
  [4, "metadataProps", "message", "repeated", entries],
]);

const annotation = message("TensorAnnotation", [
  [1, "tensorName", "text"],
  [2, "quantParameterTensorNames", "message", "repeated", entries],
]);

const graph: MessageSpec = message("GraphProto", [
  [1, "nodes", "message", "repeated", () => node],
  [2, "name", "text"],
  [5, "initializers", "message", "repeated", tensor],
  [10, "docString", "text"],
  [11, "inputs", "message", "repeated", () => valueInfo],
  [12, "outputs", "message", "repeated", () => valueInfo],
  [13, "valueInfos", "message", "repeated", () => valueInfo],
  [14, "quantizationAnnotations", "message", "repeated", () => annotation],
  [15, "sparseInitializers", "message", "repeated", () => sparseTensor],
  [16, "metadataProps", "message", "repeated", entries],
]);

const functionMessage = message("FunctionProto", [
  [1, "name", "text"],
  [4, "inputs", "text", "repeated"],
  [5, "outputs", "text", "repeated"],
  [6, "attributes", "text", "repeated"],
  [7, "nodes", "message", "repeated", () => node],
  [8, "docString", "text"],
  [9, "opsetImports", "message", "repeated", () => opsetId],
  [10, "domain", "text"],
  [11, "attributeDefaults", "message", "repeated", () => attribute],
  [12, "valueInfos", "message", "repeated", () => valueInfo],
  [13, "overload", "text"],
  [14, "metadataProps", "message", "repeated", entries],
]);

const trainingInfo = message("TrainingInfoProto", [
  [1, "initialization", "message", "optional", () => graph],
  [2, "algorithm", "message", "optional", () => graph],
  [3, "initializationBinding", "message", "repeated", entries],
  [4, "updateBinding", "message", "repeated", entries],
]);

const deviceConfiguration = message("DeviceConfigurationProto", [
  [1, "name", "text"],
  [2, "numDevices", "number"],
  [3, "devices", "text", "repeated"],
]);

export const modelMessage = message("ModelProto", [
  [1, "irVersion", "number", "always"],
  [2, "producerName", "text"],
  [3, "producerVersion", "text"],
  [4, "domain", "text"],
  [5, "modelVersion", "int"],
  [6, "docString", "text"],
  [7, "graph", "message", "optional", () => graph],
  [8, "opsetImports", "message", "repeated", () => opsetId],
  [14, "metadataProps", "message", "repeated", entries],
  [20, "trainingInfo", "message", "repeated", () => trainingInfo],
  [25, "functions", "message", "repeated", () => functionMessage],
  [26, "configurations", "message", "repeated", () => deviceConfiguration],
]);

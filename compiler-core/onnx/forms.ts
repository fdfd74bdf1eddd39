/** Conversions between the file form of attributes, tensors, dims and types (drafts by field) and their model form. */
import { dtypeOfCode, elementCount, onnxDTypes, typedFields, type TypedField } from "./dtype.ts";
import type { FileRange, Int, OnnxAttribute, OnnxDim, OnnxTensor, OnnxType, StringEntry, TensorData } from "./model.ts";
import type { Draft, MessagePlace, MessageSpec } from "./schema.ts";
import { encodeTensorData } from "./tensor-encode.ts";

type Forms = Pick<MessageSpec, "finish" | "flatten">;
type AttributeKind = OnnxAttribute["kind"];

/** AttributeProto.AttributeType. */
const attributeCodes: Readonly<Record<Exclude<AttributeKind, "blob">, number>> = {
  undefined: 0,
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparse: 11,
  sparses: 12,
  type: 13,
  types: 14,
};
const attributeKinds = Object.keys(attributeCodes) as (keyof typeof attributeCodes)[];
const kindOfCode = new Map(attributeKinds.map((kind) => [attributeCodes[kind], kind]));
const scalarDefaults: Readonly<Draft> = { float: 0, int: 0, string: "" };

/** The kind that a file of IR version 1 or 2 (no `type` field) means: the one field that is there. */
function impliedKind(draft: Draft): AttributeKind {
  const given = (kind: string): boolean => {
    const value = draft[kind];
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  };
  return attributeKinds.find(given) ?? "undefined";
}

export const attributeForms: Forms = {
  finish: (draft) => {
    const common = { name: draft["name"], docString: draft["docString"], refAttrName: draft["refAttrName"] };
    const code = draft["code"] as number;
    const kind = code === 0 ? impliedKind(draft) : (kindOfCode.get(code) ?? "undefined");
    const value = draft[kind] ?? scalarDefaults[kind];
    if (kind === "undefined" || value === undefined) return { ...common, kind: "undefined" };
    return { ...common, kind: kind === "string" && typeof value !== "string" ? "blob" : kind, value };
  },
  flatten: (attribute: OnnxAttribute): Draft => {
    const kind = attribute.kind === "blob" ? "string" : attribute.kind;
    const draft: Draft = { name: attribute.name, docString: attribute.docString, refAttrName: attribute.refAttrName };
    draft["code"] = attributeCodes[kind];
    if (attribute.kind !== "undefined" && attribute.refAttrName === "") draft[kind] = attribute.value;
    return draft;
  },
};

export const shapeForms: Forms = {
  finish: (draft) => draft["dims"],
  flatten: (dims: readonly OnnxDim[]): Draft => ({ dims }),
};

type Variant = Exclude<OnnxType["kind"], "none">;
const variants: readonly Variant[] = ["tensor", "sequence", "map", "opaque", "sparse-tensor", "optional"];

export const typeForms: Forms = {
  finish: (draft) => {
    const denotation = draft["denotation"] as string;
    const kind = variants.find((variant) => draft[variant] !== undefined);
    if (kind === undefined) return { kind: "none", denotation };
    const inner = draft[kind] as Draft;
    if (kind === "tensor" || kind === "sparse-tensor") {
      const dtype = dtypeOfCode(inner["element"] as number);
      return { kind, dtype, ...(inner["shape"] === undefined ? {} : { dims: inner["shape"] }), denotation };
    }
    if (kind === "map") return { kind, ...inner, key: dtypeOfCode(inner["key"] as number), denotation };
    return { kind, ...inner, denotation };
  },
  flatten: (type: OnnxType): Draft => {
    const { denotation } = type;
    if (type.kind === "none") return { denotation };
    if (type.kind === "tensor" || type.kind === "sparse-tensor") {
      return { denotation, [type.kind]: { element: onnxDTypes[type.dtype].code, shape: type.dims } };
    }
    if (type.kind === "map") return { denotation, map: { key: onnxDTypes[type.key].code, value: type.value } };
    return { denotation, [type.kind]: type };
  },
};

const typedNames = Object.keys(typedFields) as TypedField[];

export const tensorForms: Forms = {
  finish: (draft, place): OnnxTensor => {
    const name = draft["name"] as string;
    const dims = (draft["dims"] as Int[]).map((dim) => {
      if (typeof dim === "number" && dim >= 0) return dim;
      return place.fail("onnx-tensor-size", name, `it has a dimension of ${dim}`);
    });
    if (!Number.isSafeInteger(elementCount(dims)))
      place.fail("onnx-tensor-size", name, `its shape [${dims.join(", ")}] has too many elements`);
    if (draft["segment"] !== undefined) place.fail("onnx-tensor-size", name, "it is stored in segments, which no tool supports");
    return {
      name,
      dtype: dtypeOfCode(draft["code"] as number),
      dims,
      data: dataPlace(draft, place),
      docString: draft["docString"] as string,
      metadataProps: draft["metadataProps"] as StringEntry[],
    };
  },
  flatten: (tensor: OnnxTensor, context): Draft => ({
    name: tensor.name,
    dims: tensor.dims,
    code: onnxDTypes[tensor.dtype].code,
    docString: tensor.docString,
    metadataProps: tensor.metadataProps,
    ...encodeTensorData(tensor, context),
  }),
};

/** Where the elements are. External data wins over what else is there, raw data over typed lists, as in other readers. */
function dataPlace(draft: Draft, place: MessagePlace): TensorData {
  if (draft["location"] === 1) return externalPlace(draft, place);
  const raw = draft["raw"] as FileRange | undefined;
  if (raw !== undefined && raw.length > 0) return { source: "file", ...raw };
  const field = typedNames.find((candidate) => draft[candidate] === true);
  if (field !== undefined) return { source: "fields", field, offset: place.offset, length: place.length };
  return raw === undefined ? { source: "none" } : { source: "file", ...raw };
}

function externalPlace(draft: Draft, place: MessagePlace): TensorData {
  const entries = new Map((draft["external"] as StringEntry[]).map(({ key, value }) => [key, value]));
  const name = draft["name"] as string;
  const whole = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
      place.fail("onnx-tensor-size", name, `the ${key} of its external data is "${text}"`);
    return value;
  };
  const length = whole("length");
  const checksum = entries.get("checksum");
  return {
    source: "external",
    location: entries.get("location") ?? "",
    offset: whole("offset") ?? 0,
    ...(length === undefined ? {} : { length }),
    ...(checksum === undefined ? {} : { checksum }),
  };
}

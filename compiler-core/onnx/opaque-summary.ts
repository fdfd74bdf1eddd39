/** What is kept of a node that is not compiled: enough to show it. */
import type { DType } from "../support/dtype.ts";
import type { OnnxAttribute, OnnxNode } from "./model.ts";

const maxText = 120;

/** `name = value` of every attribute, shortened. */
export const attributeTexts = (node: OnnxNode): readonly string[] => node.attributes.map((a) => `${a.name} = ${shorten(valueText(a))}`);

const shorten = (text: string): string => (text.length > maxText ? `${text.slice(0, maxText)}...` : text);

function valueText(a: OnnxAttribute): string {
  if (a.refAttrName !== "") return `@${a.refAttrName}`;
  if (a.kind === "float" || a.kind === "int") return String(a.value);
  if (a.kind === "string") return JSON.stringify(a.value);
  if (a.kind === "floats" || a.kind === "ints") return `[${a.value.slice(0, 32).join(", ")}${a.value.length > 32 ? ", ..." : ""}]`;
  if (a.kind === "strings")
    return `[${a.value
      .slice(0, 8)
      .map((s) => JSON.stringify(s))
      .join(", ")}]`;
  if (a.kind === "tensor") return `tensor ${a.value.dtype}[${a.value.dims.join(",")}]`;
  if (a.kind === "graph") return `graph of ${a.value.nodes.length} nodes`;
  return a.kind;
}

/** Element types of operators whose results differ in type from their first operand, for outputs that the file does not declare. */
const resultTypes: Readonly<Record<string, readonly DType[]>> = {
  NonZero: ["i64"],
  ArgMax: ["i64"],
  ArgMin: ["i64"],
  NonMaxSuppression: ["i64"],
  StringNormalizer: ["string"],
  RegexFullMatch: ["bool"],
  ConvInteger: ["i32"],
  OptionalHasElement: ["bool"],
  SequenceLength: ["i64"],
  Multinomial: ["i32"],
  ImageDecoder: ["u8"],
};
const secondTypes: Readonly<Record<string, DType>> = { TopK: "i64", MaxPool: "i64", Unique: "i64" };

export const opaqueOutputDtype = (opType: string, output: number, otherwise: DType): DType =>
  output === 0 ? (resultTypes[opType]?.[0] ?? otherwise) : (secondTypes[opType] ?? otherwise);

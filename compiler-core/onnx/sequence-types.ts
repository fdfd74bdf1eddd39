/** Types of sequences, optional values and maps that no file declares: a model of its own must declare what it is given. */
import { dtypeOfCode } from "./dtype.ts";
import type { OnnxDType } from "./dtype.ts";
import type { OnnxNode, OnnxType } from "./model.ts";

const tensorOf = (dtype: OnnxDType): OnnxType => ({ kind: "tensor", dtype, denotation: "" });
const sequenceOf = (element: OnnxType): OnnxType => ({ kind: "sequence", element, denotation: "" });

type Rule = (node: OnnxNode, operands: readonly (OnnxType | undefined)[]) => OnnxType | undefined;

const intAttribute = (node: OnnxNode, name: string): number | undefined => {
  const a = node.attributes.find((x) => x.name === name);
  return a?.kind === "int" ? Number(a.value) : undefined;
};
const ofFirst: Rule = (_node, [first]) => (first === undefined ? undefined : sequenceOf(bare(first)));
const same: Rule = (_node, [first]) => first;
/** A tensor without its extents: items of a sequence may differ in them. */
const bare = (type: OnnxType): OnnxType => (type.kind === "tensor" ? tensorOf(type.dtype) : type);

const rules: Readonly<Record<string, Rule>> = {
  SequenceConstruct: ofFirst,
  SplitToSequence: ofFirst,
  SequenceEmpty: (node) => sequenceOf(tensorOf(dtypeOfCode(intAttribute(node, "dtype") ?? 1))),
  SequenceInsert: same,
  SequenceErase: same,
  Identity: (_node, [first]) => (first?.kind === "tensor" ? undefined : first),
  Optional: (_node, [element]) => (element === undefined ? undefined : { kind: "optional", element, denotation: "" }),
  OptionalGetElement: (_node, [first]) => (first?.kind === "optional" ? first.element : first),
  SequenceAt: (_node, [first]) => (first?.kind === "sequence" ? first.element : undefined),
  ConcatFromSequence: (_node, [first]) => (first?.kind === "sequence" ? first.element : undefined),
  ZipMap: (node) => {
    const key: OnnxDType = node.attributes.some((a) => a.name === "classlabels_strings" && a.kind === "strings" && a.value.length > 0)
      ? "string"
      : "i64";
    return sequenceOf({ kind: "map", key, value: tensorOf("f32"), denotation: "" });
  },
};

/** The type of the first result; undefined where no rule knows. */
export function sequenceType(node: OnnxNode, operands: readonly (OnnxType | undefined)[]): OnnxType | undefined {
  return Object.hasOwn(rules, node.opType) ? rules[node.opType]?.(node, operands) : undefined;
}

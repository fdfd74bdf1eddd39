/**
 * The messages of onnx.proto as tables: field number -> key in the model, kind of value. The reader and the writer both walk
 * these tables, so they cannot disagree. Messages whose model form differs from the file form (attributes, tensors, types)
 * convert in `forms.ts`.
 */
import type { EncodeContext } from "./writer.ts";

/** A message while it is read or written: the keys of its table. */
export type Draft = Record<string, unknown>;

/**
 * `number`: an integer small enough for a double (versions, enums); `int`: a full int64; `text`: a string; `blob`: a string, or the
 * range of a very long one; `range`: bytes left in the file; `typed`: a list of tensor elements left in the file.
 */
export type FieldKind = "number" | "int" | "float" | "text" | "blob" | "range" | "typed" | "message";

export interface FieldSpec {
  readonly number: number;
  readonly key: string;
  readonly kind: FieldKind;
  readonly repeated: boolean;
  /** Written even when it has its default value, because readers distinguish absent from zero. */
  readonly always: boolean;
  /** Of kind `message`; a function because messages are recursive. */
  readonly message?: () => MessageSpec;
}

/** The range of the message in the file. */
export interface MessagePlace {
  readonly offset: number;
  readonly length: number;
  fail(code: "onnx-wire" | "onnx-tensor-size", tensor: string, what: string): never;
}

export interface MessageSpec {
  readonly name: string;
  readonly fields: readonly FieldSpec[];
  /** By field number. */
  readonly byNumber: readonly (FieldSpec | undefined)[];
  /** About what an empty message takes in memory; what it holds is counted when it is read. */
  readonly heapBytes: number;
  /** An empty draft: defaults for scalars, empty lists for repeated fields. */
  readonly empty: () => Draft;
  /** File form to model form and back; absent where they are the same. */
  readonly finish?: (draft: Draft, place: MessagePlace) => unknown;
  readonly flatten?: (value: never, context: EncodeContext) => Draft;
}

type Row = readonly [number: number, key: string, kind: FieldKind, ...flags: readonly (Flag | (() => MessageSpec))[]];
type Flag = "repeated" | "always" | "optional";

/** Shared by all messages: most lists of most messages are empty. The reader replaces it by a list of its own at the first item. */
export const emptyList: readonly unknown[] = Object.freeze([]);

const defaults: Readonly<Partial<Record<FieldKind, unknown>>> = { number: 0, int: 0, float: 0, text: "" };

/** Builds a message table. Fields flagged `optional` are absent from the model when absent from the file. */
export function message(name: string, rows: readonly Row[], forms: Pick<MessageSpec, "finish" | "flatten"> = {}): MessageSpec {
  const fields = rows.map(([number, key, kind, ...flags]): FieldSpec => {
    const nested = flags.find((flag) => typeof flag === "function");
    return {
      number,
      key,
      kind,
      repeated: flags.includes("repeated"),
      always: flags.includes("always") || flags.includes("optional"),
      ...(nested === undefined ? {} : { message: nested }),
    };
  });
  fields.sort((a, b) => a.number - b.number);
  const byNumber: (FieldSpec | undefined)[] = [];
  for (const field of fields) byNumber[field.number] = field;
  const template: Draft = {};
  rows.forEach(([, key, kind, ...flags]) => {
    if (flags.includes("repeated")) template[key] = emptyList;
    else if (!flags.includes("optional") && kind in defaults) template[key] = defaults[kind];
  });
  const heapBytes = 80 + 8 * fields.length;
  return { name, fields, byNumber, heapBytes, empty: () => ({ ...template }), ...forms };
}

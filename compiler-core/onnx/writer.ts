/** Writes models and tensors by the tables of `messages-table.ts`. The same model gives the same bytes. */
import { memorySink, type ByteSink } from "./byte-source.ts";
import { modelMessage, tensorMessage } from "./messages-table.ts";
import type { FileRange, Int, OnnxModel, OnnxTensor } from "./model.ts";
import type { Draft, FieldSpec, MessageSpec } from "./schema.ts";
import type { TensorStore } from "./tensor-data.ts";
import { lazyRange } from "./tensor-encode.ts";
import { WireWriter, type LazyBytes } from "./wire-writer.ts";

/** Data of `threshold` bytes and more goes to `sink`; `written` counts what is in that file already. */
export interface ExternalTarget {
  readonly location: string;
  readonly sink: ByteSink;
  readonly threshold: number;
  readonly align: number;
  written: number;
}

/** `store`: the file the model was read from, needed when its weights are still there. */
export interface EncodeContext {
  readonly store?: TensorStore;
  readonly external?: ExternalTarget;
}

/** An external data file that the writer fills; offsets are multiples of `align` (4096 lets readers map the file). */
export function externalTarget(location: string, sink: ByteSink, threshold = 1024, align = 4096): ExternalTarget {
  return { location, sink, threshold, align, written: 0 };
}

/** Serialises a model. Weights are copied piece by piece, so memory does not depend on their size. */
export function writeModel(model: OnnxModel, sink: ByteSink, context: EncodeContext = {}): void {
  const writer = new WireWriter();
  writeFields(writer, modelMessage, model as unknown as Draft, context);
  writer.flush(sink);
}

/** A serialised model in memory. */
export function encodeModel(model: OnnxModel, context: EncodeContext = {}): Uint8Array {
  const sink = memorySink();
  writeModel(model, sink, context);
  return sink.bytes();
}

/** One serialised TensorProto: the content of an `input_0.pb` file. */
export function encodeTensor(tensor: OnnxTensor, context: EncodeContext = {}): Uint8Array {
  const writer = new WireWriter();
  writeFields(writer, tensorMessage, flatten(tensorMessage, tensor, context), context);
  const sink = memorySink();
  writer.flush(sink);
  return sink.bytes();
}

function flatten(spec: MessageSpec, value: unknown, context: EncodeContext): Draft {
  return spec.flatten === undefined ? (value as Draft) : spec.flatten(value as never, context);
}

function writeFields(writer: WireWriter, spec: MessageSpec, draft: Draft, context: EncodeContext): void {
  for (const field of spec.fields) {
    const value = draft[field.key];
    if (value === undefined) continue;
    if (field.repeated) (value as readonly unknown[]).forEach((item) => writeValue(writer, field, item, context));
    else if (field.always || (value !== "" && value !== 0)) writeValue(writer, field, value, context);
  }
}

function writeValue(writer: WireWriter, field: FieldSpec, value: unknown, context: EncodeContext): void {
  const nested = field.message?.();
  if (nested !== undefined) {
    writer.message(field.number, () => writeFields(writer, nested, flatten(nested, value, context), context));
  } else if (field.kind === "int" || field.kind === "number") writer.int(field.number, value as Int);
  else if (field.kind === "float") writer.float(field.number, value as number);
  else if (typeof value === "string") writer.text(field.number, value);
  else if (Array.isArray(value)) value.forEach((text: string) => writer.text(field.number, text));
  else writer.lazy(field.number, field.kind === "blob" ? blob(value as FileRange, context) : (value as LazyBytes));
}

function blob(range: FileRange, context: EncodeContext): LazyBytes {
  return context.store === undefined ? { length: 0, chunks: () => [] } : lazyRange(context.store.source, range.offset, range.length);
}

/** Reads a model (or one tensor of a `.pb` file) by the tables of `messages-table.ts`. */
import { UserError, userError } from "../messages.ts";
import type { ByteSource } from "./byte-source.ts";
import { modelMessage, tensorMessage } from "./messages-table.ts";
import type { OnnxModel, OnnxTensor } from "./model.ts";
import { emptyList, type Draft, type FieldSpec, type MessageSpec } from "./schema.ts";
import { decodeUtf8 } from "./utf8.ts";
import { WireReader, defaultLimits, wireBytes, wireFixed32, wireVarint, type ReadLimits } from "./wire-reader.ts";

/** String attributes beyond this stay in the file: they are embedded models or vocabularies, not text to show. */
const blobBytes = 1024 * 1024;
const listHeapBytes = 64;
const itemHeapBytes = 16;

/**
 * Parses the structure of a model; weights are not read. `file` is how messages name the source.
 * Throws `onnx-not-a-model`, `onnx-truncated`, `onnx-wire`, `onnx-tensor-size`, `onnx-too-deep` or `onnx-too-large`.
 */
export function readModel(source: ByteSource, file: string, limits: ReadLimits = defaultLimits): OnnxModel {
  refuseOtherFiles(source, file);
  const reader = new WireReader(source, file, limits);
  const seen = { known: 0 };
  try {
    const model = readMessage(reader, modelMessage, source.size, 0, seen) as OnnxModel;
    if (model.graph === undefined) userError("onnx-not-a-model", { file }, { what: "it holds no graph" });
    return model;
  } catch (error) {
    // Damage before the first field of a model was read: it is some other kind of file.
    const isDamage = error instanceof UserError && (error.code === "onnx-wire" || error.code === "onnx-truncated");
    if (!isDamage || seen.known > 0) throw error;
    userError("onnx-not-a-model", error.where, { what: String(error.holes["what"]) });
  }
}

/** Parses a file that holds one TensorProto (test data: `input_0.pb`). Errors as `readModel`. */
export function readTensorMessage(source: ByteSource, file: string, limits: ReadLimits = defaultLimits): OnnxTensor {
  return readMessage(new WireReader(source, file, limits), tensorMessage, source.size, 0) as OnnxTensor;
}

function refuseOtherFiles(source: ByteSource, file: string): void {
  const head = decodeUtf8(source.read(0, Math.min(source.size, 40)));
  const what =
    source.size === 0
      ? "the file is empty"
      : head.startsWith("version https://git-lfs")
        ? "it is a Git LFS pointer (run `git lfs pull`)"
        : head.startsWith("PK\u0003\u0004")
          ? "it is a zip archive (PyTorch or an .npz?)"
          : head.startsWith("ORTM", 4)
            ? "it is in the ORT format of ONNX Runtime"
            : head.startsWith("TFL3", 4)
              ? "it is a TensorFlow Lite model"
              : undefined;
  if (what !== undefined) userError("onnx-not-a-model", { file, offset: 0 }, { what });
}

/** Reads the message that ends at `end`. `seen` counts the known fields of the outermost message. */
export function readMessage(reader: WireReader, spec: MessageSpec, end: number, depth: number, seen?: { known: number }): unknown {
  reader.enter(depth);
  reader.charge(spec.heapBytes);
  const offset = reader.position;
  const draft = spec.empty();
  while (reader.position < end) {
    const tag = reader.tag(end);
    const field = spec.byNumber[Math.floor(tag / 8)];
    if (field === undefined || !readField(reader, field, tag, end, depth, draft)) reader.skip(tag, end, depth);
    else if (seen !== undefined) seen.known++;
  }
  if (spec.finish === undefined) return draft;
  return spec.finish(draft, {
    offset,
    length: end - offset,
    fail: (code, tensor, what) =>
      userError(code, { file: reader.file, offset }, { tensor: tensor === "" ? "without a name" : `"${tensor}"`, what }),
  });
}

/** Reads one field into the draft; false when its wire type is not the field's, which makes it an unknown field. */
function readField(reader: WireReader, field: FieldSpec, tag: number, end: number, depth: number, draft: Draft): boolean {
  const wire = tag & 7;
  const native = wireOf[field.kind];
  if (field.kind === "typed") {
    reader.skip(tag, end, depth);
    draft[field.key] = true;
    return true;
  }
  if (wire === native) {
    put(draft, field, readValue(reader, field, end, depth), reader);
    return true;
  }
  if (!field.repeated || wire !== wireBytes) return false;
  const length = reader.length(end);
  const last = reader.position + length;
  while (reader.position < last) put(draft, field, readValue(reader, field, last, depth), reader);
  return true;
}

const wireOf: Readonly<Record<FieldSpec["kind"], number>> = {
  number: wireVarint,
  int: wireVarint,
  float: wireFixed32,
  text: wireBytes,
  blob: wireBytes,
  range: wireBytes,
  typed: wireBytes,
  message: wireBytes,
};

function put(draft: Draft, field: FieldSpec, value: unknown, reader: WireReader): void {
  if (!field.repeated) {
    draft[field.key] = value;
    return;
  }
  const list = draft[field.key] as unknown[];
  if (list === emptyList) {
    reader.charge(listHeapBytes);
    draft[field.key] = [value];
    return;
  }
  reader.charge(itemHeapBytes);
  list.push(value);
}

function readValue(reader: WireReader, field: FieldSpec, end: number, depth: number): unknown {
  if (field.kind === "int") return reader.varint(end);
  if (field.kind === "number") return Number(reader.varint(end));
  if (field.kind === "float") return reader.float(end);
  const length = reader.length(end);
  if (field.message !== undefined) return readMessage(reader, field.message(), reader.position + length, depth + 1);
  const offset = reader.position;
  if (field.kind === "range" || (field.kind === "blob" && length > blobBytes)) {
    reader.position += length;
    return { offset, length };
  }
  return reader.text(length);
}

/** Opens a model file together with the files its external data lies in. */
import fs from "node:fs";
import nodePath from "node:path";
import { UserError, userError } from "../messages.ts";
import { refuseLocation } from "../onnx/external-path.ts";
import type { OnnxModel } from "../onnx/model.ts";
import { readModel } from "../onnx/reader.ts";
import type { TensorStore } from "../onnx/tensor-data.ts";
import type { ReadLimits } from "../onnx/wire-reader.ts";
import { openFileSource, type FileSource } from "./byte-source.ts";

/** The tensors of a model file; `close` ends access to all its files. */
export interface FileStore extends TensorStore {
  readonly source: FileSource;
  external(location: string, tensor: string): FileSource;
  close(): void;
}

export interface ModelFile {
  readonly model: OnnxModel;
  readonly store: FileStore;
}

/** Parses the structure of a model file; weights stay on disk. Throws what `readModel` throws, and `file-unreadable`. */
export function openModel(path: string, limits?: ReadLimits): ModelFile {
  const store = openStore(path);
  try {
    return { model: readModel(store.source, path, limits), store };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** The file of a model and, on demand, the external data files beside it. */
export function openStore(path: string): FileStore {
  const source = openFileSource(path);
  const opened = new Map<string, FileSource>();
  const external = (location: string, tensor: string): FileSource => {
    const known = opened.get(location);
    if (known !== undefined) return known;
    const file = openExternal(path, location, tensor);
    opened.set(location, file);
    return file;
  };
  const close = (): void => {
    source.close();
    for (const file of opened.values()) file.close();
    opened.clear();
  };
  return { file: path, source, external, close };
}

function openExternal(model: string, location: string, tensor: string): FileSource {
  const holes = { tensor: tensor === "" ? "without a name" : `"${tensor}"`, location };
  const refused = refuseLocation(location);
  if (refused !== undefined) userError("external-outside", { file: model }, { ...holes, what: refused });
  const folder = fs.realpathSync(nodePath.dirname(model));
  const path = nodePath.join(folder, location);
  let real: string;
  try {
    real = fs.realpathSync(path);
  } catch (error) {
    return userError("external-missing", { file: model }, { ...holes, what: "is missing" }, error);
  }
  const inside = folder.endsWith(nodePath.sep) ? folder : folder + nodePath.sep;
  if (!real.startsWith(inside))
    userError("external-outside", { file: model }, { ...holes, what: "a link leads out of the folder of the model" });
  try {
    return openFileSource(real);
  } catch (error) {
    const what = error instanceof UserError ? `cannot be read: ${String(error.holes["what"])}` : "cannot be read";
    return userError("external-missing", { file: model }, { ...holes, what }, error);
  }
}

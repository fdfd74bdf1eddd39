/** Links to a place in a model: `vscode://fusionscope.fusionscope/open?model=URI&stage=3&node=#12`. Pure text: no `vscode` here. */

export interface Place {
  /** Address of the model's file. */
  readonly model: string;
  readonly stage: number;
  /** Path of an ONNX node, such as `#12`. */
  readonly node?: string;
}

/** The query of a link. */
export function linkQuery(place: Place): string {
  const query = new URLSearchParams({ model: place.model, stage: String(place.stage) });
  if (place.node !== undefined) query.set("node", place.node);
  return query.toString();
}

/** What a link asks for, or what is wrong with it. Links come from anywhere: only `.onnx` files are ever opened. */
export function parseLink(path: string, query: string): Place | string {
  if (path !== "/open") return `${path} is not a command`;
  const read = new URLSearchParams(query);
  const model = read.get("model");
  if (model === null || !/^[a-z][a-z0-9+.-]*:\/\//i.test(model)) return "it names no model";
  if (!/\.onnx$/i.test(new URL(model).pathname)) return "it does not name an .onnx file";
  const stage = Number(read.get("stage") ?? 0);
  if (!Number.isInteger(stage) || stage < 0) return "its stage is not a number";
  const node = read.get("node");
  return node === null ? { model, stage } : { model, stage, node };
}

/** One ONNX test case by ONNX Runtime alone: what can be asked of anybody. */
import path from "node:path";
import { compareValue, openSessionModel, readTensorFolder, storedTensor, type NativeHost } from "#core/io";
import { asDType } from "../../compiler-core/onnx/ops/build-call.ts";
import { tolerance } from "./native-case.ts";

/** Why ONNX Runtime does not pass the case; undefined: it does. */
export async function runtimeProblem(host: NativeHost, folder: string): Promise<string | undefined> {
  const file = path.join(folder, "model.onnx");
  try {
    const model = openSessionModel(file);
    const names = model.file.model.graph.inputs.map((v) => v.name);
    model.close();
    const data = path.join(folder, "test_data_set_0");
    const inputs = readTensorFolder(data, "input").flatMap((t, i) => {
      if (t === undefined) return [];
      const dtype = asDType(t.dtype);
      return dtype === undefined ? [] : [{ name: names[i] ?? "", value: storedTensor(t, dtype) }];
    });
    const loaded = await host.loadOrt(file, 1);
    const outputs = await host.runValues(
      loaded,
      host.inputFiles(
        inputs.map((i) => i.name),
        inputs.map((i) => i.value),
      ),
    );
    await host.unload(loaded);
    const wanted = readTensorFolder(data, "output");
    const bad = outputs.map((o, i) => compareValue(loaded.outputs[i] ?? "", o, wanted[i], tolerance)).find((r) => !r.ok);
    return bad && `${bad.name}: ${bad.why ?? "differs"}`;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}

/**
 * A model beyond 2 GB: square layers whose weights lie in an external file. The file is sparse (each weight has one page of numbers,
 * the rest is a hole that reads as zeros), so it takes little disk and no time.
 */
import fs from "node:fs";
import path from "node:path";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { generatedBytes } from "./fill.ts";
import { NetBuilder } from "./net-builder.ts";

const width = 8192;
const layers = 10;
const pageBytes = 4096;
const weightBytes = width * width * 4;

export const bigModelName = "big-external";
export const bigDataBytes = layers * weightBytes;

/** Writes `big-external.onnx` and `big-external.data` (2.7 GB, mostly holes) into `folder`; returns the model's path. */
export function writeBigModel(folder: string): string {
  const location = `${bigModelName}.data`;
  const fd = fs.openSync(path.join(folder, location), "w");
  fs.ftruncateSync(fd, bigDataBytes);
  for (let layer = 0; layer < layers; layer++) {
    const page = generatedBytes(`big:${layer}`, "f32", [pageBytes / 4], { kind: "bell", mean: 0, deviation: 0.5 });
    fs.writeSync(fd, page, 0, pageBytes, layer * weightBytes);
  }
  fs.closeSync(fd);
  const file = path.join(folder, `${bigModelName}.onnx`);
  fs.writeFileSync(file, encodeModel(bigModel(location)));
  return file;
}

function bigModel(location: string): OnnxModel {
  const net = new NetBuilder("big", { name: bigModelName });
  let value = net.input("x", "f32", ["batch", width]);
  for (let layer = 0; layer < layers; layer++) {
    value = net.scope(`layer.${layer}`, () => {
      const data = { source: "external", location, offset: layer * weightBytes, length: weightBytes } as const;
      const weight = net.initializer(`layer.${layer}.weight`, "f32", [width, width], data);
      return net.op("Relu", [net.op("MatMul", [value, weight])]);
    });
  }
  net.last("Identity", [value], "y");
  net.output("y", "f32", ["batch", width]);
  return net.build();
}

/** Real compilations for pictures: an encoder as an exporter writes it, and a quantised network. */
import { writeFileSync } from "node:fs";
import { writeModel } from "../../compiler-core/onnx/writer.ts";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { mobilenetV2Qdq } from "../workloads/convnets.ts";
import { bertBase, encoder } from "../workloads/transformer.ts";
import { compiledFixture } from "./compiled-fixture.ts";
import type { Fixture } from "./fixture.ts";

/** Layers of BERT with small tensors: residuals, heads, recognised normalisations, a dozen fusion groups a layer. */
export function layerFixture(layers: number): Fixture {
  const shape = { ...bertBase, layers, hidden: 32, heads: 2, inner: 64, vocabulary: 50, seq: 8, positions: 16 };
  return fixtureOf("layer.onnx", encoder("layer", shape));
}

/** MobileNetV2 between quantise and dequantise nodes. */
export const quantisedFixture = (): Fixture => fixtureOf("mobilenet-qdq.onnx", mobilenetV2Qdq(1));

function fixtureOf(name: string, model: OnnxModel): Fixture {
  return compiledFixture(name, bytesOf(model), []);
}

function bytesOf(model: OnnxModel): Uint8Array {
  const parts: Uint8Array[] = [];
  writeModel(model, { write: (bytes) => void parts.push(bytes.slice()) });
  return Buffer.concat(parts);
}

/** A file with one layer of BERT-base at its real size, for measurements. */
export const writeLayer = (file: string): void =>
  writeFileSync(file, bytesOf(encoder("bert-layer", { ...bertBase, layers: 1, vocabulary: 1000 })));

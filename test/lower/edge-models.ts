/** Models whose edges are counted: those of the repository, generated networks, and, where they are there, small ones of others. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { importModel } from "../../compiler-core/onnx/import.ts";
import type { Graph } from "../../compiler-core/graph/ir.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { memoryStore } from "../../compiler-core/onnx/tensor-data.ts";
import { openModel } from "../../compiler-core/io/model-file.ts";
import { findWorkload } from "../workloads/write.ts";
import { bertBase, encoder } from "../workloads/transformer.ts";
import { mha } from "../workloads/mha.ts";
import { mlpInt8 } from "../workloads/mlp.ts";

export interface EdgeModel {
  readonly name: string;
  readonly graph: () => Graph;
  readonly threads?: number;
}

const generated = (name: string, make: () => OnnxModel, threads?: number): EdgeModel => ({
  name,
  graph: () => importModel(make(), memoryStore()),
  ...(threads === undefined ? {} : { threads }),
});

const fromFile = (file: string): EdgeModel => ({ name: path.basename(file), graph: () => imported(file) });

/** The file stays open: weights are read from it. */
function imported(file: string): Graph {
  const { model, store } = openModel(file);
  return importModel(model, store);
}

/** Few rows and long ones: whole rows on a thread would leave threads without work. */
export function fewRows(): OnnxModel {
  const b = modelBuilder();
  b.input("x", "f32", [2, 16384]);
  b.node("Abs", ["x"], "a", { name: "abs" });
  b.node("ReduceMax", ["a"], "y", { name: "max", attributes: { axes: [1], keepdims: 1 } });
  b.output("y", "f32", [2, 1]);
  return b.build();
}

export const ownModels: readonly EdgeModel[] = [
  fromFile("test/data/example-mlp.onnx"),
  ...readdirSync("test/models")
    .filter((name) => name.endsWith(".onnx"))
    .map((name) => fromFile(path.join("test/models", name))),
  generated("mlp1 int8", () => mlpInt8("mlp1", 32)),
  generated("mha1 f32", () => mha("mha1", 32, "f32"), 2),
  generated("mha1 int8", () => mha("mha1", 32, "int8")),
  generated("encoder of two layers", () => encoder("encoder", { ...bertBase, layers: 2, hidden: 96, inner: 384, vocabulary: 100 }), 2),
  generated("dlrm", () => findWorkload("dlrm").make()),
  generated("few rows", fewRows, 4),
];

const shared = "../shared/models";
const index = path.join(shared, "INDEX.tsv");
/** Bytes of the largest file that is taken. */
const largest = 150_000;
const most = 24;

/** A spread over all repositories, the smallest file of each first. */
export function sharedModels(): readonly EdgeModel[] {
  if (!existsSync(index)) return [];
  const files = readFileSync(index, "utf8")
    .split("\n")
    .slice(1)
    .map((line) => path.join(shared, line.split("\t")[0] ?? ""))
    .filter((file) => file.endsWith(".onnx") && existsSync(file) && statSync(file).size <= largest);
  const byFolder = new Map<string, string[]>();
  for (const file of files) byFolder.set(path.dirname(file), [...(byFolder.get(path.dirname(file)) ?? []), file]);
  const rounds = Math.max(0, ...[...byFolder.values()].map((list) => list.length));
  const spread = Array.from({ length: rounds }, (_, i) => [...byFolder.values()].flatMap((list) => list[i] ?? [])).flat();
  return spread.slice(0, most).map(fromFile);
}

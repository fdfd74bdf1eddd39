/** The ONNX project's other collections of cases: operators and small networks as exporters write them. */
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { packageRoot } from "#core/io";
import { nativeCases } from "./native-cases.ts";

/** Folder, and how many of its cases must compile. What does not in `simple`: sequences, strings and gradients. */
const collections = [
  ["pytorch-converted", 82],
  ["pytorch-operator", 35],
  ["simple", 7],
] as const;

for (const [name, least] of collections) {
  const root = path.join(packageRoot(), "../shared/onnx-backend", name);
  if (fs.existsSync(root)) nativeCases(root, least);
  else test(name, { skip: "the collection does not lie beside the repository" }, () => undefined);
}

import { test } from "node:test";
import { workloads } from "./catalog.ts";
import { loadRuntime, runWorkload } from "./ort-models.ts";

const runtime = await loadRuntime();
const skip = typeof runtime === "string" ? runtime : false;

/** Attention on batches of 64 and 128 needs gigabytes; its graphs differ from batch 32 only in that number. */
const tooLarge = /^mha\d_b(64|128)_/;
/** The CPU provider of ONNX Runtime has no MatMul on bf16. */
const noKernel = /_int8bf16$/;

for (const { name, group } of workloads) {
  if (tooLarge.test(name) || noKernel.test(name)) continue;
  test(`${name} runs in ONNX Runtime with outputs worth computing`, { skip }, async () => {
    if (typeof runtime !== "string") await runWorkload(runtime, name, group === "nodes" ? "disabled" : "all");
  });
}

import { test } from "node:test";
import { workloads } from "./catalog.ts";
import { loadRuntime, runWorkload } from "./ort-models.ts";

const runtime = await loadRuntime();
const skip = typeof runtime === "string" ? runtime : false;

/** What runs in a moment; the rest is in ort.long.test.ts. */
const quick = workloads.filter(({ name }) => /^(example|mlp)|^mha1_b32_(f32|int8)$|^nodes-(400|1000)$/.test(name));

for (const { name } of quick) {
  test(`${name} runs in ONNX Runtime with outputs worth computing`, { skip }, async () => {
    if (typeof runtime !== "string") await runWorkload(runtime, name);
  });
}

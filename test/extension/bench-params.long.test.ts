// A group built with parameters that a user has set, timed beside what the compiler chose: through the host, the worker and the runner.
import assert from "node:assert/strict";
import { test } from "node:test";
import { missingNeeds } from "../../scripts/setup/debian-packages.mjs";
import { isBenchResult, type CompilationSummary, type TemplateSpace, type ToPage } from "#protocol";
import { notBuilt, start } from "./mock/start.ts";

const skip = notBuilt ?? (missingNeeds(["compiler"]).length > 0 ? "no C++ compiler" : undefined);

test("parameters of a product are offered, built and timed; others are refused", { skip }, async () => {
  const started = start();
  try {
    const page = started.open("test/data/example-mlp.onnx");
    page.say({ type: "ready" });
    const { summary } = (await page.next("summary")) as { summary: CompilationSummary };
    const group = summary.groups.find(({ template }) => template === "matmul")?.id;
    assert.ok(group !== undefined);
    const answer = async (id: number, name: string, arg: unknown): Promise<Extract<ToPage, { type: "reply" | "error" }>> => {
      page.say({ type: "request", id, name, arg });
      return Promise.race([page.next("reply", (m) => m.id === id), page.next("error", (m) => m.id === id)]);
    };
    const reply = await answer(1, "templateSpace", { group });
    assert.equal(reply.type, "reply");
    const { axes } = (reply as { result: TemplateSpace }).result;
    const tile = axes.find(({ name }) => name === "tile");
    assert.ok(tile && tile.values.length > 1, "there are other register tiles");
    const params = Object.fromEntries(axes.map(({ name, values, chosen }) => [name, values[chosen] ?? 0]));
    const other = { ...params, tile: tile.values[(tile.chosen + 1) % tile.values.length] ?? "" };
    const timed = await answer(2, "bench", { scope: { kind: "group", group }, baselines: [], params: other });
    assert.equal(timed.type, "reply", JSON.stringify(timed).slice(0, 500));
    const { result } = timed as { result: unknown };
    assert.ok(isBenchResult(result));
    assert.ok(result.speedup["default"], "the compiler's choice takes part");
    const refused = await answer(3, "bench", { scope: { kind: "group", group }, baselines: [], params: { tile: "7 x 7" } });
    assert.equal(refused.type === "error" && refused.error.code, "page-request");
  } finally {
    started.stop();
  }
});

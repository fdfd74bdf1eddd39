// A model whose editor is closed is let go: neither it nor its page's line is reachable any more, and its compiler thread has ended.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as v8 from "node:v8";
import { ModelDocument } from "../../extension/document/model-document.ts";
import { InspectorPanel } from "../../extension/editor/inspector-panel.ts";
import { notBuilt, start, type Started } from "./mock/start.ts";

/** Counts objects after collecting what nobody can reach. */
type Count = (made: abstract new (...args: never[]) => object, options: { readonly format: "count" }) => number;
const { queryObjects } = v8 as unknown as { readonly queryObjects?: Count };
const skip = notBuilt ?? (queryObjects === undefined ? "this Node cannot count objects" : false);

async function openAndClose(started: Started): Promise<void> {
  const page = started.open("test/data/example-mlp.onnx");
  page.say({ type: "ready" });
  await page.next("summary");
  assert.ok((queryObjects?.(ModelDocument, { format: "count" }) ?? 0) > 0, "it can be counted while it is open");
  page.close();
}

test("nothing of a closed model stays", { skip }, async () => {
  const started = start();
  for (let n = 0; n < 3; n++) await openAndClose(started);
  const left = (): number[] => [ModelDocument, InspectorPanel].map((made) => queryObjects?.(made as never, { format: "count" }) ?? NaN);
  for (let tries = 0; tries < 50 && left().some((count) => count > 0); tries++) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(left(), [0, 0]);
  assert.deepEqual(started.api.models(), []);
  started.stop();
});

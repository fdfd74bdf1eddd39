import assert from "node:assert/strict";
import { test } from "node:test";
import { readStrings, t } from "./strings.ts";

const page = (text: string | null): Document =>
  ({ getElementById: () => (text === null ? null : { textContent: text }) }) as unknown as Document;

test("words are translated, those without a translation stay", () => {
  readStrings(page('{"Graph": "Graf", "Stage {0}, {1}": "{1}: Stufe {0}"}'));
  assert.deepEqual(
    [t("Graph"), t("Kernels"), t("Stage {0}, {1}", 3, "fuse"), t("toString")],
    ["Graf", "Kernels", "fuse: Stufe 3", "toString"],
  );
  readStrings(page(null));
  assert.equal(t("Graph"), "Graph");
});

// The generated pages say what the registries say now.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { documentationPages } from "../../compiler-core/cli/docs.ts";
import { root } from "../../scripts/setup/terminal.mjs";

for (const { name, text } of documentationPages()) {
  test(`docs/${name} is in step: npm run docs`, () => {
    assert.equal(readFileSync(path.join(root, "docs", name), "utf8"), text);
  });
}

/** docs/kernels.md says what the registry says. `UPDATE=1` writes it. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { packageRoot } from "#core/io";
import { kernelsPage } from "./page.ts";
import { readUlpTable } from "./ulp-table.ts";

test("the page of kernels is that of the registry", () => {
  const file = path.join(packageRoot(), "docs/kernels.md");
  const text = kernelsPage(readUlpTable());
  if (process.env["UPDATE"] === "1") fs.writeFileSync(file, text);
  assert.equal(fs.readFileSync(file, "utf8"), text);
});

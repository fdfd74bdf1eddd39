import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { root } from "../setup/terminal.mjs";
import { runFiles } from "./run-files.mjs";
import { Tally } from "./tally.mjs";

const head = 'import test, { describe } from "node:test";\n';

/** Test files, and the counts that running them must give. */
const cases: readonly { name: string; text: string; counts: string; failures?: RegExp; skips?: readonly string[] }[] = [
  {
    name: "leaves are counted, parents are not",
    text: 'describe("a", () => { test("b", async (t) => { await t.test("c", () => {}); await t.test("d", () => {}); }); });',
    counts: "2 passed, 0 failed, 0 skipped",
  },
  {
    name: "a failing leaf fails once",
    text: 'describe("a", () => { test("b", () => { throw new Error("no"); }); });',
    counts: "0 passed, 1 failed, 0 skipped",
    failures: /a > b$/,
  },
  {
    name: "a parent that fails by itself counts",
    text: 'test("a", async (t) => { await t.test("b", () => {}); throw new Error("no"); });',
    counts: "1 passed, 1 failed, 0 skipped",
  },
  {
    name: "skips keep their reason",
    text: 'test("a", { skip: "no AVX-512" }, () => {}); test("b", (t) => t.skip("no compiler")); describe("c", { skip: "no page" }, () => {});',
    counts: "0 passed, 0 failed, 3 skipped",
    skips: ["no AVX-512", "no compiler", "no page"],
  },
  {
    name: "a file that cannot be loaded fails",
    text: 'throw new Error("at load");',
    counts: "0 passed, 1 failed, 0 skipped",
    failures: /it ended with 1/,
  },
  {
    name: "a file that ends itself fails",
    text: 'test("a", () => { process.exit(3); });',
    counts: "0 passed, 1 failed, 0 skipped",
    failures: /it ended with 3/,
  },
  { name: "a file without a test fails", text: "", counts: "0 passed, 1 failed, 0 skipped", failures: /it has no test/ },
  {
    name: "a file that hangs is ended, what it did before counts",
    text: 'test("a", () => {}); test("b", () => new Promise(() => setInterval(() => {}, 1000)));',
    counts: "1 passed, 1 failed, 0 skipped",
    failures: /did not end within/,
  },
];

for (const { name, text, counts, failures, skips } of cases) {
  test(name, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-run-"));
    try {
      writeFileSync(path.join(folder, "sample.test.mjs"), head + text);
      const tally = new Tally();
      await runFiles(["sample.test.ts"], path.relative(root, folder), tally, { fileTimeout: 3, verbose: false });
      assert.equal(tally.line(), counts);
      if (failures) assert.match(tally.failures.join(), failures);
      if (skips) assert.deepEqual([...tally.skips.keys()], skips);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** Files that fail in their first process; `again` as given. */
const repeats: readonly { name: string; text: string; again: boolean; counts: string; repeated: number; runs: number }[] = [
  { name: "fails once, run again", text: "fails(runs === 1)", again: true, counts: "2 passed, 0 failed, 0 skipped", repeated: 1, runs: 2 },
  { name: "dies once, run again", text: "dies(runs === 1)", again: true, counts: "2 passed, 0 failed, 0 skipped", repeated: 1, runs: 2 },
  { name: "fails twice: it has failed", text: "fails(true)", again: true, counts: "1 passed, 1 failed, 0 skipped", repeated: 0, runs: 2 },
  { name: "passes: one run", text: "fails(false)", again: true, counts: "2 passed, 0 failed, 0 skipped", repeated: 0, runs: 1 },
  { name: "without the retry", text: "fails(runs === 1)", again: false, counts: "1 passed, 1 failed, 0 skipped", repeated: 0, runs: 1 },
];

for (const { name, text, again, counts, repeated, runs } of repeats) {
  test(`a browser's file: ${name}`, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-again-"));
    try {
      const log = path.join(folder, "runs");
      const body = [
        'import { appendFileSync, readFileSync } from "node:fs";',
        `appendFileSync(${JSON.stringify(log)}, "x");`,
        `const runs = readFileSync(${JSON.stringify(log)}, "utf8").length;`,
        'const fails = (now) => test("a", () => { if (now) throw new Error("no"); });',
        'const dies = (now) => test("a", () => { if (now) process.exit(3); });',
        `${text}; test("b", () => {});`,
      ];
      writeFileSync(path.join(folder, "sample.test.mjs"), head + body.join("\n"));
      const tally = new Tally();
      await runFiles(["sample.test.ts"], path.relative(root, folder), tally, { fileTimeout: 30, verbose: false, again });
      assert.equal(tally.line(), counts);
      assert.equal(tally.repeated.length, repeated);
      assert.equal(readFileSync(log, "utf8").length, runs);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

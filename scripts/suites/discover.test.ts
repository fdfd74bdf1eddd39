import assert from "node:assert/strict";
import { test } from "node:test";
import { allSuites, selectSuites, testFiles } from "./discover.mjs";

test("every test file belongs to a suite, and only VS Code's run twice", () => {
  const suites = allSuites(true);
  for (const file of testFiles()) {
    const owners = suites.filter(({ paths }) => paths.includes(file)).map(({ name }) => name);
    assert.ok(owners.length === 1 || owners.every((name) => name.startsWith("vscode-")), `${file}: ${owners.join(", ")}`);
    assert.ok(owners.length > 0, file);
  }
});

test("long tests are left out unless asked for", () => {
  assert.deepEqual(
    allSuites(false).flatMap(({ paths }) => paths.filter((file) => file.endsWith(".long.test.ts"))),
    [],
  );
});

test("a filter is a suite, a group of suites or a part of a path", () => {
  const names = (...filters: string[]): string[] => selectSuites(filters, false).map(({ name }) => name);
  assert.deepEqual(names("tidy"), ["tidy"]);
  assert.deepEqual(names("vscode"), ["vscode-1.100", "vscode-1.139"]);
  assert.deepEqual(names("suites/discover"), ["unit"]);
  assert.throws(() => names("no-such-thing"), { code: "usage", exit: 2 });
});

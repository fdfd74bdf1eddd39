import assert from "node:assert/strict";
import { test } from "node:test";
import { allSuites, selectSuites, testFiles } from "./discover.mjs";

test("every test file belongs to a suite, and only VS Code's run twice", () => {
  const suites = allSuites("all");
  for (const file of testFiles()) {
    const owners = suites.filter(({ paths }) => paths.includes(file)).map(({ name }) => name);
    assert.ok(owners.length === 1 || owners.every((name) => name.startsWith("vscode-")), `${file}: ${owners.join(", ")}`);
    assert.ok(owners.length > 0, file);
  }
});

test("long tests are left out unless asked for", () => {
  assert.deepEqual(
    allSuites("short").flatMap(({ paths }) => paths.filter((file) => file.endsWith(".long.test.ts"))),
    [],
  );
});

test("a filter is a suite, a group of suites or a part of a path", () => {
  const names = (...filters: string[]): string[] => selectSuites(filters, "short").map(({ name }) => name);
  assert.deepEqual(names("tidy"), ["tidy"]);
  assert.deepEqual(names("vscode"), ["vscode-1.100", "vscode-1.139"]);
  assert.deepEqual(names("suites/discover"), ["unit"]);
  assert.throws(() => names("no-such-thing"), { code: "usage", exit: 2 });
});

test("the long tests alone, and of them those whose path matches", () => {
  const paths = (...filters: string[]): string[] => selectSuites(filters, "long").flatMap((suite) => suite.paths);
  assert.ok(paths().length > 5);
  for (const file of paths()) assert.match(file, /\.long\.test\.ts$/);
  assert.deepEqual(paths("test/bench"), ["test/bench/yardstick.long.test.ts"]);
});

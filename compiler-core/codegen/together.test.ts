import assert from "node:assert/strict";
import { test } from "node:test";
import { prefixOf, unitOf } from "./together.ts";

const model = (value: number): string =>
  ["#define FS_FORCE_SCALAR 1", '#include "a.h"', `FS_EXPORT const fs_module fs_module_info = {${value}};`, "void fs_run() {}"].join("\n");

test("defines and includes come once and first; each model has symbols and a namespace of its own", () => {
  const lines = unitOf([model(1), model(2)]).split("\n");
  assert.deepEqual(lines.slice(0, 2), ["#define FS_FORCE_SCALAR 1", '#include "a.h"']);
  assert.equal(lines.filter((l) => l.startsWith("#include") || l.includes("FS_FORCE_SCALAR")).length, 2);
  for (const i of [0, 1]) {
    const [open, define] = [lines.indexOf(`namespace case_${i} {`), lines.indexOf(`#define fs_module_info ${prefixOf(i)}fs_module_info`)];
    assert.ok(define >= 0 && define < open && lines.indexOf(`FS_EXPORT const fs_module fs_module_info = {${i + 1}};`) > open);
  }
});

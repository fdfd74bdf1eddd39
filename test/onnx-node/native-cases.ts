/** Folders of ONNX test cases as native code: every case that compiles is built, 50 to a translation unit, and run. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { buildUnit, caseNames, closeHost, compileCase, noCompiler, runCase, type Compiled } from "./native-case.ts";
import { prefixOf } from "./unit.ts";

export const casesPerUnit = 50;

after(closeHost);

/** Every `of`-th case from number `index` on: files run beside each other. */
export interface CasePart {
  readonly index: number;
  readonly of: number;
}

/** Declares the tests of all cases below `root`, of which at least `least` must compile. */
export function nativeCases(root: string, least: number, part: CasePart = { index: 0, of: 1 }): void {
  const names = caseNames(root).filter((_, i) => i % part.of === part.index);
  const compiled: Compiled[] = [];
  if (noCompiler === undefined) {
    for (const name of names) {
      const made = compileCase(root, name);
      if (typeof made === "string") test(name, { skip: made }, () => undefined);
      else compiled.push(made);
    }
  } else test(`cases of ${path.basename(root)}`, { skip: noCompiler }, () => undefined);

  for (let from = 0; from < compiled.length; from += casesPerUnit) {
    const unit = compiled.slice(from, from + casesPerUnit);
    test(`unit of ${unit[0]?.name ?? ""} and ${unit.length - 1} more`, async (t) => {
      const so = await buildUnit(unit);
      for (const [i, one] of unit.entries()) {
        await t.test(one.name + one.note, async (s) => {
          const skipped = await runCase(one, so, prefixOf(i));
          one.model.close();
          if (skipped !== undefined) s.skip(skipped);
        });
      }
    });
  }

  test(`most cases of ${path.basename(root)} that should compile do`, { skip: noCompiler ?? false }, () => {
    assert.ok(compiled.length >= least, `only ${compiled.length} of ${names.length} cases compile`);
  });
}

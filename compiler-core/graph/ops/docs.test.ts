import assert from "node:assert/strict";
import { test } from "node:test";
import { opDocs } from "./docs.ts";
import { hasTrait, opNames, opOf } from "./index.ts";

test("every operand, result and attribute of every operator has words", () => {
  for (const name of opNames) {
    const [{ arity, outputs, attrs }, { what, operands, results, attributes }] = [opOf(name), opDocs[name]];
    assert.ok(what.length > 0, name);
    if (arity[1] <= 10) assert.equal(operands.length, arity[1], `${name}: operands`);
    else assert.ok(operands.length >= 1, `${name}: operands`);
    if (outputs[1] <= 10) assert.equal(results.length, outputs[1], `${name}: results`);
    assert.deepEqual(
      attributes.map(([attr]) => attr),
      Object.keys(attrs),
      name,
    );
    const vague = attributes.filter(([, text]) => text.startsWith("see the operator")).map(([attr]) => attr);
    assert.deepEqual(vague, [], `${name}: attributes without words`);
    if (!hasTrait(name, "elementwise"))
      assert.ok(
        operands.every(([operand, text]) => operand !== "" && text !== ""),
        name,
      );
  }
});

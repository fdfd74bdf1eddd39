import assert from "node:assert/strict";
import { test } from "node:test";
import { ruleDocs } from "#core";
import { unforceable } from "#protocol";
import { edgeKey, isNothingToFuse, whyUnforceable } from "../../webview/model/fusion-verdicts.ts";

test("forcing is offered for refusals that weigh a cost, and for no other", () => {
  for (const rule of ["fuse/parallelism", "merge-nests/parallelism", "merge-nests/footprint"])
    assert.equal(whyUnforceable({ rule }), undefined, rule);
  for (const rule of ["fuse/own-nest", "fuse/movement", "fuse/space", "fuse/order"]) assert.ok(whyUnforceable({ rule }), rule);
  assert.deepEqual(
    Object.keys(unforceable).filter((rule) => !(rule in ruleDocs)),
    [],
    "rules that nobody has",
  );
});

test("an edge is its two nodes and its value", () => {
  assert.notEqual(edgeKey({ nodes: [1, 2], value: 3 }), edgeKey({ nodes: [1, 2], value: 4 }));
  assert.equal(edgeKey({ nodes: [1, 2], value: 3 }), edgeKey({ nodes: [1, 2], value: 3 }));
});

test("views are no refusals", () => {
  assert.ok(isNothingToFuse({ because: "nothing to fuse: the producer is a view, read in place" }));
  assert.ok(!isNothingToFuse({ because: "not fused: the copy template has no anchor" }));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Trail } from "./trail.ts";

test("what led to the first picture, in words; of the page only what is known", () => {
  const trail = new Trail();
  trail.mark("read");
  trail.mark("graph");
  trail.mark("read");
  const now = performance.timeOrigin + performance.now();
  const said = trail.end({ script: now, painted: now, "<b>": now });
  assert.match(said, /^after \d+ ms \(host: read \d+, graph \d+; page: script \d+, painted \d+\)$/);
  assert.equal(trail.isOver, true);
});

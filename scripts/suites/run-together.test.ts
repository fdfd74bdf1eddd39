import assert from "node:assert/strict";
import { test } from "node:test";
import { runTogether, workers } from "./run-together.mjs";
import { Tally } from "./tally.mjs";

test("pieces of all suites run beside each other, great budgets first, and each suite ends once with its own counts", async () => {
  const order: string[] = [];
  let busy = 0;
  let most = 0;
  const piece = (name: string, fails: boolean) => ({
    run: async (): Promise<Tally> => {
      order.push(name);
      most = Math.max(most, ++busy);
      await new Promise((resolve) => setTimeout(resolve, 5));
      busy--;
      const tally = new Tally();
      if (fails) tally.fail(name);
      else tally.pass();
      return tally;
    },
  });
  const rows = [
    { suite: { name: "small", budget: 1 }, tally: new Tally(), pieces: [piece("s1", false), piece("s2", true)] },
    { suite: { name: "great", budget: 9 }, tally: new Tally(), pieces: Array.from({ length: 7 }, (_, i) => piece(`g${i}`, false)) },
  ];
  const ended: string[] = [];
  await runTogether(rows, ({ name }, tally, ms) => {
    assert.ok(ms > 0);
    ended.push(`${name}: ${tally.line()}`);
  });
  assert.deepEqual(
    order
      .slice(0, 7)
      .map((name) => name[0])
      .join(""),
    "ggggggg",
  );
  assert.equal(most, workers);
  assert.deepEqual(ended.sort(), ["great: 7 passed, 0 failed, 0 skipped", "small: 1 passed, 1 failed, 0 skipped"]);
});

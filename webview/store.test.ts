import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "./store.ts";

test("changes that are made together are heard of once, with the state before all of them", () => {
  const store = new Store();
  const heard: [number, number][] = [];
  store.subscribe((state, previous) => heard.push([previous.stage, state.stage]));
  store.together(() => {
    store.update({ stage: 3 });
    store.together(() => store.update({ stage: 4 }));
    store.update({ stage: 4, hit: 1 });
    assert.equal(store.state.stage, 4);
  });
  store.together(() => store.update({ stage: 4 }));
  store.update({ stage: 5 });
  assert.deepEqual(heard, [
    [0, 4],
    [4, 5],
  ]);
});

test("what breaks among them leaves the others heard of", () => {
  const store = new Store();
  let heard = 0;
  store.subscribe(() => (heard += 1));
  assert.throws(() =>
    store.together(() => {
      store.update({ stage: 1 });
      throw new Error("broken");
    }),
  );
  store.update({ stage: 2 });
  assert.equal(heard, 2);
});

/** The memory plan over its steps, against lifetimes counted here, and against the plan itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../compile.ts";
import { GraphBuilder } from "../graph/build.ts";
import type { MachineProfile } from "../machine.ts";
import { defaultOptions } from "../options.ts";
import { compilationSummary } from "./summary.ts";

const machine: MachineProfile = { name: "a test's", features: [], caches: { l1d: 32768, l2: 1048576, l3: 16777216 }, cores: 2 };

/** Reductions over the first axis: each has a nest of its own, so what is between them is in memory. */
function summary(layers: number) {
  const b = new GraphBuilder("steps");
  const source = b.source({ path: "#0", opType: "X", domain: "", name: "", outputs: [] });
  const origin = { origin: [source] };
  let x = b.input("x", "f32", [64, 48]);
  for (let i = 0; i < layers; i++) {
    const [sum] = b.add("reduce-sum", [x], { axes: [0], keepdims: true }, origin);
    [x] = b.add("add", [x, sum ?? 0], {}, origin) as [number];
  }
  b.output(x);
  const c = compile(b.finish(), { ...defaultOptions, isa: "scalar", threads: 2 }, machine, { now: () => 0 });
  assert.equal(c.error, undefined);
  return compilationSummary(c);
}

test("the bound is what is alive at the peak, and the plan is not below it", () => {
  const { memory, buffers, arenaBytes, arenaBytesWithoutReuse, groups } = summary(5);
  assert.ok(memory);
  const { steps, lowerBoundBytes, peakStep, culprits } = memory;
  const sizes = new Map(buffers.map(({ id, bytes }) => [id, Math.ceil(bytes / 64) * 64]));
  assert.equal(
    culprits.reduce((sum, id) => sum + (sizes.get(id) ?? NaN), 0),
    lowerBoundBytes,
  );
  assert.equal(Math.max(...steps.map(({ aliveBytes }) => aliveBytes)), lowerBoundBytes);
  assert.equal(steps[peakStep]?.aliveBytes, lowerBoundBytes);
  assert.ok(lowerBoundBytes > 0 && lowerBoundBytes <= arenaBytes && arenaBytes <= arenaBytesWithoutReuse);
  const known = new Set(groups.map(({ id }) => id));
  assert.ok(steps.every(({ group }) => group === undefined || known.has(group)));
  for (const id of culprits) {
    const buffer = buffers.find((one) => one.id === id);
    assert.ok(buffer && buffer.firstStep <= peakStep && peakStep <= buffer.lastStep, "a culprit is alive at the peak");
  }
});

test("what is alive at a step is no more than the buffers whose steps are around it", () => {
  const { memory, buffers } = summary(4);
  memory?.steps.forEach(({ aliveBytes }, i) => {
    const around = buffers.filter(({ scope, firstStep, lastStep }) => scope === "arena" && firstStep <= i && i <= lastStep);
    assert.ok(aliveBytes <= around.reduce((sum, { bytes }) => sum + Math.ceil(bytes / 64) * 64, 0));
  });
});

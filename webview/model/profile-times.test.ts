import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupInfo, OrtKernel, OrtProfile } from "#protocol";
import { timeOfNodes, timesOfGroups, timeUnfound } from "./profile-times.ts";
import type { NodeRow } from "./trace.ts";

const kernel = (name: string, us: number, source?: number): OrtKernel => ({
  ...{ name, op: "Op", provider: "CPU", us, calls: 1, found: source === undefined ? ("none" as const) : ("name" as const) },
  ...(source === undefined ? {} : { source }),
});
const kernels = [kernel("a", 10, 0), kernel("b", 6, 1), kernel("c", 2, 2), kernel("a again", 1, 0), kernel("fused", 5)];
const profile: OrtProfile = { file: "p.json", runs: 3, runUs: 30, kernelsUs: 24, kernels };

const node = (id: number, ...origin: number[]): NodeRow => ({ id, origin: Int32Array.from(origin) }) as unknown as NodeRow;
const nodes = new Map([node(10, 0, 1), node(11, 1), node(12, 2), node(13, 9)].map((row) => [row.id, row]));
const group = (id: number, phase: "run" | "init", ...members: number[]): GroupInfo =>
  ({ id, phase, members: members.map((member) => ({ node: member, anchor: "" })) }) as unknown as GroupInfo;

test("nodes have the time of the ONNX nodes they came from, each once", () => {
  assert.equal(timeOfNodes(profile, [nodes.get(10) as NodeRow, nodes.get(11) as NodeRow]), 17);
  assert.equal(timeOfNodes(profile, [nodes.get(13) as NodeRow]), undefined);
  assert.equal(timeUnfound(profile), 5);
});

test("the sum over the groups is that of the kernels that are found", () => {
  const rows = timesOfGroups(profile, [group(0, "init", 10), group(1, "run", 10), group(2, "run", 11, 12), group(3, "run", 13)], nodes);
  assert.deepEqual(
    rows.map(({ group: { id }, us, kernels: count }) => [id, us, count]),
    [
      [1, 14, 2],
      [2, 5, 2],
    ],
  );
  assert.equal(
    rows.reduce((sum, { us }) => sum + us, 0),
    profile.kernelsUs - timeUnfound(profile),
  );
});

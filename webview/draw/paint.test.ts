import assert from "node:assert/strict";
import { test } from "node:test";
import { boxesOf } from "../model/boxes.ts";
import type { NodeRow, Snapshot, ValueRow } from "../model/trace.ts";
import type { ColorBy } from "../store.ts";
import { paintOf, type Paint, type PaintParts } from "./paint.ts";

const value = (id: number, dtype: string, layout = "plain"): ValueRow => ({
  id,
  name: `v${id}`,
  dtype,
  shape: "4x8",
  shapeSource: "inferred",
  layout,
  constant: false,
  bytes: 128,
});
const node = (id: number, op: string, input: number, output: number, flops: number): NodeRow => ({
  id,
  op,
  hole: undefined,
  name: `/${op}${id}`,
  attrs: "{}",
  inputs: Int32Array.of(input),
  outputs: Int32Array.of(output),
  origin: Int32Array.of(id),
  init: false,
  flops,
  bytes: 256,
});

const snapshot: Snapshot = {
  stage: 0,
  nodes: new Map([node(0, "matmul", 0, 1, 1e6), node(1, "relu", 1, 2, 100), node(2, "reshape", 2, 3, 0)].map((row) => [row.id, row])),
  values: new Map([value(0, "f32"), value(1, "f32", "AB16b"), value(2, "f32"), value(3, "i64")].map((row) => [row.id, row])),
  order: Int32Array.of(0, 1, 2),
  inputs: Int32Array.of(0),
  outputs: Int32Array.of(3),
  groups: [],
};
const groups = [
  {
    id: 7,
    name: "g",
    template: "matmul",
    leader: 0,
    phase: "run" as const,
    members: [0, 1].map((id) => ({ node: id, anchor: "" })),
    params: {},
  },
];
const boxes = boxesOf(snapshot);
const paint = (by: ColorBy, more: Partial<PaintParts> = {}): Paint =>
  paintOf({ by, boxes, snapshot, groups, lastNodes: snapshot.nodes, ...more });
const at = (key: number): number => boxes.indexOf.get(key) as number;

test("classes take the colours by how often they come, and say their name", () => {
  const { words, ink, inks, swatches } = paint("dtype");
  assert.equal(words[at(0)], "f32");
  assert.equal(words[at(2)], "i64");
  assert.deepEqual(inks[ink[at(0)] as number], { kind: "palette", index: 0 });
  assert.notEqual(ink[at(0)], ink[at(2)]);
  assert.deepEqual(
    swatches.map(({ label }) => label),
    ["f32", "i64"],
  );
});

test("a layout that is as usual is coloured, but not written on every box", () => {
  const { words, ink } = paint("layout");
  assert.equal(words[at(1)], "");
  assert.ok((ink[at(1)] as number) > 0);
  assert.equal(words[at(0)], "AB16b");
});

test("numbers are on a scale of ratios, with the least and the most at its ends", () => {
  const { level, scale, words, ink } = paint("flops");
  assert.equal(level?.[at(1)], 0);
  assert.equal(level?.[at(0)], 1);
  assert.ok(Number.isNaN(level?.[at(2)]), "nothing to do is not on the scale");
  assert.equal(ink[at(2)], 0);
  assert.equal(words[at(0)], "1 Mflop");
  assert.deepEqual([scale?.low, scale?.high], ["100 flop", "1 Mflop"]);
});

test("before groups are made, a node shows the group that it goes into", () => {
  const { words } = paint("group");
  assert.equal(words[at(0)], "g7");
  assert.equal(words[at(2)], "");
});

test("times come from the last benchmark, by group; without one there is a hint instead", () => {
  assert.match(paint("time").hint ?? "", /benchmark/);
  const measured = { regions: [{ group: 7, ns: 2500 }] } as unknown as NonNullable<PaintParts["measured"]>;
  const { words, hint } = paint("time", { measured });
  assert.equal(hint, undefined);
  assert.equal(words[at(1)], "2.5 µs");
});

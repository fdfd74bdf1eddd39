/** Operands that contradict each other: every one of these would make a loop nest read or write outside of a buffer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inferOp, withDefaults } from "../infer.ts";
import type { Attrs, Shape } from "../ir.ts";
import type { OpName } from "./index.ts";
import { isRefusal, type TensorType } from "./op.ts";

const f = (...shape: Shape): TensorType => ({ dtype: "f32", shape });
const i = (...shape: Shape): TensorType => ({ dtype: "i64", shape });

interface Case {
  readonly what: string;
  readonly op: OpName;
  readonly attrs?: Attrs;
  readonly outputs?: number;
  /** Operands that fit, so that the case is refused for what it says. */
  readonly good: readonly (TensorType | null)[];
  readonly bad: readonly (readonly (TensorType | null)[])[];
}

const lstm: Attrs = { cell: "lstm", functions: ["sigmoid", "tanh", "tanh"] };
const state = f(1, 3, 4);
const network = [f(5, 3, 16), f(1, 4, 16)];
const heads: Attrs = { heads: 4, kvHeads: 2 };
const attended = [f(2, 5, 16), f(2, 6, 8), f(2, 6, 12)];

const cases: readonly Case[] = [
  { what: "empty table", op: "gather", good: [f(0, 3), i(0)], bad: [[f(0, 3), i(2)]] },
  {
    what: "places outside, or an empty axis",
    op: "gather-elements",
    attrs: { axis: 1 },
    good: [f(2, 3), i(2, 9)],
    bad: [
      [f(2, 3), i(3, 3)],
      [f(2, 0), i(2, 1)],
    ],
  },
  {
    what: "batches that differ, or an empty axis",
    op: "gather-nd",
    attrs: { batchDims: 1 },
    good: [f(5, 3), i(5, 1)],
    bad: [
      [f(1, 3), i(5, 1)],
      [f(5, 3), i(1, 1)],
      [f(5, 0), i(5, 1)],
    ],
  },
  {
    what: "places outside, or other updates",
    op: "scatter-elements",
    attrs: { axis: 0 },
    good: [f(2, 3), i(9, 3), f(9, 3)],
    bad: [
      [f(2, 3), i(2, 4), f(2, 4)],
      [f(2, 3), i(2, 3), f(1, 3)],
    ],
  },
  { what: "short updates", op: "scatter-nd", good: [f(4, 3), i(5, 1), f(5, 3)], bad: [[f(4, 3), i(5, 1), f(5, 2)]] },
  {
    what: "a cache of another form",
    op: "tensor-scatter",
    attrs: { axis: 1 },
    good: [f(2, 9, 3), f(2, 4, 3), i(2)],
    bad: [
      [f(2, 9, 3), f(3, 4, 3), i(2)],
      [f(2, 9, 3), f(2, 4, 4), i(2)],
      [f(2, 9, 3), f(2, 4, 3), i(1)],
    ],
  },
  { what: "values that are not two", op: "one-hot", attrs: { depth: 3 }, good: [i(4), f(2)], bad: [[i(4), f(1)]] },
  { what: "lengths", op: "reverse-sequence", good: [f(5, 3), i(3)], bad: [[f(5, 3), i(2)]] },
  { what: "few positions", op: "max-unpool", attrs: { kernel: [2] }, good: [f(1, 1, 4), i(1, 1, 4)], bad: [[f(1, 1, 4), i(1, 1, 3)]] },
  {
    what: "batch of the grid",
    op: "grid-sample",
    good: [f(2, 1, 4, 4), f(2, 3, 3, 2)],
    bad: [[f(2, 1, 4, 4), f(1, 3, 3, 2)]],
  },
  { what: "batch of the maps", op: "affine-grid", attrs: { size: [2, 1, 4, 4] }, good: [f(2, 2, 3)], bad: [[f(1, 2, 3)]] },
  {
    what: "bias",
    op: "conv-transpose",
    attrs: { group: 2 },
    good: [f(1, 4, 5), f(4, 3, 3), f(6)],
    bad: [
      [f(1, 4, 5), f(4, 3, 3), f(3)],
      [f(1, 3, 5), f(3, 3, 3)],
    ],
  },
  {
    what: "operands",
    op: "recurrent",
    attrs: lstm,
    outputs: 3,
    good: [...network, state, state, f(1, 3, 4), i(3)],
    bad: [
      [...network, f(1, 1, 4)],
      [...network, null, f(1, 3, 3)],
      [...network, null, null, f(1, 2, 4)],
      [...network, null, null, null, i(1)],
    ],
  },
  {
    what: "keys, values and the past",
    op: "attention",
    attrs: heads,
    good: [...attended, null, f(2, 2, 7, 4), f(2, 2, 7, 6), i(2)],
    bad: [
      [f(2, 5, 16), f(2, 6, 6), f(2, 6, 12)],
      [f(2, 5, 16), f(1, 6, 8), f(2, 6, 12)],
      [f(2, 5, 16), f(2, 6, 8), f(2, 5, 12)],
      [...attended, null, f(2, 2, 7, 5), f(2, 2, 7, 6)],
      [...attended, null, f(2, 2, 7, 4), f(2, 2, 6, 6)],
      [...attended, null, null, null, i(1)],
    ],
  },
  {
    what: "tables",
    op: "rotary-embedding",
    good: [f(2, 3, 5, 8), f(9, 4), f(9, 4), i(2, 5)],
    bad: [[f(2, 3, 5, 8), f(9, 3), f(9, 3), i(2, 5)]],
  },
];

const infer = ({ op, attrs = {}, outputs = 1 }: Case, inputs: readonly (TensorType | null)[]) =>
  inferOp(op, { inputs, attrs: withDefaults(op, attrs), outputs, known: () => undefined });

for (const c of cases) {
  test(`${c.op}: ${c.what}`, () => {
    const good = infer(c, c.good);
    assert.ok(!isRefusal(good), isRefusal(good) ? good.reason : "");
    for (const inputs of c.bad) {
      const found = infer(c, inputs);
      assert.ok(isRefusal(found), `accepted: ${inputs.map((t) => t?.shape?.join("x") ?? "-").join(", ")}`);
      assert.equal(found.refused, "shape");
    }
  });
}

test("symbolic extents contradict nothing", () => {
  const symbolic = (t: TensorType | null): TensorType | null => t && { ...t, shape: t.shape?.map((d, axis) => (axis === 0 ? "n" : d)) };
  for (const c of cases.filter((one) => one.op !== "grid-sample" && one.op !== "affine-grid")) {
    const found = infer(c, c.good.map(symbolic));
    assert.ok(!isRefusal(found), isRefusal(found) ? `${c.op}: ${found.reason}` : "");
  }
});

test("what is said twice, below zero, or larger than any memory", () => {
  const refusals: readonly (readonly [OpName, readonly (TensorType | null)[], Attrs])[] = [
    ["slice", [f(10)], { starts: [-3, -3], ends: [10, 10], axes: [0, -1], steps: [1, 1] }],
    ["conv-transpose", [f(1, 1, 5), f(1, 1, 3)], { outputShape: [-4] }],
    ["conv-transpose", [f(1, 1, 5), f(1, 1, 3)], { outputPadding: [-1] }],
    ["conv-transpose", [f(1, 1, 5), f(1, 1, 3)], { group: 0 }],
    ["col2im", [f(1, 4, 4)], { image: [3, 3], block: [2, 2], strides: [0, 1] }],
    ["tile", [f(5, 5)], { repeats: [2 ** 30, 2 ** 30] }],
    ["expand", [f(1)], { shape: [2 ** 31, 2 ** 31] }],
    ["pad", [f(5, 5)], { pads: [2 ** 41, 0, 0, 0] }],
    ["center-crop-pad", [f(5, 5)], { shape: [5, -3] }],
    ["resize", [f(5, 5)], { scales: [1, Infinity] }],
    ["affine-grid", [f(1, 2, 3)], { size: [1, 1, 2 ** 30, 2 ** 30] }],
    ["col2im", [f(1, 4, 4)], { image: [-3, -3], block: [2, 2] }],
    ["unfold", [{ dtype: "u8", shape: [1, 2, 5] }], { kernel: [2, 2] }],
    ["unfold", [{ dtype: "u8", shape: [1, 2, 5] }], { kernel: [2], strides: [0] }],
  ];
  for (const [op, good, attrs] of refusals) assert.ok(isRefusal(infer({ what: "", op, attrs, good, bad: [] }, good)), op);
});

/** Quantisers of QONNX against their documented formulas, worked out by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateGraph } from "../../graph/eval.ts";
import { fromValues, toNumbers } from "../../graph/ndarray.ts";
import { modelBuilder, type AttributeInput } from "../builder.ts";
import { importModel } from "../import.ts";
import { memoryStore } from "../tensor-data.ts";

interface Case {
  readonly op: string;
  readonly x: readonly number[];
  /** Operands behind x. */
  readonly more: readonly number[];
  readonly attributes?: Readonly<Record<string, AttributeInput>>;
  readonly y: readonly number[];
}

const halves = [-1.25, -0.75, -0.25, 0.25, 0.75, 1.25];
const cases: Readonly<Record<string, Case>> = {
  "4 bits": {
    op: "Quant",
    x: [-9, -4, -0.25, 0.25, 0.75, 3, 9],
    more: [0.5, 0, 4],
    attributes: { signed: 1, narrow: 0 },
    y: [-4, -4, -0, 0, 1, 3, 3.5],
  },
  "4 bits, narrow": { op: "Quant", x: [-9, -4, 9], more: [0.5, 0, 4], attributes: { signed: 1, narrow: 1 }, y: [-3.5, -3.5, 3.5] },
  "4 bits without a sign": { op: "Quant", x: [-1, 7.25, 9], more: [0.5, 0, 4], attributes: { signed: 0, narrow: 0 }, y: [0, 7, 7.5] },
  "narrow without a sign": { op: "Quant", x: [-1, 7.25, 9], more: [0.5, 0, 4], attributes: { signed: 0, narrow: 1 }, y: [0, 7, 7] },
  "a zero point": { op: "IntQuant", x: [-9, 0.6, 9], more: [0.5, 3, 4], attributes: { signed: 1, narrow: 0 }, y: [-5.5, 0.5, 2] },
  "one bit": { op: "Quant", x: [-0.1, 0, 0.1], more: [0.5, 0, 1], attributes: { signed: 1, narrow: 0 }, y: [-0.5, 0.5, 0.5] },
  floor: {
    op: "Quant",
    x: halves,
    more: [0.5, 0, 8],
    attributes: { signed: 1, narrow: 0, rounding_mode: "FLOOR" },
    y: [-1.5, -1, -0.5, 0, 0.5, 1],
  },
  ceiling: {
    op: "Quant",
    x: halves,
    more: [0.5, 0, 8],
    attributes: { signed: 1, narrow: 0, rounding_mode: "CEIL" },
    y: [-1, -0.5, 0, 0.5, 1, 1.5],
  },
  "to even": {
    op: "Quant",
    x: halves,
    more: [0.5, 0, 8],
    attributes: { signed: 1, narrow: 0, rounding_mode: "ROUND" },
    y: [-1, -1, 0, 0, 1, 1],
  },
  "halves away from 0": {
    op: "Quant",
    x: halves,
    more: [0.5, 0, 8],
    attributes: { signed: 1, narrow: 0, rounding_mode: "HALF_UP" },
    y: [-1.5, -1, -0.5, 0.5, 1, 1.5],
  },
  "halves to 0": {
    op: "Quant",
    x: halves,
    more: [0.5, 0, 8],
    attributes: { signed: 1, narrow: 0, rounding_mode: "HALF_DOWN" },
    y: [-1, -0.5, 0, 0, 0.5, 1],
  },
  bipolar: { op: "BipolarQuant", x: [-3, -0.1, 0, 2], more: [0.25], y: [-0.25, -0.25, 0.25, 0.25] },
  "two bits dropped": { op: "Trunc", x: [-1.75, -0.25, 0.75, 1.75], more: [0.25, 0, 8, 6], y: [-0.5, -0.25, 0, 0.25] },
  "two bits dropped, rounded": {
    op: "Trunc",
    x: [0.75, 1.5, 1.75],
    more: [0.25, 0, 8, 6],
    attributes: { rounding_mode: "ROUND" },
    y: [0.25, 0.5, 0.5],
  },
};

for (const [name, { op, x, more, attributes = {}, y }] of Object.entries(cases)) {
  test(`${op}: ${name}`, () => {
    const m = modelBuilder({ opset: 13, opsets: { "onnx.brevitas": 1 } });
    m.input("x", "f32", [x.length]);
    const operands = more.map((v, i) => m.initializer(`c${i}`, "f32", [], [v]));
    m.node(op, ["x", ...operands], "y", { domain: "onnx.brevitas", attributes });
    m.output("y", "f32", [x.length]);
    const graph = importModel(m.build(), memoryStore());
    const [value] = evaluateGraph(graph, new Map([[graph.inputs[0]!, fromValues("f32", [x.length], x)]])).values();
    assert.deepEqual(
      toNumbers(value!).map((v) => v + 0),
      y.map((v) => v + 0),
    );
  });
}

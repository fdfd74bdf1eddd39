import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { Shape } from "../graph/ir.ts";
import { openModel } from "../io/model-file.ts";
import { packageRoot } from "../io/package-root.ts";
import { node, type NodeOptions } from "./builder.ts";
import { opaqueShape } from "./opaque-shapes.ts";

const shapeOf = (opType: string, shapes: readonly (Shape | undefined)[], attributes: NodeOptions["attributes"] = {}): string =>
  opaqueShape(node(opType, ["x"], ["y"], { attributes }), shapes)?.join("x") ?? "?";

const cases: readonly (readonly [string, string, string])[] = [
  [
    "convolution",
    shapeOf(
      "Conv",
      [
        ["n", 3, 224, 224],
        [64, 3, 7, 7],
      ],
      { strides: [2, 2], pads: [3, 3, 3, 3] },
    ),
    "nx64x112x112",
  ],
  [
    "dilated",
    shapeOf(
      "Conv",
      [
        [1, 3, 10],
        [4, 3, 3],
      ],
      { dilations: [2] },
    ),
    "1x4x6",
  ],
  [
    "SAME",
    shapeOf(
      "Conv",
      [
        [1, 3, 10],
        [4, 3, 3],
      ],
      { auto_pad: "SAME_UPPER", strides: [3] },
    ),
    "1x4x4",
  ],
  [
    "symbolic extents",
    shapeOf("Conv", [
      [1, 3, "h", 10],
      [4, 3, 3, 3],
    ]),
    "1x4x?x8",
  ],
  ["pooling", shapeOf("MaxPool", [[1, 3, 7]], { kernel_shape: [2], strides: [2] }), "1x3x3"],
  ["pooling, rounded up", shapeOf("MaxPool", [[1, 3, 7]], { kernel_shape: [2], strides: [2], ceil_mode: 1 }), "1x3x4"],
  [
    "a last window in the padding is left out",
    shapeOf("AveragePool", [[1, 1, 2]], { kernel_shape: [1], strides: [2], pads: [0, 1], ceil_mode: 1 }),
    "1x1x1",
  ],
  ["reduction", shapeOf("ArgMax", [[2, 3, 4]], { axis: -1, keepdims: 0 }), "2x3"],
  ["depth to space", shapeOf("DepthToSpace", [["n", 8, 2, 3]], { blocksize: 2 }), "nx2x4x6"],
  ["unknown operand", shapeOf("Conv", [undefined, [4, 3, 3]]), "?"],
  ["unknown operator", shapeOf("NonZero", [[2]]), "?"],
];
for (const [name, got, expected] of cases) test(`shapes of opaque results: ${name}`, () => assert.equal(got, expected));

const collection = path.join(packageRoot(), "../shared/onnx-backend/node");
test(
  "shapes agree with those that the ONNX project's cases declare",
  { skip: fs.existsSync(collection) ? false : "the collection is not here" },
  () => {
    let compared = 0;
    for (const name of fs.readdirSync(collection)) {
      const { model, store } = openModel(path.join(collection, name, "model.onnx"));
      store.close();
      const [only] = model.graph.nodes;
      if (model.graph.nodes.length !== 1 || only === undefined) continue;
      const declared = new Map(
        [...model.graph.inputs, ...model.graph.outputs].map((v) => [
          v.name,
          v.type?.kind === "tensor" ? v.type.dims?.map((d) => Number(d.value)) : undefined,
        ]),
      );
      const got = opaqueShape(
        only,
        only.inputs.map((input) => declared.get(input)),
      );
      const want = declared.get(only.outputs[0] ?? "");
      if (got === undefined || want === undefined) continue;
      compared++;
      assert.equal(got.join("x"), want.join("x"), name);
    }
    assert.ok(compared > 40, `only ${compared} compared`);
  },
);

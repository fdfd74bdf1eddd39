/** Graphs of data movement and interpolation, for `cases.ts`: extents that leave tails, one row, one column, and work for several threads. */
import type { Attrs, Graph, ValueId } from "../../compiler-core/graph/ir.ts";
import type { OpName } from "../../compiler-core/graph/ops/index.ts";

/** What the cases need of the builder of `cases.ts`. */
export interface MovementNet {
  input(...shape: number[]): ValueId;
  positions(...values: number[]): ValueId;
  op(name: OpName, inputs: readonly ValueId[], attrs?: Attrs): ValueId;
}

type Make = (net: MovementNet) => ValueId;

const resized =
  (attrs: Attrs, ...shape: number[]): Make =>
  (n) =>
    n.op("resize", [n.input(...shape)], attrs);

export const movementGraphs = (build: (make: Make) => Graph): Readonly<Record<string, Graph>> => ({
  "pad, constant": build((n) => n.op("pad", [n.op("relu", [n.input(3, 4, 17)])], { pads: [0, 1, 2, 1, 0, 3], value: 2 })),
  "pad, reflected": build((n) => n.op("pad", [n.input(2, 5, 18)], { pads: [0, 2, 1, 0, 3, 4], mode: "reflect" })),
  "pad, wrapped often": build((n) => n.op("pad", [n.input(3, 2)], { pads: [0, 9, 4, 11], mode: "wrap" })),
  "pad, cut": build((n) => n.op("relu", [n.op("pad", [n.input(6, 20)], { pads: [-1, 2, -2, -3], mode: "edge" })])),
  tile: build((n) => n.op("tile", [n.input(3, 1, 18)], { repeats: [2, 3, 2] })),
  "tile of a column": build((n) => n.op("tile", [n.input(5, 1)], { repeats: [1, 40] })),
  "transpose in blocks": build((n) => n.op("transpose", [n.op("relu", [n.input(2, 37, 50)])], { perm: [0, 2, 1] })),
  "transpose in shared squares": build((n) => n.op("transpose", [n.op("relu", [n.input(37, 150)])], { perm: [1, 0] })),
  "transpose in shared squares, long rows": build((n) => n.op("relu", [n.op("transpose", [n.input(300, 33)], { perm: [1, 0] })])),
  "transpose of an image": build((n) => n.op("transpose", [n.input(2, 5, 9, 21)], { perm: [0, 3, 1, 2] })),
  "transpose back to an image": build((n) => n.op("transpose", [n.op("neg", [n.input(1, 21, 5, 9)])], { perm: [0, 2, 3, 1] })),
  "transpose of a reshaped value": build((n) =>
    n.op("transpose", [n.op("reshape", [n.op("relu", [n.input(18, 20)])], { shape: [9, 40] })], { perm: [1, 0] }),
  ),
  "transpose of a transpose of three axes": build((n) =>
    n.op("transpose", [n.op("transpose", [n.input(9, 10, 11)], { perm: [2, 0, 1] })], { perm: [2, 1, 0] }),
  ),
  "transpose of a slice": build((n) =>
    n.op("transpose", [n.op("slice", [n.input(20, 30)], { starts: [3], ends: [29], axes: [1], steps: [2] })], { perm: [1, 0] }),
  ),
  "transpose of few columns": build((n) => n.op("transpose", [n.input(3, 40)], { perm: [1, 0] })),
  "gather elements": build((n) => {
    const indices = n.op("reshape", [n.positions(0, -1, 3, 99, -99, 2)], { shape: [2, 3] });
    return n.op("gather-elements", [n.input(5, 3), indices], { axis: 0 });
  }),
  "gather slices": build((n) =>
    n.op("gather-nd", [n.input(4, 3, 18), n.op("reshape", [n.positions(0, 1, -1, 2, 9, 0)], { shape: [3, 2] })]),
  ),
  "scatter elements": build((n) => {
    const indices = n.op("reshape", [n.positions(4, -5, 0, 4, 77, 4)], { shape: [2, 3] });
    return n.op("scatter-elements", [n.input(5, 9), indices, n.input(2, 3)], { axis: 0, reduction: "add" });
  }),
  "scatter slices": build((n) => {
    const indices = n.op("reshape", [n.positions(1, 3, 1, -9)], { shape: [4, 1] });
    return n.op("scatter-nd", [n.op("relu", [n.input(4, 18)]), indices, n.input(4, 18)], { reduction: "max" });
  }),
  "depth to space": build((n) => n.op("depth-to-space", [n.input(2, 8, 3, 9)], { block: 2, order: "CRD" })),
  "space to depth": build((n) => n.op("space-to-depth", [n.op("relu", [n.input(1, 2, 6, 9)])], { block: 3 })),
  "running sums": build((n) => n.op("cum-sum", [n.input(5, 20)], { axis: 1, exclusive: true })),
  "running products of columns": build((n) => n.op("cum-prod", [n.input(3, 5, 20)], { axis: 1, reverse: true })),
  "lower triangle": build((n) => n.op("trilu", [n.input(2, 7, 33)], { k: 3, upper: false })),
  "reversed sequences": build((n) => n.op("reverse-sequence", [n.input(5, 3, 17), n.positions(5, 1, 3)])),
  "resize, nearest": build(resized({ sizes: [1, 2, 9, 20], mode: "nearest" }, 1, 2, 7, 9)),
  "resize, linear": build(resized({ scales: [1, 1, 2, 2.5], mode: "linear" }, 1, 2, 7, 9)),
  "resize, cubic": build(resized({ sizes: [1, 2, 5, 33], mode: "cubic", excludeOutside: true }, 1, 2, 7, 9)),
  "resize, many taps": build(resized({ sizes: [1, 2, 3, 4], mode: "cubic", antialias: true }, 1, 2, 20, 33)),
  "grid sample": build((n) => n.op("grid-sample", [n.input(2, 3, 7, 9), n.input(2, 4, 5, 2)], { padding: "reflection", mode: "cubic" })),
  "grid sample of a volume": build((n) => n.op("grid-sample", [n.input(1, 2, 3, 4, 5), n.input(1, 2, 3, 4, 3)])),
  "one hot": build((n) => n.op("one-hot", [n.positions(2, -1, 40, 0), n.input(2)], { depth: 19 })),
  spectrum: build((n) => n.op("dft", [n.input(3, 12, 1)], { axis: 1, oneSided: true })),
});

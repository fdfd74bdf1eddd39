/** Graphs of convolutions and pooling, for `cases.ts`: tails of tiles and panels, edges, fused members, work for several threads. */
import type { Attrs, Graph, ValueId } from "../../compiler-core/graph/ir.ts";
import type { OpName } from "../../compiler-core/graph/ops/index.ts";

/** What the cases need of the builder of `cases.ts`. */
export interface ConvNet {
  input(...shape: number[]): ValueId;
  weight(...shape: number[]): ValueId;
  op(name: OpName, inputs: readonly ValueId[], attrs?: Attrs): ValueId;
}

type Make = (net: ConvNet) => ValueId | readonly ValueId[];

export const convGraphs = (build: (make: Make) => Graph): Readonly<Record<string, Graph>> => ({
  "convolution with bias and activation": build((n) =>
    n.op("relu", [n.op("conv", [n.input(2, 3, 6, 7), n.weight(17, 3, 3, 3), n.weight(17)], { pads: [1, 1, 1, 1] })]),
  ),
  "convolution, per-channel scale, residual": build((n) => {
    const x = n.input(1, 6, 5, 9);
    const y = n.op("conv", [x, n.weight(6, 6, 3, 3)], { pads: [1, 1, 1, 1] });
    return n.op("relu", [n.op("add", [n.op("mul", [y, n.input(6, 1, 1)]), x])]);
  }),
  "convolution with a scale per image and channel, and per column": build((n) => {
    const y = n.op("conv", [n.input(2, 3, 4, 5), n.weight(5, 3, 1, 1)]);
    return n.op("add", [n.op("mul", [y, n.input(2, 5, 1, 1)]), n.weight(5)]);
  }),
  "convolution whose plain result is needed too": build((n) => {
    const y = n.op("conv", [n.input(1, 4, 5, 5), n.weight(4, 4, 3, 3)]);
    return [y, n.op("relu", [y])];
  }),
  "convolution in groups, strides, dilation": build((n) =>
    n.op("conv", [n.input(2, 8, 9, 10), n.weight(12, 4, 3, 2)], { group: 2, strides: [2, 1], dilations: [1, 2], pads: [1, 0, 0, 2] }),
  ),
  "convolution of 256 channels and more": build((n) => n.op("conv", [n.input(1, 70, 3, 4), n.weight(5, 70, 2, 2)])),
  "convolution, kernel at run time": build((n) => n.op("conv", [n.input(1, 3, 5, 6), n.input(6, 3, 3, 3)])),
  "normalised convolution": build((n) => {
    const y = n.op("conv", [n.input(1, 3, 5, 6), n.weight(6, 3, 3, 3), n.weight(6)]);
    return n.op("relu", [n.op("batch-norm", [y, n.weight(6), n.weight(6), n.weight(6), n.op("abs", [n.weight(6)])])]);
  }),
  "convolution, one softmax row": build((n) => {
    const y = n.op("conv", [n.input(1, 3, 5, 6), n.weight(20, 3, 3, 3)]);
    const mean = n.op("reshape", [n.op("reduce-mean", [y], { axes: [2, 3], keepdims: false })], { shape: [1, 20] });
    return n.op("softmax", [mean], { axis: 1 });
  }),
  "depthwise convolution": build((n) =>
    n.op("relu", [n.op("conv", [n.input(2, 5, 6, 18), n.weight(5, 1, 3, 3), n.weight(5)], { group: 5, pads: [1, 1, 1, 1] })]),
  ),
  "depthwise convolution, stride 2": build((n) =>
    n.op("conv", [n.input(1, 4, 9, 37), n.weight(8, 1, 5, 5)], { group: 4, strides: [2, 2], pads: [2, 1, 2, 2] }),
  ),
  "convolution to few channels": build((n) => n.op("conv", [n.input(1, 3, 5, 18), n.weight(2, 3, 3, 3)], { pads: [1, 1, 1, 1] })),
  "transposed convolution": build((n) =>
    n.op("conv-transpose", [n.input(1, 4, 3, 5), n.weight(4, 3, 3, 3), n.weight(3)], { strides: [2, 2], pads: [1, 0, 1, 1] }),
  ),
  "max pool": build((n) => n.op("max-pool", [n.input(2, 3, 7, 18)], { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })),
  "max pool, large window": build((n) => n.op("max-pool", [n.input(1, 2, 6, 20)], { kernel: [5, 5], pads: [2, 2, 2, 2] })),
  "average pool": build((n) =>
    n.op("average-pool", [n.input(2, 3, 7, 9)], { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil: true }),
  ),
  "average pool of whole windows": build((n) => n.op("average-pool", [n.input(2, 3, 6, 18)], { kernel: [2, 2] })),
});

/** ONNX pooling over windows and over everything. */
import type { ValueId } from "../../graph/ir.ts";
import type { OpName } from "../../graph/ops/index.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";
import { windowAttributes } from "./conv.ts";

const window = (c: BuildCall) => ({
  kernel: c.ints("kernel_shape") ?? notCompiled("kernel_shape is missing"),
  ...windowAttributes(c),
  ceil: c.flag("ceil_mode"),
});

const maxPool: Builder = (c) =>
  c.addMany("max-pool", [c.input(0)], { ...window(c), storageOrder: c.int("storage_order", 0) }, Math.max(1, c.outputCount));

/** All spatial axes at once. */
function overSpatial(c: BuildCall): { readonly axes: readonly number[]; readonly keepdims: true } {
  const rank = c.shape(0)?.length ?? notCompiled("the rank of its operand is not known");
  return { axes: Array.from({ length: Math.max(0, rank - 2) }, (_, i) => i + 2), keepdims: true };
}
const globalPool =
  (op: OpName): Builder =>
  (c) =>
    c.add(op, [c.input(0)], overSpatial(c));

/** Sum of p-th powers; its root. */
function globalLpPool(c: BuildCall): ValueId {
  const p = c.int("p") ?? Math.round(c.float("p", 2));
  if (p === 2) return c.add("reduce-l2", [c.input(0)], overSpatial(c));
  const magnitude = c.add("abs", [c.input(0)]);
  if (p === 1) return c.add("reduce-sum", [magnitude], overSpatial(c));
  const dtype = c.dtype(0);
  const sum = c.add("reduce-sum", [c.add("pow", [magnitude, c.scalar(dtype, p)])], overSpatial(c));
  return c.add("pow", [sum, c.scalar(dtype, 1 / p)]);
}

/** A given shape of the result adds zeros behind the inferred one: positions count through the inferred shape. */
function maxUnpool(c: BuildCall): ValueId {
  const kernel = c.ints("kernel_shape") ?? notCompiled("kernel_shape is missing");
  const y = c.add("max-unpool", [c.input(0), c.input(1)], { kernel, strides: c.ints("strides"), pads: c.ints("pads") });
  if (!c.has(2)) return y;
  const wanted = c.known(2) ?? notCompiled("the shape of the result is computed at run time");
  const have = c.shapeOf(y) ?? notCompiled("the rank of its operand is not known");
  const more = wanted.map((d, i) => (typeof have[i] === "number" ? d - have[i] : notCompiled("an extent of its operand is not known")));
  return c.add("pad", [y], { pads: [...more.map(() => 0), ...more], mode: "constant", value: 0 });
}

export const poolBuilders: Readonly<Record<string, Builder>> = {
  MaxPool: maxPool,
  AveragePool: (c) => c.add("average-pool", [c.input(0)], { ...window(c), includePad: c.flag("count_include_pad") }),
  LpPool: (c) =>
    c.int("p", 2) < 1 ? notCompiled("a norm below 1 is not known") : c.add("lp-pool", [c.input(0)], { ...window(c), p: c.int("p", 2) }),
  MaxUnpool: maxUnpool,
  GlobalAveragePool: globalPool("reduce-mean"),
  GlobalMaxPool: globalPool("reduce-max"),
  GlobalLpPool: globalLpPool,
};

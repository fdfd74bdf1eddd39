/** ONNX convolutions. */
import type { Attrs } from "../../graph/ir.ts";
import type { BuildCall, Builder } from "./build-call.ts";

/** The attributes all sliding windows share; absent ones stay absent. */
export function windowAttributes(c: BuildCall): Attrs {
  return {
    strides: c.ints("strides"),
    dilations: c.ints("dilations"),
    pads: c.ints("pads"),
    autoPad: c.text("auto_pad", "NOTSET") || "NOTSET",
  };
}

/** Kernel extents come with the kernel itself: the attribute only repeats them. */
const conv: Builder = (c) => c.add("conv", c.operands(3), { ...windowAttributes(c), group: c.int("group", 1) });

export const convBuilders: Readonly<Record<string, Builder>> = {
  Conv: conv,
};

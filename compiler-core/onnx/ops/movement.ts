/** ONNX operators that move elements. */
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

function concat(c: BuildCall) {
  return c.add(
    "concat",
    Array.from({ length: c.inputCount }, (_, i) => c.input(i)),
    { axis: c.int("axis", 1) },
  );
}

function split(c: BuildCall) {
  const sizes = c.axes("split", 1);
  const parts = sizes?.length ?? c.int("num_outputs", c.context.node.outputs.length);
  return c.addMany("split", [c.input(0)], { axis: c.int("axis", 0), sizes }, parts);
}

/** Attributes before opset 10; then operands, which stay operands while they are not known. */
function slice(c: BuildCall) {
  if (c.opset < 10) {
    const [starts, ends] = [c.ints("starts") ?? notCompiled("starts are missing"), c.ints("ends") ?? notCompiled("ends are missing")];
    return c.add("slice", [c.input(0)], { starts, ends, axes: c.ints("axes") ?? starts.map((_, i) => i), steps: starts.map(() => 1) });
  }
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => c.known(i));
  const dynamic = starts === undefined || ends === undefined || (c.has(3) && axes === undefined) || (c.has(4) && steps === undefined);
  if (dynamic) return c.add("slice", c.operands(5));
  return c.add("slice", [c.input(0)], { starts, ends, axes: axes ?? starts.map((_, i) => i), steps: steps ?? starts.map(() => 1) });
}

function pad(c: BuildCall) {
  if (c.text("mode", "constant") !== "constant") notCompiled(`padding of mode ${c.text("mode", "constant")} is not supported`);
  const rank = c.shape(0)?.length ?? notCompiled("the rank of its operand is not known");
  const given = c.axes("pads", 1) ?? notCompiled("pads are missing");
  const value = c.float("value") ?? (c.has(2) ? (c.known(2)?.[0] ?? notCompiled("the value is computed at run time")) : 0);
  const axes = c.has(3) ? (c.known(3) ?? notCompiled("axes are computed at run time")) : undefined;
  if (axes === undefined) return c.add("pad", [c.input(0)], { pads: given, value });
  const pads = new Array<number>(2 * rank).fill(0);
  axes.forEach((a, i) => {
    const axis = a < 0 ? a + rank : a;
    pads[axis] = given[i]!;
    pads[axis + rank] = given[i + axes.length]!;
  });
  return c.add("pad", [c.input(0)], { pads, value });
}

export const movementBuilders: Readonly<Record<string, Builder>> = {
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Gather: (c) => c.add("gather", [c.input(0), c.input(1)], { axis: c.int("axis", 0) }),
};

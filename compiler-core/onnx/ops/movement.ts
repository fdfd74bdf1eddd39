/** ONNX operators that move elements. */
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

function concat(c: BuildCall) {
  return c.add(
    "concat",
    Array.from({ length: c.inputCount }, (_, i) => c.input(i)),
    { axis: c.int("axis", 1) },
  );
}

/** Sizes are an attribute before opset 13, then an operand; the number of parts is that of the outputs. */
function split(c: BuildCall) {
  const parts = c.context.node.outputs.length;
  const sizes = c.ints("split");
  const inputs = sizes === undefined && c.has(1) ? [c.input(0), c.input(1)] : [c.input(0)];
  return c.addMany("split", inputs, { axis: c.int("axis", 0), sizes }, parts);
}

/** Attributes before opset 10; then operands, which stay operands while they are not known. */
function slice(c: BuildCall) {
  if (c.opset < 10) {
    const [starts, ends] = [c.ints("starts") ?? notCompiled("starts are missing"), c.ints("ends") ?? notCompiled("ends are missing")];
    return c.add("slice", [c.input(0)], { starts, ends, axes: c.ints("axes") ?? starts.map((_, i) => i), steps: starts.map(() => 1) });
  }
  return c.add("slice", c.operands(5));
}

/** Everything is an attribute before opset 11 (`paddings` before opset 2); axes are new in opset 18. */
function pad(c: BuildCall) {
  const attrs = { mode: c.text("mode", "constant"), value: c.float("value") ?? 0 };
  if (c.opset < 11)
    return c.add("pad", [c.input(0)], { ...attrs, pads: c.ints("pads") ?? c.ints("paddings") ?? notCompiled("pads are missing") });
  const inputs = c.operands(4);
  return c.add("pad", [c.input(0), c.input(1), ...inputs.slice(2)], attrs);
}

/** Opset 1 counts the copies along one axis. */
function tile(c: BuildCall) {
  if (c.opset >= 6) return c.add("tile", [c.input(0), c.input(1)]);
  const [rank, copies, axis] = [c.shape(0)?.length, c.known(1)?.[0], c.known(2)?.[0]];
  if (rank === undefined || copies === undefined || axis === undefined) return notCompiled("the rank, or what to repeat, is not known");
  return c.add("tile", [c.input(0)], { repeats: Array.from({ length: rank }, (_, i) => (i === axis ? copies : 1)) });
}

function reverseSequence(c: BuildCall) {
  return c.add("reverse-sequence", [c.input(0), c.input(1)], { batchAxis: c.int("batch_axis", 1), timeAxis: c.int("time_axis", 0) });
}

export const movementBuilders: Readonly<Record<string, Builder>> = {
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Tile: tile,
  Trilu: (c) => c.add("trilu", c.operands(2), { upper: c.flag("upper", true) }),
  CenterCropPad: (c) => c.add("center-crop-pad", [c.input(0), c.input(1)], { axes: c.ints("axes") }),
  DepthToSpace: (c) => c.add("depth-to-space", [c.input(0)], { block: c.int("blocksize", 1), order: c.text("mode", "DCR") }),
  SpaceToDepth: (c) => c.add("space-to-depth", [c.input(0)], { block: c.int("blocksize", 1) }),
  ReverseSequence: reverseSequence,
  Gather: (c) => c.add("gather", [c.input(0), c.input(1)], { axis: c.int("axis", 0) }),
};

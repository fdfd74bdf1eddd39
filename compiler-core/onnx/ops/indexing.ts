/** ONNX operators that read or write elements at positions that are data, or choose elements. */
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

/** Reductions are new in opset 16, `min` and `max` in opset 18. */
const reduction = (c: BuildCall): string => c.text("reduction", "none");

function scatterElements(c: BuildCall) {
  return c.add("scatter-elements", [c.input(0), c.input(1), c.input(2)], { axis: c.int("axis", 0), reduction: reduction(c) });
}

/** k is an attribute before opset 10; the smallest elements can be asked for since opset 11. */
function topK(c: BuildCall) {
  const attrs = { axis: c.int("axis", -1), largest: c.flag("largest", true), k: c.int("k") };
  return c.addMany("top-k", attrs.k === undefined ? [c.input(0), c.input(1)] : [c.input(0)], attrs, 2);
}

function cumulative(op: "cum-sum" | "cum-prod"): Builder {
  return (c) => c.add(op, [c.input(0), c.input(1)], { exclusive: c.flag("exclusive"), reverse: c.flag("reverse") });
}

/** `circular` writes on at the start of the cache; the other mode must fit. */
function tensorScatter(c: BuildCall) {
  const mode = c.text("mode", "linear");
  if (mode !== "linear" && mode !== "circular") return notCompiled(`mode ${mode} is not known`);
  return c.add("tensor-scatter", c.operands(3), { axis: c.int("axis", -2), circular: mode === "circular" });
}

function unique(c: BuildCall) {
  return c.addMany("unique", [c.input(0)], { axis: c.int("axis"), sorted: c.flag("sorted", true) }, Math.max(1, c.outputCount));
}

export const indexingBuilders: Readonly<Record<string, Builder>> = {
  GatherElements: (c) => c.add("gather-elements", [c.input(0), c.input(1)], { axis: c.int("axis", 0) }),
  GatherND: (c) => c.add("gather-nd", [c.input(0), c.input(1)], { batchDims: c.int("batch_dims", 0) }),
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: (c) => c.add("scatter-nd", [c.input(0), c.input(1), c.input(2)], { reduction: reduction(c) }),
  TensorScatter: tensorScatter,
  OneHot: (c) => c.add("one-hot", [c.input(0), c.input(2), c.input(1)], { axis: c.int("axis", -1) }),
  TopK: topK,
  CumSum: cumulative("cum-sum"),
  CumProd: cumulative("cum-prod"),
  Compress: (c) => c.add("compress", [c.input(0), c.input(1)], { axis: c.int("axis") }),
  NonZero: (c) => c.add("non-zero", [c.input(0)]),
  Unique: unique,
};

/** A change of memory layout: the same logical elements (or their transposed matrix), lying elsewhere. */
import { boolAttr, noFlops, refuse, type EvalCall, type Op } from "./op.ts";
import { forRows } from "../eval-elementwise.ts";
import { allocate, strides, type NdArray } from "../ndarray.ts";

export const reorder: Op = {
  what: "the same elements in another memory layout, the one a kernel reads best",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: {
    layout: { kind: "string", what: "the layout of the result, e.g. BA32b: column panels of 32" },
    transpose: { kind: "bool", default: false, what: "the last two axes are exchanged" },
  },
  traits: ["movement"],
  infer: ({ inputs: [a], attrs }) => {
    if (a?.shape === undefined || !boolAttr(attrs, "transpose")) return [a!];
    if (a.shape.length < 2) return refuse("shape", "only matrices can be transposed");
    return [{ dtype: a.dtype, shape: [...a.shape.slice(0, -2), a.shape.at(-1)!, a.shape.at(-2)!] }];
  },
  eval: evaluate,
  flops: noFlops,
};

/** The layout is physical, so only the exchange of axes is seen in the values. */
function evaluate({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [a] = inputs as readonly [NdArray];
  const out = outputs[0]!;
  if (!boolAttr(attrs, "transpose")) return [a];
  const result = allocate(out.dtype, out.shape, mode);
  const step = strides(a.shape);
  const swapped = [...step.slice(0, -2), step.at(-1)!, step.at(-2)!];
  const width = out.shape.at(-1)!;
  forRows(out.shape, [swapped], (row, [from]) => {
    for (let j = 0; j < width; j++) result.data[row * width + j] = a.data[from! + j * swapped.at(-1)!]!;
  });
  return [result];
}

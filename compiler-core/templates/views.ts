/**
 * Views: operators that only say where an element comes from. They cost nothing; readers of the result read the source in place.
 * Each maps an index of the output to the index of the same element in the input. `reshape` is not here as an index map: it
 * keeps the row-major offset.
 */
import { bug } from "../messages.ts";
import type { Node } from "../graph/ir.ts";
import { resolveRange } from "../graph/ops/slice.ts";
import * as x from "../tensor/build.ts";
import type { Expr } from "../tensor/ir.ts";
import { plus, times } from "./module-builder.ts";

export interface ViewShapes {
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/** `offset`: the element keeps its row-major position. */
export type ViewMap = "offset" | ((node: Node, index: readonly Expr[], shapes: ViewShapes) => Expr[]);

export const viewMaps: Readonly<Record<string, ViewMap>> = {
  reshape: "offset",
  identity: "offset",

  transpose: (node, index) => {
    const perm = ints(node, "perm");
    const source = new Array<Expr>(perm.length).fill(x.index(0));
    perm.forEach((from, to) => (source[from] = index[to] ?? bug("a transpose of another rank", { node: node.name })));
    return source;
  },

  expand: (_node, index, { input }) => broadcastIndex(index, input),

  slice: (node, index, { input }) => {
    const [starts, ends, axes, steps] = ["starts", "ends", "axes", "steps"].map((name) => ints(node, name)) as [Ints, Ints, Ints, Ints];
    return input.map((extent, axis) => {
      const i = index[axis] ?? bug("a slice of another rank", { node: node.name });
      const at = axes.indexOf(axis);
      if (at < 0) return i;
      const range = { axis, start: starts[at] ?? 0, end: ends[at] ?? extent, step: steps[at] ?? 1 };
      return plus(times(i, range.step), resolveRange(range, extent).first);
    });
  },
};

/** The index of a broadcast operand: trailing axes align, extents of 1 stay at 0. */
export function broadcastIndex(index: readonly Expr[], shape: readonly number[]): Expr[] {
  const skip = index.length - shape.length;
  return shape.map((extent, axis) =>
    extent === 1 ? x.index(0) : (index[axis + skip] ?? bug("an operand of higher rank than the result")),
  );
}

type Ints = readonly number[];
const ints = (node: Node, name: string): readonly number[] => {
  const value = node.attrs[name];
  return Array.isArray(value) ? (value as readonly number[]) : [];
};

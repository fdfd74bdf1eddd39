/** Rules of `decompose` about tensors without elements. */
import { elements } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import type { Rule } from "../../../graph/rules.ts";

/** A sum over nothing is zero, so no kernel needs to know products with k = 0. */
export const emptyRules: readonly Rule[] = [
  {
    name: "decompose/empty-product",
    ops: ["matmul", "matmul-integer"],
    rewrite: (node, e) => {
      const [a, out] = [e.staticShape(node.inputs[0]!), e.staticShape(node.outputs[0]!)];
      const axis = node.attrs["transA"] === true ? -2 : -1;
      if (a === undefined || out === undefined || a.at(axis) !== 0 || elements(out) === 0) return undefined;
      const { dtype, name } = e.value(node.outputs[0]!);
      const p = e.patch(node);
      const zero = p.constant(`${name}.zero`, fromValues(dtype, [], [0]));
      return p.done(p.add("expand", [zero], { shape: out }));
    },
  },
];

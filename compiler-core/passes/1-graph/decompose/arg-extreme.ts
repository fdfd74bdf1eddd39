/** ArgMax and ArgMin count in 32 bits, whose comparisons and selections are vectors; hardmax compares positions with the largest one's. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Rule } from "../../../graph/rules.ts";

function narrowPositions(node: Node, e: GraphEditor): Patch | undefined {
  const n = e.staticShape(node.inputs[0]!)?.[node.attrs["axis"] as number];
  if (n === undefined || n >= 2 ** 31 || node.attrs["to"] === "i32") return undefined;
  const p = e.patch(node);
  return p.done(p.add("cast", [p.add(node.op, node.inputs, { ...node.attrs, to: "i32" })], { to: "i64" }));
}

function hardmax(node: Node, e: GraphEditor): Patch | undefined {
  const x = node.inputs[0]!;
  const shape = e.staticShape(x);
  const axis = node.attrs["axis"] as number;
  if (shape === undefined || shape.includes(0)) return undefined;
  const p = e.patch(node);
  const n = shape[axis]!;
  const largest = p.add("arg-max", [x], { axis, to: "i32" });
  const all = p.constant("", fromValues("i32", [n, ...shape.slice(axis + 1).map(() => 1)], Array(n).keys()));
  return p.done(p.add("cast", [p.add("equal", [largest, all])], { to: e.value(x).dtype }));
}

export const argExtremeRules: readonly Rule[] = [
  { name: "decompose/narrow-positions", ops: ["arg-max", "arg-min"], rewrite: narrowPositions },
  { name: "decompose/hardmax", ops: ["hardmax"], rewrite: hardmax },
];

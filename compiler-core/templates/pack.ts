/** Puts a matrix into the layout a GEMM kernel reads: column panels, or transposed. Leading axes are a batch. */
import { bug } from "../messages.ts";
import { valueOf } from "../graph/ir.ts";
import * as x from "../tensor/build.ts";
import type { Expr, Stmt } from "../tensor/ir.ts";
import { overRows } from "./points.ts";
import { operand, resultOf, type Template } from "./template.ts";

export const pack: Template = (call) => {
  const { graph, builder, storage, nodes } = call;
  const node = nodes[0] ?? bug("an empty group");
  const [source, target] = [operand(node, 0), resultOf(node)];
  const { layout } = valueOf(graph, target);
  if (layout === "plain") return bug("a reorder to the plain layout", { node: node.name });
  const shape = storage.shape(target);
  // Row panels of a matrix are the column panels of its transposed form.
  const byRows = layout.inner[0]?.axis === shape.length - 2;
  const [k, n] = byRows ? [shape.at(-1) ?? 1, shape.at(-2) ?? 1] : [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
  const transposed = byRows || node.attrs["transpose"] === true;
  const origin = [node.id];
  const batch = shape.slice(0, -2);
  const at = (index: readonly Expr[]): { from: Expr[]; to: Expr[] } => ({
    from: [...index, x.index(0), x.index(0)],
    to: [...index, x.index(0), x.index(0)],
  });
  const panel = layout.inner[0]?.size;
  if (panel === undefined) {
    return overRows(call, [...batch, n], (index) => [
      builder.loop("serial", "p", 0, k, origin, (p) => [
        builder.store(
          { buffer: storage.bufferOf(target), index: [...index, p] },
          storage.readAt(source, { index: transposed ? [...index, p] : [...index.slice(0, -1), p, index.at(-1) ?? x.index(0)] }),
          origin,
        ),
      ]),
    ]);
  }
  const panels = Math.ceil(n / panel);
  const packing = (index: readonly Expr[], first: Expr | number, last: Expr | number): Stmt => {
    const places = at(index);
    return builder.kernel(
      {
        kernel: transposed ? "pack_b_transposed" : "pack_b",
        refs: {
          src: storage.ref(source, { index: places.from }),
          dst: { buffer: storage.bufferOf(target), index: [...places.to, x.index(0)] },
        },
        args: {
          ld: x.index(transposed ? k : n),
          k: x.index(k),
          n: x.index(n),
          first: typeof first === "number" ? x.index(first) : first,
          last: typeof last === "number" ? x.index(last) : last,
        },
        params: { nr: panel },
      },
      origin,
    );
  };
  if (batch.some((d) => d !== 1)) return overRows(call, batch, (index) => [packing(index, 0, panels)]);
  return [
    builder.loop("parallel", "panel", 0, panels, origin, (p) => [
      packing(
        batch.map(() => x.index(0)),
        p,
        x.add(p, x.index(1)),
      ),
    ]),
  ];
};

/** The weight of an integer product in the kernel's layout: panels of columns, four rows interleaved, and the sums of the columns. */
import { bug } from "../../messages.ts";
import { valueOf, type ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { plus } from "../module-builder.ts";
import { operand, type Template } from "../template.ts";

export const packInteger: Template = ({ graph, nodes, builder, storage }) => {
  const node = nodes[0] ?? bug("an empty group");
  const transposed = node.attrs["transB"] === true;
  const [rows, columns] = storage.shape(operand(node, 0)) as readonly [number, number];
  const [k, n] = transposed ? [columns, rows] : [rows, columns];
  const panel = Number(node.attrs["panel"]);
  const [panels, sums] = node.outputs as readonly [ValueId, ValueId];
  const zero = x.index(0);
  const body = (p: Expr): Stmt[] => [
    builder.kernel(
      {
        kernel: valueOf(graph, operand(node, 0)).dtype === "u8" ? "pack_b_u8" : "pack_b_u8s8",
        refs: {
          src: storage.ref(operand(node, 0), { index: [zero, zero] }),
          dst: { buffer: storage.bufferOf(panels), index: [zero, zero, zero, zero] },
          colsum: { buffer: storage.bufferOf(sums), index: [zero] },
        },
        args: {
          k_stride: x.index(transposed ? 1 : columns),
          n_stride: x.index(transposed ? columns : 1),
          k: x.index(k),
          n: x.index(n),
          first: p,
          last: plus(p, 1),
        },
        params: { nr: panel },
      },
      [node.id],
    ),
  ];
  return [builder.loop("parallel", "panel", 0, Math.ceil(n / panel), [node.id], body)];
};

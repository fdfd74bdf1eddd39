/** The right operand of a bf16 product in the kernel's layout: rounded, two rows interleaved, in panels of columns. */
import { bug } from "../../messages.ts";
import { valueOf } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { plus } from "../module-builder.ts";
import { operand, resultOf, type Template } from "../template.ts";

export const packBF16: Template = ({ graph, nodes, builder, storage }) => {
  const node = nodes[0] ?? bug("an empty group");
  const transposed = node.attrs["transB"] === true;
  const [rows, columns] = storage.shape(operand(node, 0)) as readonly [number, number];
  const [k, n] = transposed ? [columns, rows] : [rows, columns];
  const panel = Number(node.attrs["panel"]);
  const zero = x.index(0);
  const body = (p: Expr): Stmt[] => [
    builder.kernel(
      {
        kernel: valueOf(graph, operand(node, 0)).dtype === "bf16" ? "pack_b_bf16" : "pack_b_bf16_from_f32",
        refs: {
          src: storage.ref(operand(node, 0), { index: [zero, zero] }),
          dst: { buffer: storage.bufferOf(resultOf(node)), index: [zero, zero, zero, zero] },
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

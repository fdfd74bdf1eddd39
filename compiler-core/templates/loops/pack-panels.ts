/**
 * The right operand of a product in its kernel's layout: panels of columns, some rows interleaved. Which packing kernel does it follows from the
 * operator and the type of what is packed.
 */
import { bug } from "../../messages.ts";
import { valueOf } from "../../graph/ir.ts";
import type { OpName } from "../../graph/ops/index.ts";
import type { DType } from "../../support/dtype.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Ref, Stmt } from "../../tensor/ir.ts";
import { plus } from "../module-builder.ts";
import { operand, resultOf, type Template } from "../template.ts";

interface Packing {
  readonly kernels: Partial<Readonly<Record<DType, string>>>;
  /** The second result is the sums of the columns. */
  readonly sums: boolean;
}

const packings: Partial<Readonly<Record<OpName, Packing>>> = {
  "pack-integer": { kernels: { i8: "pack_b_u8s8", u8: "pack_b_u8" }, sums: true },
  "pack-bf16": { kernels: { bf16: "pack_b_bf16", f32: "pack_b_bf16_from_f32" }, sums: false },
};

export const packPanels: Template = ({ graph, nodes, builder, storage }) => {
  const node = nodes[0] ?? bug("an empty group");
  const source = operand(node, 0);
  const { dtype } = valueOf(graph, source);
  const { kernels, sums } = packings[node.op] ?? bug(`${node.op} packs nothing`);
  const kernel = kernels[dtype] ?? bug(`${node.op} of ${dtype}`);
  const transposed = node.attrs["transB"] === true;
  const [rows, columns] = storage.shape(source) as readonly [number, number];
  const [k, n] = transposed ? [columns, rows] : [rows, columns];
  const panel = Number(node.attrs["panel"]);
  const zero = x.index(0);
  const colsum = (): Record<string, Ref> => ({ colsum: { buffer: storage.bufferOf(node.outputs[1] ?? bug("no sums")), index: [zero] } });
  const body = (p: Expr): Stmt[] => [
    builder.kernel(
      {
        kernel,
        refs: {
          src: storage.ref(source, { index: [zero, zero] }),
          dst: { buffer: storage.bufferOf(resultOf(node)), index: [zero, zero, zero, zero] },
          ...(sums ? colsum() : {}),
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

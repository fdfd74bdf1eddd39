/** The space of a convolution of 32-bit floats. */
import type { Node } from "../../../graph/ir.ts";
import { bug } from "../../../messages.ts";
import { convShape } from "../../../templates/conv-shape.ts";
import { coreFigures } from "../gemm-cost.ts";
import { convAxes, convPoint, convProblem, convProblemKey, convText, predictConv, type ConvChoice, type ConvPoint } from "../conv-space.ts";
import { paramsKey, type Choice, type SpaceMaker } from "./space.ts";
import { nodeOf } from "../../../graph/find-node.ts";

const what: Readonly<Record<keyof ConvChoice, string>> = {
  height: "channels of a tile of the kernel matrix, at most",
  rowBlocks: "blocks that the output channels are divided in",
  columnBlocks: "blocks that the output positions are divided in",
};

export const convSpace: SpaceMaker = (graph, group, ctx) => {
  const node: Node = nodeOf(graph, group.leader) ?? bug(`group ${group.id} has no leader`);
  const [rows, columns] = [group.params["rows"], group.params["columns"]];
  if (node.op !== "conv-gemm" || typeof rows !== "number" || typeof columns !== "number")
    return { why: `${node.op} has no blocks to choose` };
  const s = convShape(graph, node);
  const p = convProblem(s, ctx);
  const axes = convAxes(p);
  const names = Object.keys(axes) as (keyof ConvChoice)[];
  const figures = coreFigures(ctx.machine, p.isa, p.threads);
  const pointOf = (choice: Choice): ConvPoint =>
    convPoint(Object.fromEntries(names.map((name, i) => [name, axes[name][choice[i] ?? 0] ?? 1])) as unknown as ConvChoice, p);
  const predict = (point: ConvPoint): number => predictConv(figures, p, point);
  const all = axes.height.flatMap((_, h) => axes.rowBlocks.flatMap((__, r) => axes.columnBlocks.map((___, c): Choice => [h, r, c])));
  const before: ConvPoint = { tile: s.tile, rows, columns };
  const key = paramsKey({ ...before });
  return {
    of: { kind: "conv", problem: p },
    key: convProblemKey(p),
    flops: 2 * p.batch * p.groups * p.rows * p.columns * p.k,
    axes: names.map((name) => ({ name, what: what[name], values: axes[name] })),
    before: { ...before },
    chosen: all.find((c) => paramsKey({ ...pointOf(c) }) === key) ?? [0, 0, 0],
    pointOf: (choice) => ({ ...pointOf(choice) }),
    predict: (point) => predict(point as unknown as ConvPoint),
    textOf: (point) => convText(point as unknown as ConvPoint),
    ranked: () =>
      all
        .map((choice) => ({ choice, ns: predict(pointOf(choice)) }))
        .sort((a, b) => a.ns - b.ns)
        .map(({ choice }) => choice),
  };
};

/** The space of several nests over the same rows that were made one. */
import { partsOf } from "../../../templates/chain-parts.ts";
import { coreFigures } from "../gemm-cost.ts";
import { blockRows, chainKey, chainProducts, heightName, predictChain } from "../chain-params.ts";
import type { Params } from "../gemm-problem.ts";
import type { Choice, SpaceMaker } from "./space.ts";

export const chainSpace: SpaceMaker = (graph, group, ctx) => {
  const parts = partsOf(group);
  const products = chainProducts(graph, parts, ctx);
  const [first] = products;
  if (first === undefined) return { why: "none of its products has a tile to choose" };
  const { m } = first.problem;
  const { threads } = ctx.options;
  const rowsOf = Number(group.params["rows"]);
  const rows = [...new Set([rowsOf, ...blockRows(m, threads, first.usual)])].sort((a, b) => b - a);
  const axes = [
    { name: "rows", what: "rows that a thread takes through all parts at a time", values: rows as readonly number[] },
    ...products.map(({ part, heights, problem }) => ({
      name: heightName(part),
      what: `rows of the register tile of part ${part}, ${problem.n} columns, ${problem.k} deep`,
      values: heights,
    })),
  ];
  const figures = coreFigures(ctx.machine, first.problem.isa, threads);
  const pointOf = (choice: Choice): Params => Object.fromEntries(axes.map(({ name, values }, i) => [name, values[choice[i] ?? 0] ?? 1]));
  const before = Object.fromEntries([
    ["rows", rowsOf],
    ...products.map(({ part, usual }) => [heightName(part), Number(parts[part]?.params["mr"] ?? usual)] as const),
  ]) as Params;
  const predict = (point: Params): number => predictChain(figures, m, threads, products, point);
  return {
    of: { kind: "chain" },
    key: chainKey(graph, parts, m, ctx),
    flops: products.reduce((sum, { problem: p }) => sum + 2 * p.m * p.n * p.k, 0),
    axes,
    before,
    chosen: axes.map(({ name, values }) => Math.max(0, values.indexOf(Number(before[name])))),
    pointOf,
    predict,
    textOf: (point) =>
      `${point["rows"]} rows at a time, tiles of ${products.map(({ part, nr }) => `${point[heightName(part)]} x ${nr}`).join(", ")}`,
    ranked: () => {
      const usual = axes.map(({ name, values }) => Math.max(0, values.indexOf(Number(before[name]))));
      // Axis by axis: products do not know of each other, they share the rows of a block.
      return rows
        .map((_, r) =>
          axes.map(({ values }, axis) => {
            if (axis === 0) return r;
            const tried = values.map((__, i) => usual.map((u, a) => (a === 0 ? r : a === axis ? i : u)));
            return tried.reduce((best, c, i) => (predict(pointOf(c)) < predict(pointOf(tried[best] ?? c)) ? i : best), 0);
          }),
        )
        .sort((a, b) => predict(pointOf(a)) - predict(pointOf(b)));
    },
  };
};

/**
 * How threads and cache blocks divide a product of bytes or bf16. A weight is read once per block of rows, few bytes are moved, and layers of one
 * network should agree so that they can be one nest: rows are shared out where every thread gets some, columns where there are fewer rows.
 */
import { staticShape, valueOf, type Graph, type Group, type Node } from "../../graph/ir.ts";
import { operand } from "../../templates/template.ts";
import { dtypeBytes } from "../../support/dtype.ts";
import { bug } from "../../messages.ts";
import type { PassContext } from "../pass.ts";
import { pointText } from "./gemm-cost.ts";
import { packedProblem, pointOfParams, templateParams, type Params } from "./gemm-problem.ts";
import { tiledGroup } from "./tiled-group.ts";
import { tunedPoint } from "./tuned-point.ts";
import { nodeOf } from "../../graph/find-node.ts";

/** A thread that gets fewer rows than this reads the whole weight for little work. */
const leastRows = 8;
/** Weights below this many bytes are in every core's cache: dividing their columns saves nothing. */
const smallWeight = 512 * 512;

const roundUp = (v: number, unit: number): number => Math.ceil(v / unit) * unit;

export function tilePacked(graph: Graph, group: Group, ctx: PassContext): Group {
  const node = nodeOf(graph, group.leader) ?? bug(`group ${group.id} has no leader`);
  const { rows, n, k, panel, bytes } = sizes(graph, node);
  const { threads } = ctx.options;
  const candidates = Array.from({ length: threads }, (_, i) => i + 1)
    .flatMap((ms) => Array.from({ length: Math.floor(threads / ms) }, (_, j) => [ms, j + 1] as const))
    .map(([ms, ns]) => {
      const share = { rows: Math.ceil(rows / ms), cols: ns === 1 ? n : Math.min(n, roundUp(Math.ceil(n / ns), panel)) };
      return { ...share, choice: `${ms} x ${Math.ceil(n / share.cols)}`, cost: cost(share.rows, share.cols, k, rows, n * k * bytes) };
    })
    .sort((a, b) => a.cost - b.cost || b.cols - a.cols);
  const best = candidates[0] ?? { rows, cols: n, choice: "1 x 1", cost: 0 };
  const mc = blockRows(best.rows, k * bytes, ctx.machine.caches.l2);
  ctx.verdict({
    subject: "schedule",
    accepted: true,
    rule: "choose-tiles/threads",
    nodes: [group.leader],
    group: group.id,
    because: `split ${best.choice} (rows x columns) over ${threads} thread${threads === 1 ? "" : "s"}: ${best.rows} rows and ${best.cols} columns each`,
    facts: [
      { name: "m", value: rows },
      { name: "n", value: n },
      { name: "k", value: k },
      { name: "threads", value: threads },
    ],
    alternatives: candidates
      .filter((c, i) => candidates.findIndex((d) => d.choice === c.choice) === i)
      .slice(0, 6)
      .map(({ choice, cost: amount }) => ({ choice, cost: amount, unit: "multiply-adds of the busiest thread" })),
  });
  const usual = { rowsPerThread: best.rows, colsPerThread: best.cols, mc };
  const params = tuned(graph, node, usual, best, group, ctx) ?? usual;
  return tiledGroup(group, params, ctx);
}

/** Parameters of the machine profile, where it has some for this product. */
function tuned(
  graph: Graph,
  node: Node,
  usual: Params,
  best: { readonly cost: number },
  group: Group,
  ctx: PassContext,
): Params | undefined {
  const p = packedProblem(graph, node, ctx);
  if (p === undefined) return undefined;
  const untuned = { text: pointText(pointOfParams(usual, p)), cost: best.cost, unit: "multiply-adds of the busiest thread" };
  const point = tunedPoint(p, untuned, group, ctx);
  return point && templateParams(point, p);
}

interface Sizes {
  readonly rows: number;
  readonly n: number;
  readonly k: number;
  /** Columns of a panel. */
  readonly panel: number;
  /** Of an element. */
  readonly bytes: number;
}

function sizes(graph: Graph, node: Node): Sizes {
  const [a, panels] = [valueOf(graph, operand(node, 0)), valueOf(graph, operand(node, 1))];
  const shape = staticShape(a) ?? [];
  return {
    rows: shape.slice(0, -1).reduce((m, d) => m * d, 1),
    n: Number(node.attrs["n"]),
    k: shape.at(-1) ?? 1,
    panel: staticShape(panels)?.[2] ?? 1,
    bytes: dtypeBytes(a.dtype, 1),
  };
}

/** Products of the busiest thread, and the bytes it has to read at `streamCost` products each. */
function cost(rows: number, cols: number, k: number, allRows: number, weight: number): number {
  const fewRows = rows < Math.min(allRows, leastRows) ? 2 : 1;
  const dividesColumns = weight < smallWeight ? weight : cols * k;
  return rows * cols * k * fewRows + streamCost * (rows * k + dividesColumns);
}

/** Products that one core computes while one byte comes from the last-level cache: 64 a cycle, at 16 bytes a cycle. */
const streamCost = 4;

/** Rows of A that stay in half of the second-level cache while all panels pass by. */
function blockRows(rows: number, rowBytes: number, l2: number): number {
  const most = Math.max(56, Math.floor(l2 / 2 / Math.max(1, rowBytes)));
  return rows <= most ? rows : Math.ceil(rows / Math.ceil(rows / most));
}

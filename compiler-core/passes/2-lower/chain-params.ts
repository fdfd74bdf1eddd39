/** What can be chosen about a chain of nests: rows of a block, and the height of each product's register tile. */
import type { Graph, Group, Node } from "../../graph/ir.ts";
import { f32Lanes } from "../../machine.ts";
import { bug } from "../../messages.ts";
import type { PassContext } from "../pass.ts";
import { isGemmKernel, usualTile } from "./gemm-families.ts";
import { gemmProblem, packedProblem, type Params } from "./gemm-problem.ts";
import { registerTiles, type GemmProblem } from "./gemm-space.ts";
import { gemmShape } from "../../templates/gemm-shape.ts";
import type { CoreFigures } from "./gemm-cost.ts";
import { predictGemm } from "./gemm-cost.ts";
import { nodeOf } from "../../graph/find-node.ts";

type Chosen = Pick<PassContext, "options" | "machine">;

/** A product of a chain whose tile may be chosen: its place among the parts, and its problem with the rows of the whole chain. */
export interface ChainProduct {
  readonly part: number;
  readonly problem: GemmProblem;
  /** Columns of its panels. */
  readonly nr: number;
  /** Heights of tiles with that many columns; the usual one first, where there is one. */
  readonly heights: readonly number[];
  readonly usual: number;
}

const leaderOf = (graph: Graph, part: Group): Node => nodeOf(graph, part.leader) ?? bug(`part ${part.id} has no leader`);

/** The products among the parts that are computed by kernels with a choice of tiles. */
export function chainProducts(graph: Graph, parts: readonly Group[], chosen: Chosen): readonly ChainProduct[] {
  return parts.flatMap((part, i): ChainProduct[] => {
    if (part.template !== "matmul") return [];
    const leader = leaderOf(graph, part);
    const isPlain = leader.op === "matmul" && part.params["kernel"] === "gemm_f32";
    const problem = isPlain ? gemmProblem(graph, leader, gemmShape(graph, leader), chosen) : packedProblem(graph, leader, chosen);
    if (problem === undefined || !isGemmKernel(problem.kernel)) return [];
    const usual = usualTile(problem.kernel, problem.isa);
    const nr = problem.panel ?? Number(part.params["nr"] ?? usual.nr);
    const heights = registerTiles(problem).flatMap(([mr, nv]) => (nv * f32Lanes(problem.isa) === nr ? [mr] : []));
    return [{ part: i, problem, nr, heights, usual: nr === usual.nr ? usual.mr : (heights[0] ?? usual.mr) }];
  });
}

/** How a chain is named in tuned entries. */
export function chainKey(graph: Graph, parts: readonly Group[], m: number, chosen: Chosen): string {
  const products = chainProducts(graph, parts, chosen);
  const named = parts.map((part, i) => {
    const p = products.find((q) => q.part === i)?.problem;
    const ops = part.members.map(({ node }) => nodeOf(graph, node)?.op ?? "?");
    return p === undefined ? `${part.template}(${ops.join("+")})` : `${p.kernel}(${p.n}x${p.k})`;
  });
  const isa = products[0]?.problem.isa ?? "none";
  return `chain m=${m} ${named.join(" ")} isa=${isa} threads=${chosen.options.threads}`;
}

export const heightName = (part: number): string => `mr_${part}`;

/** Blocks that leave every thread as many rows as another, or whole tiles. */
export function blockRows(m: number, threads: number, mr: number): readonly number[] {
  const share = Math.ceil(m / threads);
  const even = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32].map((n) => Math.ceil(share / n));
  const tiles = [1, 2, 3, 4, 6, 8, 12, 16].map((n) => n * mr).filter((rows) => rows < share);
  return [...new Set([...even, ...tiles])].sort((a, b) => b - a);
}

/** Why parameters cannot be used; undefined: they can. */
export function chainParamsProblem(params: Params, m: number, products: readonly ChainProduct[]): string | undefined {
  const rows = Number(params["rows"]);
  if (!Number.isSafeInteger(rows) || rows < 1 || rows > m) return `blocks of ${params["rows"] ?? "no"} rows`;
  const bad = products.find(({ part, heights, usual }) => ![...heights, usual].includes(Number(params[heightName(part)] ?? usual)));
  return bad && `there is no register tile of ${params[heightName(bad.part)]} x ${bad.nr}`;
}

/** A part with the height that was chosen; the usual one is not written down. */
export function withHeight(part: Group, product: ChainProduct | undefined, params: Params): Group {
  if (product === undefined) return part;
  const mr = Number(params[heightName(product.part)] ?? product.usual);
  const { mr: _, ...rest } = part.params;
  return {
    ...part,
    params: mr === product.usual && product.nr === usualTile(product.problem.kernel, product.problem.isa).nr ? rest : { ...rest, mr },
  };
}

/** Nanoseconds that the busiest thread takes for the products; what is between them is the same at every point. */
export function predictChain(f: CoreFigures, m: number, threads: number, products: readonly ChainProduct[], params: Params): number {
  const rows = Number(params["rows"]);
  const waves = Math.ceil(Math.ceil(m / rows) / threads);
  const each = products.map(({ part, problem, nr, usual }) => {
    const p = { ...problem, m: rows, threads };
    const mr = Number(params[heightName(part)] ?? usual);
    const point = { rowsPerThread: rows, colsPerThread: p.n, mr, nr, mc: rows, nc: p.n, kc: p.k, order: "rows", copyA: 0 } as const;
    return predictGemm({ ...f, barrierNs: 0 }, p, point);
  });
  return waves * each.reduce((a, b) => a + b, 0) + f.barrierNs;
}

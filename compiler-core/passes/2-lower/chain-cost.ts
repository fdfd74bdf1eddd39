/**
 * Does it pay to take rows through several layers at once? Against it: a layer that shares out columns reads less of its weight per thread.
 * For it: a barrier less per layer, and rows that are still in the thread's own cache.
 */
import { valueOf, type Group } from "../../graph/ir.ts";
import { f32Lanes, resolveIsa } from "../../machine.ts";
import type { Fact, Verdict } from "../../protocol/trace.ts";
import { operand, resultOf } from "../../templates/template.ts";
import { chainKey, chainParamsProblem, chainProducts, withHeight } from "./chain-params.ts";
import type { Params } from "./gemm-problem.ts";
import { tunedParams } from "./tuned-point.ts";
import { dtypeBytes } from "../../support/dtype.ts";
import { barrierCycles } from "../3-tensor/work.ts";
import type { PassContext } from "../pass.ts";
import type { NestRefusal } from "./match-attention.ts";
import { isProduct, type Chain } from "./match-chain.ts";
import { bytesPerCycle } from "./nest-cost.ts";
import type { NestIndex } from "./nest-index.ts";

export interface ChainPlan {
  /** With the numbers of their templates: all share out the same rows, no columns. */
  readonly parts: readonly Group[];
  readonly rows: number;
  readonly because: string;
  readonly facts: readonly Fact[];
  readonly alternatives: NonNullable<Verdict["alternatives"]>;
}

interface Layer {
  readonly n: number;
  readonly k: number;
  /** Steps of k of each thread, as choose-tiles divided them. */
  readonly steps: number;
  /** Bytes of an element of the left operand and of the weight. */
  readonly bytes: number;
  /** Multiply-adds a cycle. */
  readonly rate: number;
  /** What choose-tiles gave each thread. */
  readonly rows: number;
  readonly cols: number;
}

export function planChain(index: NestIndex, chain: Chain, ctx: PassContext): ChainPlan | NestRefusal | undefined {
  const { threads } = ctx.options;
  const layers = chain.parts.filter((p) => isProduct(index, p)).map((p) => layerOf(index, p, chain.m, ctx));
  const share = Math.ceil(chain.m / threads);
  const barrier = barrierCycles(ctx.machine, threads);
  const apart =
    layers.reduce((sum, l) => sum + cycles({ ...l, k: l.steps }, l.rows, l.cols, ctx), 0) +
    (threads > 1 ? (chain.parts.length - 1) * barrier : 0);
  const together = layers.reduce((sum, l) => sum + cycles(l, share, l.n, ctx), 0);
  const facts: Fact[] = [
    { name: "rows", value: chain.m },
    { name: "rows per thread", value: share },
    { name: "nests", value: chain.parts.length },
    { name: "barrier", value: Math.round(barrier), unit: "cycles" },
    { name: "apart", value: Math.round(apart), unit: "cycles of the busiest thread" },
    { name: "together", value: Math.round(together), unit: "cycles of the busiest thread" },
  ];
  const choices = [
    { choice: "one nest", cost: Math.round(together), unit: "cycles of the busiest thread" },
    { choice: "a nest each", cost: Math.round(apart), unit: "cycles of the busiest thread" },
  ].sort((a, b) => a.cost - b.cost);
  if (together > apart) return refusal(index, chain, facts, together, apart);
  const { rows, parts } = sharedOut(index, chain, blockOf(layers, share, ctx), together, ctx);
  const kept = Math.max(...chain.parts.map((p) => widthOf(index, p)));
  return {
    parts,
    rows,
    because: `one nest of ${chain.parts.length}: all are shared out by rows, so a thread takes ${rows} of ${chain.m} rows through them, up to ${Math.ceil((rows * kept) / 1024)} KiB at a time, and waits for nobody in between`,
    facts,
    alternatives: choices,
  };
}

/** The parts on blocks of `usual` rows, unless the machine profile has parameters for this chain. */
function sharedOut(index: NestIndex, chain: Chain, usual: number, cost: number, ctx: PassContext): Pick<ChainPlan, "rows" | "parts"> {
  const products = chainProducts(index.graph, chain.parts, ctx);
  const untuned = { text: `${usual} rows at a time`, cost, unit: "cycles of the busiest thread" };
  const wrong = (params: Params): string | undefined => chainParamsProblem(params, chain.m, products);
  const key = chainKey(index.graph, chain.parts, chain.m, ctx);
  const [first] = chain.parts;
  const params = first && tunedParams(key, wrong, untuned, first, ctx, "chain-nests/tuned");
  const rows = Number(params?.["rows"] ?? usual);
  const product = (i: number) => products.find((p) => p.part === i);
  const parts = chain.parts.map((p) => onRows(index, p, rows));
  return { rows, parts: params === undefined ? parts : parts.map((p, i) => withHeight(p, product(i), params)) };
}

function layerOf(index: NestIndex, part: Group, m: number, ctx: PassContext): Layer {
  const node = index.leader(part);
  const [left, right] = [index.shape(operand(node, 0)), operand(node, 1)];
  const last = index.shape(resultOf(node)).at(-1) ?? 1;
  const { dtype } = valueOf(index.graph, operand(node, 0));
  const lanes = f32Lanes(resolveIsa(ctx.options.isa, ctx.machine));
  const bytes = dtypeBytes(dtype, 1);
  const n = typeof node.attrs["n"] === "number" ? node.attrs["n"] : last;
  const [rows, cols] = ["rowsPerThread", "colsPerThread"].map((name) => part.params[name]);
  return {
    n,
    k: left.at(-1) ?? 1,
    steps: Math.ceil((left.at(-1) ?? 1) / (typeof part.params["parts"] === "number" ? part.params["parts"] : 1)),
    bytes: valueOf(index.graph, right).dtype === "f32" ? 4 : bytes,
    rate: (lanes * 4) / bytes,
    rows: Math.min(m, typeof rows === "number" ? rows : Math.ceil(m / ctx.options.threads)),
    cols: Math.min(n, typeof cols === "number" ? cols : n),
  };
}

/** Share of the time to bring in a weight that multiply-adds do not hide. */
const notHidden = 0.1;

/** Multiply-adds, beside the part of the weight that has to be brought in. */
function cycles(l: Layer, rows: number, cols: number, ctx: PassContext): number {
  const weight = l.n * l.k * l.bytes;
  const level = weight <= ctx.machine.caches.l2 / 2 ? "l2" : "l3";
  const work = (rows * Math.ceil(cols / 16) * 16 * l.k) / l.rate;
  const stream = (cols * l.k * l.bytes) / bytesPerCycle(ctx.machine, level);
  return Math.max(work, stream) + notHidden * stream;
}

/** Rows of a block: all of a thread's, unless their widest layers leave the second-level cache while all weights stay in it. */
function blockOf(layers: readonly Layer[], share: number, ctx: PassContext): number {
  const { l2 } = ctx.machine.caches;
  const weights = layers.reduce((sum, l) => sum + l.n * l.k * l.bytes, 0);
  const row = Math.max(...layers.map((l) => (l.n + l.k) * l.bytes));
  if (share * row <= l2 / 2 || weights > l2 / 2) return share;
  const blocks = Math.ceil((share * row) / (l2 / 4));
  return Math.max(1, Math.ceil(share / blocks));
}

/** Bytes of a row that a part hands on. */
function widthOf(index: NestIndex, part: Group): number {
  const value = index.members(part).at(-1)?.outputs[0];
  return value === undefined ? 0 : (index.shape(value).at(-1) ?? 1) * dtypeBytes(valueOf(index.graph, value).dtype, 1);
}

/** The part, shared out by `rows` rows. */
function onRows(index: NestIndex, part: Group, rows: number): Group {
  if (part.template === "matmul-rows")
    return { ...part, params: { ...part.params, share: rows, rows: Math.min(rows, Number(part.params["rows"])) } };
  if (part.template !== "matmul") return part;
  const n = index.leader(part).attrs["n"];
  const cols = typeof n === "number" ? n : (index.shape(resultOf(index.leader(part))).at(-1) ?? 1);
  // Nobody divides the depth inside of a nest.
  const { parts, ...params } = part.params;
  const whole: Group["params"] = parts === undefined ? {} : { kc: index.shape(operand(index.leader(part), 0)).at(-1) ?? 1 };
  return { ...part, params: { ...params, ...whole, rowsPerThread: rows, colsPerThread: cols, mc: Math.min(rows, Number(params["mc"])) } };
}

/** About the first edge between two parts; undefined where they only stand side by side. */
function refusal(index: NestIndex, chain: Chain, facts: readonly Fact[], together: number, apart: number): NestRefusal | undefined {
  const because = `not one nest: sharing out rows alone takes ${Math.round(together)} cycles, with columns and a barrier after each ${Math.round(apart)}`;
  for (const part of chain.parts)
    for (const to of index.members(part))
      for (const value of to.inputs) {
        const from = value === null ? undefined : index.maker(value);
        if (from === undefined || value === null || !chain.parts.includes(index.groupOf(from)) || index.groupOf(from) === part) continue;
        return { rule: "chain-nests/columns", because, facts, from, to, value };
      }
  return undefined;
}

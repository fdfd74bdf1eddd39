/** A match of nests as one group, with the numbers of its template; or why they stay apart. */
import { placeOf } from "../../graph/find-node.ts";
import { elements, valueOf, type Group, type Node } from "../../graph/ir.ts";
import { gemmF32Tile } from "../../kernels/index.ts";
import { f32Lanes, resolveIsa } from "../../machine.ts";
import { bug } from "../../messages.ts";
import type { Fact, Verdict } from "../../protocol/trace.ts";
import type { GemmShape } from "../../templates/gemm-shape.ts";
import { causalOf } from "../../templates/attention/causal.ts";
import { nestShape, softmaxPart, type NestAnchor, type NestShape } from "../../templates/attention/shape.ts";
import { operand } from "../../templates/template.ts";
import type { PassContext } from "../pass.ts";
import { parallelism } from "./admission.ts";
import { stridesOf, type NestMatch, type NestRefusal } from "./match-attention.ts";
import { divisions, nestPlans, type Division, type NestPlan, type NestSizes } from "./nest-cost.ts";
import type { NestIndex } from "./nest-index.ts";
import { nestProducts, type NestProduct, type NestProducts } from "./nest-products.ts";
import type { PairLookup } from "./node-pairs.ts";
import { isCollidingPitch } from "./storage-plan.ts";

export interface MergedNestPlan {
  readonly one: Group;
  readonly parts: readonly Group[];
  readonly because: string;
  /** What was decided about the kernels of its products. */
  readonly kernels: readonly Verdict[];
  readonly facts: readonly Fact[];
  readonly alternatives: NonNullable<Verdict["alternatives"]>;
}

export const isRefusalOfNest = (answer: MergedNestPlan | NestRefusal): answer is NestRefusal => "from" in answer;

export function mergeAttention(
  index: NestIndex,
  found: NestMatch,
  taken: ReadonlySet<number>,
  pairs: PairLookup,
  ctx: PassContext,
): MergedNestPlan | NestRefusal {
  const match = found.mix !== undefined && taken.has(found.mix.id) ? { ...found, mix: undefined, place: [], pre: [] } : found;
  const forbidden = forbiddenPart(index, match, pairs);
  if (forbidden !== undefined)
    return refuse(index, match, "merge-nests/forbidden", "not one nest: a pair in it is forbidden in the options", []);
  const members = membersOf(index, match);
  const nodes = members.map((m) => index.node(m.node));
  const nest = nestShape(index.graph, members, nodes);
  const products = nestProducts(index, nest, ctx);
  const sizes = sizesOf(index, nest, products, ctx);
  const plans = nestPlans(sizes, ctx.machine);
  const [plan] = plans;
  const [division] = plan === undefined ? [] : divisions(sizes, plan, ctx.machine);
  if (plan === undefined || division === undefined) return refuse(index, match, "merge-nests/no-plan", "not one nest: it has no rows", []);
  const past = pastCaches(index, match, sizes, division, ctx);
  const cost = [...costs(nest, sizes, division, plan), ...(past ?? [])];
  const dear = match.mix === undefined ? tooDear(index, match, sizes, plan, division, ctx) : undefined;
  if (dear !== undefined && !forced(index, match, pairs)) return dear;
  const parts = [
    match.scores,
    ...(match.rows ? [match.rows] : []),
    ...(match.mix ? [match.mix] : []),
    ...match.views,
    ...match.place,
    ...match.pre,
  ];
  const id = Math.max(...parts.map((p) => p.id));
  const template = match.mix === undefined ? "matmul-rows" : "attention";
  const kind = match.mix === undefined ? "rows" : "attention";
  const one: Group = {
    id,
    name: `${kind}_${id}_${index.leader(match.scores).op}`,
    template,
    members,
    leader: match.scores.leader,
    phase: match.scores.phase,
    params: {
      variant: plan.variant,
      rows: Math.min(plan.rows, division.share),
      share: division.share,
      keys: plan.keys,
      nr: gemmF32Tile(resolveIsa(ctx.options.isa, ctx.machine)).nr,
      packB: packs(index, nest.scores, nest.s, division, plan) ? 1 : 0,
      packV: nest.mix !== undefined && nest.o !== undefined && packs(index, nest.mix, nest.o, division, plan) ? 1 : 0,
      copyA: collides(index, nest) ? 1 : 0,
      ...(past === undefined ? {} : { stream: 1 }),
      ...narrowParams("scores", products.scores),
      ...narrowParams("mix", products.mix),
    },
  };
  return {
    one,
    parts: [...new Set(parts)],
    because: sentence(nest, plan, division, sizes),
    kernels: [products.scores.verdict, products.mix.verdict].filter((v) => v !== undefined),
    facts: cost,
    alternatives: best(plans).map((p) => ({
      choice: planName(p),
      cost: Math.round(p.cost),
      unit: "cycles per row beside the multiply-adds",
    })),
  };
}

/** The cheapest of each variant first, then the others. */
function best(plans: readonly NestPlan[]): readonly NestPlan[] {
  const firsts = ["rows", "online"].flatMap((v) => plans.find((p) => p.variant === v) ?? []);
  return [...firsts, ...plans.filter((p) => !firsts.includes(p))].sort((a, b) => a.cost - b.cost).slice(0, 6);
}

const planName = (p: NestPlan): string =>
  p.variant === "rows" ? `whole rows, ${p.rows} at a time` : `online softmax, ${p.rows} rows by ${p.keys} columns`;

function sentence(nest: NestShape, plan: NestPlan, division: Division, s: NestSizes): string {
  const what = nest.mix === undefined ? "the product's rows stay on a thread" : "both products and what is between them";
  const where = `${planName(plan)}, in ${Math.round(plan.footprint / 1024)} KiB of scratch`;
  return `one nest: ${what}: ${where}, shared out as ${division.pieces} pieces of ${division.share} of ${s.m} rows`;
}

function costs(nest: NestShape, s: NestSizes, division: Division, plan: NestPlan): readonly Fact[] {
  const made = nest.mix === undefined ? "product" : "scores";
  return [
    { name: made, value: `${s.batches} x ${s.m} x ${s.n}` },
    {
      name: nest.mix === undefined ? "of it that is never in memory" : "scores that are never in memory",
      value: 4 * s.batches * s.m * s.n,
      unit: "B",
    },
    { name: "scratch per thread", value: plan.footprint, unit: "B" },
    { name: "pieces", value: division.pieces },
    { name: "threads", value: s.threads },
    { name: "parallelism", value: parallelism(division.pieces, s.threads) },
    ...(s.causal === undefined
      ? []
      : [{ name: "scores that a causal mask hides", value: hiddenShare(s, plan.rows), unit: "% not computed" }]),
    ...(nest.mix === undefined ? [] : [{ name: "variant", value: plan.variant }]),
  ];
}

/** Of a square of scores, blocks of `rows` rows leave out what lies above the diagonal of blocks. */
const hiddenShare = (s: NestSizes, rows: number): number => (rows >= s.m ? 0 : Math.max(0, Math.round(50 * (1 - rows / (s.causal ?? 1)))));

/** Members in the order of the graph, each with its part in the nest. */
function membersOf(index: NestIndex, match: NestMatch): Group["members"] {
  const anchors = new Map<number, NestAnchor>();
  const mark = (groups: readonly (Group | undefined)[], anchor: NestAnchor): void => {
    for (const g of groups) for (const m of g?.members ?? []) anchors.set(m.node, anchor);
  };
  mark([match.scores], "scores");
  mark([match.rows], "row");
  mark([match.mix], "mix");
  mark(match.place, "place");
  mark(match.views, "view");
  mark(match.pre, "pre");
  const place = (id: number): number => placeOf(index.graph, id) ?? bug(`no node ${id}`);
  return [...anchors].map(([node, anchor]) => ({ node, anchor })).sort((a, b) => place(a.node) - place(b.node));
}

const narrowParams = (name: "scores" | "mix", p: NestProduct): Readonly<Record<string, string | number>> =>
  p.nr === 0 ? {} : { [`${name}Kernel`]: p.kernel, [`${name}Columns`]: p.nr };

function sizesOf(index: NestIndex, nest: NestShape, products: NestProducts, ctx: PassContext): NestSizes {
  const isa = resolveIsa(ctx.options.isa, ctx.machine);
  const causal = causalOf(index.graph, nest);
  return {
    batches: elements(nest.s.batch),
    m: nest.s.m,
    n: nest.s.n,
    k: nest.s.k,
    depth: nest.o?.n ?? 0,
    mr: gemmF32Tile(isa).mr,
    lanes: f32Lanes(isa),
    bytes: { keys: products.scores.bytes, values: products.mix.bytes },
    threads: ctx.options.threads,
    packs: [
      { node: nest.scores, shape: nest.s },
      { node: nest.mix, shape: nest.o },
    ].some(({ node, shape }) => node && shape && shape.bLayout !== "panels" && !isReadInPlace(index, node, shape)),
    canBeOnline: nest.mix !== undefined && softmaxPart(index.graph, nest) !== undefined,
    ...(causal === undefined ? {} : { causal: causal.rows }),
  };
}

/**
 * A result of the graph that nobody here reads is written past the caches, where it and the operands are more than the last of them holds: its
 * lines need not be read first, and push nothing out.
 */
function pastCaches(index: NestIndex, match: NestMatch, s: NestSizes, division: Division, ctx: PassContext): readonly Fact[] | undefined {
  const { mix, place } = match;
  const last = place.at(-1) ?? mix;
  const leaving = last === undefined ? [] : index.escaping(last);
  const [value] = leaving;
  if (mix === undefined || value === undefined || leaving.length !== 1 || division.pieces < 2 || s.depth % 16 !== 0) return undefined;
  const isLast = index.isOutput(value) && index.users(value).length === 0 && valueOf(index.graph, value).dtype === "f32";
  const bytes = s.batches * (s.m * s.k * 4 + s.n * (s.k * (s.bytes?.keys ?? 4) + s.depth * (s.bytes?.values ?? 4)) + s.m * s.depth * 4);
  if (!isLast || bytes <= ctx.machine.caches.l3) return undefined;
  return [
    { name: "operands and result", value: bytes, unit: "B" },
    { name: "written past the caches", value: index.bytes(value), unit: "B" },
  ];
}

/** Fewer rows read each element of the right operand so rarely that a copy of it does not pay. */
const rowsWorthPacking = 16;
const packs = (index: NestIndex, node: Node, s: GemmShape, division: Division, plan: NestPlan): boolean =>
  s.bLayout !== "panels" && !isReadInPlace(index, node, s) && (division.share >= rowsWorthPacking || plan.variant === "online");

/**
 * Rows of whole cache lines that do not share cache sets are as good as panels: a register tile reads two lines of each, and has time for them
 * to come from the second-level cache.
 */
function isReadInPlace(index: NestIndex, node: Node, s: GemmShape): boolean {
  const strides = stridesOf(index, operand(node, 1));
  const [row, col] = [strides?.at(-2) ?? 0, strides?.at(-1) ?? 0];
  const lines = strides?.every((d, axis) => axis === strides.length - 1 || d % 16 === 0) === true;
  return s.bLayout === "rows" && node.attrs["transB"] !== true && col === 1 && lines && s.n % 16 === 0 && !isCollidingPitch(row);
}

function collides(index: NestIndex, nest: NestShape): boolean {
  const row = stridesOf(index, operand(nest.scores, 0))?.at(-2) ?? 1;
  return nest.s.m >= 8 && nest.s.n >= 64 && isCollidingPitch(row);
}

/** One product and its rows: apart, columns can be shared out, too, and a block of rows is not bound to be as wide as the row is long. */
function tooDear(
  index: NestIndex,
  match: NestMatch,
  s: NestSizes,
  plan: NestPlan,
  division: Division,
  ctx: PassContext,
): NestRefusal | undefined {
  const apart = s.batches * Math.ceil(s.m / param(match.scores, "rowsPerThread")) * Math.ceil(s.n / param(match.scores, "colsPerThread"));
  const [before, after] = [parallelism(Math.max(apart, 1), s.threads), parallelism(division.pieces, s.threads)];
  if (Math.min(apart, s.threads) > division.pieces || after < before)
    return refuse(
      index,
      match,
      "merge-nests/parallelism",
      `not one nest: whole rows on a thread leave ${division.pieces} pieces for ${s.threads} threads (parallelism ${before} -> ${after})`,
      [
        { name: "pieces apart", value: apart },
        { name: "pieces together", value: division.pieces },
        { name: "threads", value: s.threads },
      ],
    );
  const limit = ctx.machine.caches.l2 / 2;
  if (plan.footprint > limit)
    return refuse(
      index,
      match,
      "merge-nests/footprint",
      `not one nest: ${plan.rows} whole rows take ${Math.round(plan.footprint / 1024)} KiB, more than half of the second-level cache`,
      [
        { name: "scratch", value: plan.footprint, unit: "B" },
        { name: "limit", value: limit, unit: "B" },
      ],
    );
  return undefined;
}

const param = (g: Group, name: string): number => Math.max(1, Number(g.params[name] ?? 1));

function refuse(index: NestIndex, match: NestMatch, rule: string, because: string, facts: readonly Fact[]): NestRefusal {
  const { from, to, value } = firstEdge(index, match);
  return { rule, because, facts, from, to, value };
}

/** The edge from the product to what follows it. */
function firstEdge(index: NestIndex, match: NestMatch): Pick<NestRefusal, "from" | "to" | "value"> {
  const inside = new Set([...(match.rows ? [match.rows] : []), ...(match.mix ? [match.mix] : []), ...match.views]);
  for (const value of index.escaping(match.scores)) {
    const to = index.users(value).find((u) => inside.has(index.groupOf(u)));
    const from = index.maker(value);
    if (to !== undefined && from !== undefined) return { from, to, value };
  }
  const leader = index.leader(match.scores);
  return { from: leader, to: leader, value: leader.outputs[0] ?? 0 };
}

const partsOf = (m: NestMatch): readonly Group[] => [
  m.scores,
  ...(m.rows ? [m.rows] : []),
  ...(m.mix ? [m.mix] : []),
  ...m.views,
  ...m.place,
];

/** A node that the user wants apart from another part of the nest. */
function forbiddenPart(index: NestIndex, match: NestMatch, pairs: PairLookup): Node | undefined {
  const parts = partsOf(match);
  return parts.flatMap((p) => index.members(p)).find((n) => parts.some((q) => index.groupOf(n) !== q && pairs.forbids(q, n)));
}

const forced = (index: NestIndex, match: NestMatch, pairs: PairLookup): boolean =>
  match.rows !== undefined && index.members(match.rows).some((n) => pairs.forces(match.scores, n));

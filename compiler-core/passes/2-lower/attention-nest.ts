/** A match of nests as one group, with the numbers of its template; or why they stay apart. */
import { elements, type Group, type Node } from "../../graph/ir.ts";
import { gemmF32Tile } from "../../kernels/index.ts";
import { f32Lanes, resolveIsa } from "../../machine.ts";
import type { Fact, Verdict } from "../../protocol/trace.ts";
import type { GemmShape } from "../../templates/gemm-shape.ts";
import { nestShape, softmaxPart, type NestAnchor, type NestShape } from "../../templates/attention/shape.ts";
import { operand } from "../../templates/template.ts";
import type { PassContext } from "../pass.ts";
import { parallelism } from "./admission.ts";
import { stridesOf, type NestMatch, type NestRefusal } from "./match-attention.ts";
import { divisions, nestPlans, type Division, type NestPlan, type NestSizes } from "./nest-cost.ts";
import type { NestIndex } from "./nest-index.ts";
import type { PairLookup } from "./node-pairs.ts";
import { isCollidingPitch } from "./storage-plan.ts";

export interface MergedNestPlan {
  readonly one: Group;
  readonly parts: readonly Group[];
  readonly because: string;
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
  const sizes = sizesOf(index, nest, ctx);
  const plans = nestPlans(sizes, ctx.machine);
  const [plan] = plans;
  const [division] = plan === undefined ? [] : divisions(sizes, plan, ctx.machine);
  if (plan === undefined || division === undefined) return refuse(index, match, "merge-nests/no-plan", "not one nest: it has no rows", []);
  const cost = costs(nest, sizes, division, plan);
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
      packB: packs(nest.s, division, plan) ? 1 : 0,
      packV: nest.o !== undefined && packs(nest.o, division, plan) ? 1 : 0,
      copyA: collides(index, nest) ? 1 : 0,
    },
  };
  return {
    one,
    parts: [...new Set(parts)],
    because: sentence(nest, plan, division, sizes),
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
  return [
    { name: "scores", value: `${s.batches} x ${s.m} x ${s.n}` },
    { name: "scores that are never in memory", value: 4 * s.batches * s.m * s.n, unit: "B" },
    { name: "scratch per thread", value: plan.footprint, unit: "B" },
    { name: "pieces", value: division.pieces },
    { name: "threads", value: s.threads },
    { name: "parallelism", value: parallelism(division.pieces, s.threads) },
    ...(nest.mix === undefined ? [] : [{ name: "variant", value: plan.variant }]),
  ];
}

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
  return index.graph.nodes.flatMap((n) => {
    const anchor = anchors.get(n.id);
    return anchor === undefined ? [] : [{ node: n.id, anchor }];
  });
}

function sizesOf(index: NestIndex, nest: NestShape, ctx: PassContext): NestSizes {
  const isa = resolveIsa(ctx.options.isa, ctx.machine);
  return {
    batches: elements(nest.s.batch),
    m: nest.s.m,
    n: nest.s.n,
    k: nest.s.k,
    depth: nest.o?.n ?? 0,
    mr: gemmF32Tile(isa).mr,
    lanes: f32Lanes(isa),
    threads: ctx.options.threads,
    packs: nest.s.bLayout !== "panels" || (nest.o !== undefined && nest.o.bLayout !== "panels"),
    canBeOnline: nest.mix !== undefined && softmaxPart(index.graph, nest) !== undefined,
  };
}

/** Fewer rows read each element of the right operand so rarely that a copy of it does not pay. */
const rowsWorthPacking = 16;
const packs = (s: GemmShape, division: Division, plan: NestPlan): boolean =>
  s.bLayout !== "panels" && (division.share >= rowsWorthPacking || plan.variant === "online");

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

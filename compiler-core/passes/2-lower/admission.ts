/**
 * May a node be computed inside the loop nest of a group? A ladder of named rules: the first that has an opinion decides, and
 * says so with the numbers it compared. Anchors: `tile` = on a finished register tile of the matmul, `row` = inside the loop over rows
 * while the row is in cache, `point` = on the element just computed.
 */
import { elements, staticShape, valueOf, type Graph, type Node, type ValueId } from "../../graph/ir.ts";
import type { Fact } from "../../protocol/trace.ts";
import type { PassContext } from "../pass.ts";
import { reducesLastAxes, type Draft, type TemplateName } from "./draft.ts";
import type { PairLookup } from "./node-pairs.ts";
import { nodeKind } from "./node-kind.ts";

export interface Admission {
  readonly accepted: boolean;
  readonly rule: string;
  readonly because: string;
  readonly facts: readonly Fact[];
  /** Where inside the nest, when accepted. */
  readonly anchor?: string;
  /** The template the group changes to, when accepting needs it. */
  readonly template?: TemplateName;
}

export interface AdmissionContext {
  /** Id of the latest group that the node takes an input from. */
  readonly latest: number;
  readonly ctx: PassContext;
  readonly pairs: PairLookup;
}

interface Question extends AdmissionContext {
  readonly graph: Graph;
  readonly node: Node;
  readonly draft: Draft;
  readonly kind: ReturnType<typeof nodeKind>["kind"];
  readonly shape: readonly number[];
}

type Rule = (q: Question) => Omit<Admission, "rule"> | undefined;

/** In order: what the user said, what can never fuse, what the templates offer, what it would cost. */
const ladder: Readonly<Record<string, Rule>> = {
  forbidden: (q) => (q.pairs.forbids(q.draft, q.node) ? no("not fused: this pair is forbidden in the options") : undefined),

  "first-run": (q) =>
    q.draft.leader.phase === q.node.phase ? undefined : no("not fused: the producer is constant work, done once at the first run"),

  view: (q) =>
    q.draft.template === "view"
      ? no("nothing to fuse: the producer is a view, read in place")
      : q.kind === "view"
        ? no("nothing to fuse: the consumer only renames elements, no code")
        : undefined,

  hole: (q) =>
    q.draft.template === "hole" ? no("not fused: the producer runs on ONNX Runtime, its result is handed over in memory") : undefined,

  "own-nest": (q) =>
    ["matmul", "conv", "conv-last", "pack", "concat", "gather", "copy", "loops", "unsupported"].includes(q.kind)
      ? no(`not fused: ${q.node.op} needs a loop nest of its own, and ${q.draft.leader.op} already leads this one`)
      : undefined,

  movement: (q) =>
    ["concat", "gather", "copy", "pack", "reduce", "loops"].includes(q.draft.template)
      ? no(`not fused: the ${q.draft.template} template has no anchor`)
      : undefined,

  "needs-row": (q) =>
    q.kind === "reduce" && ["matmul", "conv", "conv-last"].includes(q.draft.template)
      ? no(`not fused: the reduction needs whole rows, but the ${q.draft.template} finishes one tile or block at a time`, [
          { name: "row", value: q.draft.space.at(-1) ?? 1, unit: "elements" },
        ])
      : undefined,

  "last-axis": (q) =>
    q.kind === "reduce" && !reducesLastAxes(q.graph, q.node)
      ? no("not fused: the reduction is not over the last axis, so rows do not lie together")
      : undefined,

  space: (q) => {
    const want = q.draft.space;
    const have = q.kind === "reduce" ? inputShape(q) : q.shape;
    if (sameShape(want, have)) return undefined;
    const perRow = q.draft.template === "rows" && sameShape(rowShape(want), have);
    return perRow
      ? undefined
      : no(`not fused: the nest runs over ${shapeName(want)}, the consumer over ${shapeName(have)}`, [
          { name: "nest", value: shapeName(want) },
          { name: "consumer", value: shapeName(have) },
          ...(elements(have) > elements(want)
            ? [{ name: "recomputation", value: elements(have) / Math.max(1, elements(want)), unit: "times" }]
            : []),
        ]);
  },

  "same-row": (q) => {
    const rows = q.draft.space.slice(0, -1);
    const other = q.node.inputs.find((v) => v !== null && q.draft.produced.has(v) && !sameShape(rowsOf(q, v), rows));
    return other == null
      ? undefined
      : no("not fused: the consumer reads a result of other rows than the one it computes, which is not there yet", [
          { name: "nest", value: shapeName(q.draft.space) },
          { name: "operand", value: shapeName(staticShape(valueOf(q.graph, other)) ?? []) },
        ]);
  },

  order: (q) =>
    q.latest > q.draft.id
      ? no(`not fused: another input comes from group ${q.latest}, which runs after group ${q.draft.id}`, [
          { name: "group", value: q.draft.id },
          { name: "latest input", value: q.latest },
        ])
      : undefined,

  parallelism: (q) => {
    if (q.kind !== "reduce" || q.draft.template !== "points") return undefined;
    const threads = q.ctx.options.threads;
    const before = parallelism(elements(q.draft.space), threads);
    const rows = elements(rowShape(q.draft.space));
    const after = parallelism(rows, threads);
    return after >= before || elements(q.draft.space) < smallWork || q.pairs.forces(q.draft, q.node)
      ? undefined
      : no(`not fused: whole rows on a thread leave ${rows} rows for ${threads} threads (parallelism ${before} -> ${after})`, [
          { name: "parallelism before", value: before },
          { name: "parallelism after", value: after },
          { name: "rows", value: rows },
        ]);
  },
};

/** The extents of an operand before the last axis, as broadcasting lays them along those of the nest. */
function rowsOf(q: Question, operand: ValueId): readonly number[] {
  const shape = staticShape(valueOf(q.graph, operand)) ?? [];
  const missing = Math.max(0, q.draft.space.length - shape.length);
  return [...new Array<number>(missing).fill(1), ...shape].slice(0, -1);
}

/** Below this many elements a nest is so short that idle threads do not matter. */
const smallWork = 16384;

/** Asks the ladder. `latest` etc. describe the node's other inputs. */
export function admit(graph: Graph, node: Node, draft: Draft, context: AdmissionContext): Admission {
  const shape = staticShape(valueOf(graph, node.outputs[0] ?? 0)) ?? [];
  const q: Question = { ...context, graph, node, draft, kind: nodeKind(graph, node).kind, shape };
  for (const [name, rule] of Object.entries(ladder)) {
    const answer = rule(q);
    if (answer !== undefined) return { ...answer, rule: `fuse/${name}` };
  }
  return welcome(q);
}

function welcome(q: Question): Admission {
  const facts: Fact[] = [{ name: "nest", value: shapeName(q.draft.space) }];
  if (q.draft.template === "matmul" || q.draft.template === "conv-last")
    return {
      accepted: true,
      rule: "fuse/tile",
      anchor: "tile",
      facts,
      because: "fused: computed on the register tile before it is stored",
    };
  if (q.draft.template === "conv")
    return {
      accepted: true,
      rule: "fuse/block",
      anchor: "block",
      facts,
      because: "fused: computed on the block of the result while it is in cache",
    };
  if (q.draft.template === "rows" || q.kind === "reduce")
    return {
      accepted: true,
      rule: "fuse/row",
      anchor: "row",
      template: "rows",
      facts,
      because: "fused: computed on the row while it is in the nearest cache",
    };
  return {
    accepted: true,
    rule: "fuse/point",
    anchor: "point",
    facts,
    because: "fused: computed on the element while it is in a register",
  };
}

const no = (because: string, facts: readonly Fact[] = []): Omit<Admission, "rule"> => ({ accepted: false, because, facts });
const inputShape = (q: Question): readonly number[] => staticShape(valueOf(q.graph, q.node.inputs[0] ?? 0)) ?? [];
const sameShape = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((d, i) => d === b[i]);
const shapeName = (s: readonly number[]): string => (s.length === 0 ? "a scalar" : s.join("x"));
/** One element per row. */
const rowShape = (s: readonly number[]): readonly number[] => s.map((d, i) => (i === s.length - 1 ? 1 : d));

/**
 * Share of the threads that have work when `n` equal pieces are dealt out in waves (oneDNN Graph Compiler's measure):
 * 1 when waves are full or many, else the fill of the last wave.
 */
export function parallelism(n: number, threads: number): number {
  if (threads === 1 || n % threads === 0 || n / threads > 8) return 1;
  return Math.round(((n % threads) / threads) * 100) / 100;
}

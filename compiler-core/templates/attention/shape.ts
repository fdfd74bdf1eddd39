/**
 * What a nest of two products (or one) with rows between them consists of, read off its members' anchors:
 * `pre`: what is computed on each element of an operand when it is brought to scratch; `scores`: the first product, then what is computed on its register tile; `row`: what is computed on a row of scores; `mix`: the second
 * product and what follows it; `place`: where its result goes; `view`: reshapes in between that keep rows together.
 */
import { bug } from "../../messages.ts";
import { elements, staticShape, valueOf, type Graph, type Group, type Node, type ValueId } from "../../graph/ir.ts";
import { gemmShape, type GemmShape } from "../gemm-shape.ts";
import { reductions } from "../reductions.ts";
import { operand, resultOf } from "../template.ts";

export type NestAnchor = "pre" | "scores" | "row" | "mix" | "place" | "view";

export interface NestShape {
  readonly pre: readonly Node[];
  readonly scores: Node;
  readonly tile: readonly Node[];
  readonly rows: readonly Node[];
  readonly mix: Node | undefined;
  readonly post: readonly Node[];
  readonly place: readonly Node[];
  readonly views: readonly Node[];
  /** Sizes of the first and of the second product. */
  readonly s: GemmShape;
  readonly o: GemmShape | undefined;
  /** The value that the second product reads as its left operand, with reshapes taken away. */
  readonly weights: ValueId | undefined;
}

export function nestShape(graph: Graph, members: Group["members"], nodes: readonly Node[]): NestShape {
  const at = (anchor: NestAnchor): Node[] => nodes.filter((_, i) => members[i]?.anchor === anchor);
  const [scores, ...tile] = at("scores");
  const [mix, ...post] = at("mix");
  const views = at("view");
  const first = scores ?? bug("a nest without a product");
  return {
    pre: at("pre"),
    scores: first,
    tile,
    rows: at("row"),
    mix,
    post,
    place: at("place"),
    views,
    s: gemmShape(graph, first),
    o: mix && gemmShape(graph, mix),
    weights: mix && throughViews(views, operand(mix, 0)),
  };
}

/** The value behind the reshapes of a nest. */
export function throughViews(views: readonly Node[], value: ValueId): ValueId {
  const view = views.find((n) => resultOf(n) === value);
  return view === undefined ? value : throughViews(views, operand(view, 0));
}

export const shapeOf = (graph: Graph, value: ValueId): readonly number[] => staticShape(valueOf(graph, value)) ?? [];

/** The rows of a nest, as one product's extents. */
export const rowCount = (s: GemmShape): number => elements(s.batch) * s.m;

/** Extents of the rows that a member of the row part runs over: those of its result, or of its operand where it reduces. */
export function leadOf(graph: Graph, node: Node): readonly number[] {
  const value = node.op in reductions ? operand(node, 0) : resultOf(node);
  return shapeOf(graph, value).slice(0, -1);
}

/** Softmax as `decompose` writes it, behind what is computed on each score first. */
export interface SoftmaxPart {
  readonly before: readonly Node[];
  /** What the largest score is taken of. */
  readonly x: ValueId;
  readonly max: Node;
}

/** The row part as a softmax and nothing behind it; undefined when it is anything else. */
export function softmaxPart(graph: Graph, nest: Pick<NestShape, "rows" | "weights" | "views">): SoftmaxPart | undefined {
  const at = nest.rows.findIndex((n) => n.op === "reduce-max");
  const [max, sub, exp, sum, div, ...more] = nest.rows.slice(at);
  if (at < 0 || div === undefined || max === undefined || more.length > 0) return undefined;
  const root = (v: ValueId | null | undefined): ValueId | undefined => (v == null ? undefined : throughViews(nest.views, v));
  const x = root(max.inputs[0]);
  const before = nest.rows.slice(0, at);
  const isSoftmax =
    x !== undefined &&
    sub?.op === "sub" &&
    root(sub.inputs[0]) === x &&
    root(sub.inputs[1]) === resultOf(max) &&
    exp?.op === "exp" &&
    root(exp.inputs[0]) === resultOf(sub) &&
    sum?.op === "reduce-sum" &&
    root(sum.inputs[0]) === resultOf(exp) &&
    div.op === "div" &&
    root(div.inputs[0]) === resultOf(exp) &&
    root(div.inputs[1]) === resultOf(sum) &&
    nest.weights === resultOf(div) &&
    before.every((n) => !(n.op in reductions) && (shapeOf(graph, resultOf(n)).at(-1) ?? 1) === (shapeOf(graph, x).at(-1) ?? 1));
  return isSoftmax ? { before, x, max } : undefined;
}

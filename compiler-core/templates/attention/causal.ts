/**
 * Scores that no query sees, known at compile time: where a constant mask hides everything behind a position that moves on with the row (causal
 * attention), a block of rows needs the columns up to that of its last row only.
 */
import { valueOf, type Graph, type Node, type ValueId } from "../../graph/ir.ts";
import { decode } from "../../graph/ndarray.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { plus } from "../module-builder.ts";
import { operand, resultOf } from "../template.ts";
import type { NestCall } from "./block.ts";
import { shapeOf, softmaxPart, throughViews, type NestShape } from "./shape.ts";
import type { BlockPlace } from "./values.ts";

/** Row r of `rows` sees columns up to r + offset; rows of the nest repeat that pattern. */
export interface Causal {
  readonly rows: number;
  readonly offset: number;
}

/** What is no larger than this counts nothing in a softmax where any other score is a usual number. */
const hidden = -1e30;

const found = new WeakMap<Node, Causal | null>();

/** The pattern of a nest whose rows are a softmax; undefined: every column is seen by some early row. */
export function causalOf(graph: Graph, nest: NestShape): Causal | undefined {
  const softmax = nest.mix === undefined ? undefined : softmaxPart(graph, nest);
  if (softmax === undefined) return undefined;
  const made = new Set([nest.scores, ...nest.tile, ...softmax.before].map(resultOf));
  for (const node of [...nest.tile, ...softmax.before]) {
    const pattern = patternOf(graph, nest, node, made);
    if (pattern !== undefined) return pattern;
  }
  return undefined;
}

function patternOf(graph: Graph, nest: NestShape, node: Node, made: ReadonlySet<ValueId>): Causal | undefined {
  const mask = maskOf(graph, nest, node, made);
  if (mask === undefined) return undefined;
  const known = found.get(node);
  if (known !== undefined) return known ?? undefined;
  const pattern = causalMask(graph, mask.value, mask.hides, nest.s.n);
  // Rows of the nest are heads times queries: the pattern starts again with each head.
  const fits = pattern !== undefined && nest.s.m % pattern.rows === 0 && shapeOf(graph, resultOf(node)).at(-2) === pattern.rows;
  found.set(node, fits ? pattern : null);
  return fits ? pattern : undefined;
}

interface Mask {
  readonly value: ValueId;
  readonly hides: (element: number) => boolean;
}

/** A constant that hides scores: the condition of a `where`, or a summand. */
function maskOf(graph: Graph, nest: NestShape, node: Node, made: ReadonlySet<ValueId>): Mask | undefined {
  const isScore = (v: ValueId): boolean => made.has(throughViews(nest.views, v));
  if (node.op === "where") {
    const [condition, a, b] = [operand(node, 0), operand(node, 1), operand(node, 2)];
    const other = isScore(a) ? b : isScore(b) ? a : undefined;
    if (other === undefined || !(smallest(graph, other) <= hidden)) return undefined;
    return { value: condition, hides: (e) => (e !== 0) === (other === a) };
  }
  if (node.op !== "add") return undefined;
  const at = [0, 1].find((i) => isScore(operand(node, i)) && !isScore(operand(node, 1 - i)));
  return at === undefined ? undefined : { value: operand(node, 1 - at), hides: (e) => e <= hidden };
}

/** A constant of one element; NaN: it is none. */
function smallest(graph: Graph, value: ValueId): number {
  const array = constantOf(graph, value);
  return array?.data.length === 1 ? Number(array.data[0]) : NaN;
}

function constantOf(graph: Graph, value: ValueId): ReturnType<typeof decode> | undefined {
  const v = valueOf(graph, value);
  if (v.constant === undefined) return undefined;
  const c = graph.constants.get(v.constant);
  return decode(c.dtype, c.shape, c.bytes());
}

/** The pattern of a constant [1, ..., rows, n]; undefined where the last row to see anything is no later than others. */
function causalMask(graph: Graph, value: ValueId, hides: (element: number) => boolean, n: number): Causal | undefined {
  const shape = shapeOf(graph, value);
  const [rows, width] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
  if (rows < 2 || width !== n || shape.slice(0, -2).some((d) => d !== 1)) return undefined;
  const array = constantOf(graph, value);
  if (array === undefined) return undefined;
  let offset = -Infinity;
  for (let r = 0; r < rows; r++) {
    let last = n - 1;
    while (last >= 0 && hides(Number(array.data[r * n + last]))) last--;
    // A row that sees nothing would become another one's NaN.
    if (last < 0) return undefined;
    offset = Math.max(offset, last - r);
  }
  return offset < n - 1 ? { rows, offset } : undefined;
}

/** Columns that are worked on at once. */
const step = 16;

/** How many columns the rows of a block need, as statements and an extent. */
export function seenColumns(c: NestCall, place: BlockPlace): { readonly stmts: readonly Stmt[]; readonly n: Expr } {
  const { call, nest } = c;
  const { n } = nest.s;
  const isNarrow = c.values?.narrow !== undefined || c.right.narrow !== undefined;
  // Scores that others read are all needed.
  const isRead = [nest.scores, ...nest.tile].some((node) => call.escaping.has(resultOf(node)));
  const causal = isNarrow || isRead || place.row.k === "const" ? undefined : causalOf(call.graph, nest);
  if (causal === undefined) return { stmts: [], n: x.index(n) };
  const { builder } = call;
  const inHead = nest.s.m === causal.rows ? place.row : x.binary("mod", place.row, x.index(causal.rows));
  // A block that reaches into the next head has the last row of this one.
  const end = x.binary("min", x.add(inHead, place.rows), x.index(causal.rows));
  const up = x.mul(x.div(plus(end, causal.offset + step - 1), x.index(step)), x.index(step));
  const seen = builder.let("seen", x.binary("min", x.binary("max", up, x.index(1)), x.index(n)), [nest.scores.id]);
  return { stmts: [seen.stmt], n: seen.ref };
}

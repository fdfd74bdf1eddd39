/**
 * Which groups could be one nest: a product, a group of rows that reads its result, and a second product that reads those rows (attention); or
 * the product and the rows alone. A match is what is legal; what pays is decided elsewhere.
 */
import { elements, valueOf, type Group, type Node, type ValueId } from "../../graph/ir.ts";
import { gemmShape } from "../../templates/gemm-shape.ts";
import { operand } from "../../templates/template.ts";
import { rowMajor, viewStrides } from "../../templates/view-strides.ts";
import type { Fact } from "../../protocol/trace.ts";
import type { NestIndex } from "./nest-index.ts";

export interface NestMatch {
  readonly scores: Group;
  readonly rows: Group | undefined;
  readonly mix: Group | undefined;
  readonly place: readonly Group[];
  readonly views: readonly Group[];
  /** Elementwise groups that make an operand, for this nest alone. */
  readonly pre: readonly Group[];
}

/** Why neighbours that look like one nest are not one. */
export interface NestRefusal {
  readonly rule: string;
  readonly because: string;
  readonly facts: readonly Fact[];
  /** The edge that would have been inside of the nest. */
  readonly from: Node;
  readonly to: Node;
  readonly value: ValueId;
}

/** The nest around a product, why there is none, or undefined where nothing looks like one. */
export function matchNest(index: NestIndex, scores: Group): NestMatch | NestRefusal | undefined {
  const leader = index.leader(scores);
  if (!isPlainProduct(index, leader)) return undefined;
  const s = gemmShape(index.graph, leader);
  if (elements(s.batch) * s.m * s.n * s.k === 0) return undefined;
  const first = soleReader(index, scores, "rows");
  if (first === undefined) return undefined;
  const rows = first.group;
  const width = rowSpace(index, rows);
  if (width === undefined || width.at(-1) !== s.n || elements(width.slice(0, -1)) !== elements(s.batch) * s.m) return undefined;
  const second = soleReader(index, rows, "matmul");
  const isAttention = second !== undefined && second.elsewhere === undefined && isMix(index, second.group, second.value, s);
  // Scores that others need are written anyhow; that is fine for what comes later, while the rows are in cache.
  if (first.elsewhere !== undefined && (isAttention || !first.isLater)) return first.elsewhere;
  if (!isAttention) return { scores, rows, mix: undefined, place: [], views: first.views, pre: [] };
  const operands = [operand(leader, 0), operand(leader, 1), operand(index.leader(second.group), 1)];
  const pre = [...new Set(operands.flatMap((v) => elementwiseMaker(index, v) ?? []))];
  return { scores, rows, mix: second.group, place: placesBehind(index, second.group), views: [...first.views, ...second.views], pre };
}

/** The kernels for f32 read it, at fixed distances. */
function isPlainProduct(index: NestIndex, leader: Node): boolean {
  const b = valueOf(index.graph, operand(leader, 1));
  const blocked = b.layout !== "plain" && b.layout.inner.length === 0;
  return !blocked && leader.op === "matmul" && stridesOf(index, operand(leader, 0)) !== undefined && strided(index, operand(leader, 1));
}

const strided = (index: NestIndex, value: ValueId): boolean =>
  valueOf(index.graph, value).layout !== "plain" || stridesOf(index, value) !== undefined;

interface Reader {
  readonly group: Group;
  readonly value: ValueId;
  readonly views: readonly Group[];
  /** Why the value has to be in memory nevertheless; undefined: nobody else reads it. */
  readonly elsewhere: NestRefusal | undefined;
  /** The others read it after this group. */
  readonly isLater: boolean;
}

/** The one group, written by `template`, that reads what leaves `group`. */
function soleReader(index: NestIndex, group: Group, template: string): Reader | undefined {
  const leaving = index.escaping(group);
  const all = leaving.map((value) => ({ value, ...index.readers(value) }));
  const edges = all.flatMap(({ users }) => users);
  const wanted = edges.find(({ node }) => index.groupOf(node).template === template && index.groupOf(node).phase === group.phase);
  if (wanted === undefined) return undefined;
  const home = index.groupOf(wanted.node);
  const others = edges.filter(({ node }) => index.groupOf(node) !== home);
  const result = all.find((v) => v.leaves);
  const reader = { group: home, value: wanted.value, views: all.flatMap((v) => v.views).filter((v) => isOnlyReadBy(index, v, home)) };
  const isLater = others.every(({ node }) => index.groupOf(node).id > home.id);
  const from = index.maker(wanted.value);
  const [other] = others;
  if (from === undefined || (other === undefined && result === undefined)) return { ...reader, elsewhere: undefined, isLater };
  const value = result?.value ?? other?.value ?? wanted.value;
  const who =
    other === undefined ? "it is a result of the graph" : `${other.node.name === "" ? other.node.op : other.node.name} reads it, too`;
  const elsewhere: NestRefusal = {
    rule: "merge-nests/read-elsewhere",
    because: `not one nest: the value between has to be in memory, ${who}`,
    facts: [{ name: "written", value: index.bytes(value), unit: "B" }],
    from,
    to: wanted.node,
    value: wanted.value,
  };
  return { ...reader, elsewhere, isLater };
}

/** The group that computes an operand element by element, and nothing else; nobody but the product reads it. */
function elementwiseMaker(index: NestIndex, value: ValueId): Group | undefined {
  const maker = index.maker(value);
  const group = maker && index.groupOf(maker);
  if (group?.template !== "points" || group.phase !== "run" || index.isOutput(value) || index.users(value).length !== 1) return undefined;
  const shape = index.shape(value).join("x");
  const leaving = index.escaping(group);
  const even = index.members(group).every((n) => n.outputs.every((v) => index.shape(v).join("x") === shape));
  return leaving.length === 1 && leaving[0] === value && even ? group : undefined;
}

/** A view that others read, too, stays one of its own. */
function isOnlyReadBy(index: NestIndex, view: Group, home: Group): boolean {
  const [value] = index.leader(view).outputs;
  const behind = value === undefined ? undefined : index.readers(value);
  return behind !== undefined && !behind.leaves && behind.users.every(({ node }) => index.groupOf(node) === home);
}

/** The extents a group of rows runs over. */
function rowSpace(index: NestIndex, rows: Group): readonly number[] | undefined {
  const reducing = index.members(rows).find((n) => n.op.startsWith("reduce-"));
  return reducing && index.shape(operand(reducing, 0));
}

/** The rows are the left operand of this product, and of nothing else in its group; and it has the same rows. */
function isMix(index: NestIndex, mix: Group, value: ValueId, s: ReturnType<typeof gemmShape>): boolean {
  const [leader, ...others] = index.members(mix);
  if (leader === undefined || operand(leader, 0) !== value || operand(leader, 1) === value) return false;
  if (others.some((n) => n.inputs.includes(value)) || !isPlainSecond(index, leader)) return false;
  const o = gemmShape(index.graph, leader);
  return o.m === s.m && o.k === s.n && elements(o.batch) === elements(s.batch) && o.n > 0;
}

function isPlainSecond(index: NestIndex, leader: Node): boolean {
  const b = valueOf(index.graph, operand(leader, 1));
  const blocked = b.layout !== "plain" && b.layout.inner.length === 0;
  return !blocked && leader.op === "matmul" && strided(index, operand(leader, 1));
}

/** Transposes and reshapes that carry the only result of a group to a copy of it: the groups up to that copy; none where there is no copy. */
function placesBehind(index: NestIndex, group: Group): readonly Group[] {
  const leaving = index.escaping(group);
  let [value] = leaving;
  const found: Group[] = [];
  while (value !== undefined && leaving.length === 1 && !index.isOutput(value)) {
    const users = index.users(value);
    const [user] = users;
    if (user === undefined || users.length !== 1) return [];
    const home = index.groupOf(user);
    const moves = user.op === "transpose" ? keepsLast(user) : user.op === "reshape" || user.op === "identity";
    if (!moves || (home.template !== "view" && home.template !== "copy")) return [];
    found.push(home);
    if (home.template === "copy") return found;
    value = user.outputs[0];
  }
  return [];
}

const keepsLast = (transpose: Node): boolean => {
  const perm = transpose.attrs["perm"] as readonly number[];
  return perm.at(-1) === perm.length - 1;
};

/** Views, and copies that could be views: none of them stands in the way of a kernel that takes a row distance. */
const couldBeView = (index: NestIndex, node: Node): boolean => ["view", "copy"].includes(index.groupOf(node).template);

/**
 * Distances of the elements of a value as its reader would see them, were all moves before it views; where there are none, with copies written
 * out as they are planned; undefined: there are none at all.
 */
export const stridesOf = (index: NestIndex, value: ValueId): readonly number[] | undefined =>
  stridesBehind(index, value, true) ?? stridesBehind(index, value, false);

function stridesBehind(index: NestIndex, value: ValueId, copiesAreViews: boolean): readonly number[] | undefined {
  const shape = index.shape(value);
  const made = index.maker(value);
  if (made === undefined || !couldBeView(index, made)) return valueOf(index.graph, value).layout === "plain" ? rowMajor(shape) : undefined;
  const isCopy = index.groupOf(made).template === "copy";
  if (isCopy && !copiesAreViews) return rowMajor(shape);
  const source = operand(made, 0);
  const strides = stridesBehind(index, source, copiesAreViews);
  const seen = strides && viewStrides(made, { shape: index.shape(source), strides }, shape);
  // A copy is there to be read when its source cannot be.
  return seen ?? (isCopy ? rowMajor(shape) : undefined);
}

/** Does a kernel find the matrix at one distance along one of its axes, and none along the other? */
export function isMatrix(strides: readonly number[] | undefined, shape: readonly number[], either: boolean): boolean {
  const [row, col] = [strides?.at(-2), strides?.at(-1)];
  if (strides === undefined) return false;
  return col === 1 || shape.at(-1) === 1 || (either && (row === 1 || shape.at(-2) === 1));
}

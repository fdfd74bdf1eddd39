/** Groups that run over the same rows and depend on each other row by row: what could be a chain. */
import { elements, type Group, type Node, type ValueId } from "../../graph/ir.ts";
import { gemmShape } from "../../templates/gemm-shape.ts";
import { isPackedProduct } from "../../templates/matmul-packed.ts";
import { operand, resultOf } from "../../templates/template.ts";
import type { NestIndex } from "./nest-index.ts";
import type { PairLookup } from "./node-pairs.ts";

export interface Chain {
  readonly m: number;
  /** In execution order. */
  readonly parts: readonly Group[];
}

/** Groups with several products that no node of another group stands between. */
export function findChains(index: NestIndex, pairs: PairLookup): readonly Chain[] {
  const found: Chain[] = [];
  let now: { m: number; parts: Group[] } | undefined;
  const close = (): void => {
    if (now !== undefined) found.push(...useful(index, now));
    now = undefined;
  };
  for (const group of index.graph.groups) {
    if (group.phase !== "run" || group.template === "view") continue;
    const m = rowsOf(index, group);
    const before: readonly Group[] = now?.parts ?? [];
    if (now !== undefined && m === now.m && joins(index, group, before) && !isForbidden(index, group, before, pairs)) {
      now.parts.push(group);
      continue;
    }
    // A group that has nothing to do with the chain may stand between: it reads nothing of it, so it can come before.
    if (now !== undefined && !reads(index, group, before)) continue;
    close();
    if (m !== undefined) now = { m, parts: [group] };
  }
  close();
  return found;
}

/** A chain is worth the name with two products, or one behind or before rows of its own. */
function useful(index: NestIndex, chain: Chain): readonly Chain[] {
  const parts = [...chain.parts];
  // Elements alone are shared out as they like.
  while (parts.at(-1)?.template === "points" && parts.length > 0) parts.pop();
  const products = parts.filter((p) => isProduct(index, p)).length;
  return parts.length >= 2 && products >= 1 ? [{ ...chain, parts }] : [];
}

export const isProduct = (index: NestIndex, g: Group): boolean =>
  g.template === "matmul-rows" || (g.template === "matmul" && ["matmul", "matmul-packed", "matmul-bf16"].includes(index.leader(g).op));

/** The number of rows a group can be shared out by; undefined: it cannot. */
export function rowsOf(index: NestIndex, group: Group): number | undefined {
  const leader = index.leader(group);
  // Nothing is computed where a result has no elements: such a group has no code.
  if (index.members(group).some((n) => n.outputs.some((v) => index.shape(v).includes(0)))) return undefined;
  if (group.template === "matmul" && isPackedProduct(leader)) return elements(index.shape(operand(leader, 0)).slice(0, -1));
  if (group.template === "matmul" || group.template === "matmul-rows") {
    const s = gemmShape(index.graph, leader);
    return leader.op === "matmul" && !s.aIsVector && elements(s.batch) === 1 && s.m > 1 ? s.m : undefined;
  }
  if (group.template === "rows") {
    const reducing = index.members(group).find((n) => n.op.startsWith("reduce-"));
    const space = reducing && index.shape(operand(reducing, 0));
    return space && space.length > 1 ? elements(space.slice(0, -1)) : undefined;
  }
  if (group.template === "points") {
    const space = index.shape(resultOf(leader));
    const same = index.members(group).every((n) => index.shape(resultOf(n)).join("x") === space.join("x"));
    return same && space.length > 1 && (space.at(-1) ?? 1) >= leastWidth ? elements(space.slice(0, -1)) : undefined;
  }
  return undefined;
}

/** Shorter rows than this are not worth a loop of their own. */
const leastWidth = 16;

/** Where a value comes from, reshapes that keep rows together looked through. */
function origin(index: NestIndex, value: ValueId): { readonly maker: Node; readonly value: ValueId; readonly moved: boolean } | undefined {
  const maker = index.maker(value);
  if (maker === undefined) return undefined;
  if (index.groupOf(maker).template !== "view") return { maker, value, moved: false };
  const behind = origin(index, operand(maker, 0));
  const keeps =
    (maker.op === "reshape" || maker.op === "identity") && index.shape(operand(maker, 0)).at(-1) === index.shape(resultOf(maker)).at(-1);
  return behind && { ...behind, moved: behind.moved || !keeps };
}

interface Edge {
  readonly node: Node;
  readonly operand: ValueId;
  readonly moved: boolean;
}

/** What a group reads of the parts before it. */
function edgesFrom(index: NestIndex, group: Group, parts: readonly Group[]): readonly Edge[] {
  const before = new Set(parts);
  return index.members(group).flatMap((node) =>
    node.inputs.flatMap((v): Edge[] => {
      const from = v === null ? undefined : origin(index, v);
      return v === null || from === undefined || !before.has(index.groupOf(from.maker)) ? [] : [{ node, operand: v, moved: from.moved }];
    }),
  );
}

const reads = (index: NestIndex, group: Group, parts: readonly Group[]): boolean => edgesFrom(index, group, parts).length > 0;

/** It reads only its own rows of what the chain makes, or the same left operand as a product in it. */
function joins(index: NestIndex, group: Group, parts: readonly Group[]): boolean {
  const edges = edgesFrom(index, group, parts);
  if (edges.length === 0) return isProduct(index, group) && parts.some((p) => isProduct(index, p) && sameLeft(index, p, group));
  const m = rowsOf(index, group);
  return edges.every(({ node, operand: v, moved }) => {
    const shape = index.shape(v);
    const isRightOperand = isProduct(index, group) && node.id === group.leader && node.inputs.slice(1).includes(v);
    return !moved && !isRightOperand && shape.length > 1 && elements(shape.slice(0, -1)) === m;
  });
}

function sameLeft(index: NestIndex, a: Group, b: Group): boolean {
  const left = (g: Group): ValueId => {
    const v = operand(index.leader(g), 0);
    return origin(index, v)?.value ?? v;
  };
  return left(a) === left(b);
}

const isForbidden = (index: NestIndex, group: Group, parts: readonly Group[], pairs: PairLookup): boolean =>
  index.members(group).some((n) => parts.some((p) => pairs.forbids(p, n)));

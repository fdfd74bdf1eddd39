/**
 * Rules of `simplify` that move transposes towards the outputs, where two of them meet and cancel, or a product takes one as its own flag.
 * Every rule keeps the values exactly.
 */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { hasTrait, opNames, type OpName } from "../../../graph/ops/index.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Rule } from "../../../graph/rules.ts";
import { dtypeBits } from "../../../support/dtype.ts";

type Perm = readonly number[];
const inverse = (perm: Perm): Perm => perm.map((_, i) => perm.indexOf(i));
const isIdentity = (perm: Perm): boolean => perm.every((p, i) => p === i);

/** A value made by a transpose that moves something: what it reads, and the order of the axes. */
function transposed(e: GraphEditor, id: ValueId | null | undefined): { readonly source: ValueId; readonly perm: Perm } | undefined {
  const node = e.producer(id);
  const perm = node?.op === "transpose" ? (node.attrs["perm"] as Perm | undefined) : undefined;
  return perm === undefined || isIdentity(perm) ? undefined : { source: node!.inputs[0]!, perm };
}

const sinking: ReadonlySet<OpName> = new Set(opNames.filter((n) => hasTrait(n, "elementwise") && n !== "identity"));
const reductions: readonly OpName[] = [
  "reduce-sum",
  "reduce-mean",
  "reduce-max",
  "reduce-min",
  "reduce-prod",
  "reduce-l2",
  "reduce-sum-square",
];
const passes = (n: Node): boolean => n.op === "transpose" || n.op === "concat" || sinking.has(n.op) || reductions.includes(n.op);

/** A transpose is moved if it goes away where it was: nobody else reads it, or the others (not many) let it pass too. */
function mayMove(e: GraphEditor, id: ValueId): boolean {
  if (e.isOutput(id)) return false;
  const users = e.users(id);
  return users.length === 1 || (users.length <= 4 && users.every(passes));
}

/** The transpose that all operands share. Numbers are the same in every order; constants are reordered once. */
function sharedPerm(node: Node, e: GraphEditor, rank: number): Perm | undefined {
  let perm: Perm | undefined;
  for (const id of node.inputs) {
    if (id === null) return undefined;
    const t = transposed(e, id);
    const shape = e.staticShape(id);
    if (t !== undefined && t.perm.length === rank && mayMove(e, id)) {
      if (perm !== undefined && String(perm) !== String(t.perm)) return undefined;
      perm = t.perm;
    } else if (shape === undefined || !(e.isConstant(id) || shape.every((d) => d === 1))) return undefined;
  }
  return perm;
}

/** An operand before the transpose. */
function before(p: PatchBuilder, e: GraphEditor, id: ValueId, perm: Perm): ValueId {
  const t = transposed(e, id);
  if (t !== undefined && String(t.perm) === String(perm)) return t.source;
  const shape = e.staticShape(id)!;
  if (shape.every((d) => d === 1)) return id;
  const padded = [...new Array<number>(perm.length - shape.length).fill(1), ...shape];
  const full = padded.length === shape.length ? id : p.add("reshape", [id], { shape: padded, allowZero: true });
  return p.add("transpose", [full], { perm: inverse(perm) });
}

function withTransposes(node: Node, e: GraphEditor): readonly Node[] {
  const inner = node.inputs.flatMap((id) => (transposed(e, id) === undefined ? [] : [e.producer(id)!]));
  return [...new Set([...inner, node])];
}

/** What a moved transpose may gain from: another one, or what takes a transpose in. */
const takesIn = (n: Node): boolean =>
  n.op === "transpose" || n.op === "concat" || n.op === "matmul" || n.op === "reshape" || reductions.includes(n.op);
const maxLookAhead = 32;

/** Does a chain of elementwise operators lead from this value to such a node? At a result of the graph a transpose gains nothing. */
function isWorthMoving(e: GraphEditor, id: ValueId): boolean {
  const open = [id];
  const seen = new Set(open);
  for (const v of open) {
    for (const user of e.users(v)) {
      if (takesIn(user)) return true;
      const next = user.outputs[0]!;
      if (!sinking.has(user.op) || seen.has(next) || seen.size >= maxLookAhead) continue;
      seen.add(next);
      open.push(next);
    }
  }
  return false;
}

/** Bytes are moved as bytes: behind the cast there would be four times as many, and products of bytes take them in any order. */
const widensBytes = (node: Node, e: GraphEditor): boolean =>
  node.op === "cast" && dtypeBits[e.value(node.inputs[0]!).dtype] === 8 && dtypeBits[e.value(node.outputs[0]!).dtype] > 8;

/** f(transpose(a), transpose(b)) = transpose(f(a, b)). */
function throughElementwise(node: Node, e: GraphEditor): Patch | undefined {
  const out = e.staticShape(node.outputs[0]!);
  if (out === undefined || node.outputs.length !== 1 || widensBytes(node, e)) return undefined;
  const perm = sharedPerm(node, e, out.length);
  if (perm === undefined || !isWorthMoving(e, node.outputs[0]!)) return undefined;
  const p = e.patch(node, withTransposes(node, e));
  const y = p.add(
    node.op,
    node.inputs.map((id) => before(p, e, id!, perm)),
    node.attrs,
  );
  const result = p.add("transpose", [y], { perm });
  return String(p.value(result).shape) === String(out) ? p.done(result) : undefined;
}

/** reduce(transpose(x)) reduces the axes where they were. */
function throughReduction(node: Node, e: GraphEditor): Patch | undefined {
  const t = transposed(e, node.inputs[0]);
  const axes = node.attrs["axes"] as Perm | undefined;
  if (t === undefined || axes === undefined || node.inputs.length !== 1 || !mayMove(e, node.inputs[0]!)) return undefined;
  const moved = axes.map((a) => t.perm[a]!).sort((a, b) => a - b);
  const p = e.patch(node, withTransposes(node, e));
  const y = p.add(node.op, [t.source], { ...node.attrs, axes: moved });
  const kept = t.perm.filter((_, i) => !axes.includes(i));
  const left = [...kept].sort((a, b) => a - b);
  const perm = node.attrs["keepdims"] === true ? t.perm : kept.map((a) => left.indexOf(a));
  return p.done(isIdentity(perm) ? y : p.add("transpose", [y], { perm }));
}

/** concat(transpose(a), transpose(b)) = transpose(concat(a, b)). */
function throughConcat(node: Node, e: GraphEditor): Patch | undefined {
  const shape = e.staticShape(node.outputs[0]!);
  const perm = shape && sharedPerm(node, e, shape.length);
  // A constant of ones all over is not broadcast here.
  if (perm === undefined || node.inputs.some((id) => transposed(e, id) === undefined)) return undefined;
  const p = e.patch(node, withTransposes(node, e));
  const sources = node.inputs.map((id) => before(p, e, id!, perm));
  return p.done(p.add("transpose", [p.add("concat", sources, { ...node.attrs, axis: perm[node.attrs["axis"] as number]! })], { perm }));
}

/** slice(transpose(x)) cuts before. */
function throughSlice(node: Node, e: GraphEditor): Patch | undefined {
  const t = transposed(e, node.inputs[0]);
  const axes = node.attrs["axes"] as Perm | undefined;
  if (t === undefined || axes === undefined || node.inputs.length !== 1 || !e.hasOneUse(node.inputs[0]!)) return undefined;
  const p = e.patch(node, withTransposes(node, e));
  const y = p.add("slice", [t.source], { ...node.attrs, axes: axes.map((a) => t.perm[a]!) });
  return p.done(p.add("transpose", [y], { perm: t.perm }));
}

/** A reshape that only puts in or takes out axes of extent 1 commutes with a transpose of the others. */
function throughUnitReshape(node: Node, e: GraphEditor): Patch | undefined {
  const t = transposed(e, node.inputs[0]);
  const [from, to] = [e.staticShape(node.inputs[0]!), e.staticShape(node.outputs[0]!)];
  const source = t && e.staticShape(t.source);
  if (t === undefined || from === undefined || to === undefined || source === undefined || !e.hasOneUse(node.inputs[0]!)) return undefined;
  const real = (shape: readonly number[]): readonly number[] => shape.flatMap((d, i) => (d === 1 ? [] : [i]));
  const [realFrom, realTo] = [real(from), real(to)];
  if (node.inputs.length > 1 || String(realFrom.map((i) => from[i])) !== String(realTo.map((i) => to[i]))) return undefined;
  const order = realFrom.map((i) => t.perm[i]!);
  const sorted = [...order].sort((a, b) => a - b);
  if (String(order) === String(sorted)) return undefined;
  const units = to.length - realTo.length;
  let unit = 0;
  const perm = to.map((d, i) => (d === 1 ? unit++ : units + sorted.indexOf(order[realTo.indexOf(i)]!)));
  const p = e.patch(node, withTransposes(node, e));
  const shape = [...new Array<number>(units).fill(1), ...sorted.map((a) => source[a]!)];
  return p.done(p.add("transpose", [p.add("reshape", [t.source], { shape, allowZero: true })], { perm }));
}

/**
 * B is a transpose after which its rows are what lay together in memory (keys: heads and positions exchanged, then the last two axes):
 * the exchange of the last two axes becomes the product's flag, and the rest keeps the rows together.
 */
function transposedRows(node: Node, e: GraphEditor): Patch | undefined {
  const [a, b] = node.inputs as readonly [ValueId, ValueId];
  const t = transposed(e, b);
  const n = t?.perm.length ?? 0;
  if (t === undefined || n < 3 || t.perm[n - 2] !== n - 1 || (e.value(a).shape?.length ?? 0) < 2) return undefined;
  const perm = [...t.perm.slice(0, n - 2), t.perm[n - 1]!, t.perm[n - 2]!];
  const p = e.patch(node, withTransposes(node, e));
  const rows = isIdentity(perm) ? t.source : p.add("transpose", [t.source], { perm });
  return p.done(p.add("matmul", [a, rows], { ...node.attrs, transB: node.attrs["transB"] !== true }));
}

const rule = (name: string, ops: readonly OpName[], rewrite: Rule["rewrite"]): Rule => ({ name: `simplify/${name}`, ops, rewrite });

export const transposeRules: readonly Rule[] = [
  rule("transpose-after-elementwise", [...sinking], throughElementwise),
  rule("transpose-after-reduction", reductions, throughReduction),
  rule("transpose-after-concat", ["concat"], throughConcat),
  rule("transpose-after-slice", ["slice"], throughSlice),
  rule("transpose-after-unit-reshape", ["reshape"], throughUnitReshape),
  rule("transposed-rows", ["matmul"], transposedRows),
];

/**
 * Reductions in the two forms that have fast loops: over the last axis, and over an axis before one that stays. Neighbouring axes are joined,
 * and what reduces the last axis and others is done in two steps, the last axis first.
 */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import type { OpName } from "../../../graph/ops/index.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Rule } from "../../../graph/rules.ts";
import { isFloat } from "../../../support/dtype.ts";

const reducing = ["reduce-sum", "reduce-mean", "reduce-prod", "reduce-max", "reduce-min", "reduce-l2", "reduce-sum-square"] as const;

const product = (extents: readonly number[]): number => extents.reduce((a, d) => a * d, 1);
const reshape = (p: PatchBuilder, x: ValueId, shape: readonly number[]): ValueId => p.add("reshape", [x], { shape, allowZero: true });

/** The reduction of static operands, with its axes as numbers; undefined while something is not known. */
function known(node: Node, e: GraphEditor) {
  const [from, to] = [e.staticShape(node.inputs[0]!), e.staticShape(node.outputs[0]!)];
  const given = node.attrs["axes"] as readonly number[] | undefined;
  if (from === undefined || to === undefined || node.inputs[1] != null) return undefined;
  const none = given === undefined || given.length === 0;
  const axes = !none ? given : node.attrs["noop"] === true ? [] : [...from.keys()];
  return { x: node.inputs[0]!, from, to, axes };
}

/** Over no elements but one: what remains is done to the element itself. */
function single(node: Node, e: GraphEditor): Patch | undefined {
  const r = known(node, e);
  if (r === undefined || r.axes.some((a) => r.from[a] !== 1)) return undefined;
  const p = e.patch(node);
  const y = node.op === "reduce-sum-square" ? p.add("mul", [r.x, r.x]) : node.op === "reduce-l2" ? p.add("abs", [r.x]) : r.x;
  if (String(r.from) === String(r.to)) return p.done(y === r.x && e.isOutput(node.outputs[0]!) ? p.add("identity", [r.x]) : y);
  return p.done(reshape(p, y, r.to));
}

/** The root of integers is taken in double and cut off. */
function integerRoot(node: Node, e: GraphEditor): Patch | undefined {
  const { dtype } = e.value(node.outputs[0]!);
  if (isFloat(dtype)) return undefined;
  const p = e.patch(node);
  const squares = p.add("reduce-sum-square", node.inputs, node.attrs);
  return p.done(p.add("cast", [p.add("sqrt", [p.add("cast", [squares], { to: "f64" })])], { to: dtype }));
}

/** Stretches of neighbouring axes that are all reduced or all kept; axes of extent 1 join either. */
function stretches(from: readonly number[], axes: readonly number[]): { readonly extent: number; readonly reduced: boolean }[] {
  const out: { extent: number; reduced: boolean }[] = [];
  for (const [i, extent] of from.entries()) {
    if (extent === 1) continue;
    const reduced = axes.includes(i);
    const last = out.at(-1);
    if (last?.reduced === reduced) last.extent *= extent;
    else out.push({ extent, reduced });
  }
  return out;
}

function join(node: Node, e: GraphEditor): Patch | undefined {
  const r = known(node, e);
  if (r === undefined || r.from.includes(0)) return undefined;
  const { from, axes } = r;
  if (axes.length === 1 && axes[0] === from.length - 1) return undefined;
  const parts = stretches(from, axes);
  const joined = parts.map((s) => s.extent);
  const over = [...parts.keys()].filter((i) => parts[i]!.reduced);
  if (joined.length === from.length || over.length === 0) return undefined;
  const p = e.patch(node);
  const y = p.add(node.op, [reshape(p, r.x, joined)], { axes: over, keepdims: false });
  return p.done(reshape(p, y, r.to));
}

/** What is done in the first step, and in the second. */
const steps: Readonly<Record<(typeof reducing)[number], readonly [OpName, OpName]>> = {
  "reduce-sum": ["reduce-sum", "reduce-sum"],
  "reduce-mean": ["reduce-sum", "reduce-sum"],
  "reduce-prod": ["reduce-prod", "reduce-prod"],
  "reduce-max": ["reduce-max", "reduce-max"],
  "reduce-min": ["reduce-min", "reduce-min"],
  "reduce-l2": ["reduce-sum-square", "reduce-sum"],
  "reduce-sum-square": ["reduce-sum-square", "reduce-sum"],
};

function twoSteps(node: Node, e: GraphEditor): Patch | undefined {
  const r = known(node, e);
  if (r === undefined || r.from.includes(0)) return undefined;
  const last = r.from.length - 1;
  const sorted = [...r.axes].sort((a, b) => a - b);
  if (sorted.length < 2 || sorted.at(-1) !== last) return undefined;
  const [first, second] = steps[node.op as keyof typeof steps];
  const p = e.patch(node);
  const inner = p.add(first, [r.x], { axes: [last], keepdims: false });
  const sum = p.add(second, [inner], { axes: sorted.slice(0, -1), keepdims: false });
  return p.done(reshape(p, finished(p, node.op, sum, product(sorted.map((a) => r.from[a]!))), r.to));
}

function finished(p: PatchBuilder, op: OpName, sum: ValueId, n: number): ValueId {
  if (op === "reduce-l2") return p.add("sqrt", [sum]);
  return op === "reduce-mean" ? p.add("div", [sum, p.constant("", fromValues(p.value(sum).dtype, [], [n]))]) : sum;
}

export const reduceRules: readonly Rule[] = [
  { name: "decompose/reduce-one", ops: reducing, rewrite: single },
  { name: "decompose/integer-root", ops: ["reduce-l2"], rewrite: integerRoot },
  { name: "decompose/join-reduced-axes", ops: reducing, rewrite: join },
  { name: "decompose/reduce-in-steps", ops: reducing, rewrite: twoSteps },
];

/** Operators after a product, a convolution or a sum that its primitive can do before it stores the result. */
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { OnednnPostOp, OnednnView } from "../../../protocol/onednn.ts";
import { binaryOf, isLinear, isSymmetric, linear, scalarOf, unaryOf, type Eltwise } from "./algorithms.ts";
import { denseStrides, isDense, type PlanWriter } from "./plan-writer.ts";

/** What follows a primitive, up to `end`: the value that is stored. */
export interface Chain {
  readonly end: ValueId;
  readonly post: readonly OnednnPostOp[];
  /** A constant vector that is added first. */
  readonly bias: ValueId | undefined;
  /** A factor that comes before everything else. */
  readonly scale: number;
  /** Where the result lies, with the primitive's axes. */
  readonly destination: OnednnView;
}

export interface ChainStart {
  readonly value: ValueId;
  /** Axes of the primitive's result: those of the value, or its rows flattened into the first of two. */
  readonly dims: readonly number[];
  /** The axis of channels in `dims`: a constant vector along it may be the bias. Undefined: there is none already. */
  readonly biasAxis?: number;
  /** Does a factor right after it have a place of its own? */
  readonly scales: boolean;
}

interface State {
  value: ValueId;
  post: OnednnPostOp[];
  bias: ValueId | undefined;
  scale: number;
  /** Axes of the value as axes of the primitive, after a transposition. */
  perm: readonly number[] | undefined;
  dtype: string;
}

/** Follows the sole readers of a value as long as they are post-ops, and marks them as done. */
export function followChain(w: PlanWriter, start: ChainStart): Chain {
  const s: State = { value: start.value, post: [], bias: undefined, scale: 1, perm: undefined, dtype: w.dtype(start.value) };
  for (let open = true; open;) {
    const node = w.soleUse(s.value);
    open = node !== undefined && s.dtype === "f32" && take(w, start, s, node);
    if (!open || node === undefined) break;
    w.done.add(node.id);
    s.value = node.outputs[0] ?? s.value;
  }
  return { end: s.value, post: s.post, bias: s.bias, scale: s.scale, destination: destinationOf(w, start, s) };
}

/** The stored value is dense in its own axes; the primitive's strides follow. */
function destinationOf(w: PlanWriter, { dims }: ChainStart, { value, perm, dtype }: State): OnednnView {
  const shape = w.shape(value);
  const stored = w.fresh(dtype, shape);
  w.places.set(value, stored);
  if (perm === undefined) return { ...stored, dims, strides: denseStrides(dims) };
  const strides = dims.map((_, axis) => stored.strides[perm.indexOf(axis)] ?? 1);
  return { ...stored, dims, strides };
}

function take(w: PlanWriter, start: ChainStart, s: State, node: Node): boolean {
  const first = s.post.length === 0 && s.bias === undefined;
  // With one column the bias is a number; it stays the bias.
  const isNumberBias = first && node.op === "add" && start.biasAxis !== undefined && start.dims[start.biasAxis] === 1;
  if (isNumberBias && takeOperand(w, start, s, node, first)) return true;
  const one = unaryOf(node) ?? scalarOperand(w, s, node);
  if (one !== undefined) {
    if (first && start.scales && isLinear(one) && one.beta === 0) s.scale *= one.alpha;
    else push(s.post, one);
    return true;
  }
  if (node.op === "quantize-linear") return takeQuantisation(w, s, node);
  if (node.op === "transpose") return takeTransposition(w, start, s, node);
  return takeOperand(w, start, s, node, first);
}

/** A linear function before the post-ops of a chain. */
export function joined(first: Eltwise, rest: readonly OnednnPostOp[]): readonly OnednnPostOp[] {
  const [next, ...others] = rest;
  if (next === undefined || next.operand !== undefined || !isLinear(next)) return [first, ...rest];
  const post: OnednnPostOp[] = [first];
  push(post, linear(next.alpha ?? 1, next.beta ?? 0));
  return [...post, ...others];
}

/** Two linear functions one after the other are one. */
function push(post: OnednnPostOp[], next: Eltwise): void {
  const last = post.at(-1);
  if (last === undefined || last.operand !== undefined || !isLinear(last) || !isLinear(next)) return void post.push(next);
  const [alpha, beta] = [last.alpha ?? 1, last.beta ?? 0];
  post[post.length - 1] = linear(alpha * next.alpha, beta * next.alpha + next.beta);
}

function scalarOperand(w: PlanWriter, { value }: State, node: Node) {
  const at = node.inputs.indexOf(value);
  const c = node.inputs.length === 2 ? w.scalar(node.inputs[1 - at]) : undefined;
  const keeps = String(w.shape(node.outputs[0] ?? 0)) === String(w.shape(value));
  return c === undefined || !keeps ? undefined : scalarOf(node, c, at === 1);
}

function takeQuantisation(w: PlanWriter, s: State, node: Node): boolean {
  const [x, scale, zero] = node.inputs;
  const step = w.scalar(scale);
  const at = zero === undefined || zero === null ? 0 : w.scalar(zero);
  const to = String(node.attrs["to"]);
  if (x !== s.value || step === undefined || at === undefined || (to !== "u8" && to !== "i8")) return false;
  push(s.post, linear(1 / step, at));
  s.dtype = to;
  return true;
}

function takeTransposition(w: PlanWriter, { dims }: ChainStart, s: State, node: Node): boolean {
  const shape = w.shape(s.value);
  if (shape.length !== dims.length || s.perm !== undefined) return false;
  s.perm = (node.attrs["perm"] as readonly number[] | undefined) ?? shape.map((_, i) => shape.length - 1 - i);
  return true;
}

function takeOperand(w: PlanWriter, start: ChainStart, s: State, node: Node, first: boolean): boolean {
  const algorithm = binaryOf(node);
  const at = node.inputs.indexOf(s.value);
  const other = node.inputs[1 - at];
  if (algorithm === undefined || other === null || other === undefined || other === s.value || s.perm !== undefined) return false;
  const shape = w.shape(s.value);
  const keeps = String(w.shape(node.outputs[0] ?? 0)) === String(shape);
  if (!keeps || w.dtype(other) !== "f32" || (at === 1 && !isSymmetric(node)) || !w.has(other)) return false;
  const operand = operandView(w, other, shape, start.dims);
  if (operand === undefined) return false;
  const { biasAxis } = start;
  const isBias = operand.dims.every((d, axis) => (axis === biasAxis ? d === start.dims[axis] : d === 1));
  if (node.op === "add" && first && s.scale === 1 && biasAxis !== undefined && isBias && w.constant(other) !== undefined) s.bias = other;
  else s.post.push({ algorithm, operand });
  return true;
}

/** An operand of `shape`, with the primitive's axes: extents of 1 where it is repeated. */
function operandView(w: PlanWriter, v: ValueId, shape: readonly number[], dims: readonly number[]): OnednnView | undefined {
  const view = w.place(v);
  const own = [...shape.map(() => 1).slice(view.dims.length), ...view.dims];
  if (shape.length === dims.length) return { ...view, dims: own, strides: [...own.slice(view.dims.length).map(() => 1), ...view.strides] };
  const last = own.at(-1) ?? 1;
  if (!isDense(view)) return undefined;
  const rows = own.slice(0, -1);
  if (rows.every((d) => d === 1)) return { ...view, dims: [1, last], strides: [last, 1] };
  return String(own) === String(shape) ? { ...view, dims, strides: denseStrides(dims) } : undefined;
}

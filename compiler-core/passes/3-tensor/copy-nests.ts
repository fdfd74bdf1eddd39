/** Loop nests that only copy: from all of one buffer to a part of another, or from a part to all. */
import { findKernel } from "../../kernels/index.ts";
import type { Buffer, BufferId, Expr, KernelCall, Store, Stmt, VarId } from "../../tensor/ir.ts";
import * as x from "../../tensor/build.ts";
import { linearAdd, linearConstant, linearExpr, linearOf, type Linear } from "../../tensor/linear.ts";
import { rangeOf } from "../../tensor/ranges.ts";
import { substituteExpr, visitExpr } from "../../tensor/rewrite.ts";
import type { Form } from "./footprints.ts";

export interface Copy {
  readonly from: BufferId;
  readonly to: BufferId;
  readonly fromIndex: readonly Expr[];
  readonly toIndex: readonly Expr[];
  readonly extents: ReadonlyMap<VarId, number>;
}

/** A nest of loops over whole ranges around one store of one element that was loaded; undefined for anything else. */
export function copyOf(s: Stmt): Copy | undefined {
  const extents = new Map<VarId, number>();
  let inner = s;
  while (inner.k === "for") {
    const { lo, hi, step, body, v } = inner;
    const [only] = body;
    if (only === undefined || body.length > 1 || step !== 1 || numberOf(lo) !== 0 || numberOf(hi) === undefined) return undefined;
    extents.set(v, numberOf(hi)!);
    inner = only;
  }
  return inner.k === "store" ? copyOfStore(inner, extents) : undefined;
}

function copyOfStore({ buffer, index, value, count }: Store, extents: ReadonlyMap<VarId, number>): Copy | undefined {
  if (value.k !== "load" || count !== undefined || value.count !== undefined || value.type.lanes !== 1 || value.buffer === buffer)
    return undefined;
  // Positions that are data, or named outside of the loops, mean nothing elsewhere.
  const ownOnly = [...value.index, ...index].every((e) => {
    let own = true;
    visitExpr(e, (x) => void (own &&= x.k !== "load" && (x.k !== "var" || extents.has(x.id))));
    return own;
  });
  return ownOnly ? { from: value.buffer, to: buffer, fromIndex: value.index, toIndex: index, extents } : undefined;
}

const numberOf = (e: Expr): number | undefined => (e.k === "const" && typeof e.value === "number" ? e.value : undefined);

/** Where the elements of a whole buffer lie in another one. */
export interface Mapping {
  /** The place in the great buffer of an element of the small one. */
  readonly index: (small: readonly Expr[]) => readonly Expr[];
  /** Elements from one position of each axis to the next: of the small buffer, and in the great one. */
  readonly strides: readonly { readonly extent: number; readonly small: number; readonly great: number }[];
  readonly contiguous: boolean;
}

/** How the small side of a copy, which it covers, lies in the great one; undefined where that is not said by axis or by a shift. */
export function mappingOf(copy: Copy, side: "from" | "to", small: Buffer, great: Buffer): Mapping | undefined {
  const [own, other] = side === "from" ? [copy.fromIndex, copy.toIndex] : [copy.toIndex, copy.fromIndex];
  return axisMapping(copy, own, other, small, great) ?? shiftMapping(copy, own, other, small, great);
}

/** Every axis of the small buffer is walked by a loop of its own. */
function axisMapping(copy: Copy, own: readonly Expr[], other: readonly Expr[], small: Buffer, great: Buffer): Mapping | undefined {
  const walked = own.map((e, axis): VarId | undefined | null => {
    if (e.k === "var" && copy.extents.get(e.id) === small.shape[axis]) return e.id;
    return numberOf(e) === 0 && small.shape[axis] === 1 ? undefined : null;
  });
  const vars = walked.filter((v): v is VarId => typeof v === "number");
  if (walked.includes(null) || new Set(vars).size < vars.length || vars.length !== copy.extents.size) return undefined;
  const flat = flatIndex(other, great);
  const strides = walked.map((v, axis) => ({
    extent: small.shape[axis] ?? 1,
    small: small.shape.slice(axis + 1).reduce((a, d) => a * d, 1),
    great: typeof v === "number" ? strideOf(flat, v) : 0,
  }));
  if (strides.some((s) => s.extent > 1 && !(s.great > 0))) return undefined;
  return {
    index: (at) => {
      const by = new Map(walked.flatMap((v, axis) => (typeof v === "number" ? [[v, at[axis] ?? x.index(0)] as const] : [])));
      return other.map((e) => linearExpr(linearOf(substituteExpr(e, by))));
    },
    strides,
    contiguous: strides.every((s) => s.extent === 1 || s.small === s.great),
  };
}

/** The small buffer lies flat, and as it is in a stretch of the great one, which lies flat too. */
function shiftMapping(copy: Copy, own: readonly Expr[], other: readonly Expr[], small: Buffer, great: Buffer): Mapping | undefined {
  if (own.length !== 1 || other.length !== 1) return undefined;
  const [a, b] = [flatIndex(own, small), flatIndex(other, great)];
  const steps = [...copy.extents].filter(([, n]) => n > 1).map(([v, extent]) => ({ extent, own: strideOf(a, v), other: strideOf(b, v) }));
  steps.sort((p, q) => p.own - q.own);
  let size = 1;
  for (const s of steps) {
    if (s.own !== size || s.other !== s.own) return undefined;
    size *= s.extent;
  }
  const known = (l: Linear): boolean => [...l.terms.values()].every((t) => t.atom.k === "var" && copy.extents.has(t.atom.id));
  if (size !== small.shape[0] || a.constant !== 0 || !known(a) || !known(b)) return undefined;
  return {
    index: ([at = x.index(0)]) => [linearExpr(linearAdd(linearOf(at), linearConstant(b.constant)))],
    strides: [{ extent: size, small: 1, great: 1 }],
    contiguous: true,
  };
}

function flatIndex(index: readonly Expr[], { shape }: Buffer): Linear {
  let sum = linearConstant(0);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    sum = linearAdd(sum, linearOf(index[axis] ?? x.index(0)), stride);
    stride *= shape[axis] ?? 1;
  }
  return sum;
}

/** The coefficient of a variable; NaN where it is part of something else. */
function strideOf(l: Linear, v: VarId): number {
  let factor = 0;
  for (const { atom, factor: f } of l.terms.values()) {
    if (atom.k === "var" && atom.id === v) factor = f;
    else if (atom.k !== "var") return NaN;
  }
  return factor;
}

/** The elements of the target that a copy writes; undefined where they are not known. */
export function writtenForm({ toIndex, extents }: Copy, to: Buffer): Form | undefined {
  const flat = flatIndex(toIndex, to);
  const ranges = new Map([...extents].map(([v, n]) => [v, { lo: 0, hi: n - 1 }]));
  const terms = [...flat.terms.values()].map(({ atom, factor }) => ({ factor, range: rangeOf(atom, ranges) }));
  const known = terms.flatMap(({ factor, range }) => (range === undefined ? [] : [{ factor, range }]));
  return known.length < terms.length ? undefined : { constant: flat.constant, perIteration: 0, terms: known };
}

/** A kernel's operand of the small buffer, moved to the great one; undefined where the kernel cannot find its elements there. */
export function movedOperand(call: KernelCall, name: string, mapping: Mapping, to: BufferId): KernelCall | undefined {
  const ref = call.refs[name];
  if (ref === undefined) return call;
  const refs = { ...call.refs, [name]: { buffer: to, index: mapping.index(ref.index) } };
  if (mapping.contiguous) return { ...call, refs };
  const operands = findKernel(call.kernel)?.operands;
  const ld = operands?.[name]?.rect?.ld;
  const pitch = rowPitch(mapping);
  if (ld === undefined || pitch === undefined || numberOf(call.args[ld] ?? x.index(-1)) !== pitch.small) return undefined;
  // The same number may be said of another operand, which stays where it is.
  if (Object.entries(operands ?? {}).some(([other, o]) => other !== name && o.rect?.ld === ld && call.refs[other] !== undefined))
    return undefined;
  return { ...call, refs, args: { ...call.args, [ld]: x.index(pitch.great) } };
}

/** Rows of the last axis, when all of them lie at one distance in the great buffer. */
function rowPitch({ strides }: Mapping): { readonly small: number; readonly great: number } | undefined {
  const last = strides.at(-1);
  if (last === undefined || (last.extent > 1 && last.great !== 1)) return undefined;
  const rows = strides.slice(0, -1).filter((s) => s.extent > 1);
  const first = rows.at(-1);
  if (first === undefined) return undefined;
  const even = rows.every((s) => s.great * first.small === s.small * first.great);
  return even ? { small: first.small, great: first.great } : undefined;
}

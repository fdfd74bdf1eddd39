/**
 * Which elements of shared buffers a statement touches, as linear forms: what each iteration of a parallel loop touches depends on its number, what is
 * inside of the iteration is a range. Facts for asking whether two threads can meet (thread-conflicts.ts).
 */
import { findKernel } from "../../kernels/index.ts";
import { index } from "../../tensor/build.ts";
import type { Buffer, BufferId, Expr, KernelCall, Ref, Stmt, VarId } from "../../tensor/ir.ts";
import { linearAdd, linearConstant, linearExpr, linearOf, type Linear } from "../../tensor/linear.ts";
import { rangeOf, type Range } from "../../tensor/ranges.ts";
import { bodies, visitOwnExprs } from "../../tensor/rewrite.ts";

/** `factor` times a number of `range`, which may be any. */
export interface Term {
  readonly factor: number;
  readonly range: Range;
}

/** Elements `constant + perIteration * u + sum of terms`, where `u` counts the iterations of the parallel loop from 0. */
export interface Form {
  readonly constant: number;
  readonly perIteration: number;
  readonly terms: readonly Term[];
}

export interface Footprint {
  readonly buffer: BufferId;
  readonly write: boolean;
  /** Absent: any element. */
  readonly form?: Form;
}

/** The iterations of a parallel loop, when their number is known. Loops with equal spaces give iteration `u` to the same thread. */
export interface Space {
  readonly count: number;
  readonly lo: number;
  readonly step: number;
  /** At most this many threads take part. */
  readonly threads: number | undefined;
  /** The thread with the first share. */
  readonly first: number;
}

const numberOf = (e: Expr): number | undefined => (e.k === "const" && typeof e.value === "number" ? e.value : undefined);

/** The iterations of a parallel loop with constant bounds. */
export function spaceOf(s: Stmt): Space | undefined {
  if (s.k !== "for" || s.kind !== "parallel") return undefined;
  const [lo, hi] = [numberOf(s.lo), numberOf(s.hi)];
  return lo === undefined || hi === undefined
    ? undefined
    : { count: Math.max(0, Math.ceil((hi - lo) / s.step)), lo, step: s.step, threads: s.threads, first: s.first ?? 0 };
}

/** What a statement outside of loops (or a parallel loop) touches of buffers that threads share. */
export function footprintsOf(s: Stmt, buffers: ReadonlyMap<BufferId, Buffer>, lets: ReadonlyMap<VarId, Linear>): readonly Footprint[] {
  const walker = new Walker(buffers, spaceOf(s), s.k === "for" ? s.v : undefined, lets);
  walker.stmt(s);
  return walker.found;
}

class Walker {
  readonly found: Footprint[] = [];
  private readonly lets: Map<VarId, Linear>;
  private readonly ranges = new Map<VarId, Range>();
  /** Epilogues' counts: what is stored under one of them lies inside of the result. */
  private readonly counts = new Set<VarId>();
  constructor(
    private readonly buffers: ReadonlyMap<BufferId, Buffer>,
    private readonly space: Space | undefined,
    /** Counter of the parallel loop. */
    private readonly counter: VarId | undefined,
    outer: ReadonlyMap<VarId, Linear>,
  ) {
    this.lets = new Map(outer);
  }

  stmt(s: Stmt): void {
    if (s.k === "kernel") this.kernel(s);
    if (s.k === "hole") {
      for (const { buffer } of s.inputs) this.touch(buffer, false);
      for (const { buffer } of s.outputs) this.touch(buffer, true);
    }
    if (s.k === "store") this.element(s, true, s.value.type.lanes, s.count);
    visitOwnExprs(s, (e) => void (e.k === "load" && this.element(e, false, e.type.lanes, e.count)));
    if (s.k === "let" && s.value.type.dtype === "i64" && s.value.type.lanes === 1) this.name(s.v, s.value);
    if (s.k === "for") this.loop(s.v, s.lo, s.hi, s.step);
    for (const body of bodies(s)) for (const inner of body) this.stmt(inner);
  }

  private name(v: VarId, value: Expr): void {
    this.lets.set(v, linearOf(value, this.lets));
    const range = this.rangeOf(value);
    if (range !== undefined) this.ranges.set(v, range);
  }

  private rangeOf(e: Expr): Range | undefined {
    return rangeOf(e, this.ranges);
  }

  /** A counter is its first value and a distance from it: that of the parallel loop is the number of the iteration. */
  private loop(v: VarId, lo: Expr, hi: Expr, step: number): void {
    const first = numberOf(lo);
    const whole = this.rangeOf(hi);
    if (first !== undefined) {
      if (whole !== undefined) this.ranges.set(v, { lo: first, hi: first + Math.max(0, Math.floor((whole.hi - 1 - first) / step)) * step });
      return;
    }
    const reach = this.reach(hi, linearOf(lo, this.lets));
    const start = this.rangeOf(lo);
    if (reach !== undefined && start !== undefined) this.ranges.set(v, { lo: start.lo, hi: start.hi + Math.max(0, reach - 1) });
    if (reach === undefined) return;
    // Its distance from the start has a number that no variable has.
    const distance: Expr = { k: "var", id: -1 - v, type: lo.type };
    this.ranges.set(-1 - v, { lo: 0, hi: Math.max(0, Math.floor((reach - 1) / step)) * step });
    this.lets.set(v, linearAdd(linearOf(lo, this.lets), linearOf(distance)));
  }

  /** The most that `hi - lo` can be. */
  private reach(hi: Expr, lo: Linear): number | undefined {
    const form = linearOf(hi, this.lets);
    const [only] = form.terms.size === 1 && form.constant === 0 ? [...form.terms.values()] : [];
    const sides = only?.factor === 1 && only.atom.k === "binary" && only.atom.op === "min" ? [only.atom.a, only.atom.b] : [hi];
    const gaps = sides.flatMap((side) => this.rangeOf(linearExpr(linearAdd(linearOf(side, this.lets), lo, -1)))?.hi ?? []);
    return gaps.length === 0 ? undefined : Math.min(...gaps);
  }

  private kernel(s: KernelCall): void {
    const operands = findKernel(s.kernel)?.operands ?? {};
    for (const [name, ref] of Object.entries(s.refs)) {
      const contract = operands[name];
      if (contract?.hint === true) continue;
      const rect = contract?.rect;
      const most = (size: string | number | undefined): Range | undefined =>
        typeof size === "number" ? { lo: size, hi: size } : size === undefined ? undefined : this.rangeOf(s.args[size] ?? index(0));
      const [rows, cols] = [most(rect?.rows), most(rect?.cols)];
      const pitch = rect?.ld === undefined ? cols : this.rangeOf(s.args[rect.ld] ?? index(0));
      const terms =
        rows === undefined || cols === undefined || pitch === undefined || pitch.lo !== pitch.hi
          ? undefined
          : [
              { factor: pitch.hi, range: { lo: 0, hi: Math.max(0, rows.hi - 1) } },
              { factor: 1, range: { lo: 0, hi: Math.max(0, cols.hi - 1) } },
            ];
      this.touch(ref.buffer, (contract?.access ?? "write") === "write", terms === undefined ? undefined : this.form(ref, terms));
    }
    if (s.epilogue === undefined) return;
    const { row, col, count } = s.epilogue;
    const extent = (v: VarId, size: Expr | undefined): void => {
      const range = size === undefined ? undefined : this.rangeOf(size);
      if (range !== undefined) this.ranges.set(v, { lo: 0, hi: Math.max(0, range.hi - 1) });
    };
    extent(row, s.args["m"]);
    extent(col, s.args["n"]);
    if (count !== undefined) this.counts.add(count);
  }

  private element(at: Ref, write: boolean, lanes: number, count: Expr | undefined): void {
    // Under the count of an epilogue, column and lane together stay below the columns of the result.
    const inside = count?.k === "var" && this.counts.has(count.id);
    const most = inside ? 1 : Math.min(lanes, (count === undefined ? undefined : this.rangeOf(count)?.hi) ?? lanes);
    this.touch(at.buffer, write, this.form(at, most > 1 ? [{ factor: 1, range: { lo: 0, hi: most - 1 } }] : []));
  }

  private touch(buffer: BufferId, write: boolean, form?: Form): void {
    const scope = this.buffers.get(buffer)?.scope;
    if (scope === "thread") return;
    this.found.push({ buffer, write, ...(form === undefined ? {} : { form }) });
  }

  /** The flat position of an element; undefined where a range is not known. */
  private form(at: Ref, more: readonly Term[]): Form | undefined {
    const shape = this.buffers.get(at.buffer)?.shape ?? [];
    let flat = linearConstant(0);
    at.index.forEach((e, axis) => {
      flat = linearAdd(linearConstant(0), flat, shape[axis] ?? 1);
      flat = linearAdd(flat, linearOf(e, this.lets));
    });
    const terms: Term[] = [...more];
    let [constant, perIteration] = [flat.constant, 0];
    for (const { atom, factor } of flat.terms.values()) {
      if (atom.k === "var" && atom.id === this.counter && this.space !== undefined) {
        perIteration += factor * this.space.step;
        constant += factor * this.space.lo;
        continue;
      }
      const range = this.rangeOf(atom);
      if (range === undefined) return undefined;
      terms.push({ factor, range });
    }
    return { constant, perIteration, terms: terms.filter((t) => t.range.lo !== 0 || t.range.hi !== 0) };
  }
}

/**
 * Builds a Tensor IR module while templates write into it: ids for buffers, variables and statements, and the way from a graph value to the
 * buffer that holds it. Mutable on purpose and private to lowering; what leaves is a plain `Module`.
 */
import { bug } from "../messages.ts";
import type { DType } from "../support/dtype.ts";
import * as x from "../tensor/build.ts";
import type {
  Buffer,
  BufferId,
  Epilogue,
  Expr,
  For,
  HoleOperand,
  LoopKind,
  Module,
  ReduceOp,
  Ref,
  Scope,
  Stmt,
  Store,
  Var,
  VType,
} from "../tensor/ir.ts";
import { indexType } from "../tensor/ir.ts";
import type { NodeId, ValueId } from "../graph/ir.ts";

export interface BufferSpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly scope: Scope;
  readonly value?: ValueId;
  readonly slot?: number;
}

export class ModuleBuilder {
  readonly #buffers: Buffer[] = [];
  readonly #vars: Var[] = [];
  #nextStmt = 0;
  #holes = 0;

  buffer(spec: BufferSpec): BufferId {
    const id = this.#buffers.length;
    this.#buffers.push({ id, ...spec });
    return id;
  }

  bufferOf(id: BufferId): Buffer {
    return this.#buffers[id] ?? bug(`no buffer ${id}`);
  }

  /** Buffers of one scope, in the order they were asked for. */
  buffersIn(scope: Scope): readonly Buffer[] {
    return this.#buffers.filter((b) => b.scope === scope);
  }

  variable(name: string, type: VType = indexType): Extract<Expr, { k: "var" }> {
    const id = this.#vars.length;
    this.#vars.push({ id, name, type });
    return { k: "var", id, type };
  }

  /** A loop over [lo, hi); `body` gets the loop counter. */
  loop(
    kind: LoopKind,
    name: string,
    lo: Expr | number,
    hi: Expr | number,
    origin: readonly NodeId[],
    body: (i: Expr) => Stmt[],
    step = 1,
  ): For {
    const v = this.variable(name);
    return { k: "for", ...this.#base(origin), v: v.id, lo: asIndex(lo), hi: asIndex(hi), step, kind, body: body(v) };
  }

  /** Names a value; `body` gets the name. */
  let(name: string, value: Expr, origin: readonly NodeId[]): { readonly stmt: Stmt; readonly ref: Expr } {
    const v = this.variable(name, value.type);
    return { stmt: { k: "let", ...this.#base(origin), v: v.id, value }, ref: v };
  }

  register(name: string, value: Expr, origin: readonly NodeId[]): { readonly stmt: Stmt; readonly ref: Extract<Expr, { k: "var" }> } {
    const v = this.variable(name, value.type);
    return { stmt: { k: "register", ...this.#base(origin), v: v.id, value }, ref: v };
  }

  accum(v: number, op: ReduceOp, value: Expr, origin: readonly NodeId[]): Stmt {
    return { k: "accum", ...this.#base(origin), v, op, value };
  }

  /** Gives a register a new value. */
  assign(v: number, value: Expr, origin: readonly NodeId[]): Stmt {
    return { k: "assign", ...this.#base(origin), v, value };
  }

  when(cond: Expr, origin: readonly NodeId[], then: readonly Stmt[], otherwise: readonly Stmt[] = []): Stmt {
    return { k: "if", ...this.#base(origin), cond, then, else: otherwise };
  }

  store(at: Ref, value: Expr, origin: readonly NodeId[]): Store {
    return { k: "store", ...this.#base(origin), buffer: at.buffer, index: at.index, value };
  }

  alloc(buffer: BufferId, origin: readonly NodeId[]): Stmt {
    return { k: "alloc", ...this.#base(origin), buffer };
  }

  region(group: number, name: string, origin: readonly NodeId[], body: readonly Stmt[]): Stmt {
    return { k: "region", ...this.#base(origin), group, name, body };
  }

  kernel(
    call: {
      kernel: string;
      refs: Record<string, Ref>;
      args: Record<string, Expr>;
      params?: Record<string, number | string>;
      epilogue?: Epilogue;
    },
    origin: readonly NodeId[],
  ): Stmt {
    return { k: "kernel", ...this.#base(origin), params: {}, ...call };
  }

  hole(inputs: readonly HoleOperand[], outputs: readonly HoleOperand[], origin: readonly NodeId[]): Stmt {
    return { k: "hole", ...this.#base(origin), hole: this.#holes++, inputs, outputs };
  }

  finish(name: string, threads: number, init: readonly Stmt[], run: readonly Stmt[]): Module {
    return {
      name,
      threads,
      buffers: this.#buffers,
      vars: this.#vars,
      nextStmt: this.#nextStmt,
      init: { name: "init", body: init },
      run: { name: "run", body: run },
    };
  }

  #base(origin: readonly NodeId[]): { id: number; origin: readonly NodeId[] } {
    return { id: this.#nextStmt++, origin: [...new Set(origin)].sort((a, b) => a - b) };
  }
}

/** Index expressions from numbers; folding of the trivial cases keeps the naive nests readable. */
const asIndex = (e: Expr | number): Expr => (typeof e === "number" ? x.index(e) : e);

const known = (e: Expr): number | undefined => (e.k === "const" && typeof e.value === "number" ? e.value : undefined);

export function plus(a: Expr, b: Expr | number): Expr {
  const [ka, kb] = [known(a), typeof b === "number" ? b : known(b)];
  if (kb === 0) return a;
  if (ka === 0) return asIndex(b);
  return ka !== undefined && kb !== undefined ? x.index(ka + kb) : x.add(a, asIndex(b));
}

export function times(a: Expr, factor: number): Expr {
  const ka = known(a);
  if (factor === 1) return a;
  return ka !== undefined || factor === 0 ? x.index((ka ?? 0) * factor) : x.mul(a, x.index(factor));
}

/** Row-major offset of an index in an array of these extents. */
export const linear = (index: readonly Expr[], shape: readonly number[]): Expr =>
  index.reduce<Expr>((offset, i, axis) => plus(times(offset, shape[axis] ?? 1), i), x.index(0));

/** The index of the element at a row-major offset: the inverse of `linear`. */
export function unlinear(offset: Expr, shape: readonly number[]): Expr[] {
  const index: Expr[] = [];
  let rest = offset;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis] ?? 1;
    const last = axis === 0 || shape.slice(0, axis).every((d) => d === 1);
    index.unshift(extent === 1 ? x.index(0) : last ? rest : x.binary("mod", rest, x.index(extent)));
    if (!last && extent !== 1) rest = x.div(rest, x.index(extent));
    else if (last) rest = x.index(0);
  }
  return index;
}

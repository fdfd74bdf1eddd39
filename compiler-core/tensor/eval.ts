/**
 * Interprets a module, at any stage of the tensor pipeline: the yardstick for passes and for generated code. Parallel loops run
 * in thread order; buffers are poisoned (NaN, or a pattern) whenever they come to life, so that a missing write shows in the result.
 * After `plan-memory` the arena and the thread scratch are real shared memory (mode `native`), so that an overlap shows too.
 */
import { allocate, count, type Elements, type NdArray } from "../graph/ndarray.ts";
import { kernelOf } from "../kernels/index.ts";
import { bug, userError } from "../messages.ts";
import { dtypeBytes, isFloat, type DType } from "../support/dtype.ts";
import { evalExpr, readElement, writeElement, type Memory, type Value } from "./eval-expr.ts";
import type { Buffer, BufferId, KernelCall, Module, Ref, Stmt } from "./ir.ts";
import { buffersById } from "./rewrite.ts";
import { evalBinary, evalCast, type EvalMode, type Scalar } from "./semantics.ts";

export interface ModuleData {
  /** By slot. */
  readonly inputs: readonly NdArray[];
  readonly weights: readonly NdArray[];
}

/** Fills with values that cannot be mistaken for results. */
function poison(data: Elements): void {
  if (data instanceof Float32Array || data instanceof Float64Array) data.fill(NaN);
  else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(0x5a5a5a5a5a5a5a5an);
  else data.fill(0x5a);
}

const viewTypes: Partial<Record<DType, new (buffer: ArrayBuffer, offset: number, length: number) => Elements>> = {
  f32: Float32Array,
  f64: Float64Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  bool: Uint8Array,
};

export class Interpreter implements Memory {
  readonly vars: Value[] = [];
  private readonly buffers: ReadonlyMap<BufferId, Buffer>;
  private readonly shared = new Map<BufferId, Elements>();
  /** Buffers of scope `thread`, by thread. */
  private readonly own: Map<BufferId, Elements>[];
  private readonly planned: { readonly arena: ArrayBuffer; readonly scratch: readonly ArrayBuffer[] } | undefined;
  private thread = 0;

  constructor(
    private readonly module: Module,
    readonly mode: EvalMode,
    /** Undefined: nothing is alive yet. */
    data: ModuleData | undefined,
  ) {
    this.buffers = buffersById(module);
    this.own = Array.from({ length: module.threads }, () => new Map<BufferId, Elements>());
    const placeable = module.buffers.every((b) => (b.scope !== "arena" && b.scope !== "thread") || viewTypes[b.dtype] !== undefined);
    if (module.memory !== undefined && mode === "native" && placeable) {
      const { arena, scratch } = module.memory;
      this.planned = { arena: new ArrayBuffer(arena), scratch: this.own.map(() => new ArrayBuffer(scratch)) };
    }
    if (data !== undefined) for (const b of module.buffers) this.bring(b, data);
  }

  private bring(b: Buffer, data: ModuleData): void {
    if (b.scope === "input" || b.scope === "weight") {
      const given = (b.scope === "input" ? data.inputs : data.weights)[b.slot ?? -1] ?? bug(`no data for ${b.scope} ${b.slot}`);
      if (given.dtype !== b.dtype || given.data.length !== count(b.shape)) bug(`${b.scope} ${b.slot} does not fit its buffer`);
      this.shared.set(b.id, given.data);
    } else if (b.scope === "output" || b.scope === "packed") {
      const { data: fresh } = allocate(b.dtype, b.shape, this.mode);
      poison(fresh);
      this.shared.set(b.id, fresh);
    }
  }

  private storageFor(b: Buffer): Elements {
    const view = viewTypes[b.dtype];
    if (this.planned === undefined || b.offset === undefined || view === undefined) return allocate(b.dtype, b.shape, this.mode).data;
    const block = b.scope === "arena" ? this.planned.arena : (this.planned.scratch[this.thread] as ArrayBuffer);
    return new view(block, b.offset, count(b.shape));
  }

  shape(id: BufferId): Buffer {
    return this.buffers.get(id) ?? bug(`no buffer #${id}`);
  }

  data(id: BufferId): Elements {
    return this.own[this.thread]?.get(id) ?? this.shared.get(id) ?? bug(`buffer #${id} is not alive`);
  }

  /** Row-major position of an element. Out of bounds is a bug of the module. */
  position(r: Ref, lanes: number): number {
    const b = this.shape(r.buffer);
    let at = 0;
    r.index.forEach((e, d) => {
      at = at * (b.shape[d] ?? 1) + Number(evalExpr(e, this));
    });
    if (at < 0 || (lanes > 0 && at + lanes > count(b.shape)))
      bug(`access of ${b.name}#${b.id} at ${at} with ${lanes} lanes, it has ${count(b.shape)}`);
    return at;
  }

  run(body: readonly Stmt[]): void {
    for (const s of body) this.stmt(s);
  }

  private stmt(s: Stmt): void {
    switch (s.k) {
      case "for":
        return this.loop(s);
      case "alloc": {
        const b = this.shape(s.buffer);
        const storage = this.storageFor(b);
        poison(storage);
        if (b.scope === "arena") this.shared.set(b.id, storage);
        else this.aliveInThreads(b, storage);
        return;
      }
      case "store":
        return this.store(s);
      case "let":
      case "register":
      case "assign":
        this.vars[s.v] = evalExpr(s.value, this);
        return;
      case "accum":
        this.vars[s.v] = lanewise(this.vars[s.v] as Value, evalExpr(s.value, this), (a, b) =>
          evalBinary(s.op, s.value.type.dtype, a, b, this.mode),
        );
        return;
      case "if":
        return this.run(evalExpr(s.cond, this) === true ? s.then : s.else);
      case "kernel":
        return this.kernel(s);
      case "hole":
        return userError("not-evaluable", {}, { what: "a part of the model runs on ONNX Runtime" });
      case "barrier":
        return;
      case "region":
        return this.run(s.body);
    }
  }

  /** Inside a parallel loop only the thread's own copy comes to life; outside, every thread's. */
  private aliveInThreads(b: Buffer, storage: Elements): void {
    if (this.inParallel) {
      this.own[this.thread]?.set(b.id, storage);
      return;
    }
    for (let t = 0; t < this.own.length; t++) {
      this.thread = t;
      const mine = this.storageFor(b);
      poison(mine);
      this.own[t]?.set(b.id, mine);
    }
    this.thread = 0;
  }
  private inParallel = false;

  private loop(s: Extract<Stmt, { k: "for" }>): void {
    if (s.kind !== "parallel") return this.iterate(s, Number(evalExpr(s.lo, this)), Number(evalExpr(s.hi, this)));
    for (let t = 0; t < this.module.threads; t++) this.share(s, t);
  }

  /** What thread `t` does of a parallel loop. */
  share(s: Extract<Stmt, { k: "for" }>, t: number): void {
    const lo = Number(evalExpr(s.lo, this));
    const hi = Number(evalExpr(s.hi, this));
    const iterations = Math.max(0, Math.ceil((hi - lo) / s.step));
    const threads = Math.min(this.module.threads, s.threads ?? this.module.threads);
    const place = (t + this.module.threads - ((s.first ?? 0) % this.module.threads)) % this.module.threads;
    if (place >= threads) return;
    this.inParallel = true;
    this.thread = t;
    const share = Math.floor(iterations / threads);
    const longer = iterations % threads;
    const from = place * share + Math.min(place, longer);
    this.iterate(s, lo + from * s.step, Math.min(hi, lo + (from + share + (place < longer ? 1 : 0)) * s.step));
    this.thread = 0;
    this.inParallel = false;
  }

  private iterate(s: Extract<Stmt, { k: "for" }>, lo: number, hi: number): void {
    for (let i = lo; i < hi; i += s.step) {
      this.vars[s.v] = i;
      this.run(s.body);
    }
  }

  private store(s: Extract<Stmt, { k: "store" }>): void {
    const value = evalExpr(s.value, this);
    const data = this.data(s.buffer);
    const lanes = Array.isArray(value) ? value : [value as Scalar];
    const n = s.count === undefined ? lanes.length : Math.min(lanes.length, Number(evalExpr(s.count, this)));
    const at = this.position(s, n);
    for (let i = 0; i < n; i++) writeElement(data, at + i, lanes[i] as Scalar);
  }

  private kernel(s: KernelCall): void {
    const kernel = kernelOf(s.kernel);
    const dtype = kernel.acc ?? "f32";
    const { epilogue } = s;
    const lanes = epilogue === undefined ? 1 : (this.module.vars[epilogue.acc]?.type.lanes ?? 1);
    kernel.meaning({
      operand: (name) => {
        const ref = s.refs[name];
        return ref === undefined ? undefined : { data: this.data(ref.buffer), at: this.position(ref, 0) };
      },
      arg: (name) => Number(evalExpr(s.args[name] ?? bug(`${s.kernel} lacks argument ${name}`), this)),
      param: (name) => s.params[name],
      lanes,
      epilogue: (row, col, acc) => {
        if (epilogue === undefined) return;
        this.vars[epilogue.row] = row;
        this.vars[epilogue.col] = col;
        this.vars[epilogue.acc] =
          lanes === 1 ? (acc[0] as number) : Array.from({ length: lanes }, (_, i) => acc[i] ?? (isFloat(dtype) ? NaN : 0x5a5a));
        if (epilogue.count !== undefined) this.vars[epilogue.count] = acc.length;
        this.run(epilogue.body);
      },
      round: (x) => Number(evalCast("f64", kernel.acc ?? kernel.rounds ?? "f32", x, this.mode)),
    });
  }

  /** Contents of everything that is not a thread's own, as they are now. */
  contents(): ReadonlyMap<BufferId, Elements> {
    return this.shared;
  }

  /** Gives buffers contents: those named, and poison for what else the statements use outside of threads. */
  preload(contents: ReadonlyMap<BufferId, Elements>, used: Iterable<BufferId>): void {
    for (const id of used) {
      const b = this.shape(id);
      if (b.scope === "thread") continue;
      const known = contents.get(id);
      const fresh = allocate(b.dtype, b.shape, this.mode).data;
      if (known === undefined) poison(fresh);
      else fresh.set(known as never);
      this.shared.set(id, fresh);
    }
  }

  output(b: Buffer): NdArray {
    return { dtype: b.dtype, shape: b.shape, data: this.data(b.id) };
  }
}

function lanewise(a: Value, b: Value, f: (x: Scalar, y: Scalar) => Scalar): Value {
  if (!Array.isArray(a)) return f(a as Scalar, b as Scalar);
  return a.map((x, i) => f(x, (b as readonly Scalar[])[i] as Scalar));
}

/** Runs `init` and `run` once and gives the outputs by slot. Missing data, an access out of bounds or a broken module is a coded bug. */
export function evalModule(module: Module, data: ModuleData, mode: EvalMode): readonly NdArray[] {
  const machine = new Interpreter(module, mode, data);
  machine.run(module.init.body);
  machine.run(module.run.body);
  const outputs = module.buffers.filter((b) => b.scope === "output").sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0));
  return outputs.map((b) => machine.output(b));
}

/** As `evalModule`, and what all shared buffers hold in the end: as long as memory is not planned, each still has what was last written. */
export function evalBuffers(
  module: Module,
  data: ModuleData,
  mode: EvalMode,
): { readonly outputs: readonly NdArray[]; readonly contents: ReadonlyMap<BufferId, Elements> } {
  const { memory: _, ...unplanned } = module;
  const machine = new Interpreter(unplanned, mode, data);
  machine.run(module.init.body);
  machine.run(module.run.body);
  const outputs = module.buffers.filter((b) => b.scope === "output").sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0));
  return { outputs: outputs.map((b) => machine.output(b)), contents: machine.contents() };
}

/**
 * Runs some statements of a module alone. Buffers of `contents` have these elements before, others that are not a thread's own hold poison. Gives
 * what all of them hold after; `contents` stays as it is.
 */
export function evalPiece(
  module: Module,
  body: readonly Stmt[],
  contents: ReadonlyMap<BufferId, Elements>,
  used: Iterable<BufferId>,
  mode: EvalMode,
): ReadonlyMap<BufferId, Elements> {
  const { memory: _, ...unplanned } = module;
  const machine = new Interpreter(unplanned, mode, undefined);
  machine.preload(contents, used);
  machine.run(body);
  return machine.contents();
}

/** Bytes of a buffer. */
export const bufferBytes = (b: Buffer): number => dtypeBytes(b.dtype, count(b.shape));
export { readElement };

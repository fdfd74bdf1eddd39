/** Tensor IR statements as C++ text. Outside of parallel loops, what only thread 0 may do is gathered under `if (tid == 0)`. */
import { kernelOf } from "../kernels/index.ts";
import { bug } from "../messages.ts";
import { dtypeBits, dtypeBytes, isPacked, type DType } from "../support/dtype.ts";
import { binary } from "../tensor/build.ts";
import type { Barrier, Buffer, Expr, For, HoleCall, HoleOperand, KernelCall, Module, Region, Stmt, Store } from "../tensor/ir.ts";
import { buffersById, visitStmts } from "../tensor/rewrite.ts";
import { forAllThreads, sharedLets } from "../tensor/team.ts";
import { addressText, codeText, countText, exprText, positionText, readsData, typeName, type Scope } from "./expressions.ts";
import { storeCode } from "./elements.ts";
import { memoryType } from "./literals.ts";
import { readableNames, type Naming } from "./naming.ts";
import type { SourceText } from "./source-text.ts";
import { memorySpelling } from "./spelling.ts";

type Placed = "arena" | "packed" | "thread";
const bases: Readonly<Record<Placed, string>> = { arena: "ctx->arena", packed: "ctx->packed", thread: "fs_scratch(ctx, tid)" };

/** What writers of one module share: found once, because there is a writer for each region. */
export interface ModuleFacts {
  readonly module: Module;
  readonly buffers: ReadonlyMap<number, Buffer>;
  readonly shared: ReadonlySet<number>;
  readonly data: ReadonlySet<number>;
  /** Lanes of the instruction set's vectors. */
  readonly lanes: number;
  /** Which nodes a group computes, as comment lines. */
  readonly comments: (group: number) => readonly string[];
}

export const moduleFacts = (module: Module, lanes: number, comments: ModuleFacts["comments"]): ModuleFacts => ({
  module,
  buffers: buffersById(module),
  shared: new Set([...sharedLets(module.init.body), ...sharedLets(module.run.body)]),
  data: dataVariables(module),
  lanes,
  comments,
});

/** The call of a region that is a function of its own. */
export type RegionCall = (region: Region) => string | undefined;

export class StatementWriter {
  private readonly laneCounts = new Set<number>();
  readonly scope: Scope;

  constructor(
    private readonly facts: ModuleFacts,
    private readonly out: SourceText,
    private readonly names: Naming = readableNames,
    private readonly call: RegionCall = () => undefined,
  ) {
    const { module, lanes, data } = facts;
    this.scope = {
      buffer: (id) => this.buffer(id),
      pointer: (id) => names.buffer(id, this.buffer(id).name),
      variable: (id) => names.variable(id, module.vars[id]?.name ?? ""),
      laneCounts: this.laneCounts,
      data,
      lanes,
    };
  }

  private buffer(id: number): Buffer {
    return this.facts.buffers.get(id) ?? bug(`no buffer #${id}`);
  }
  private expr(e: Expr): string {
    return exprText(e, this.scope);
  }
  private name(id: number): string {
    return this.scope.variable(id);
  }

  /** The C++ pointer of a buffer that is alive from the start (`init`: packed ones are written). */
  pointer(b: Buffer, writable: boolean): void {
    const type = elementType(b);
    const shape = b.shape.join(" x ");
    const name = this.scope.pointer(b.id);
    if (b.scope === "input" || b.scope === "output" || b.scope === "weight") {
      const constant = b.scope === "output" ? "" : "const ";
      const from = `ctx->${b.scope}s[${b.slot ?? bug(`${b.scope} without slot`)}]`;
      return this.out.line(`${constant}${type}* const ${name} = static_cast<${constant}${type}*>(${from});  // ${shape}`);
    }
    const at = `${bases[b.scope as Placed]} + ${b.offset ?? bug(`buffer ${b.name}#${b.id} has no place yet`)}`;
    const constant = writable ? "" : "const ";
    this.out.line(`${constant}${type}* const ${name} = reinterpret_cast<${constant}${type}*>(${at});  // ${shape}`);
  }

  /** What the kernels of a region need to be set up, once for the nest: the configuration of tiles. */
  scopes(body: readonly Stmt[]): void {
    scopesOf(body).forEach((type, i) => this.out.line(`const ${type} scope_${i};`));
  }

  /** Statements that all threads execute: the body of a function or of a region outside of parallel loops. */
  teamBody(body: readonly Stmt[]): void {
    let single: Stmt[] = [];
    const flush = (): void => {
      const mine = single;
      single = [];
      if (mine.length > 0) this.out.block("if (tid == 0) {", () => this.body(mine));
    };
    for (const s of body) {
      if (!forAllThreads(s, this.facts.shared)) {
        single.push(s);
        continue;
      }
      // A buffer's address can be taken before what thread 0 still has to do: ending its stretch here would end the scope of its names.
      if (s.k !== "alloc") flush();
      this.out.within(s, () => this.teamStmt(s));
    }
    flush();
  }

  private teamStmt(s: Stmt): void {
    if (s.k === "for") return this.parallelLoop(s);
    if (s.k === "region") return this.region(s, () => (this.scopes(s.body), this.teamBody(s.body)), this.call(s));
    if (s.k === "barrier") return this.barrier(s);
    return this.stmt(s);
  }

  /** Threads that wait bring the constant of their next share near. */
  private barrier({ near }: Barrier): void {
    if (near === undefined) return this.out.line("fs_barrier(ctx, tid);");
    const { buffer, step, count, bytes } = near;
    const { dtype } = this.buffer(buffer);
    const size = dtypeBytes(dtype, 1);
    const whole = this.buffer(buffer).shape.reduce((a, d) => a * d, 1) * size;
    this.out.line(
      `fs_barrier_near(ctx, tid, ${this.scope.pointer(buffer)}, ${count}, ${step * size}, ${Math.min(bytes, step === 0 ? whole : bytes)});`,
    );
  }

  private parallelLoop(s: For): void {
    const name = this.name(s.v);
    const at = this.names.statement(s.id);
    this.out.block("{", () => {
      this.out.line(`int64_t lo_${at}, hi_${at};`);
      const range = s.step === 1 ? `${this.expr(s.lo)}, ${this.expr(s.hi)}` : `0, ${this.iterations(s)}`;
      const first = s.first ?? 0;
      if (first > 0) this.out.line(`const int place_${at} = (tid + threads - ${first} % threads) % threads;`);
      const place = first > 0 ? `place_${at}` : "tid";
      this.out.line(
        `fs_range(${range}, ${place}, ${s.threads === undefined ? "threads" : `threads < ${s.threads} ? threads : ${s.threads}`}, &lo_${at}, &hi_${at});`,
      );
      if (s.threads !== undefined) this.out.line(`if (${place} >= ${s.threads}) hi_${at} = lo_${at};`);
      if (s.step === 1) {
        this.out.block(`for (int64_t ${name} = lo_${at}; ${name} < hi_${at}; ${name}++) {`, () => this.body(s.body));
        return this.streamEnd(s);
      }
      const start = s.lo.k === "const" && s.lo.value === 0 ? "" : `${this.expr(s.lo)} + `;
      this.out.block(`for (int64_t step_${at} = lo_${at}; step_${at} < hi_${at}; step_${at}++) {`, () => {
        this.out.line(`const int64_t ${name} = ${start}step_${at} * ${s.step};`);
        this.body(s.body);
      });
      this.streamEnd(s);
    });
  }

  /** What was written past the caches is in memory before anybody is told so. */
  private streamEnd(s: For): void {
    let streams = false;
    visitStmts(s.body, (inner) => {
      if (inner.k === "store" && inner.stream === true) streams = true;
      if (inner.k === "kernel") visitStmts(inner.epilogue?.body ?? [], (e) => (streams ||= e.k === "store" && e.stream === true));
    });
    if (streams) this.out.line("fs::stream_end();");
  }

  private iterations(s: For): string {
    if (s.lo.k === "const" && s.hi.k === "const") return String(Math.ceil((Number(s.hi.value) - Number(s.lo.value)) / s.step));
    return `(${this.expr(binary("sub", s.hi, s.lo))} + ${s.step - 1}) / ${s.step}`;
  }

  body(body: readonly Stmt[]): void {
    for (const s of body) this.out.within(s, () => this.stmt(s));
  }

  private stmt(s: Stmt): void {
    switch (s.k) {
      case "for":
        return this.loop(s);
      case "alloc":
        return this.pointer(this.buffer(s.buffer), true);
      case "store":
        return this.store(s);
      case "let":
        return this.out.line(`const ${typeName(s.value.type, this.scope)} ${this.name(s.v)} = ${this.expr(s.value)};`);
      case "register":
        return this.out.line(`${typeName(s.value.type, this.scope)} ${this.name(s.v)} = ${this.expr(s.value)};`);
      case "accum":
        return this.out.line(`${this.name(s.v)} = ${this.expr(binary(s.op, { k: "var", id: s.v, type: s.value.type }, s.value))};`);
      case "assign":
        return this.out.line(`${this.name(s.v)} = ${this.expr(s.value)};`);
      case "if":
        this.out.line(`if (${this.expr(s.cond)}) {`);
        this.out.indent(() => this.body(s.then));
        if (s.else.length > 0) {
          this.out.line("} else {");
          this.out.indent(() => this.body(s.else));
        }
        return this.out.line("}");
      case "kernel":
        return this.kernel(s);
      case "hole":
        return this.hole(s);
      case "barrier":
        return bug(`s${s.id}: a barrier inside a loop`);
      case "region":
        return this.region(s, () => this.body(s.body));
    }
  }

  private loop(s: For): void {
    const name = this.name(s.v);
    if (s.kind === "unroll") this.out.line("#pragma GCC unroll 16");
    const step = s.step === 1 ? `${name}++` : `${name} += ${s.step}`;
    this.out.block(`for (int64_t ${name} = ${this.expr(s.lo)}; ${name} < ${this.expr(s.hi)}; ${step}) {`, () => this.body(s.body));
  }

  private store(s: Store): void {
    const { dtype } = this.buffer(s.buffer);
    if (s.value.type.lanes > 1) {
      typeName(s.value.type, this.scope);
      if (isPacked(dtype)) return this.packedStore(s, dtype);
      const { store } = memorySpelling[dtype] ?? bug(`no vector store of ${dtype}`);
      const count = s.count === undefined ? (dtype === "bool" ? ", fs::all_lanes{}" : "") : `, ${countText(s.count, this.scope)}`;
      const narrowed = wrappedByte(s.value);
      if (narrowed !== undefined) return this.out.line(`fs::store_low8(${addressText(s, this.scope)}, ${this.expr(narrowed)}${count});`);
      const past = s.stream === true && dtype === "f32";
      return this.out.line(`${past ? "fs::store_past" : store}(${addressText(s, this.scope)}, ${this.expr(s.value)}${count});`);
    }
    this.out.line(storeCode(dtype, this.scope.pointer(s.buffer), positionText(s, this.scope), codeText(s.value, this.scope)));
  }

  private packedStore(s: Store, dtype: DType): void {
    const count = s.count === undefined ? "" : `, ${countText(s.count, this.scope)}`;
    const at = `${this.scope.pointer(s.buffer)}, ${positionText(s, this.scope)}`;
    this.out.line(`fs::store_packed<${dtypeBits[dtype]}>(${at}, ${this.expr(s.value)}${count});`);
  }

  private region(s: Region, body: () => void, call?: string): void {
    const [head = "", ...nodes] = this.facts.comments(s.group);
    const marked = (inner: () => void): void => {
      this.out.line(`FS_REGION_BEGIN(ctx, tid, ${s.group});`);
      inner();
      this.out.line(`FS_REGION_END(ctx, tid, ${s.group});`);
    };
    // The lines of the call are the frame's: those of the region are its function's.
    if (call !== undefined) return this.out.within(undefined, () => this.out.block(`{  ${head}`, () => marked(() => this.out.line(call))));
    for (const line of [head, ...nodes]) this.out.line(line);
    this.out.block("{", () => marked(body));
  }

  private hole(s: HoleCall): void {
    const at = this.names.statement(s.id);
    const list = (type: string, name: string, operands: readonly HoleOperand[]): string => {
      if (operands.length === 0) return "nullptr";
      const pointers = operands.map((o) => (this.buffer(o.buffer).scope === "host" ? "nullptr" : this.scope.pointer(o.buffer)));
      this.out.line(`${type} ${name}_${at}[] = {${pointers.join(", ")}};`);
      return `${name}_${at}`;
    };
    const inputs = list("const void* const", "operands", s.inputs);
    const outputs = list("void* const", "results", s.outputs);
    this.out.line(`ctx->hole(ctx->hole_host, ${s.hole}, ${inputs}, ${outputs});`);
  }

  private kernel(s: KernelCall): void {
    const kernel = kernelOf(s.kernel);
    const call = kernel.cpp({
      pointer: (name) => {
        const ref = s.refs[name];
        return ref === undefined ? undefined : addressText(ref, this.scope);
      },
      arg: (name) => {
        const e = s.args[name] ?? bug(`${s.kernel} lacks argument ${name}`);
        return e.k === "const" ? `fs::fixed<${String(e.value)}>{}` : this.expr(e);
      },
      param: (name) => s.params[name],
      epilogue: s.epilogue === undefined ? undefined : "@",
    });
    const [head, tail] = call.split("@");
    if (s.epilogue === undefined || tail === undefined) return this.out.line(call);
    this.epilogue(s, head ?? "", tail);
  }

  /** The epilogue as a generic lambda: called with whole vectors and, for the last columns, with a lane count. */
  private epilogue(s: KernelCall, head: string, tail: string): void {
    const { row, col, acc, count, body } = s.epilogue ?? bug("no epilogue");
    const type = this.facts.module.vars[acc]?.type ?? bug(`no variable %${acc}`);
    const vector = `fs::${kernelOf(s.kernel).acc === "i32" ? "i32x" : "f32x"}`;
    const capture = assignsOutside(body) ? "&" : "=";
    const lambda = (c: string, a: string, n: string): string =>
      `${head}[${capture}](int64_t ${this.name(row)}, int64_t ${c}, ${vector} ${a}, auto ${n}) __attribute__((always_inline)) {`;
    if (count !== undefined && type.lanes === this.scope.lanes) {
      this.laneCounts.add(count);
      return this.out.block(lambda(this.name(col), this.name(acc), this.name(count)), () => this.body(body), `}${tail}`);
    }
    if (type.lanes !== 1) bug(`s${s.id}: an epilogue of ${type.lanes} lanes for registers of ${this.scope.lanes}`);
    const at = this.names.statement(s.id);
    const element = vector === "fs::i32x" ? "int32_t" : "float";
    this.out.block(
      lambda(`col_${at}`, `acc_${at}`, `n_${at}`),
      () => {
        this.out.line(`${element} lanes_${at}[fs::f32_lanes];`);
        this.out.line(`fs::store(lanes_${at}, acc_${at});`);
        this.out.block(`for (int lane_${at} = 0; lane_${at} < fs::lane_count(n_${at}); lane_${at}++) {`, () => {
          this.out.line(`const int64_t ${this.name(col)} = col_${at} + lane_${at};`);
          this.out.line(`const ${element} ${this.name(acc)} = lanes_${at}[lane_${at}];`);
          this.body(body);
        });
      },
      `}${tail}`,
    );
  }
}

/** The i32 whose low bits a stored byte is: they need not be cut out first. */
const wrappedByte = (e: Expr): Expr | undefined =>
  e.k === "cast" && e.rule === undefined && e.a.type.dtype === "i32" && (e.type.dtype === "u8" || e.type.dtype === "i8") ? e.a : undefined;

/** Does an epilogue add to a register that is not its own? Only then it refers to what is around it: copies of that stay in registers. */
function assignsOutside(body: readonly Stmt[]): boolean {
  const own = new Set<number>();
  const assigned = new Set<number>();
  visitStmts(body, (s) => {
    if (s.k === "register") own.add(s.v);
    if (s.k === "accum" || s.k === "assign") assigned.add(s.v);
  });
  return [...assigned].some((v) => !own.has(v));
}

/** What the kernels of a region want set up once for all of their calls. */
function scopesOf(body: readonly Stmt[]): readonly string[] {
  const wanted = new Set<string>();
  visitStmts(body, (s) => {
    const type = s.k === "kernel" ? kernelOf(s.kernel).scope : undefined;
    if (type !== undefined) wanted.add(type);
  });
  return [...wanted];
}

/** What only passes through to a hole may be of a type that nothing is computed in. */
export const elementType = (b: Buffer): string => memoryType(b.dtype) ?? "unsigned char";

/** 64-bit variables whose value comes from elements: registers, and names of what depends on a load. */
function dataVariables(module: Module): ReadonlySet<number> {
  const data = new Set<number>();
  for (const f of [module.init, module.run])
    visitStmts(f.body, (s) => {
      if (s.k === "register" || (s.k === "let" && readsData(s.value, data))) data.add(s.v);
    });
  return data;
}

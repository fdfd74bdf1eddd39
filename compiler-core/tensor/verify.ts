/**
 * Is a module well formed? Run after every pass. Gives one sentence per problem, with the statement's number; an empty list is good.
 * Checked: types of expressions, definition before use and single definition, buffers in scope, ranks and provable index ranges, one level of
 * `parallel`, barriers only where all threads pass, kernels' contracts and epilogues.
 */
import { dtypeBits } from "../support/dtype.ts";
import { Scoped } from "../support/scoped.ts";
import { findKernel } from "../kernels/index.ts";
import { typeText } from "./build.ts";
import type { Buffer, BufferId, Expr, HoleCall, KernelCall, Module, Ref, Stmt, VarId, VType } from "./ir.ts";
import { buffersById } from "./rewrite.ts";
import { rangeOf, type Range } from "./ranges.ts";
import { binaryTakes, unaryTakes } from "./semantics.ts";

interface Place {
  readonly defined: Scoped<VarId, "let" | "register">;
  readonly alive: Scoped<BufferId, true>;
  readonly ranges: Scoped<VarId, Range>;
  readonly parallel: boolean;
  readonly threadZeroOnly: boolean;
}

const inner = (p: Place, change: Partial<Pick<Place, "parallel" | "threadZeroOnly">> = {}): Place => ({
  defined: p.defined.inner(),
  alive: p.alive.inner(),
  ranges: p.ranges.inner(),
  parallel: p.parallel,
  threadZeroOnly: p.threadZeroOnly,
  ...change,
});

class Verifier {
  readonly problems: string[] = [];
  private readonly seen = new Set<number>();
  private readonly defined = new Set<VarId>();
  private readonly buffers: ReadonlyMap<BufferId, Buffer>;
  private at = "";
  constructor(private readonly module: Module) {
    this.buffers = buffersById(module);
    if (this.buffers.size !== module.buffers.length) this.problems.push("two buffers have one id");
    module.vars.forEach((v, i) => {
      if (v.id !== i) this.problems.push(`variable table row ${i} holds %${v.id}`);
    });
  }

  private say(what: string): void {
    this.problems.push(this.at === "" ? what : `${this.at}: ${what}`);
  }

  func(body: readonly Stmt[]): void {
    const alive = new Scoped<BufferId, true>();
    for (const b of this.module.buffers) if (b.scope !== "arena" && b.scope !== "thread") alive.set(b.id, true);
    this.defined.clear();
    this.block(body, { defined: new Scoped(), alive, ranges: new Scoped(), parallel: false, threadZeroOnly: false });
  }

  private block(body: readonly Stmt[], place: Place): void {
    for (const s of body) this.stmt(s, place);
  }

  private define(v: VarId, type: VType, kind: "let" | "register", place: Place): void {
    const row = this.module.vars[v];
    if (row === undefined) return this.say(`%${v} is not in the variable table`);
    if (this.defined.has(v)) this.say(`%${v} is defined twice`);
    if (typeText(row.type) !== typeText(type)) this.say(`%${v} is declared ${typeText(row.type)} and gets ${typeText(type)}`);
    this.defined.add(v);
    place.defined.set(v, kind);
  }

  private stmt(s: Stmt, place: Place): void {
    this.at = `s${s.id}`;
    if (this.seen.has(s.id)) this.say("the statement number is used twice");
    if (s.id >= this.module.nextStmt) this.say(`the statement number is not below ${this.module.nextStmt}`);
    if (s.origin.some((n, i) => i > 0 && n <= (s.origin[i - 1] as number))) this.say("the origin is not sorted");
    this.seen.add(s.id);
    switch (s.k) {
      case "for":
        return this.loop(s, place);
      case "alloc":
        return this.alloc(s.buffer, place);
      case "store":
        this.access(s, s.value.type.lanes, place, true);
        this.same(s.value.type.dtype, this.buffers.get(s.buffer)?.dtype ?? "", "stored value");
        if (s.count !== undefined) this.scalarIndex(s.count, place, "count");
        return this.expr(s.value, place);
      case "let":
      case "register":
        this.expr(s.value, place);
        this.define(s.v, s.value.type, s.k, place);
        if (s.k === "let") this.learn(s.v, s.value, place);
        return;
      case "accum":
      case "assign":
        this.expr(s.value, place);
        if (place.defined.get(s.v) !== "register") this.say(`%${s.v} is not a register in scope`);
        return this.same(typeText(s.value.type), typeText(this.module.vars[s.v]?.type ?? s.value.type), "new value");
      case "if":
        this.expr(s.cond, place);
        this.same(typeText(s.cond.type), "bool", "condition");
        this.block(s.then, inner(place, { threadZeroOnly: true }));
        return this.block(s.else, inner(place, { threadZeroOnly: true }));
      case "kernel":
        return this.kernel(s, place);
      case "hole":
        return this.hole(s, place);
      case "barrier":
        if (place.parallel || place.threadZeroOnly) this.say("a barrier that not every thread reaches");
        return;
      case "region":
        return this.block(s.body, inner(place));
    }
  }

  private hole(s: HoleCall, place: Place): void {
    if (place.parallel || place.threadZeroOnly) this.say("a hole inside of a loop or a condition");
    for (const [list, write] of [
      [s.inputs, false],
      [s.outputs, true],
    ] as const) {
      for (const { buffer } of list) {
        const b = this.buffers.get(buffer);
        if (b === undefined) this.say(`#${buffer} is not in the buffer table`);
        else if (!place.alive.has(buffer)) this.say(`#${buffer} is not alive here`);
        else if (b.scope === "thread") this.say(`#${buffer} is a thread's own: a hole cannot have it`);
        else if (write && (b.scope === "input" || b.scope === "weight")) this.say(`a hole writes to the ${b.scope} #${buffer}`);
      }
    }
  }

  private loop(s: Extract<Stmt, { k: "for" }>, place: Place): void {
    this.scalarIndex(s.lo, place, "lower bound");
    this.scalarIndex(s.hi, place, "upper bound");
    if (!(Number.isInteger(s.step) && s.step > 0)) this.say(`step ${s.step}`);
    if (s.kind === "parallel" && place.parallel) this.say("parallel inside parallel");
    if (s.kind === "parallel" && place.threadZeroOnly) this.say("parallel inside serial control flow");
    const parallel = s.kind === "parallel";
    const next = inner(place, { parallel: place.parallel || parallel, threadZeroOnly: place.threadZeroOnly || !parallel });
    this.define(s.v, { dtype: "i64", lanes: 1 }, "let", next);
    const lo = rangeOf(s.lo, place.ranges);
    const hi = rangeOf(s.hi, place.ranges);
    if (lo !== undefined && hi !== undefined) next.ranges.set(s.v, { lo: lo.lo, hi: Math.max(lo.lo, hi.hi - 1) });
    if (lo !== undefined && hi !== undefined && hi.hi <= lo.lo) return; // never entered: its indices prove nothing
    this.block(s.body, next);
  }

  private learn(v: VarId, value: Expr, place: Place): void {
    const range = value.type.dtype === "i64" && value.type.lanes === 1 ? rangeOf(value, place.ranges) : undefined;
    if (range !== undefined) place.ranges.set(v, range);
  }

  private alloc(id: BufferId, place: Place): void {
    const b = this.buffers.get(id);
    if (b === undefined) return this.say(`#${id} is not in the buffer table`);
    if (b.scope !== "arena" && b.scope !== "thread") this.say(`alloc of the ${b.scope} buffer #${id}`);
    if (b.scope === "arena" && place.parallel) this.say(`the shared buffer #${id} comes to life inside a parallel loop`);
    if (place.alive.has(id)) this.say(`#${id} is allocated twice`);
    place.alive.set(id, true);
  }

  private access(r: Ref, lanes: number, place: Place, write: boolean): void {
    const b = this.buffers.get(r.buffer);
    if (b === undefined) return this.say(`#${r.buffer} is not in the buffer table`);
    if (!place.alive.has(b.id)) this.say(`#${b.id} is not alive here`);
    if (write && (b.scope === "input" || b.scope === "weight")) this.say(`writes to the ${b.scope} #${b.id}`);
    if (r.index.length !== b.shape.length) return this.say(`#${b.id} has rank ${b.shape.length}, not ${r.index.length}`);
    r.index.forEach((e, d) => {
      this.scalarIndex(e, place, "index");
      const range = rangeOf(e, place.ranges);
      const extent = b.shape[d] as number;
      if (range !== undefined && (range.lo >= extent || range.hi < 0))
        this.say(`index ${d} of #${b.id} is in ${range.lo}..${range.hi}, the extent is ${extent}`);
    });
    if (lanes < 1) this.say(`${lanes} lanes`);
  }

  private scalarIndex(e: Expr, place: Place, what: string): void {
    this.expr(e, place);
    this.same(typeText(e.type), "i64", what);
  }

  private same(got: string, want: string, what: string): void {
    if (got !== want) this.say(`${what} is ${got}, not ${want}`);
  }

  private expr(e: Expr, place: Place): void {
    switch (e.k) {
      case "const":
        if (!(e.type.dtype in dtypeBits)) this.say(`constant of type ${e.type.dtype}`);
        if ((typeof e.value === "boolean") !== (e.type.dtype === "bool")) this.say(`${String(e.value)} as ${e.type.dtype}`);
        return;
      case "var":
        if (!place.defined.has(e.id)) this.say(`%${e.id} is used before its definition`);
        return this.same(typeText(e.type), typeText(this.module.vars[e.id]?.type ?? e.type), `%${e.id}`);
      case "binary":
        if (!binaryTakes(e.op, e.a.type.dtype)) this.say(`${e.op} of ${e.a.type.dtype}`);
        this.same(typeText(e.b.type), typeText(e.a.type), `second operand of ${e.op}`);
        this.expr(e.a, place);
        return this.expr(e.b, place);
      case "unary":
        if (!unaryTakes(e.op, e.a.type.dtype)) this.say(`${e.op} of ${e.a.type.dtype}`);
        return this.expr(e.a, place);
      case "cast":
        return this.expr(e.a, place);
      case "broadcast":
        this.same(String(e.a.type.lanes), "1", "lanes of a broadcast operand");
        return this.expr(e.a, place);
      case "reduce":
        return this.expr(e.a, place);
      case "ramp":
        return this.expr(e.base, place);
      case "fma":
        for (const x of [e.a, e.b, e.c]) {
          this.same(typeText(x.type), typeText(e.type), "operand of fma");
          this.expr(x, place);
        }
        return;
      case "select":
        this.same(typeText(e.cond.type), typeText({ dtype: "bool", lanes: e.type.lanes }), "condition of select");
        for (const x of [e.cond, e.a, e.b]) this.expr(x, place);
        this.same(typeText(e.b.type), typeText(e.a.type), "second choice of select");
        return;
      case "load":
        this.access(e, e.type.lanes, place, false);
        this.same(e.type.dtype, this.buffers.get(e.buffer)?.dtype ?? "", "loaded value");
        if (e.count !== undefined) this.scalarIndex(e.count, place, "count");
    }
  }

  private kernel(s: KernelCall, place: Place): void {
    const k = findKernel(s.kernel);
    if (k === undefined) return this.say(`no kernel ${s.kernel}`);
    for (const [name, contract] of Object.entries(k.operands)) {
      const ref = s.refs[name];
      if (ref === undefined) {
        if (contract.optional !== true) this.say(`${s.kernel} lacks operand ${name}`);
        continue;
      }
      this.access(ref, 1, place, contract.access === "write");
      if (contract.hint !== true) this.same(this.buffers.get(ref.buffer)?.dtype ?? "", contract.dtype, `operand ${name} of ${s.kernel}`);
    }
    for (const name of Object.keys(s.refs)) if (!(name in k.operands)) this.say(`${s.kernel} has no operand ${name}`);
    for (const name of [...k.args, ...(k.needs?.(s.params, (o) => o in s.refs) ?? [])])
      if (!(name in s.args)) this.say(`${s.kernel} lacks argument ${name}`);
    for (const [name, e] of Object.entries(s.args)) {
      if (!k.args.includes(name) && !k.optionalArgs.includes(name)) this.say(`${s.kernel} has no argument ${name}`);
      this.scalarIndex(e, place, `argument ${name}`);
    }
    for (const name of Object.keys(s.params)) if (!(name in k.params)) this.say(`${s.kernel} has no parameter ${name}`);
    if ((s.epilogue === undefined) !== (k.acc === undefined))
      this.say(`${s.kernel} ${k.acc === undefined ? "takes no" : "needs an"} epilogue`);
    if (s.epilogue !== undefined && k.acc !== undefined) this.epilogue(s, place);
  }

  private epilogue(s: KernelCall, place: Place): void {
    const { row, col, acc, count, body } = s.epilogue as NonNullable<KernelCall["epilogue"]>;
    const next = inner(place, { threadZeroOnly: true });
    const index = { dtype: "i64", lanes: 1 } as const;
    const type = this.module.vars[acc]?.type ?? index;
    this.same(type.dtype, findKernel(s.kernel)?.acc ?? "", "accumulator");
    if ((count !== undefined) !== type.lanes > 1) this.say("an epilogue has a count exactly when its accumulator is a vector");
    this.define(row, index, "let", next);
    this.define(col, index, "let", next);
    this.define(acc, type, "let", next);
    if (count !== undefined) this.define(count, index, "let", next);
    this.epilogueRange(row, s.args["m"], next);
    this.epilogueRange(col, s.args["n"], next);
    this.block(body, next);
  }

  private epilogueRange(v: VarId, extent: Expr | undefined, place: Place): void {
    const range = extent === undefined ? undefined : rangeOf(extent, place.ranges);
    if (range !== undefined) place.ranges.set(v, { lo: 0, hi: Math.max(0, range.hi - 1) });
  }
}

/** Every broken promise of a module, one sentence each. */
export function verifyModule(module: Module): readonly string[] {
  const v = new Verifier(module);
  v.func(module.init.body);
  v.func(module.run.body);
  return v.problems;
}

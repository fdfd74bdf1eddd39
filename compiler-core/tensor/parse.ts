/** Reads the text form of the Tensor IR (see print.ts) back into a module. Malformed text is a coded bug naming the line. */
import type { Buffer, Epilogue, Expr, HoleOperand, LoopKind, Module, ReduceOp, Ref, Scope, Stmt } from "./ir.ts";
import { ExprParser } from "./parse-expr.ts";
import { accumSign } from "./print.ts";

const reduceBySign = new Map(Object.entries(accumSign).map(([op, sign]) => [sign as string, op as ReduceOp]));
const loopKinds: readonly string[] = ["parallel", "vector", "unroll"];
const scopes: readonly string[] = ["input", "output", "weight", "packed", "arena", "thread", "host"];

class Parser extends ExprParser {
  // Header.
  module(): Module {
    this.need("module");
    const name = this.label();
    this.need("threads");
    const threads = this.integer();
    this.need("next");
    const nextStmt = this.integer();
    const memory = this.memory();
    while (this.take("buffer")) this.buffer();
    while (this.take("vars")) while (!this.is("vars") && !this.is("init")) this.variableRow();
    this.need("init");
    const init = this.block();
    this.need("run");
    const run = this.block();
    if (this.peek().kind !== "end") this.fail("the end");
    return {
      name,
      buffers: this.buffers,
      vars: this.vars,
      init: { name: "init", body: init },
      run: { name: "run", body: run },
      nextStmt,
      threads,
      ...(memory === undefined ? {} : { memory }),
    };
  }
  private memory(): Module["memory"] {
    if (!this.take("memory")) return undefined;
    const field = (word: string): number => {
      this.need(word);
      return this.integer();
    };
    return { arena: field("arena"), arenaWithoutReuse: field("without"), packed: field("packed"), scratch: field("scratch") };
  }
  private buffer(): void {
    const name = this.label();
    this.need("#");
    const id = this.integer();
    this.need(":");
    const { dtype } = this.type(this.name());
    const shape: number[] = [];
    this.need("[");
    while (!this.take("]")) {
      shape.push(this.integer());
      this.take(",");
    }
    const scope = this.name();
    if (!scopes.includes(scope)) this.fail("a scope");
    const field = (word: string): number | undefined => (this.take(word) ? this.integer() : undefined);
    const slot = field("slot");
    const value = field("value");
    const offset = field("offset");
    const b: Buffer = {
      id,
      name,
      dtype,
      shape,
      scope: scope as Scope,
      ...(value === undefined ? {} : { value }),
      ...(slot === undefined ? {} : { slot }),
      ...(offset === undefined ? {} : { offset }),
    };
    this.buffers.push(b);
    this.byId.set(id, b);
  }
  private variableRow(): void {
    const name = this.label();
    this.need("%");
    const id = this.integer();
    this.need(":");
    this.vars[id] = { id, name, type: this.type(this.name()) };
  }

  // Statements.
  private block(): readonly Stmt[] {
    this.need("{");
    return this.rest();
  }
  private rest(): readonly Stmt[] {
    const body: Stmt[] = [];
    while (!this.take("}")) body.push(this.stmt());
    return body;
  }
  private origin(): readonly number[] {
    if (!this.take("@")) return [];
    const nodes: number[] = [];
    this.need("[");
    while (!this.take("]")) {
      nodes.push(this.integer());
      this.take(",");
    }
    return nodes;
  }
  private stmt(): Stmt {
    const head = this.name();
    if (!/^s\d+$/.test(head)) this.fail("a statement number");
    const id = Number(head.slice(1));
    this.need(":");
    if (this.atNamed("#")) return this.store(id);
    if (this.atNamed("%")) return this.update(id);
    const word = this.name();
    if (word === "for") return this.loop(id);
    if (word === "alloc") return { k: "alloc", id, buffer: this.bufferId(), origin: this.origin() };
    if (word === "let" || word === "register") {
      const v = this.varId();
      this.need("=");
      return { k: word, id, v, value: this.expr(), origin: this.origin() };
    }
    if (word === "if") return this.branch(id);
    if (word === "stream") return this.store(id, true);
    if (word === "kernel") return this.kernel(id);
    if (word === "hole") return this.hole(id);
    if (word === "barrier") return this.barrier(id);
    if (word === "region") return this.region(id);
    return this.fail("a statement");
  }
  private store(id: number, stream = false): Stmt {
    const a = this.access();
    this.need("=");
    const value = this.expr();
    if (value.type.lanes !== a.lanes) this.fail(`a value of ${a.lanes} lanes`);
    return {
      k: "store",
      id,
      buffer: a.buffer,
      index: a.index,
      value,
      ...(a.count === undefined ? {} : { count: a.count }),
      ...(stream ? { stream } : {}),
      origin: this.origin(),
    };
  }
  private update(id: number): Stmt {
    const v = this.varId();
    if (this.take(":=")) return { k: "assign", id, v, value: this.expr(), origin: this.origin() };
    const op = reduceBySign.get(this.peek().text) ?? this.fail("an assignment");
    this.at++;
    return { k: "accum", id, v, op, value: this.expr(), origin: this.origin() };
  }
  private barrier(id: number): Stmt {
    if (!this.take("near")) return { k: "barrier", id, origin: this.origin() };
    const number = (word: string): number => (this.need(word), this.integer());
    const near = { buffer: this.bufferId(), step: number("step"), count: number("of"), bytes: number("bytes") };
    return { k: "barrier", id, near, origin: this.origin() };
  }
  private loop(id: number): Stmt {
    const v = this.varId();
    this.need("in");
    const lo = this.expr();
    this.need("..");
    const hi = this.expr();
    const step = this.take("step") ? this.integer() : 1;
    const kind = (loopKinds.includes(this.peek().text) ? this.name() : "serial") as LoopKind;
    const threads = this.take("threads") ? { threads: this.integer() } : {};
    const first = this.take("first") ? { first: this.integer() } : {};
    this.need("{");
    const origin = this.origin();
    return { k: "for", id, v, lo, hi, step, kind, ...threads, ...first, body: this.rest(), origin };
  }
  private branch(id: number): Stmt {
    const cond = this.expr();
    this.need("{");
    const origin = this.origin();
    const then = this.rest();
    return { k: "if", id, cond, then, else: this.take("else") ? this.block() : [], origin };
  }
  private region(id: number): Stmt {
    const group = this.integer();
    const name = this.label();
    this.need("{");
    const origin = this.origin();
    return { k: "region", id, group, name, body: this.rest(), origin };
  }
  private kernel(id: number): Stmt {
    const kernel = this.name();
    const refs: Record<string, Ref> = {};
    const args: Record<string, Expr> = {};
    const params: Record<string, number | string> = {};
    this.need("(");
    this.fields(";", (name) => (refs[name] = this.plainRef()));
    this.fields(";", (name) => (args[name] = this.expr()));
    this.fields(")", (name) => (params[name] = this.peek().kind === "string" ? this.label() : this.integer()));
    if (!this.take("epilogue")) return { k: "kernel", id, kernel, refs, args, params, origin: this.origin() };
    const heads: number[] = [];
    while (!this.take("{")) heads.push(this.varId());
    const [row, col, acc, count] = heads;
    if (row === undefined || col === undefined || acc === undefined) return this.fail("row, column and accumulator");
    const origin = this.origin();
    const epilogue: Epilogue = { row, col, acc, ...(count === undefined ? {} : { count }), body: this.rest() };
    return { k: "kernel", id, kernel, refs, args, params, epilogue, origin };
  }
  private hole(id: number): Stmt {
    const hole = this.integer();
    this.need("(");
    const inputs = this.holeOperands(";");
    const outputs = this.holeOperands(")");
    return { k: "hole", id, hole, inputs, outputs, origin: this.origin() };
  }
  private holeOperands(end: string): HoleOperand[] {
    const list: HoleOperand[] = [];
    while (!this.take(end)) {
      const buffer = this.bufferId();
      this.need("as");
      list.push({ buffer, value: this.integer() });
      this.take(",");
    }
    return list;
  }
  private plainRef(): Ref {
    const { buffer, index } = this.access();
    return { buffer, index };
  }
  private fields(end: string, one: (name: string) => void): void {
    while (!this.take(end)) {
      const name = this.name();
      this.need("=");
      one(name);
      this.take(",");
    }
  }
}

/** The module that the text describes; `printModule` of it gives the same text. */
export const parseModule = (text: string): Module => new Parser(text).module();

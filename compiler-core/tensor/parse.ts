/** Reads the text form of the Tensor IR (see print.ts) back into a module. Malformed text is a coded bug naming the line. */
import { bug } from "../messages.ts";
import type { DType } from "../support/dtype.ts";
import { dtypeBits } from "../support/dtype.ts";
import { binary, broadcast, fma, load, ramp, reduce, select, unary } from "./build.ts";
import type {
  BinaryOp,
  Buffer,
  BufferId,
  Epilogue,
  Expr,
  HoleOperand,
  LoopKind,
  Module,
  ReduceOp,
  Ref,
  Scope,
  Stmt,
  UnaryOp,
  Var,
  VType,
} from "./ir.ts";
import { castRules } from "./ir.ts";
import type { Token } from "./lexer.ts";
import { tokens } from "./lexer.ts";
import { accumSign, infix } from "./print.ts";
import { binaryMeaning, unaryMeaning } from "./semantics.ts";

const infixBySign = new Map(Object.entries(infix).map(([op, row]) => [row.sign, { op: op as BinaryOp, level: row.level }]));
const reduceBySign = new Map(Object.entries(accumSign).map(([op, sign]) => [sign as string, op as ReduceOp]));
const loopKinds: readonly string[] = ["parallel", "vector", "unroll"];
const scopes: readonly string[] = ["input", "output", "weight", "packed", "arena", "thread", "host"];

interface Access extends Ref {
  readonly lanes: number;
  readonly count?: Expr;
}

class Parser {
  private at = 0;
  private readonly list: readonly Token[];
  private readonly buffers: Buffer[] = [];
  private readonly byId = new Map<BufferId, Buffer>();
  private readonly vars: Var[] = [];

  constructor(text: string) {
    this.list = tokens(text);
  }

  // Tokens.
  private peek(ahead = 0): Token {
    return this.list[Math.min(this.at + ahead, this.list.length - 1)] as Token;
  }
  private fail(what: string): never {
    return bug(`tensor IR line ${this.peek().line}: ${what} expected, found ${JSON.stringify(this.peek().text)}`);
  }
  private is(text: string): boolean {
    return this.peek().text === text && this.peek().kind !== "string";
  }
  private take(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }
  private need(text: string): void {
    if (!this.take(text)) this.fail(JSON.stringify(text));
  }
  private name(): string {
    if (this.peek().kind !== "name") this.fail("a name");
    return (this.list[this.at++] as Token).text;
  }
  private label(): string {
    if (this.peek().kind === "string") return JSON.parse((this.list[this.at++] as Token).text) as string;
    return this.name();
  }
  private integer(): number {
    const sign = this.take("-") ? -1 : 1;
    if (this.peek().kind !== "number") this.fail("a number");
    return sign * Number((this.list[this.at++] as Token).text);
  }
  private type(text: string): VType {
    const m = /^([a-z0-9]+?)(?:x(\d+))?$/.exec(text);
    const dtype = m?.[1] as DType;
    if (m === null || !(dtype in dtypeBits)) this.fail(`a type instead of ${text}`);
    return { dtype, lanes: Number(m[2] ?? 1) };
  }
  private bufferId(): BufferId {
    this.label();
    this.need("#");
    return this.integer();
  }
  private varId(): number {
    this.label();
    this.need("%");
    return this.integer();
  }
  /** Does `name <sign> number` come next? */
  private atNamed(sign: string): boolean {
    const kind = this.peek().kind;
    return (kind === "name" || kind === "string") && this.peek(1).text === sign && this.peek(2).kind === "number";
  }

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

  // Expressions.
  expr(level = 0): Expr {
    let left = this.primary();
    for (;;) {
      const row = this.peek().kind === "sign" ? infixBySign.get(this.peek().text) : undefined;
      if (row === undefined || row.level < level) return left;
      this.at++;
      left = binary(row.op, left, this.expr(row.level + 1));
    }
  }
  private primary(): Expr {
    if (this.take("(")) {
      const e = this.expr();
      this.need(")");
      return e;
    }
    if (this.atNamed("#")) {
      const a = this.access();
      return load(a.buffer, a.index, this.bufferOf(a.buffer).dtype, a.lanes, a.count);
    }
    if (this.atNamed("%")) {
      const id = this.varId();
      return { k: "var", id, type: (this.vars[id] ?? this.fail(`a declared variable instead of %${id}`)).type };
    }
    return this.peek().kind === "name" && this.peek(1).text === "(" ? this.call() : this.constant();
  }
  private bufferOf(id: BufferId): Buffer {
    return this.byId.get(id) ?? this.fail(`a declared buffer instead of #${id}`);
  }
  private constant(): Expr {
    const negative = this.take("-");
    const text = this.peek().text;
    const value = this.constantValue(text, negative) ?? this.fail("an expression");
    this.at++;
    const typed = this.is(":") && this.peek(1).kind === "name";
    if (typed) this.at++;
    return { k: "const", type: typed ? this.type(this.name()) : { dtype: "i64", lanes: 1 }, value };
  }
  private constantValue(text: string, negative: boolean): number | bigint | boolean | undefined {
    if (text === "true" || text === "false") return text === "true";
    if (text === "nan") return NaN;
    if (text === "inf") return negative ? -Infinity : Infinity;
    if (this.peek().kind !== "number") return undefined;
    if (text.endsWith("n")) return negative ? -BigInt(text.slice(0, -1)) : BigInt(text.slice(0, -1));
    if (/^\d+$/.test(text) && !Number.isSafeInteger(Number(text)) && !this.floatFollows()) return negative ? -BigInt(text) : BigInt(text);
    return negative ? -Number(text) : Number(text);
  }
  private floatFollows(): boolean {
    return this.peek(1).text === ":" && /^(f|bf)\d/.test(this.peek(2).text);
  }
  private call(): Expr {
    const op = this.name();
    this.need("(");
    const args: Expr[] = [];
    while (!this.take(")")) {
      args.push(this.expr());
      this.take(",");
    }
    const [a, b, c] = args;
    if (a === undefined) return this.fail(`an operand of ${op}`);
    const [type, ...words] = op.split("_");
    if (type !== undefined && type in dtypeBits) return this.castCall(type as DType, words.join("_"), a);
    if (op in unaryMeaning) return unary(op as UnaryOp, a);
    if (op.startsWith("reduce_")) return reduce(op.slice(7) as ReduceOp, a);
    if (b === undefined) return this.fail(`two operands of ${op}`);
    if (op in binaryMeaning) return binary(op as BinaryOp, a, b);
    if (op === "ramp" || op === "broadcast") return this.lanesCall(op, a, b);
    if (c === undefined) return this.fail(`three operands of ${op}`);
    if (op === "fma") return fma(a, b, c);
    return op === "select" ? select(a, b, c) : this.fail(`an operator instead of ${op}`);
  }
  private castCall(dtype: DType, rule: string, a: Expr): Expr {
    const type = { dtype, lanes: a.type.lanes };
    if (rule === "") return { k: "cast", a, type };
    return { k: "cast", a, rule: castRules.find((r) => r === rule) ?? this.fail(`a rule of casts instead of ${rule}`), type };
  }
  private lanesCall(op: "ramp" | "broadcast", a: Expr, b: Expr): Expr {
    if (b.k !== "const" || typeof b.value !== "number") return this.fail("a number of lanes");
    return op === "ramp" ? ramp(a, b.value) : broadcast(a, b.value);
  }
  private access(): Access {
    const buffer = this.bufferId();
    this.bufferOf(buffer);
    this.need("[");
    const at: Expr[] = [];
    while (!this.is("]") && !this.is(":")) {
      at.push(this.expr());
      this.take(",");
    }
    const lanes = this.take(":") ? this.integer() : 1;
    const count = this.take("of") ? this.expr() : undefined;
    this.need("]");
    return { buffer, index: at, lanes, ...(count === undefined ? {} : { count }) };
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
    if (word === "kernel") return this.kernel(id);
    if (word === "hole") return this.hole(id);
    if (word === "barrier") return { k: "barrier", id, origin: this.origin() };
    if (word === "region") return this.region(id);
    return this.fail("a statement");
  }
  private store(id: number): Stmt {
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
  private loop(id: number): Stmt {
    const v = this.varId();
    this.need("in");
    const lo = this.expr();
    this.need("..");
    const hi = this.expr();
    const step = this.take("step") ? this.integer() : 1;
    const kind = (loopKinds.includes(this.peek().text) ? this.name() : "serial") as LoopKind;
    const threads = this.take("threads") ? { threads: this.integer() } : {};
    this.need("{");
    const origin = this.origin();
    return { k: "for", id, v, lo, hi, step, kind, ...threads, body: this.rest(), origin };
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

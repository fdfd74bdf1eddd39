/** Expressions of the text form of the Tensor IR, and the cursor over its tokens. Malformed text is a coded bug naming the line. */
import { bug } from "../messages.ts";
import type { DType } from "../support/dtype.ts";
import { dtypeBits } from "../support/dtype.ts";
import { binary, broadcast, fma, load, ramp, reduce, select, unary } from "./build.ts";
import type { BinaryOp, Buffer, BufferId, Expr, ReduceOp, Ref, UnaryOp, Var, VType } from "./ir.ts";
import { castRules } from "./ir.ts";
import type { Token } from "./lexer.ts";
import { tokens } from "./lexer.ts";
import { infix } from "./print.ts";
import { binaryMeaning, unaryMeaning } from "./semantics.ts";

const infixBySign = new Map(Object.entries(infix).map(([op, row]) => [row.sign, { op: op as BinaryOp, level: row.level }]));

export interface Access extends Ref {
  readonly lanes: number;
  readonly count?: Expr;
}

export class ExprParser {
  protected at = 0;
  protected readonly list: readonly Token[];
  protected readonly buffers: Buffer[] = [];
  protected readonly byId = new Map<BufferId, Buffer>();
  protected readonly vars: Var[] = [];

  constructor(text: string) {
    this.list = tokens(text);
  }

  // Tokens.
  protected peek(ahead = 0): Token {
    return this.list[Math.min(this.at + ahead, this.list.length - 1)] as Token;
  }
  protected fail(what: string): never {
    return bug(`tensor IR line ${this.peek().line}: ${what} expected, found ${JSON.stringify(this.peek().text)}`);
  }
  protected is(text: string): boolean {
    return this.peek().text === text && this.peek().kind !== "string";
  }
  protected take(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }
  protected need(text: string): void {
    if (!this.take(text)) this.fail(JSON.stringify(text));
  }
  protected name(): string {
    if (this.peek().kind !== "name") this.fail("a name");
    return (this.list[this.at++] as Token).text;
  }
  protected label(): string {
    if (this.peek().kind === "string") return JSON.parse((this.list[this.at++] as Token).text) as string;
    return this.name();
  }
  protected integer(): number {
    const sign = this.take("-") ? -1 : 1;
    if (this.peek().kind !== "number") this.fail("a number");
    return sign * Number((this.list[this.at++] as Token).text);
  }
  protected type(text: string): VType {
    const m = /^([a-z0-9]+?)(?:x(\d+))?$/.exec(text);
    const dtype = m?.[1] as DType;
    if (m === null || !(dtype in dtypeBits)) this.fail(`a type instead of ${text}`);
    return { dtype, lanes: Number(m[2] ?? 1) };
  }
  protected bufferId(): BufferId {
    this.label();
    this.need("#");
    return this.integer();
  }
  protected varId(): number {
    this.label();
    this.need("%");
    return this.integer();
  }
  /** Does `name <sign> number` come next? */
  protected atNamed(sign: string): boolean {
    const kind = this.peek().kind;
    return (kind === "name" || kind === "string") && this.peek(1).text === sign && this.peek(2).kind === "number";
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
  protected primary(): Expr {
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
  protected bufferOf(id: BufferId): Buffer {
    return this.byId.get(id) ?? this.fail(`a declared buffer instead of #${id}`);
  }
  protected constant(): Expr {
    const negative = this.take("-");
    const text = this.peek().text;
    const value = this.constantValue(text, negative) ?? this.fail("an expression");
    this.at++;
    const typed = this.is(":") && this.peek(1).kind === "name";
    if (typed) this.at++;
    return { k: "const", type: typed ? this.type(this.name()) : { dtype: "i64", lanes: 1 }, value };
  }
  protected constantValue(text: string, negative: boolean): number | bigint | boolean | undefined {
    if (text === "true" || text === "false") return text === "true";
    if (text === "nan") return NaN;
    if (text === "inf") return negative ? -Infinity : Infinity;
    if (this.peek().kind !== "number") return undefined;
    if (text.endsWith("n")) return negative ? -BigInt(text.slice(0, -1)) : BigInt(text.slice(0, -1));
    if (/^\d+$/.test(text) && !Number.isSafeInteger(Number(text)) && !this.floatFollows()) return negative ? -BigInt(text) : BigInt(text);
    return negative ? -Number(text) : Number(text);
  }
  protected floatFollows(): boolean {
    return this.peek(1).text === ":" && /^(f|bf)\d/.test(this.peek(2).text);
  }
  protected call(): Expr {
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
  protected castCall(dtype: DType, rule: string, a: Expr): Expr {
    const type = { dtype, lanes: a.type.lanes };
    if (rule === "") return { k: "cast", a, type };
    return { k: "cast", a, rule: castRules.find((r) => r === rule) ?? this.fail(`a rule of casts instead of ${rule}`), type };
  }
  protected lanesCall(op: "ramp" | "broadcast", a: Expr, b: Expr): Expr {
    if (b.k !== "const" || typeof b.value !== "number") return this.fail("a number of lanes");
    return op === "ramp" ? ramp(a, b.value) : broadcast(a, b.value);
  }
  protected access(): Access {
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
}

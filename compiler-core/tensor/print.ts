/**
 * The text form of the Tensor IR: the golden format, and what the inspector shows. `parse.ts` reads it back exactly.
 *
 *   module "mlp" threads 2 next 12
 *   buffer x#0: f32[32,13] input 0 value 3
 *   vars i%0:i64 acc%1:f32x16
 *   init {
 *   }
 *   run {
 *     s1: for i%0 in 0..32 step 4 parallel { @[3,4]
 *       s2: y#1[i%0, 0 : 16 of 13] = max(x#0[i%0, 0 : 16 of 13], 0:f32x16)
 *     }
 *   }
 *
 * `#` numbers buffers, `%` variables, `s` statements; `@[...]` is the origin. `[... : 16 of n]` accesses 16 lanes, masked past n. Plain integers are i64.
 */
import type { LineOrigin } from "../protocol/trace.ts";
import { typeText } from "./build.ts";
import type { BinaryOp, Buffer, BufferId, Expr, HoleOperand, Module, Ref, Stmt, VarId } from "./ir.ts";

export interface PrintedModule {
  readonly text: string;
  /** One entry per line that starts a statement. */
  readonly lines: readonly LineOrigin[];
}

/** Operators written between their operands, with their precedence; all others are written as calls. */
export const infix: Readonly<Partial<Record<BinaryOp, { readonly sign: string; readonly level: number }>>> = {
  or: { sign: "|", level: 1 },
  xor: { sign: "^", level: 2 },
  and: { sign: "&", level: 3 },
  eq: { sign: "==", level: 4 },
  ne: { sign: "!=", level: 4 },
  lt: { sign: "<", level: 5 },
  le: { sign: "<=", level: 5 },
  gt: { sign: ">", level: 5 },
  ge: { sign: ">=", level: 5 },
  shl: { sign: "<<", level: 6 },
  shr: { sign: ">>", level: 6 },
  add: { sign: "+", level: 7 },
  sub: { sign: "-", level: 7 },
  mul: { sign: "*", level: 8 },
  div: { sign: "/", level: 8 },
  mod: { sign: "%%", level: 8 },
};
/** `acc += x` and so on. */
export const accumSign = { add: "+=", mul: "*=", min: "min=", max: "max=" } as const;

const plainName = /^[A-Za-z_][A-Za-z0-9_.]*$/;
const nameText = (name: string): string => (plainName.test(name) ? name : JSON.stringify(name));

/** Prints a number so that it reads back exactly; bigints that hide in a safe range keep their `n`. */
export function numberText(v: number | bigint | boolean): string {
  if (typeof v === "boolean") return String(v);
  if (typeof v === "bigint") return Number.isSafeInteger(Number(v)) ? `${v}n` : String(v);
  if (Number.isNaN(v)) return "nan";
  if (!Number.isFinite(v)) return v > 0 ? "inf" : "-inf";
  return Object.is(v, -0) ? "-0" : String(v);
}

class Printer {
  readonly out: string[] = [];
  readonly lines: LineOrigin[] = [];
  private depth = 0;
  private readonly buffers: ReadonlyMap<BufferId, Buffer>;
  constructor(private readonly module: Module) {
    this.buffers = new Map(module.buffers.map((b) => [b.id, b]));
  }

  line(text: string, stmt?: Stmt): void {
    const origin = stmt !== undefined && stmt.origin.length > 0 ? ` @[${stmt.origin.join(",")}]` : "";
    this.out.push("  ".repeat(this.depth) + (stmt === undefined ? text : `s${stmt.id}: ${text}${origin}`));
    if (stmt !== undefined) this.lines.push({ line: this.out.length, stmt: stmt.id, nodes: stmt.origin });
  }

  block(body: readonly Stmt[]): void {
    this.depth++;
    for (const s of body) this.stmt(s);
    this.depth--;
  }

  variable(id: VarId): string {
    return `${nameText(this.module.vars[id]?.name ?? "")}%${id}`;
  }

  buffer(id: BufferId): string {
    return `${nameText(this.buffers.get(id)?.name ?? "")}#${id}`;
  }

  access(ref: Ref, lanes: number, count?: Expr): string {
    const tail = lanes === 1 && count === undefined ? "" : ` : ${lanes}${count === undefined ? "" : ` of ${this.expr(count)}`}`;
    return `${this.buffer(ref.buffer)}[${ref.index.map((e) => this.expr(e)).join(", ")}${tail}]`;
  }

  /** `level` is the precedence of the surroundings: weaker operators get parentheses. */
  expr(e: Expr, level = 0): string {
    switch (e.k) {
      case "const":
        return numberText(e.value) + (e.type.dtype === "i64" && e.type.lanes === 1 ? "" : `:${typeText(e.type)}`);
      case "var":
        return this.variable(e.id);
      case "binary": {
        const sign = infix[e.op];
        if (sign === undefined) return `${e.op}(${this.expr(e.a)}, ${this.expr(e.b)})`;
        const text = `${this.expr(e.a, sign.level)} ${sign.sign} ${this.expr(e.b, sign.level + 1)}`;
        return sign.level < level ? `(${text})` : text;
      }
      case "unary":
        return `${e.op}(${this.expr(e.a)})`;
      case "fma":
        return `fma(${this.expr(e.a)}, ${this.expr(e.b)}, ${this.expr(e.c)})`;
      case "cast":
        return `${e.type.dtype}${e.rule === undefined ? "" : `_${e.rule}`}(${this.expr(e.a)})`;
      case "select":
        return `select(${this.expr(e.cond)}, ${this.expr(e.a)}, ${this.expr(e.b)})`;
      case "load":
        return this.access(e, e.type.lanes, e.count);
      case "broadcast":
        return `broadcast(${this.expr(e.a)}, ${e.type.lanes})`;
      case "reduce":
        return `reduce_${e.op}(${this.expr(e.a)})`;
      case "ramp":
        return `ramp(${this.expr(e.base)}, ${e.type.lanes})`;
    }
  }

  stmt(s: Stmt): void {
    switch (s.k) {
      case "for": {
        const step = s.step === 1 ? "" : ` step ${s.step}`;
        const range = `${this.expr(s.lo, 8)}..${this.expr(s.hi, 8)}`;
        this.line(
          `for ${this.variable(s.v)} in ${range}${step}${s.kind === "serial" ? "" : ` ${s.kind}`}${s.threads === undefined ? "" : ` threads ${s.threads}`}${s.first === undefined ? "" : ` first ${s.first}`} {`,
          s,
        );
        this.block(s.body);
        return this.line("}");
      }
      case "alloc":
        return this.line(`alloc ${this.buffer(s.buffer)}`, s);
      case "store":
        return this.line(`${s.stream === true ? "stream " : ""}${this.access(s, s.value.type.lanes, s.count)} = ${this.expr(s.value)}`, s);
      case "let":
        return this.line(`let ${this.variable(s.v)} = ${this.expr(s.value)}`, s);
      case "register":
        return this.line(`register ${this.variable(s.v)} = ${this.expr(s.value)}`, s);
      case "accum":
        return this.line(`${this.variable(s.v)} ${accumSign[s.op]} ${this.expr(s.value)}`, s);
      case "assign":
        return this.line(`${this.variable(s.v)} := ${this.expr(s.value)}`, s);
      case "if":
        this.line(`if ${this.expr(s.cond)} {`, s);
        this.block(s.then);
        if (s.else.length > 0) {
          this.line("} else {");
          this.block(s.else);
        }
        return this.line("}");
      case "kernel":
        return this.kernel(s);
      case "hole": {
        const list = (operands: readonly HoleOperand[]): string => operands.map((o) => `${this.buffer(o.buffer)} as ${o.value}`).join(", ");
        return this.line(`hole ${s.hole}(${list(s.inputs)}; ${list(s.outputs)})`, s);
      }
      case "barrier":
        return this.line(
          s.near === undefined
            ? "barrier"
            : `barrier near ${this.buffer(s.near.buffer)} step ${s.near.step} of ${s.near.count} bytes ${s.near.bytes}`,
          s,
        );
      case "region":
        this.line(`region ${s.group} ${JSON.stringify(s.name)} {`, s);
        this.block(s.body);
        return this.line("}");
    }
  }

  private kernel(s: Extract<Stmt, { k: "kernel" }>): void {
    const refs = Object.entries(s.refs).map(([name, ref]) => `${name} = ${this.access(ref, 1)}`);
    const args = Object.entries(s.args).map(([name, e]) => `${name} = ${this.expr(e)}`);
    const params = Object.entries(s.params).map(([name, v]) => `${name} = ${typeof v === "string" ? JSON.stringify(v) : numberText(v)}`);
    const call = `kernel ${s.kernel}(${refs.join(", ")}; ${args.join(", ")}; ${params.join(", ")})`;
    if (s.epilogue === undefined) return this.line(call, s);
    const { row, col, acc, count, body } = s.epilogue;
    const heads = [row, col, acc, ...(count === undefined ? [] : [count])];
    this.line(`${call} epilogue ${heads.map((v) => this.variable(v)).join(" ")} {`, s);
    this.block(body);
    this.line("}");
  }

  header(): void {
    const { name, threads, nextStmt, memory } = this.module;
    this.line(`module ${JSON.stringify(name)} threads ${threads} next ${nextStmt}`);
    if (memory !== undefined) {
      this.line(`memory arena ${memory.arena} without ${memory.arenaWithoutReuse} packed ${memory.packed} scratch ${memory.scratch}`);
    }
    for (const b of this.module.buffers) {
      const slot = b.slot === undefined ? "" : ` slot ${b.slot}`;
      const value = b.value === undefined ? "" : ` value ${b.value}`;
      const offset = b.offset === undefined ? "" : ` offset ${b.offset}`;
      this.line(`buffer ${this.buffer(b.id)}: ${b.dtype}[${b.shape.join(",")}] ${b.scope}${slot}${value}${offset}`);
    }
    const vars = this.module.vars.map((v) => `${nameText(v.name)}%${v.id}:${typeText(v.type)}`);
    for (let i = 0; i < vars.length; i += 8) this.line(`vars ${vars.slice(i, i + 8).join(" ")}`);
  }

  whole(): PrintedModule {
    this.header();
    for (const f of [this.module.init, this.module.run]) {
      this.line(`${f.name} {`);
      this.block(f.body);
      this.line("}");
    }
    return { text: this.out.join("\n") + "\n", lines: this.lines };
  }
}

/** The text of a module and the statement that each line starts. Lines count from 1. */
export const printModuleWithLines = (module: Module): PrintedModule => new Printer(module).whole();
/** The text of a module; `parseModule` gives an equal module. */
export const printModule = (module: Module): string => new Printer(module).whole().text;

/** One expression, as it appears in the module's text. */
export const printExpr = (module: Module, e: Expr): string => new Printer(module).expr(e);

/** Tensor IR expressions as C++ text. */
import { bug } from "../messages.ts";
import { dtypeBits, isPacked, isSmallFloat } from "../support/dtype.ts";
import { typeText } from "../tensor/build.ts";
import type { Buffer, BufferId, Expr, Ref, VarId, VType } from "../tensor/ir.ts";
import { mapOperands } from "../tensor/rewrite.ts";
import { elementCode, fromCode, toCode } from "./elements.ts";
import { literal, valueType } from "./literals.ts";
import { binaryRow, memorySpelling, reduceSpelling, scalarCast, unaryRow, vectorCast, vectorClass } from "./spelling.ts";

/** What expressions need to know about their surroundings. */
export interface Scope {
  readonly buffer: (id: BufferId) => Buffer;
  readonly pointer: (id: BufferId) => string;
  readonly variable: (id: VarId) => string;
  /** Variables that hold a lane count of a kernel's epilogue (`auto`: an int or `fs::all_lanes`). */
  readonly laneCounts: ReadonlySet<VarId>;
  /** Variables that hold data or what was computed from it. */
  readonly data: ReadonlySet<VarId>;
  /** Lanes of the instruction set's vectors. */
  readonly lanes: number;
}

/** The C++ type of a value; a vector must be as wide as the target's registers. */
export function typeName(t: VType, scope: Scope): string {
  if (t.lanes === 1) return valueType[t.dtype] ?? bug(`no C++ type for ${t.dtype}`);
  if (t.lanes !== scope.lanes) bug(`a vector ${typeText(t)} for registers of ${scope.lanes} lanes`);
  return `fs::${vectorClass(t.dtype) ?? bug(`no vectors of ${t.dtype}`)}`;
}

/** Row-major position: Horner's rule, dimensions of extent 1 left out. */
export function positionText(ref: Ref, scope: Scope): string {
  const { shape } = scope.buffer(ref.buffer);
  let text = "";
  ref.index.forEach((e, d) => {
    const isZero = e.k === "const" && e.value === 0;
    const scaled = text === "" ? "" : shape[d] === 1 ? text : `${isFactor(text) ? text : `(${text})`} * ${shape[d]}`;
    const term = isZero ? "" : exprText(e, scope);
    text = scaled === "" ? term : term === "" ? scaled : `${scaled} + ${term}`;
  });
  return text === "" ? "0" : text;
}

/** Can the text be multiplied as it stands: a name, a number, or one pair of parentheses around everything? */
function isFactor(text: string): boolean {
  if (/^\w+$/.test(text)) return true;
  if (!text.startsWith("(")) return false;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i++) {
    depth += text[i] === "(" ? 1 : text[i] === ")" ? -1 : 0;
    if (depth === 0) return false;
  }
  return text.endsWith(")");
}

/** Pointer to an element. */
export function addressText(ref: Ref, scope: Scope): string {
  const at = positionText(ref, scope);
  return at === "0" ? scope.pointer(ref.buffer) : `${scope.pointer(ref.buffer)} + ${at}`;
}

/** A lane count as the second or third operand of a masked access: an int, or the epilogue's own. */
export function countText(count: Expr, scope: Scope): string {
  if (count.k === "var" && scope.laneCounts.has(count.id)) return scope.variable(count.id);
  if (count.k === "const") return String(count.value);
  return `static_cast<int>(${exprText(count, scope)})`;
}

function loadText(e: Extract<Expr, { k: "load" }>, scope: Scope): string {
  if (e.type.lanes === 1) {
    return fromCode(e.type.dtype, elementCode(e.type.dtype, scope.pointer(e.buffer), positionText(e, scope)));
  }
  typeName(e.type, scope);
  if (isPacked(e.type.dtype)) return packedLoad(e, scope);
  const { load } = memorySpelling[e.type.dtype] ?? bug(`no vector load of ${e.type.dtype}`);
  const count = e.count === undefined ? (e.type.dtype === "bool" ? ", fs::all_lanes{}" : "") : `, ${countText(e.count, scope)}`;
  return `${load}(${addressText(e, scope)}${count})`;
}

/** Packed elements have no address of their own: a pointer and a position. */
function packedLoad(e: Extract<Expr, { k: "load" }>, scope: Scope): string {
  const count = e.count === undefined ? "" : `, ${countText(e.count, scope)}`;
  const kind = `${dtypeBits[e.type.dtype]}, ${String(e.type.dtype.startsWith("i"))}`;
  return `fs::load_packed<${kind}>(${scope.pointer(e.buffer)}, ${positionText(e, scope)}${count})`;
}

/** min or max with a constant that is a number: the bare instruction lets a NaN in the other operand through. */
function clampText(e: Extract<Expr, { k: "binary" }>, scope: Scope): string | undefined {
  if ((e.op !== "min" && e.op !== "max") || vectorClass(e.type.dtype) !== "f32x") return undefined;
  const number = (x: Expr): boolean => (x.k === "const" && !Number.isNaN(Number(x.value))) || (x.k === "broadcast" && number(x.a));
  const [bound, other] = number(e.a) ? [e.a, e.b] : number(e.b) ? [e.b, e.a] : [];
  if (bound === undefined || other === undefined) return undefined;
  return `fs::${e.op}_raw(${exprText(bound, scope)}, ${exprText(other, scope)})`;
}

/** An i32 of a float that is rounded half to even first: one instruction rounds and converts. */
function nearestText(e: Extract<Expr, { k: "cast" }>, scope: Scope): string | undefined {
  const rounds = e.a.k === "unary" && e.a.op === "rint" && e.a.type.dtype === "f32" && e.type.dtype === "i32" && e.rule === undefined;
  return rounds ? `fs::to_i32_round(${exprText((e.a as Extract<Expr, { k: "unary" }>).a, scope)})` : undefined;
}

function vectorText(e: Expr, scope: Scope): string {
  const missing = (): never => bug(`no vector form of ${e.k === "binary" || e.k === "unary" ? e.op : e.k} ${typeText(e.type)}`);
  const text = (x: Expr): string => exprText(x, scope);
  typeName(e.type, scope);
  const operand = e.k === "binary" || e.k === "unary" ? (vectorClass(e.a.type.dtype) ?? missing()) : "f32x";
  switch (e.k) {
    case "const":
      return e.type.dtype === "bool" ? `fs::broadcast_mask(${String(e.value)})` : `fs::broadcast(${vectorLiteral(e)})`;
    case "binary":
      return clampText(e, scope) ?? (binaryRow(e.op)[operand] ?? missing())(text(e.a), text(e.b));
    case "unary":
      return (unaryRow(e.op)[operand] ?? missing())(text(e.a));
    case "fma":
      return vectorClass(e.type.dtype) === "f32x"
        ? `fs::fma(${text(e.a)}, ${text(e.b)}, ${text(e.c)})`
        : `fs::add(fs::mul(${text(e.a)}, ${text(e.b)}), ${text(e.c)})`;
    case "cast":
      return nearestText(e, scope) ?? vectorCast(e.a.type.dtype, e.type.dtype, text(e.a), e.rule) ?? missing();
    case "select":
      return `fs::select(${text(e.cond)}, ${text(e.a)}, ${text(e.b)})`;
    case "broadcast":
      return e.type.dtype === "bool"
        ? `fs::broadcast_mask(${text(e.a)})`
        : `fs::broadcast(${vectorClass(e.type.dtype) === "i32x" ? `static_cast<int32_t>(${text(e.a)})` : text(e.a)})`;
    case "ramp":
      return e.type.dtype === "i32" ? `fs::ramp(${text(e.base)})` : missing();
    default:
      return missing();
  }
}

function vectorLiteral(e: Extract<Expr, { k: "const" }>): string {
  return vectorClass(e.type.dtype) === "i32x" ? literal("i32", e.value) : literal("f32", e.value);
}

/** Does generated code exist for this vector expression (its operands not included)? */
export function hasVectorForm(e: Expr, dtype: VType["dtype"] = e.type.dtype): boolean {
  const cls = vectorClass(dtype);
  if (cls === undefined) return false;
  const wraps = cls === "i32x" && dtype !== "i32";
  switch (e.k) {
    case "binary": {
      const from = vectorClass(e.a.type.dtype);
      const exact = ["min", "max", "eq", "ne", "lt", "le", "gt", "ge"].includes(e.op);
      return (
        from !== undefined && (exact || !(wraps || (from === "i32x" && e.a.type.dtype !== "i32"))) && binaryRow(e.op)[from] !== undefined
      );
    }
    case "unary": {
      const from = vectorClass(e.a.type.dtype);
      return from !== undefined && !(from === "i32x" && e.a.type.dtype !== "i32") && unaryRow(e.op)[from] !== undefined;
    }
    case "cast":
      return vectorCast(e.a.type.dtype, dtype, "x", e.rule) !== undefined;
    case "fma":
      return !wraps;
    case "ramp":
      return dtype === "i32";
    default:
      return true;
  }
}

/** The C++ text of an expression: an operand that can stand anywhere in a function's arguments or an infix operation. */
export function exprText(e: Expr, scope: Scope): string {
  if (e.k === "load") return loadText(e, scope);
  if (e.k === "var")
    return scope.laneCounts.has(e.id) ? `static_cast<int64_t>(fs::lane_count(${scope.variable(e.id)}))` : scope.variable(e.id);
  if (e.k === "reduce") return `${reduceSpelling[e.op] ?? bug(`no reduction by ${e.op}`)}(${exprText(e.a, scope)})`;
  if (e.type.lanes > 1) return vectorText(e, scope);
  const text = (x: Expr): string => exprText(x, scope);
  switch (e.k) {
    case "const": {
      const value = literal(e.type.dtype, e.value);
      return value.startsWith("-") ? `(${value})` : value;
    }
    case "binary":
      return rounded(binaryRow(e.op).one(text(e.a), text(e.b), e.a.type.dtype, isIndex(e, scope)), e.type);
    case "unary":
      return rounded(unaryRow(e.op).one(text(e.a), e.a.type.dtype), e.type);
    case "fma":
      return rounded(`fs::one::fma<${typeName(e.type, scope)}>(${text(e.a)}, ${text(e.b)}, ${text(e.c)})`, e.type);
    case "cast":
      return scalarCast(e.a.type.dtype, e.type.dtype, text(e.a), e.rule);
    case "select":
      return `(${text(e.cond)} ? ${text(e.a)} : ${text(e.b)})`;
    case "broadcast":
      return text(e.a);
    case "ramp":
      return text(e.base);
  }
}

/** A 64-bit integer that is made of loop counters and constants only. */
function isIndex(e: Expr, scope: Scope): boolean {
  return e.type.dtype === "i64" && !readsData(e, scope.data);
}

/** Does the expression depend on elements of a buffer, directly or through a variable of `data`? */
export function readsData(e: Expr, data: ReadonlySet<VarId>): boolean {
  if (e.k === "load") return true;
  if (e.k === "var") return data.has(e.id);
  let found = false;
  mapOperands(e, (x) => {
    found ||= readsData(x, data);
    return x;
  });
  return found;
}

/** The code of a value, as it is stored: a copied element stays the bits that it is. */
export function codeText(e: Expr, scope: Scope): string {
  if (e.k === "load" && (isSmallFloat(e.type.dtype) || isPacked(e.type.dtype)))
    return elementCode(e.type.dtype, scope.pointer(e.buffer), positionText(e, scope));
  return toCode(e.type.dtype, exprText(e, scope));
}

/** Arithmetic in 16-bit floats is done in float and rounded after each operation. */
function rounded(text: string, t: VType): string {
  return t.dtype === "bf16" ? `fs::one::to_bf16(${text})` : t.dtype === "f16" ? `fs::one::to_f16(${text})` : text;
}

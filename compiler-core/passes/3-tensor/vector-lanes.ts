/** Turns statements of one element into statements of a vector of elements: the lanes are consecutive values of one counter. */
import { hasVectorForm } from "../../codegen/expressions.ts";
import { reduceSpelling, vectorClass } from "../../codegen/spelling.ts";
import { binary, broadcast, cast, constant, ramp, select } from "../../tensor/build.ts";
import type { Expr, Stmt, VarId, VType } from "../../tensor/ir.ts";
import { coefficientOf, exprKey, linearOf } from "../../tensor/linear.ts";
import type { Fresh } from "../../tensor/fresh.ts";
import { mapOperands, mapOwnExprs, substituteExpr } from "../../tensor/rewrite.ts";
import { reduceIdentity } from "../../tensor/semantics.ts";

/** Thrown inside, caught by the pass: why the statements have no vector form. */
export class NotVector {
  constructor(readonly why: string) {}
}

export interface LaneContext {
  readonly lanes: number;
  /** The counter whose consecutive values are the lanes. */
  readonly counter: VarId;
  /** What the counter is for lane 0 in the new code. */
  readonly first: Expr;
  /** How many lanes count; undefined: all. */
  readonly count: Expr | undefined;
  readonly fresh: Fresh;
  /** New name of each scalar variable that became a vector, and of registers that are accumulated in lanes. */
  readonly vectors: Map<VarId, Expr>;
  /** New name of each scalar let met so far. */
  readonly scalars: Map<VarId, Expr>;
  /** Registers that begin inside the loop: every lane has its own, so nothing is combined across lanes. */
  readonly own: Set<VarId>;
}

const isIndex = (t: VType): boolean => t.dtype === "i64";

/** Does the expression differ from lane to lane? */
function varies(e: Expr, c: LaneContext): boolean {
  if (e.k === "var") return e.id === c.counter || c.vectors.has(e.id);
  let found = false;
  mapOperands(e, (x) => {
    if (varies(x, c)) found = true;
    return x;
  });
  return found;
}

const scalarPart = (e: Expr, c: LaneContext): Expr => substituteExpr(e, new Map([[c.counter, c.first]]));

/** The index of lane 0, when the lanes are consecutive elements. */
function unitIndex(at: readonly Expr[], c: LaneContext): readonly Expr[] | undefined {
  const last = at.at(-1);
  if (last === undefined || coefficientOf(linearOf(last), c.counter) !== 1) return undefined;
  if (at.some((e) => mentionsVector(e, c)) || at.slice(0, -1).some((e) => varies(e, c))) return undefined;
  return at.map((e) => scalarPart(e, c));
}

function mentionsVector(e: Expr, c: LaneContext): boolean {
  if (e.k === "var") return c.vectors.has(e.id);
  let found = false;
  mapOperands(e, (x) => {
    if (mentionsVector(x, c)) found = true;
    return x;
  });
  return found;
}

/** The expression for all lanes at once. */
export function widen(e: Expr, c: LaneContext): Expr {
  const { lanes } = c;
  if (e.type.lanes !== 1) throw new NotVector("an inner loop is vector code already");
  if (!varies(e, c)) {
    if (vectorClass(e.type.dtype) === undefined) throw new NotVector(`no vectors of ${e.type.dtype}`);
    return e.k === "const" ? { ...e, type: { ...e.type, lanes } } : broadcast(scalarPart(e, c), lanes);
  }
  if (e.k === "var") {
    if (e.id !== c.counter) return c.vectors.get(e.id) ?? e;
    throw new NotVector("the counter itself is used as a 64-bit value");
  }
  if (e.k === "load") {
    const at = unitIndex(e.index, c);
    if (at === undefined) throw new NotVector(`elements of #${e.buffer} are not consecutive: [${e.index.map(exprKey).join(", ")}]`);
    if (vectorClass(e.type.dtype) === undefined) throw new NotVector(`no vectors of ${e.type.dtype}`);
    return { ...e, index: at, type: { ...e.type, lanes }, ...(c.count === undefined ? {} : { count: c.count }) };
  }
  if (e.k === "cast" && isIndex(e.a.type)) return widenIndexCast(e, c);
  const wide = mapOperands(e, (x) => widen(x, c));
  const out = { ...wide, type: { dtype: e.type.dtype, lanes } } as Expr;
  if (!hasVectorForm(out)) throw new NotVector(`no vector form of ${e.k === "binary" || e.k === "unary" ? e.op : e.k} in ${e.type.dtype}`);
  return out;
}

/** A counter as data: lane numbers in 32 bits, then the cast. */
function widenIndexCast(e: Extract<Expr, { k: "cast" }>, c: LaneContext): Expr {
  if (coefficientOf(linearOf(e.a), c.counter) !== 1 || mentionsVector(e.a, c))
    throw new NotVector("a computed 64-bit index is used as a value");
  return cast(ramp(cast(scalarPart(e.a, c), "i32"), c.lanes), e.type.dtype);
}

/** A list of statements for all lanes; scalar names met before stand for their new ones. */
export const widenAll = (body: readonly Stmt[], c: LaneContext): readonly Stmt[] =>
  body.map((s) => widenStmt(c.scalars.size === 0 ? s : mapOwnExprs(s, (e) => substituteExpr(e, c.scalars)), c));

/** One statement for all lanes. */
function widenStmt(s: Stmt, c: LaneContext): Stmt {
  const id = c.fresh.stmt();
  switch (s.k) {
    case "let": {
      if (!varies(s.value, c)) return { ...s, id, v: renameScalar(s.v, s.value.type, c), value: scalarPart(s.value, c) };
      if (isIndex(s.value.type)) throw new NotVector(`${c.fresh.nameOf(s.v)} is an index that differs from lane to lane`);
      const value = widen(s.value, c);
      const v = c.fresh.variable(c.fresh.nameOf(s.v), value.type);
      c.vectors.set(s.v, { k: "var", id: v, type: value.type });
      return { ...s, id, v, value };
    }
    case "store": {
      const at = unitIndex(s.index, c);
      if (at === undefined) throw new NotVector(`elements of #${s.buffer} are not consecutive`);
      const value = widen(s.value, c);
      return { ...s, id, index: at, value, ...(c.count === undefined ? {} : { count: c.count }) };
    }
    case "accum": {
      const target = c.vectors.get(s.v);
      if (target === undefined || target.k !== "var") throw new NotVector("a register of another loop changes");
      const value = widen(s.value, c);
      return { ...s, id, v: target.id, value: c.own.has(s.v) ? value : masked(value, s.op, c) };
    }
    case "register": {
      const type = { dtype: s.value.type.dtype, lanes: c.lanes };
      if (isIndex(type) || type.dtype === "bool") throw new NotVector(`no vector registers of ${type.dtype}`);
      const value = widen(s.value, c);
      const v = c.fresh.variable(c.fresh.nameOf(s.v), type);
      c.vectors.set(s.v, { k: "var", id: v, type });
      c.own.add(s.v);
      return { ...s, id, v, value };
    }
    case "assign": {
      const target = c.vectors.get(s.v);
      if (target?.k !== "var" || !c.own.has(s.v)) throw new NotVector("a register of another loop changes");
      return { ...s, id, v: target.id, value: widen(s.value, c) };
    }
    case "for": {
      if (varies(s.lo, c) || varies(s.hi, c)) throw new NotVector("an inner loop's bounds differ from lane to lane");
      const v = renameScalar(s.v, s.lo.type, c);
      return { ...s, id, v, body: widenAll(s.body, c) };
    }
    case "if": {
      if (varies(s.cond, c)) throw new NotVector("lanes take different branches");
      return { ...s, id, then: widenAll(s.then, c), else: widenAll(s.else, c) };
    }
    default:
      throw new NotVector(`a ${s.k} statement inside`);
  }
}

/** A scalar name inside the loop gets a new variable, because the body is written out more than once. */
function renameScalar(v: VarId, type: VType, c: LaneContext): VarId {
  const id = c.fresh.variable(c.fresh.nameOf(v), type);
  c.scalars.set(v, { k: "var", id, type });
  return id;
}

/** Lanes past the count take no part in a reduction. */
function masked(value: Expr, op: Extract<Stmt, { k: "accum" }>["op"], c: LaneContext): Expr {
  if (c.count === undefined) return value;
  const { dtype } = value.type;
  const inside = binary("lt", ramp(constant(0, "i32"), c.lanes), broadcast(cast(c.count, "i32"), c.lanes));
  return select(inside, value, constant(reduceIdentity(op, dtype), dtype, c.lanes));
}

/** Can lanes of this type be combined by the operator? */
export const reducible = (op: Extract<Stmt, { k: "accum" }>["op"], dtype: VType["dtype"]): boolean =>
  reduceSpelling[op] !== undefined && (dtype === "f32" || dtype === "i32");

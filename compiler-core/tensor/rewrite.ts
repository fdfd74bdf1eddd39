/** Walking and rebuilding Tensor IR. Every function returns its argument itself where nothing changed, so that snapshots share. */
import type { Buffer, BufferId, Expr, Func, Module, Ref, Stmt, VarId } from "./ir.ts";

/** Maps a list and keeps the list itself when every element stayed the same. */
export function mapSame<T>(list: readonly T[], f: (x: T) => T): readonly T[] {
  let out: T[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const x = list[i]!;
    const y = f(x);
    if (out !== undefined) out.push(y);
    else if (y !== x) (out = list.slice(0, i)).push(y);
  }
  return out ?? list;
}

/** Rebuilds the direct operands of an expression. */
export function mapOperands(e: Expr, f: (e: Expr) => Expr): Expr {
  switch (e.k) {
    case "const":
    case "var":
      return e;
    case "binary": {
      const a = f(e.a);
      const b = f(e.b);
      return a === e.a && b === e.b ? e : { ...e, a, b };
    }
    case "unary":
    case "cast":
    case "broadcast":
    case "reduce": {
      const a = f(e.a);
      return a === e.a ? e : { ...e, a };
    }
    case "ramp": {
      const base = f(e.base);
      return base === e.base ? e : { ...e, base };
    }
    case "fma": {
      const a = f(e.a);
      const b = f(e.b);
      const c = f(e.c);
      return a === e.a && b === e.b && c === e.c ? e : { ...e, a, b, c };
    }
    case "select": {
      const cond = f(e.cond);
      const a = f(e.a);
      const b = f(e.b);
      return cond === e.cond && a === e.a && b === e.b ? e : { ...e, cond, a, b };
    }
    case "load": {
      const index = mapSame(e.index, f);
      const count = e.count === undefined ? undefined : f(e.count);
      return index === e.index && count === e.count ? e : { ...e, index, ...(count === undefined ? {} : { count }) };
    }
  }
}

/** Rebuilds an expression from the leaves up; `f` sees every node after its operands. */
export function mapExpr(e: Expr, f: (e: Expr) => Expr): Expr {
  const inner = (x: Expr): Expr => f(mapOperands(x, inner));
  return inner(e);
}

/** Calls `f` for the expression and everything in it. */
export function visitExpr(e: Expr, f: (e: Expr) => void): void {
  f(e);
  switch (e.k) {
    case "const":
    case "var":
      return;
    case "binary":
      visitExpr(e.a, f);
      return visitExpr(e.b, f);
    case "unary":
    case "cast":
    case "broadcast":
    case "reduce":
      return visitExpr(e.a, f);
    case "ramp":
      return visitExpr(e.base, f);
    case "fma":
      visitExpr(e.a, f);
      visitExpr(e.b, f);
      return visitExpr(e.c, f);
    case "select":
      visitExpr(e.cond, f);
      visitExpr(e.a, f);
      return visitExpr(e.b, f);
    case "load":
      for (const x of e.index) visitExpr(x, f);
      if (e.count !== undefined) visitExpr(e.count, f);
  }
}

const mapRef = (r: Ref, f: (e: Expr) => Expr): Ref => {
  const index = mapSame(r.index, f);
  return index === r.index ? r : { ...r, index };
};

/** Maps the values of a record and keeps the record when all stayed the same. */
export function mapRecord<T>(record: Readonly<Record<string, T>>, f: (x: T, name: string) => T): Readonly<Record<string, T>> {
  let out: Record<string, T> | undefined;
  for (const name of Object.keys(record)) {
    const x = record[name]!;
    const y = f(x, name);
    if (y !== x) (out ??= { ...record })[name] = y;
  }
  return out ?? record;
}

/** Rebuilds the expressions that belong to the statement itself (not those of nested statements); `f` gets whole expressions. */
export function mapOwnExprs(s: Stmt, f: (e: Expr) => Expr): Stmt {
  switch (s.k) {
    case "for": {
      const lo = f(s.lo);
      const hi = f(s.hi);
      return lo === s.lo && hi === s.hi ? s : { ...s, lo, hi };
    }
    case "store": {
      const index = mapSame(s.index, f);
      const value = f(s.value);
      const count = s.count === undefined ? undefined : f(s.count);
      return index === s.index && value === s.value && count === s.count
        ? s
        : { ...s, index, value, ...(count === undefined ? {} : { count }) };
    }
    case "let":
    case "register":
    case "accum":
    case "assign": {
      const value = f(s.value);
      return value === s.value ? s : { ...s, value };
    }
    case "if": {
      const cond = f(s.cond);
      return cond === s.cond ? s : { ...s, cond };
    }
    case "kernel": {
      const refs = mapRecord(s.refs, (r) => mapRef(r, f));
      const args = mapRecord(s.args, f);
      return refs === s.refs && args === s.args ? s : { ...s, refs, args };
    }
    case "alloc":
    case "hole":
    case "barrier":
    case "region":
      return s;
  }
}

/** The statement lists inside a statement. */
export function bodies(s: Stmt): readonly (readonly Stmt[])[] {
  switch (s.k) {
    case "for":
    case "region":
      return [s.body];
    case "if":
      return [s.then, s.else];
    case "kernel":
      return s.epilogue === undefined ? [] : [s.epilogue.body];
    default:
      return [];
  }
}

/** Rebuilds the statement lists inside a statement. */
export function mapBodies(s: Stmt, f: (body: readonly Stmt[]) => readonly Stmt[]): Stmt {
  switch (s.k) {
    case "for":
    case "region": {
      const body = f(s.body);
      return body === s.body ? s : { ...s, body };
    }
    case "if": {
      const then = f(s.then);
      const other = f(s.else);
      return then === s.then && other === s.else ? s : { ...s, then, else: other };
    }
    case "kernel": {
      if (s.epilogue === undefined) return s;
      const body = f(s.epilogue.body);
      return body === s.epilogue.body ? s : { ...s, epilogue: { ...s.epilogue, body } };
    }
    default:
      return s;
  }
}

/** Replaces every statement by what `f` gives (none, one or several), children first. */
export function mapStmts(body: readonly Stmt[], f: (s: Stmt) => Stmt | readonly Stmt[]): readonly Stmt[] {
  const inner = (b: readonly Stmt[]): readonly Stmt[] => mapStmts(b, f);
  let out: Stmt[] | undefined;
  for (let i = 0; i < body.length; i++) {
    const s = body[i]!;
    const r = f(mapBodies(s, inner));
    if (out === undefined && r === s) continue;
    out ??= body.slice(0, i);
    if (Array.isArray(r)) for (const one of r as readonly Stmt[]) out.push(one);
    else out.push(r as Stmt);
  }
  return out ?? body;
}

/** Rebuilds every expression of the statements and their children; `f` gets whole expressions. */
export const mapAllExprs = (body: readonly Stmt[], f: (e: Expr) => Expr): readonly Stmt[] => mapStmts(body, (s) => mapOwnExprs(s, f));

/** Calls `f` for every statement, outer ones first. */
export function visitStmts(body: readonly Stmt[], f: (s: Stmt) => void): void {
  for (const s of body) {
    f(s);
    switch (s.k) {
      case "for":
      case "region":
        visitStmts(s.body, f);
        break;
      case "if":
        visitStmts(s.then, f);
        visitStmts(s.else, f);
        break;
      case "kernel":
        if (s.epilogue !== undefined) visitStmts(s.epilogue.body, f);
        break;
      default:
    }
  }
}

/** Calls `f` for every expression node that belongs to the statement itself. */
export function visitOwnExprs(s: Stmt, f: (e: Expr) => void): void {
  switch (s.k) {
    case "for":
      visitExpr(s.lo, f);
      return visitExpr(s.hi, f);
    case "store":
      for (const x of s.index) visitExpr(x, f);
      visitExpr(s.value, f);
      if (s.count !== undefined) visitExpr(s.count, f);
      return;
    case "let":
    case "register":
    case "accum":
    case "assign":
      return visitExpr(s.value, f);
    case "if":
      return visitExpr(s.cond, f);
    case "kernel":
      for (const name of Object.keys(s.refs)) for (const x of s.refs[name]!.index) visitExpr(x, f);
      for (const name of Object.keys(s.args)) visitExpr(s.args[name]!, f);
      return;
    case "alloc":
    case "hole":
    case "barrier":
    case "region":
  }
}

/** Calls `f` for every expression node in the statements and their children. */
export const visitAllExprs = (body: readonly Stmt[], f: (e: Expr) => void): void => visitStmts(body, (s) => visitOwnExprs(s, f));

/** Replaces variables by expressions, everywhere in the statements. */
export function substitute(body: readonly Stmt[], by: ReadonlyMap<VarId, Expr>): readonly Stmt[] {
  return by.size === 0 ? body : mapAllExprs(body, (e) => substituteExpr(e, by));
}
export const substituteExpr = (e: Expr, by: ReadonlyMap<VarId, Expr>): Expr => mapExpr(e, (x) => (x.k === "var" ? (by.get(x.id) ?? x) : x));

/** Rewrites both functions of a module. */
export function mapFuncs(module: Module, f: (body: readonly Stmt[], func: Func) => readonly Stmt[]): Module {
  const one = (func: Func): Func => {
    const body = f(func.body, func);
    return body === func.body ? func : { ...func, body };
  };
  const init = one(module.init);
  const run = one(module.run);
  return init === module.init && run === module.run ? module : { ...module, init, run };
}

/** Buffers by id. */
export const buffersById = (module: Module): ReadonlyMap<BufferId, Buffer> => new Map(module.buffers.map((b) => [b.id, b]));

/** Number of statements of both functions: what the trace counts for a module. */
export function countStatements(module: Module): number {
  let n = 0;
  for (const func of [module.init, module.run]) visitStmts(func.body, () => n++);
  return n;
}

/** Sorted union of origins. */
export function unionOrigin(...origins: readonly (readonly number[])[]): readonly number[] {
  const [first = []] = origins;
  if (origins.every((o) => o === first)) return first;
  const all = new Set(first);
  const size = all.size;
  for (const o of origins) for (const id of o) all.add(id);
  return all.size === size && isAscending(first) ? first : [...all].sort((a, b) => a - b);
}

const isAscending = (list: readonly number[]): boolean => list.every((x, i) => i === 0 || (list[i - 1] as number) < x);

/** A second copy of statements: new statement numbers, new variables for all that are defined inside, new buffers for all that come to life inside. */
import type { BufferId, Epilogue, Expr, HoleOperand, Stmt, VarId } from "./ir.ts";
import type { Fresh } from "./fresh.ts";
import { mapBodies, mapExpr, mapOwnExprs, mapRecord, mapStmts, substituteExpr, visitStmts } from "./rewrite.ts";

/** As `cloneStmts`, with buffers of its own for every alloc inside. */
export function cloneWithBuffers(body: readonly Stmt[], fresh: Fresh, outer: ReadonlyMap<VarId, Expr>): readonly Stmt[] {
  const renamed = new Map<BufferId, BufferId>();
  visitStmts(body, (s) => {
    const b = s.k === "alloc" ? fresh.bufferOf(s.buffer) : undefined;
    if (b !== undefined)
      renamed.set(
        b.id,
        fresh.buffer((id) => ({ ...b, id })),
      );
  });
  const copy = cloneStmts(body, fresh, outer);
  return renamed.size === 0 ? copy : mapStmts(copy, (s) => moved(s, (id) => renamed.get(id) ?? id));
}

/** The statement with other buffers. */
function moved(s: Stmt, to: (id: BufferId) => BufferId): Stmt {
  const own = mapOwnExprs(s, (whole) => mapExpr(whole, (e) => (e.k === "load" ? { ...e, buffer: to(e.buffer) } : e)));
  if (own.k === "hole") {
    const list = (operands: readonly HoleOperand[]): readonly HoleOperand[] => operands.map((o) => ({ ...o, buffer: to(o.buffer) }));
    return { ...own, inputs: list(own.inputs), outputs: list(own.outputs) };
  }
  if (own.k === "store" || own.k === "alloc") return { ...own, buffer: to(own.buffer) };
  return own.k === "kernel" ? { ...own, refs: mapRecord(own.refs, (r) => ({ ...r, buffer: to(r.buffer) })) } : own;
}

function cloneStmts(body: readonly Stmt[], fresh: Fresh, outer: ReadonlyMap<VarId, Expr> = new Map()): readonly Stmt[] {
  const renamed = new Map(outer);
  return body.map((s) => cloneStmt(s, fresh, renamed));
}

function cloneStmt(s: Stmt, fresh: Fresh, renamed: Map<VarId, Expr>): Stmt {
  const own: Stmt = { ...mapOwnExprs(s, (e) => substituteExpr(e, renamed)), id: fresh.stmt() };
  const rename = (v: VarId): VarId => {
    const type = fresh.typeOf(v) ?? { dtype: "i64", lanes: 1 };
    const id = fresh.variable(fresh.nameOf(v), type);
    renamed.set(v, { k: "var", id, type });
    return id;
  };
  const target = (v: VarId): VarId => {
    const now = renamed.get(v);
    return now !== undefined && now.k === "var" ? now.id : v;
  };
  switch (own.k) {
    case "let":
    case "register":
      return { ...own, v: rename(own.v) };
    case "accum":
    case "assign":
      return { ...own, v: target(own.v) };
    case "for": {
      const v = rename(own.v);
      return { ...own, v, body: cloneStmts(own.body, fresh, renamed) };
    }
    case "kernel": {
      if (own.epilogue === undefined) return own;
      const { row, col, acc, count, body } = own.epilogue;
      const heads: Omit<Epilogue, "body"> = {
        row: rename(row),
        col: rename(col),
        acc: rename(acc),
        ...(count === undefined ? {} : { count: rename(count) }),
      };
      return { ...own, epilogue: { ...heads, body: cloneStmts(body, fresh, renamed) } };
    }
    default:
      return mapBodies(own, (b) => cloneStmts(b, fresh, renamed));
  }
}

/**
 * Which statements outside of parallel loops every thread executes. Serial work belongs to thread 0; a `let` is repeated by all threads
 * only where a parallel loop after it needs the value.
 */
import type { Stmt, VarId } from "./ir.ts";
import { visitAllExprs } from "./rewrite.ts";

/** True for what all threads execute; `shared` comes from `sharedLets` of the function's body. */
export function forAllThreads(s: Stmt, shared: ReadonlySet<VarId>): boolean {
  if (s.k === "let") return shared.has(s.v);
  return s.k === "barrier" || s.k === "alloc" || s.k === "region" || (s.k === "for" && s.kind === "parallel");
}

/** The lets outside of parallel loops that parallel loops read, directly or through other lets. */
export function sharedLets(body: readonly Stmt[]): ReadonlySet<VarId> {
  const shared = new Set<VarId>();
  const use = (stmts: readonly Stmt[]): void => visitAllExprs(stmts, (e) => void (e.k === "var" && shared.add(e.id)));
  // Backwards: what a parallel loop reads is known before the lets in front of it are seen.
  const walk = (list: readonly Stmt[]): void => {
    for (const s of [...list].reverse()) {
      if (s.k === "region") walk(s.body);
      else if (s.k === "for" && s.kind === "parallel") use([s]);
      else if (s.k === "let" && shared.has(s.v)) use([s]);
    }
  };
  walk(body);
  return shared;
}

/**
 * Threads often get shares of two sizes. A name that takes one of two values over a loop, and sizes a microkernel or a loop, makes two
 * versions of what follows, each with its size as a constant: the kernel then instantiates one remainder instead of all of them.
 */
import { binary, index } from "../../tensor/build.ts";
import { cloneWithBuffers } from "../../tensor/clone.ts";
import type { Expr, For, If, Stmt, VarId } from "../../tensor/ir.ts";
import { Fresh } from "../../tensor/fresh.ts";
import { mapFuncs, mapStmts, substitute, substituteExpr, visitOwnExprs, visitStmts } from "../../tensor/rewrite.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { simplifyExpr } from "./simplify-expr.ts";
import { simplifyLoops } from "./simplify-loops.ts";

export const specialiseSizes = tensorPass({
  name: "specialise-sizes",
  why: "Writes a loop body twice where its sizes take two values, so that each version's sizes are constants of the code.",
  optional: true,
  run: (module, ctx) => {
    const fresh = new Fresh(module);
    const tools: Tools = { fresh, ctx };
    const run = mapFuncs(module, (body, func) =>
      func.name === "init" ? body : mapStmts(body, (s) => (s.k === "for" ? specialise(s, tools) : s)),
    );
    return run === module ? module : simplifyLoops.run(fresh.finish(run), { ...ctx, hit: () => undefined });
  },
});

interface Tools {
  readonly fresh: Fresh;
  readonly ctx: PassContext;
}

/** Longer loops are not counted out. */
const mostIterations = 1024;

function specialise(s: For, tools: Tools): Stmt {
  if (s.lo.k !== "const" || s.hi.k !== "const") return s;
  const [lo, hi] = [Number(s.lo.value), Number(s.hi.value)];
  if (hi - lo > mostIterations * s.step || hi - lo <= s.step) return s;
  const values = valuesOver(s, lo, hi);
  const versions = (body: readonly Stmt[]): readonly Stmt[] => {
    for (const [p, x] of body.entries()) {
      const two = x.k === "let" ? values.get(x.v) : undefined;
      const rest = body.slice(p + 1);
      if (x.k !== "let" || two?.size !== 2 || !sizesSomething(x.v, rest)) continue;
      const [first, second] = [...two] as [number, number];
      const known = (v: number): ReadonlyMap<VarId, Expr> => new Map([[x.v, index(v)]]);
      const type = { dtype: "i64", lanes: 1 } as const;
      const branch: If = {
        k: "if",
        id: tools.fresh.stmt(),
        origin: s.origin,
        cond: binary("eq", { k: "var", id: x.v, type }, index(first)),
        then: versions(substitute(rest, known(first))),
        else: versions(cloneWithBuffers(rest, tools.fresh, known(second))),
      };
      tools.ctx.hit({ rule: "specialise-sizes/two-values", before: [x.id], after: [x.id, branch.id], note: `${first} or ${second}` });
      return [...body.slice(0, p + 1), branch];
    }
    return body;
  };
  const body = versions(s.body);
  return body === s.body ? s : { ...s, body };
}

/** The values that each name takes over the loop, when they depend on nothing but the counter. */
function valuesOver(s: For, lo: number, hi: number): ReadonlyMap<VarId, ReadonlySet<number>> {
  const values = new Map<VarId, Set<number>>();
  const lets = s.body.filter((x) => x.k === "let" && x.value.type.dtype === "i64" && x.value.type.lanes === 1);
  for (let i = lo; i < hi; i += s.step) {
    const known = new Map<VarId, Expr>([[s.v, index(i)]]);
    for (const x of lets) {
      if (x.k !== "let") continue;
      const value = simplifyExpr(substituteExpr(x.value, known), new Map());
      if (value.k !== "const") continue;
      known.set(x.v, value);
      values.set(x.v, (values.get(x.v) ?? new Set()).add(Number(value.value)));
    }
  }
  return values;
}

/** Is the name an extent of a microkernel or a bound of a loop in these statements? */
function sizesSomething(v: VarId, body: readonly Stmt[]): boolean {
  let found = false;
  visitStmts(body, (s) => {
    const extents = s.k === "kernel" ? [s.args["m"], s.args["n"]] : s.k === "for" ? [s.lo, s.hi] : [];
    if (extents.some((e) => e !== undefined && e.k === "var" && e.id === v)) found = true;
    if (s.k === "let" && s.value.k === "binary" && s.value.op === "min") {
      visitOwnExprs(s, (e) => {
        if (e.k === "var" && e.id === v) found = true;
      });
    }
  });
  return found;
}

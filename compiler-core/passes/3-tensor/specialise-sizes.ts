/**
 * Threads often get shares of two sizes. A name that takes one of two values over a loop, and sizes a microkernel or a loop, makes two
 * versions of what follows, each with its size as a constant: the kernel then instantiates one remainder instead of all of them.
 */
import { binary, index } from "../../tensor/build.ts";
import { cloneWithBuffers } from "../../tensor/clone.ts";
import type { Expr, For, If, Stmt, VarId } from "../../tensor/ir.ts";
import { Fresh } from "../../tensor/fresh.ts";
import { mapFuncs, mapStmts, substitute, visitOwnExprs, visitStmts } from "../../tensor/rewrite.ts";
import { evalBinary } from "../../tensor/semantics.ts";
import { tensorPass, type PassContext } from "../pass.ts";
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
  const iterations = Array.from({ length: Math.ceil((hi - lo) / s.step) }, (_, i) => lo + i * s.step);
  const body = versions(s, s.body, iterations, tools);
  return body === s.body ? s : { ...s, body };
}

/** The body for some iterations of its loop. A version has only those in which its size is what it is: other names may have one value over them. */
function versions(s: For, body: readonly Stmt[], iterations: readonly number[], tools: Tools): readonly Stmt[] {
  const values = valuesOver(s.v, body, iterations);
  for (const [p, x] of body.entries()) {
    const taken = x.k === "let" ? values.get(x.v) : undefined;
    if (x.k !== "let" || taken === undefined || x.value.k === "const") continue;
    const [first, second, ...others] = new Set(taken);
    const rest = body.slice(p + 1);
    if (first === undefined || (second !== undefined && (others.length > 0 || !sizesSomething(x.v, rest, values)))) continue;
    const known = (v: number): ReadonlyMap<VarId, Expr> => new Map([[x.v, index(v)]]);
    const head = body.slice(0, p + 1);
    if (second === undefined) return [...head, ...versions(s, substitute(rest, known(first)), iterations, tools)];
    const those = (v: number): number[] => iterations.filter((_, i) => taken[i] === v);
    const branch: If = {
      k: "if",
      id: tools.fresh.stmt(),
      origin: s.origin,
      cond: binary("eq", { k: "var", id: x.v, type: { dtype: "i64", lanes: 1 } }, index(first)),
      then: versions(s, substitute(rest, known(first)), those(first), tools),
      else: versions(s, cloneWithBuffers(rest, tools.fresh, known(second)), those(second), tools),
    };
    tools.ctx.hit({ rule: "specialise-sizes/two-values", before: [x.id], after: [x.id, branch.id], note: `${first} or ${second}` });
    return [...head, branch];
  }
  return body;
}

/** The value of each name in each iteration, where it depends on nothing but the counter. */
function valuesOver(counter: VarId, body: readonly Stmt[], iterations: readonly number[]): ReadonlyMap<VarId, readonly number[]> {
  const values = new Map<VarId, readonly number[]>([[counter, iterations]]);
  for (const x of body) {
    if (x.k !== "let" || x.value.type.dtype !== "i64" || x.value.type.lanes !== 1) continue;
    const taken: number[] = [];
    for (let i = 0; i < iterations.length; i++) {
      const value = valueIn(x.value, (id) => values.get(id)?.[i]);
      if (value === undefined) break;
      taken.push(value);
    }
    if (taken.length === iterations.length) values.set(x.v, taken);
  }
  values.delete(counter);
  return values;
}

/** Value of an integer expression; undefined when a name in it has none, or it asks for more than arithmetic. */
function valueIn(e: Expr, known: (id: VarId) => number | undefined): number | undefined {
  if (e.k === "const") return Number(e.value);
  if (e.k === "var") return known(e.id);
  if (e.k !== "binary" || e.type.dtype !== "i64") return undefined;
  const [a, b] = [valueIn(e.a, known), valueIn(e.b, known)];
  if (a === undefined || b === undefined) return undefined;
  const value = evalBinary(e.op, "i64", a, b, "native");
  return typeof value === "number" ? value : undefined;
}

/**
 * Is the name an extent of a microkernel or a bound of a loop in these statements, or does it limit the blocks of a loop inside? A limit whose own value
 * is known is a size by itself, if it is one.
 */
function sizesSomething(v: VarId, body: readonly Stmt[], values: ReadonlyMap<VarId, unknown>): boolean {
  let found = false;
  visitStmts(body, (s) => {
    const extents = s.k === "kernel" ? [s.args["m"], s.args["n"]] : s.k === "for" ? [s.lo, s.hi] : [];
    if (extents.some((e) => e !== undefined && e.k === "var" && e.id === v)) found = true;
    if (s.k === "let" && s.value.k === "binary" && s.value.op === "min" && !values.has(s.v)) {
      visitOwnExprs(s, (e) => {
        if (e.k === "var" && e.id === v) found = true;
      });
    }
  });
  return found;
}

/** A loop whose last block is shorter becomes one of whole blocks and the rest, so that sizes inside are known when the code is compiled. */
import { index } from "../../tensor/build.ts";
import { cloneWithBuffers } from "../../tensor/clone.ts";
import type { Expr, For, Stmt } from "../../tensor/ir.ts";
import { mentions } from "../../tensor/linear.ts";
import { Fresh } from "../../tensor/fresh.ts";
import { mapFuncs, mapStmts, visitAllExprs } from "../../tensor/rewrite.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { simplifyLoops } from "./simplify-loops.ts";

export const splitLoops = tensorPass({
  name: "split-loops",
  why: "Separates the whole blocks of a loop from the shorter last one, so that block sizes are constants of the code.",
  optional: true,
  run: (module, ctx) => {
    const fresh = new Fresh(module);
    const split = mapFuncs(module, (body) => mapStmts(body, (s) => (s.k === "for" ? splitLoop(s, fresh, ctx) : s)));
    return split === module ? module : simplifyLoops.run(fresh.finish(split), { ...ctx, hit: () => undefined });
  },
});

function splitLoop(s: For, fresh: Fresh, ctx: PassContext): Stmt | readonly Stmt[] {
  if (s.kind !== "serial" || s.step === 1 || s.lo.k !== "const" || s.hi.k !== "const") return s;
  const [lo, hi] = [Number(s.lo.value), Number(s.hi.value)];
  const whole = lo + Math.floor((hi - lo) / s.step) * s.step;
  if (whole === hi || whole === lo || !hasEdge(s)) return s;
  const v = fresh.variable(fresh.nameOf(s.v), s.lo.type);
  const rest: For = {
    ...s,
    id: fresh.stmt(),
    v,
    lo: index(whole),
    body: cloneWithBuffers(s.body, fresh, new Map([[s.v, { k: "var", id: v, type: s.lo.type }]])),
  };
  ctx.hit({ rule: "split-loops/remainder", before: [s.id], after: [s.id, rest.id], note: `${whole - lo} + ${hi - whole}` });
  return [{ ...s, hi: index(whole) }, rest];
}

/** Does the body ask for the size of the block: a min or a comparison with the counter? */
function hasEdge(s: For): boolean {
  let found = false;
  visitAllExprs(s.body, (e: Expr) => {
    if (e.k === "binary" && ["min", "lt", "le", "gt", "ge"].includes(e.op) && mentions(e, s.v)) found = true;
  });
  return found;
}

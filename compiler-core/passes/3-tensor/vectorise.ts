/**
 * Loops marked `vector` become loops over registers: whole vectors first, then one masked vector for what is left. Reductions get one
 * vector register each, combined across its lanes after the loop. Epilogues of microkernels take a register of the result at a time.
 */
import { targetIsa } from "../../codegen/target.ts";
import { add, binary, constant, index, reduce, sub } from "../../tensor/build.ts";
import { f32Lanes } from "../../machine.ts";
import type { Epilogue, Expr, For, KernelCall, Stmt, VarId } from "../../tensor/ir.ts";
import { linearAdd, linearExpr, linearOf } from "../../tensor/linear.ts";
import { Fresh } from "../../tensor/fresh.ts";
import { mapFuncs, mapStmts } from "../../tensor/rewrite.ts";
import { reduceIdentity } from "../../tensor/semantics.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { NotVector, reducible, widenAll, type LaneContext } from "./vector-lanes.ts";

export const vectorise = tensorPass({
  name: "vectorise",
  why: "Turns innermost loops and kernel epilogues into vector code of the target's width, with a masked tail.",
  optional: true,
  when: (options, machine) => (f32Lanes(targetIsa(options, machine)) > 1 ? true : "the scalar instruction set has no vectors"),
  run: (module, ctx) => {
    const fresh = new Fresh(module);
    const lanes = f32Lanes(targetIsa(ctx.options, ctx.machine));
    const body = mapFuncs(module, (list) =>
      mapStmts(list, (s) => {
        if (s.k === "for" && s.kind === "vector") return loop(s, lanes, fresh, ctx);
        if (s.k === "kernel" && s.epilogue !== undefined && s.epilogue.count === undefined) return kernel(s, lanes, fresh, ctx);
        return s;
      }),
    );
    return fresh.finish(body);
  },
});

function refused(s: Stmt, why: string, ctx: PassContext): void {
  ctx.verdict({
    subject: "schedule",
    accepted: false,
    rule: "vectorise/lanes",
    because: `not vectorised: ${why}`,
    facts: [{ name: "statement", value: s.id }],
    nodes: s.origin,
  });
}

/** Runs `make`, or gives the statement back as a plain loop with the reason recorded. */
function attempt<T>(s: Stmt, ctx: PassContext, make: () => T): T | undefined {
  try {
    return make();
  } catch (e) {
    if (!(e instanceof NotVector)) throw e;
    refused(s, e.why, ctx);
    return undefined;
  }
}

function loop(s: For, lanes: number, fresh: Fresh, ctx: PassContext): Stmt | readonly Stmt[] {
  if (s.step !== 1) return s;
  const made = attempt(s, ctx, () => vectorLoop(s, lanes, fresh));
  if (made === undefined) return { ...s, kind: "serial" };
  ctx.hit({ rule: "vectorise/loop", before: [s.id], after: made.map((x) => x.id) });
  return made;
}

interface Accumulator {
  readonly scalar: VarId;
  readonly vector: Expr & { k: "var" };
  readonly op: Extract<Stmt, { k: "accum" }>["op"];
}

/** Registers from outside that the body accumulates into, each with a vector of its own. The body's own registers become vectors as they are. */
function accumulators(s: For, lanes: number, fresh: Fresh): readonly Accumulator[] {
  const found = new Map<VarId, Accumulator>();
  const own = new Set(s.body.flatMap((x) => (x.k === "register" ? [x.v] : [])));
  for (const x of s.body) {
    if (x.k !== "accum" || own.has(x.v)) continue;
    const { dtype } = x.value.type;
    if (!reducible(x.op, dtype)) throw new NotVector(`no reduction by ${x.op} across lanes of ${dtype}`);
    const known = found.get(x.v);
    if (known !== undefined && known.op !== x.op) throw new NotVector("one register is combined by two operators");
    if (known === undefined)
      found.set(x.v, {
        scalar: x.v,
        op: x.op,
        vector: { k: "var", id: fresh.variable(`${fresh.nameOf(x.v)}_lanes`, { dtype, lanes }), type: { dtype, lanes } },
      });
  }
  return [...found.values()];
}

function vectorLoop(s: For, lanes: number, fresh: Fresh): readonly Stmt[] {
  const registers = accumulators(s, lanes, fresh);
  const extent = linearAdd(linearOf(s.hi), linearOf(s.lo), -1);
  const known = extent.terms.size === 0 ? extent.constant : undefined;
  const middle = wholeEnd(s, lanes, known);
  const { origin } = s;
  const before = registers.map((r): Stmt => ({
    k: "register",
    id: fresh.stmt(),
    origin,
    v: r.vector.id,
    value: constant(reduceIdentity(r.op, r.vector.type.dtype), r.vector.type.dtype, lanes),
  }));
  const after = registers.map((r): Stmt => ({
    k: "accum",
    id: fresh.stmt(),
    origin,
    v: r.scalar,
    op: r.op,
    value: reduce(r.op, r.vector),
  }));
  const out: Stmt[] = [...before];
  if (known === undefined || known >= lanes)
    out.push({
      ...s,
      kind: "serial",
      step: lanes,
      hi: middle,
      body: lanesOf(s, lanes, fresh, registers, { k: "var", id: s.v, type: s.lo.type }, undefined),
    });
  if (known === undefined) out.push(maskedLoop(s, lanes, fresh, registers, middle));
  else if (known % lanes !== 0) out.push(...lanesOf(s, lanes, fresh, registers, middle, index(known % lanes)));
  out.push(...after);
  return out;
}

/** Where whole vectors end. */
function wholeEnd(s: For, lanes: number, known: number | undefined): Expr {
  if (known !== undefined) return linearExpr(linearAdd(linearOf(s.lo), linearOf(index(Math.floor(known / lanes) * lanes))));
  const whole = binary("mul", binary("div", linearExpr(linearAdd(linearOf(s.hi), linearOf(s.lo), -1)), index(lanes)), index(lanes));
  return s.lo.k === "const" && s.lo.value === 0 ? whole : add(s.lo, whole);
}

/** The rest of a loop of unknown length: no iteration or one. */
function maskedLoop(s: For, lanes: number, fresh: Fresh, registers: readonly Accumulator[], middle: Expr): Stmt {
  const v = fresh.variable(fresh.nameOf(s.v), s.lo.type);
  const first: Expr = { k: "var", id: v, type: s.lo.type };
  const body = lanesOf(s, lanes, fresh, registers, first, sub(s.hi, first));
  return { ...s, id: fresh.stmt(), v, kind: "serial", step: lanes, lo: middle, body };
}

/** The loop's body for lanes that start at `first`. */
function lanesOf(
  s: For,
  lanes: number,
  fresh: Fresh,
  registers: readonly Accumulator[],
  first: Expr,
  count: Expr | undefined,
): readonly Stmt[] {
  const c: LaneContext = {
    lanes,
    counter: s.v,
    first,
    count,
    fresh,
    vectors: new Map(registers.map((r) => [r.scalar, r.vector])),
    scalars: new Map(),
    own: new Set(),
  };
  return widenAll(s.body, c);
}

function kernel(s: KernelCall, lanes: number, fresh: Fresh, ctx: PassContext): Stmt {
  const e = s.epilogue as Epilogue;
  const accType = fresh.typeOf(e.acc) ?? { dtype: "f32", lanes: 1 };
  const made = attempt(s, ctx, (): Epilogue => {
    const type = { dtype: accType.dtype, lanes };
    const acc: Expr = { k: "var", id: fresh.variable(fresh.nameOf(e.acc), type), type };
    const col: Expr = { k: "var", id: fresh.variable(fresh.nameOf(e.col), { dtype: "i64", lanes: 1 }), type: { dtype: "i64", lanes: 1 } };
    const count: Expr = { k: "var", id: fresh.variable("n", col.type), type: col.type };
    const vectors = new Map<VarId, Expr>([[e.acc, acc]]);
    const c: LaneContext = { lanes, counter: e.col, first: col, count, fresh, vectors, scalars: new Map(), own: new Set() };
    return {
      row: e.row,
      col: (col as { id: VarId }).id,
      acc: (acc as { id: VarId }).id,
      count: (count as { id: VarId }).id,
      body: widenAll(e.body, c),
    };
  });
  if (made === undefined) return s;
  ctx.hit({ rule: "vectorise/epilogue", before: [s.id, ...e.body.map((x) => x.id)], after: [s.id, ...made.body.map((x) => x.id)] });
  return { ...s, epilogue: made };
}

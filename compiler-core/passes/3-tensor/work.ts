/** Estimates of how much a statement does, for scheduling: cycles of one core at one vector operation each, roughly. */
import type { IsaName, MachineProfile } from "../../machine.ts";
import { f32Lanes } from "../../machine.ts";
import type { Expr, KernelCall, Stmt } from "../../tensor/ir.ts";
import { rangeOf, type Range } from "../../tensor/ranges.ts";
import { bodies, visitOwnExprs } from "../../tensor/rewrite.ts";

/** Cycles of an operator that is not one instruction. */
const heavy: Readonly<Record<string, number>> = {
  exp: 20,
  log: 20,
  tanh: 30,
  erf: 30,
  sigmoid: 25,
  softplus: 40,
  sin: 60,
  cos: 60,
  pow: 80,
  div: 8,
  sqrt: 10,
  rsqrt: 18,
  reciprocal: 8,
};

/** A vector from or to the second-level cache, at 16 bytes a cycle. */
const memoryCycles = 4;

const largest = (e: Expr | undefined, ranges: ReadonlyMap<number, Range>): number =>
  e === undefined ? 1 : Math.max(0, rangeOf(e, ranges)?.hi ?? 64);

/** Extents of the products of a call. Of a convolution: positions, channels of the result, taps of the kernel. */
function productsOf(
  { args, params }: KernelCall,
  ranges: ReadonlyMap<number, Range>,
): { readonly m: number; readonly n: number; readonly k: number } {
  const param = (name: string): number => (typeof params[name] === "number" ? params[name] : 1);
  const arg = (name: string, otherwise: number): number => (name in args ? largest(args[name], ranges) : otherwise);
  const positions = "out_columns" in params ? arg("rows", 1) * param("out_columns") : 1;
  const depthwise = !("n" in args);
  const taps = param("kh") * param("kw") * (depthwise ? 1 : param("channels"));
  return { m: arg("m", positions), n: arg("n", param("channels")), k: arg("k", taps) };
}

/** Estimated cycles of the statements on one core. Unknown trip counts count as 64. */
export function workOf(body: readonly Stmt[], isa: IsaName, ranges: ReadonlyMap<number, Range> = new Map()): number {
  const lanes = f32Lanes(isa);
  const known = new Map(ranges);
  let sum = 0;
  for (const s of body) {
    let own = 0;
    visitOwnExprs(s, (e) => {
      if (e.k === "binary" || e.k === "unary") own += heavy[e.op] ?? 1;
      else if (e.k === "load") own += memoryCycles;
    });
    if (s.k === "store") own += memoryCycles;
    if (s.k === "let" && s.value.type.lanes === 1) {
      const r = rangeOf(s.value, known);
      if (r !== undefined) known.set(s.v, r);
    }
    if (s.k === "for") {
      const [lo, hi] = [rangeOf(s.lo, known), rangeOf(s.hi, known)];
      const trips = lo === undefined || hi === undefined ? 64 : Math.max(0, Math.ceil((hi.hi - lo.lo) / s.step));
      if (lo !== undefined && hi !== undefined) known.set(s.v, { lo: lo.lo, hi: Math.max(lo.lo, hi.hi - 1) });
      // A loop that has not been vectorised yet will be.
      own += (trips * workOf(s.body, isa, known)) / (s.kind === "vector" ? lanes : 1);
    } else if (s.k === "kernel") {
      const { m, n, k } = productsOf(s, known);
      own += m * Math.ceil(n / lanes) * k;
      if (s.epilogue !== undefined) own += m * Math.ceil(n / lanes) * workOf(s.epilogue.body, isa, known);
    } else {
      for (const b of bodies(s)) own += workOf(b, isa, known);
    }
    sum += own + 1;
  }
  return sum;
}

/** Cycles all threads lose at a barrier where the machine has not been measured. */
const usualBarrier = 3000;

/** Cycles that all threads lose at a barrier. */
export function barrierCycles(machine: MachineProfile, threads: number): number {
  const known = machine.teamCosts?.find((c) => c.threads >= threads)?.barrierNs;
  const ghz = machine.peaks?.ghz;
  return known === undefined || ghz === undefined || !(known > 0) ? usualBarrier : known * ghz;
}

/** In barriers: what is lost at one, before and after a nest, is little of the work of a thread. */
const barriersPerThread = 5;

/** Cycles of work that make it worth waking one more thread. */
export const leastWork = (machine: MachineProfile, threads: number): number => barriersPerThread * barrierCycles(machine, threads);

/**
 * While a thread waits at a barrier, it brings near the part of a constant that its share of the next nest reads first, as much as its cache holds. Where
 * all threads end together nobody waits, and nothing is brought: measured on nests that are dealt out evenly, it makes no difference.
 */
import { targetIsa } from "../../codegen/target.ts";
import { findKernel } from "../../kernels/index.ts";
import { bufferBytes } from "../../tensor/eval.ts";
import type { Barrier, Buffer, BufferId, For, KernelCall, Module, Near, Ref, Stmt } from "../../tensor/ir.ts";
import { rangeOf, type Range } from "../../tensor/ranges.ts";
import { buffersById, mapSame, visitStmts } from "../../tensor/rewrite.ts";
import { dtypeBytes } from "../../support/dtype.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { forAllThreads, sharedLets } from "../../tensor/team.ts";
import { spaceOf } from "./footprints.ts";
import { barrierCycles, workOf } from "./work.ts";

export const prefetchWeights = tensorPass({
  name: "prefetch-weights",
  why: "Has threads that wait at a barrier bring near the weights that they read next.",
  optional: true,
  when: ({ threads }) => threads > 1 || "one thread waits for nobody",
  run: (module, ctx) => {
    const buffers = buffersById(module);
    const constants = module.buffers.filter((b) => isConstant(b)).reduce((sum, b) => sum + bufferBytes(b), 0);
    const most = ctx.machine.caches.l2 / 2;
    // What fits the cache of a thread stays there from one run to the next.
    if (constants <= most) return module;
    const idle = new Idle(module, ctx);
    const body = mapSame(module.run.body, (s) => {
      if (s.k !== "barrier") return (idle.add(s), s);
      const cycles = idle.sinceBarrier();
      return s.near === undefined ? withNear(module, s, { buffers, most, cycles }, ctx) : s;
    });
    return body === module.run.body ? module : { ...module, run: { ...module.run, body } };
  },
});

const isConstant = (b: Buffer | undefined): b is Buffer => b?.scope === "packed" || b?.scope === "weight";

/** How long the first thread that comes to a barrier waits for the last one, by the estimates of their work. */
class Idle {
  private loads: number[];
  private readonly shared: ReadonlySet<number>;
  constructor(
    module: Module,
    private readonly ctx: PassContext,
  ) {
    this.loads = Array.from({ length: module.threads }, () => 0);
    this.shared = sharedLets(module.run.body);
  }

  add(s: Stmt): void {
    if (s.k === "region") return s.body.forEach((inner) => this.add(inner));
    const space = spaceOf(s);
    const isa = targetIsa(this.ctx.options, this.ctx.machine);
    if (s.k === "barrier") this.sinceBarrier();
    else if (s.k === "for" && space !== undefined) {
      const { count, first, threads = this.loads.length } = space;
      const one = workOf([{ ...s, kind: "serial" }], isa) / Math.max(1, count);
      const team = Math.min(threads, this.loads.length);
      this.loads = this.loads.map((load, t) => {
        const place = (t + this.loads.length - (first % this.loads.length)) % this.loads.length;
        return place >= team ? load : load + one * (Math.floor(count / team) + (place < count % team ? 1 : 0));
      });
    } else if (!forAllThreads(s, this.shared)) this.loads[0] = (this.loads[0] ?? 0) + workOf([s], isa);
  }

  /** Cycles, and begins anew. */
  sinceBarrier(): number {
    const idle = Math.max(...this.loads) - Math.min(...this.loads);
    this.loads = this.loads.map(() => 0);
    return idle;
  }
}

interface Wait {
  readonly buffers: ReadonlyMap<BufferId, Buffer>;
  /** Bytes that may be brought. */
  readonly most: number;
  /** Cycles that the first thread waits for the last. */
  readonly cycles: number;
}

function withNear(module: Module, barrier: Barrier, { buffers, most, cycles }: Wait, ctx: PassContext): Stmt {
  const loop = nextLoop(module, barrier);
  const space = loop && spaceOf(loop);
  if (loop === undefined || space === undefined || space.lo !== 0 || space.step !== 1 || space.threads !== undefined || space.first > 0)
    return barrier;
  const near = largest(loop, space.count, buffers, most);
  if (near === undefined) return barrier;
  const name = buffers.get(near.buffer)?.name ?? "";
  const barrierCost = barrierCycles(ctx.machine, module.threads);
  const facts = [
    { name: "at most", value: near.bytes, unit: "B for each thread" },
    { name: "wait of the first thread", value: Math.round(cycles), unit: "cycles" },
    { name: "a barrier", value: Math.round(barrierCost), unit: "cycles" },
  ];
  if (cycles < barrierCost) {
    ctx.verdict({
      subject: "schedule",
      accepted: false,
      rule: "prefetch-weights/no-wait",
      because: `nothing is brought near before the next nest: all threads end within ${Math.round(cycles)} cycles, less than a barrier takes (${Math.round(barrierCost)})`,
      facts,
      nodes: loop.origin,
    });
    return barrier;
  }
  ctx.hit({ rule: "prefetch-weights/near", before: [barrier.id], after: [barrier.id], note: name });
  ctx.verdict({
    subject: "schedule",
    accepted: true,
    rule: "prefetch-weights/near",
    because: `threads that wait bring up to ${Math.round(near.bytes / 1024)} KiB of ${name} near, which their share of the next nest reads`,
    facts,
    nodes: loop.origin,
  });
  return { ...barrier, near };
}

/** The first loop that threads share after a barrier. */
function nextLoop(module: Module, barrier: Barrier): For | undefined {
  for (const s of module.run.body.slice(module.run.body.indexOf(barrier) + 1)) {
    if (s.k === "barrier") return undefined;
    if (s.k !== "region") continue;
    for (const inner of s.body) {
      if (inner.k === "barrier") return undefined;
      if (inner.k === "for" && inner.kind === "parallel") return inner;
    }
  }
  return undefined;
}

/** The largest constant that kernels of the loop read in one piece for each iteration. */
function largest(loop: For, count: number, buffers: ReadonlyMap<BufferId, Buffer>, most: number): Near | undefined {
  let best: { readonly near: Near; readonly bytes: number } | undefined;
  visitStmts(loop.body, (s) => {
    if (s.k !== "kernel") return;
    for (const ref of panelsOf(s)) {
      const b = buffers.get(ref.buffer);
      const step = isConstant(b) ? stepOf(loop, ref, b, count) : undefined;
      if (!isConstant(b) || step === undefined) continue;
      const bytes = step === 0 ? bufferBytes(b) : dtypeBytes(b.dtype, step);
      if (best === undefined || bytes > best.bytes)
        best = { bytes, near: { buffer: b.id, step, count, bytes: Math.min(most, bytes * (step === 0 ? 1 : count)) } };
    }
  });
  return best?.near;
}

/** Operands that are read from their first element on, without gaps. */
const panelsOf = (s: KernelCall): readonly Ref[] =>
  Object.entries(s.refs).flatMap(([name, ref]) => {
    const operand = findKernel(s.kernel)?.operands[name];
    return operand?.access === "read" && operand.rect === undefined && operand.hint !== true ? [ref] : [];
  });

/** Elements from what one iteration reads to what the next one reads; undefined where it is not the same every time, or backwards. */
function stepOf(loop: For, ref: Ref, b: Buffer, count: number): number | undefined {
  const at = (u: number): number | undefined => {
    const known = new Map<number, Range>([[loop.v, { lo: u, hi: u }]]);
    visitStmts(loop.body, (s) => {
      const value = s.k === "let" ? rangeOf(s.value, known) : s.k === "for" ? rangeOf(s.lo, known) : undefined;
      if ((s.k === "let" || s.k === "for") && value !== undefined) known.set(s.v, { lo: value.lo, hi: value.lo });
    });
    let flat: number | undefined = 0;
    ref.index.forEach((e, axis) => {
      const r = rangeOf(e, known);
      flat = flat === undefined || r === undefined ? undefined : flat * (b.shape[axis] ?? 1) + r.lo;
    });
    return flat;
  };
  const [first, second, last] = [at(0), at(Math.min(1, count - 1)), at(count - 1)];
  if (first !== 0 || second === undefined || last === undefined) return undefined;
  return second >= 0 && last === second * (count - 1) ? second : undefined;
}

/** What the memory plan comes to, step by step. Lifetimes are those that the plan was made for: stretches between barriers, not whole steps. */
import { elements } from "../graph/ir.ts";
import { sharedLifetimes, stepLifetimes, stepsOf, type Lifetime } from "../passes/3-tensor/lifetimes.ts";
import type { MemoryReport } from "../protocol/memory.ts";
import { dtypeBytes } from "../support/dtype.ts";
import type { Buffer, Module } from "../tensor/ir.ts";

interface Living {
  readonly id: number;
  readonly bytes: number;
  /** In stretches. */
  readonly life: Lifetime;
  /** In steps; absent: only the first run uses it. */
  readonly steps: Lifetime | undefined;
}

export function memoryReport(module: Module): MemoryReport {
  const living = arenaBuffers(module);
  const peak = busiest(living);
  const names = stepsOf(module.run);
  const byStep: Living[][] = names.map(() => []);
  for (const one of living) for (let i = one.steps?.first ?? 0; i <= (one.steps?.last ?? -1); i++) byStep[i]?.push(one);
  const alive = byStep.map((here) => ({ bytes: busiest(here).bytes, ids: new Set(here.map(({ id }) => id)) }));
  const culprits = living.filter(({ life }) => within(life, peak.at)).sort((a, b) => b.bytes - a.bytes || a.id - b.id);
  const peakStep = alive.findIndex(({ bytes, ids }) => bytes === peak.bytes && culprits.every(({ id }) => ids.has(id)));
  return {
    steps: names.map((s, i) => ({
      name: s.k === "region" ? s.name : s.k,
      ...(s.k === "region" ? { group: s.group } : {}),
      aliveBytes: alive[i]?.bytes ?? 0,
    })),
    lowerBoundBytes: peak.bytes,
    peakStep,
    culprits: culprits.map(({ id }) => id),
    scratchBytes: module.memory?.scratch ?? 0,
    firstRunOnly: living.filter(({ steps }) => steps === undefined).map(({ id }) => id),
  };
}

function arenaBuffers(module: Module): readonly Living[] {
  const [shared, steps] = [sharedLifetimes(module), stepLifetimes(module)];
  return module.buffers.flatMap((b): Living[] => {
    const life = shared.get(b.id);
    return b.scope !== "arena" || life === undefined ? [] : [{ id: b.id, bytes: placed(b), life, steps: steps.get(b.id) }];
  });
}

/** The first stretch in which most bytes are alive, and how many. A sum can only grow where a life begins. */
function busiest(living: readonly Living[]): { readonly bytes: number; readonly at: number } {
  const begins = [...living].sort((a, b) => a.life.first - b.life.first);
  const ends = [...living].sort((a, b) => a.life.last - b.life.last);
  let best = { bytes: 0, at: -1 };
  let [bytes, ended] = [0, 0];
  begins.forEach(({ life, bytes: own }, i) => {
    bytes += own;
    if (begins[i + 1]?.life.first === life.first) return;
    for (let e = ends[ended]; e !== undefined && e.life.last < life.first; e = ends[++ended]) bytes -= e.bytes;
    if (bytes > best.bytes) best = { bytes, at: life.first };
  });
  return best;
}

const within = ({ first, last }: Lifetime, at: number): boolean => first <= at && at <= last;

/** Places begin at multiples of a cache line. */
const placed = ({ dtype, shape }: Buffer): number => Math.ceil(dtypeBytes(dtype, elements(shape)) / 64) * 64;

/**
 * Coarse-grain fusion of nests that stand side by side: neighbours that do not depend on each other are dealt out to the threads together. Nests that are
 * too small to be shared become enough work for all, and those with fewer shares than there are threads run beside each other.
 */
import { targetIsa } from "../../codegen/target.ts";
import * as x from "../../tensor/build.ts";
import { Fresh } from "../../tensor/fresh.ts";
import { indexType, type Buffer, type BufferId, type For, type Module, type Region, type Stmt } from "../../tensor/ir.ts";
import { buffersById, mapSame } from "../../tensor/rewrite.ts";
import { forAllThreads, sharedLets } from "../../tensor/team.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { footprintsOf, spaceOf } from "./footprints.ts";
import { sharedElements, type Work } from "./thread-conflicts.ts";
import { leastWork, workOf } from "./work.ts";

export const joinNests = tensorPass({
  name: "join-nests",
  why: "Deals out neighbouring nests that do not depend on each other together: one stretch of work for all threads, small nests beside each other.",
  optional: true,
  when: ({ threads }) => threads > 1 || "one thread does one nest after the other",
  run: (module, ctx) => {
    const fresh = new Fresh(module);
    const dealt = new Map<Region, Region>();
    for (const stretch of stretchesOf(module, ctx)) deal(module, stretch, fresh, dealt, ctx);
    if (dealt.size === 0) return module;
    const body = mapSame(module.run.body, (s) => (s.k === "region" ? (dealt.get(s) ?? s) : s));
    return fresh.finish({ ...module, run: { ...module.run, body } });
  },
});

/** A nest that may be moved to other threads. */
interface Unit extends Work {
  readonly region: Region;
  /** The parallel loop that it consists of; undefined: work of one thread. */
  readonly loop: For | undefined;
  /** Shares it can be divided into. */
  readonly count: number;
  /** Cycles of all of it. */
  readonly work: number;
}

/** Neighbours of which none touches what another one writes. */
function stretchesOf(module: Module, ctx: PassContext): readonly (readonly Unit[])[] {
  const buffers = buffersById(module);
  const shared = sharedLets(module.run.body);
  const out: Unit[][] = [];
  let now: Unit[] = [];
  const close = (): void => {
    if (now.length > 1) out.push(now);
    now = [];
  };
  for (const s of module.run.body) {
    if (s.k === "alloc") continue;
    const unit = s.k === "region" ? unitOf(s, shared, buffers, ctx) : undefined;
    if (unit === undefined) {
      close();
      continue;
    }
    const clash = clashOf(now, unit);
    if (clash !== undefined) {
      tellDependent(clash.unit, unit, buffers.get(clash.buffer)?.name ?? "", ctx);
      close();
    }
    now.push(unit);
  }
  close();
  return out;
}

function clashOf(units: readonly Unit[], next: Unit): { readonly unit: Unit; readonly buffer: BufferId } | undefined {
  for (const unit of [...units].reverse()) {
    const buffer = sharedElements(unit, next);
    if (buffer !== undefined) return { unit, buffer };
  }
  return undefined;
}

/** One parallel loop, or work of thread 0 that any other thread could do. */
function unitOf(region: Region, shared: ReadonlySet<number>, buffers: ReadonlyMap<BufferId, Buffer>, ctx: PassContext): Unit | undefined {
  const isa = targetIsa(ctx.options, ctx.machine);
  const [loop] = region.body;
  if (region.body.length === 1 && loop?.k === "for" && loop.kind === "parallel") {
    const space = spaceOf(loop);
    if (space === undefined || space.count === 0 || loop.threads !== undefined || loop.first !== undefined) return undefined;
    const work = workOf([{ ...loop, kind: "serial" }], isa);
    return { region, loop, count: space.count, work, doer: { k: "loop", space }, footprints: footprintsOf(loop, buffers, new Map()) };
  }
  const own = (s: Stmt): boolean =>
    s.k === "alloc" ? buffers.get(s.buffer)?.scope === "thread" : s.k !== "hole" && !forAllThreads(s, shared);
  if (region.body.length === 0 || !region.body.every(own)) return undefined;
  const footprints = region.body.flatMap((s) => (s.k === "alloc" ? [] : footprintsOf(s, buffers, new Map())));
  return { region, loop: undefined, count: 1, work: workOf(region.body, isa), doer: { k: "first" }, footprints };
}

/** Where the shares of a nest go: `threads` of them, from `first` on. */
interface Place {
  readonly threads: number;
  readonly first: number;
}

/** Puts a nest's shares on the threads, and gives the new load of each. */
function loaded(loads: readonly number[], unit: Unit, { threads, first }: Place): readonly number[] {
  const out = [...loads];
  const [share, longer] = [Math.floor(unit.count / threads), unit.count % threads];
  for (let i = 0; i < threads; i++) {
    const at = (first + i) % loads.length;
    out[at] = (out[at] ?? 0) + ((share + (i < longer ? 1 : 0)) * unit.work) / unit.count;
  }
  return out;
}

const busiest = (loads: readonly number[]): number => Math.max(...loads);

/** What the busiest thread does when each nest is looked at alone, as schedule-parallel does. */
function apart(units: readonly Unit[], threads: number, least: number): number {
  const idle: readonly number[] = Array.from({ length: threads }, () => 0);
  const alone = (u: Unit): Place => ({ threads: Math.min(threads, u.count, Math.max(1, Math.floor(u.work / least))), first: 0 });
  return busiest(units.reduce((loads, u) => loaded(loads, u, alone(u)), idle));
}

/** Places for all of them together: the longest shares first, each nest where the busiest thread then has least. */
function together(
  units: readonly Unit[],
  threads: number,
  least: number,
): { readonly places: ReadonlyMap<Unit, Place>; readonly cycles: number } {
  const work = units.reduce((sum, u) => sum + u.work, 0);
  const team = Math.min(threads, Math.max(1, Math.floor(work / least)));
  let loads: readonly number[] = Array.from({ length: threads }, () => 0);
  const places = new Map<Unit, Place>();
  const shareOf = (u: Unit): number => (Math.ceil(u.count / Math.min(team, u.count)) * u.work) / u.count;
  for (const u of [...units].sort((a, b) => shareOf(b) - shareOf(a))) {
    const own = Math.min(team, u.count);
    const firsts = team === threads ? threads : team - own + 1;
    const tried = Array.from({ length: firsts }, (_, first) => ({ threads: own, first }));
    const best = tried
      .map((place) => ({ place, after: loaded(loads, u, place) }))
      .reduce((p, q) => (busiest(q.after) < busiest(p.after) ? q : p));
    places.set(u, best.place);
    loads = best.after;
  }
  return { places, cycles: busiest(loads) };
}

/** What must be gained, as a share of the time: estimates are not better than that. */
const doubt = 0.05;

function deal(module: Module, units: readonly Unit[], fresh: Fresh, dealt: Map<Region, Region>, ctx: PassContext): void {
  const { threads } = module;
  const least = leastWork(ctx.machine, threads);
  const alone = apart(units, threads, least);
  const { places, cycles } = together(units, threads, least);
  const pays = cycles < (1 - doubt) * alone;
  tellPairs(units, { alone, cycles, pays, threads }, ctx);
  if (!pays) return;
  for (const [unit, place] of places) {
    const region = placed(unit, place, threads, fresh);
    if (region === unit.region) continue;
    dealt.set(unit.region, region);
    ctx.hit({
      rule: "join-nests/beside",
      before: [unit.region.id],
      after: [region.id],
      note: `${place.threads} from thread ${place.first}`,
    });
  }
}

function placed(unit: Unit, place: Place, team: number, fresh: Fresh): Region {
  const { region, loop } = unit;
  if (loop !== undefined) {
    const shares: For = { ...loop, ...(place.threads < team ? { threads: place.threads } : {}), first: place.first };
    return { ...region, body: [shares] };
  }
  if (place.first === 0) return region;
  const v = fresh.variable("once", indexType);
  const once: For = {
    k: "for",
    id: fresh.stmt(),
    origin: region.origin,
    v,
    lo: x.index(0),
    hi: x.index(1),
    step: 1,
    kind: "parallel",
    threads: 1,
    first: place.first,
    body: region.body,
  };
  return { ...region, body: [once] };
}

interface Outcome {
  readonly alone: number;
  readonly cycles: number;
  readonly pays: boolean;
  readonly threads: number;
}

/** One verdict for each pair of neighbours. */
function tellPairs(units: readonly Unit[], { alone, cycles, pays, threads }: Outcome, ctx: PassContext): void {
  const [before, after] = [Math.round(alone), Math.round(cycles)];
  units.slice(1).forEach((unit, i) => {
    const other = units[i]?.region ?? unit.region;
    ctx.verdict({
      subject: "schedule",
      accepted: pays,
      rule: pays ? "join-nests/beside" : "join-nests/no-gain",
      because: pays
        ? `${unit.region.name} is dealt out together with ${other.name}: ${units.length} independent nests take the busiest of ${threads} threads ${after} cycles instead of ${before}`
        : `${unit.region.name} and ${other.name} do not depend on each other, but together they take the busiest of ${threads} threads ${after} cycles, alone ${before}`,
      facts: [
        { name: "independent nests", value: units.length },
        { name: "together", value: after, unit: "cycles of the busiest thread" },
        { name: "each alone", value: before, unit: "cycles of the busiest thread" },
        { name: "this one", value: Math.round(unit.work), unit: "cycles of work" },
        { name: "its shares", value: unit.count },
      ],
      nodes: [...new Set([...other.origin, ...unit.region.origin])].sort((a, b) => a - b),
      alternatives: [
        { choice: "together", cost: after, unit: "cycles of the busiest thread" },
        { choice: "each alone", cost: before, unit: "cycles of the busiest thread" },
      ].sort((a, b) => a.cost - b.cost),
    });
  });
}

function tellDependent(first: Unit, next: Unit, buffer: string, ctx: PassContext): void {
  ctx.verdict({
    subject: "schedule",
    accepted: false,
    rule: "join-nests/depends",
    because: `${next.region.name} does not run beside ${first.region.name}: one touches ${buffer === "" ? "a buffer" : buffer} that the other writes`,
    facts: [{ name: "its work", value: Math.round(next.work), unit: "cycles" }],
    nodes: [...new Set([...first.region.origin, ...next.region.origin])].sort((a, b) => a - b),
  });
}

/** What the memory map shows: buffers of one kind with their place, over the steps of the schedule. */
import type { BufferInfo, CompilationSummary, MemoryReport } from "#protocol";

/** The shared arena, what each thread has for itself, and what lives for ever. */
export type MemoryPlace = "arena" | "scratch" | "weights";

export interface PlacedBuffer {
  readonly buffer: BufferInfo;
  /** Where it is drawn: its offset in the plan, or, without reuse, behind the one before it. */
  readonly at: number;
  readonly firstStep: number;
  readonly lastStep: number;
  /** Where it is drawn from and to, in steps: where one takes the place of another within a step, they share that step. */
  readonly from: number;
  readonly to: number;
  /** The one whose place it took last; absent where there is none, or nothing is reused. */
  readonly tookFrom?: BufferInfo;
  /** That one is read by the step that writes this one. */
  readonly inPlace: boolean;
  /** One of those alive when most bytes are. */
  readonly culprit: boolean;
  /** Only the first run uses it. */
  readonly onlyFirst: boolean;
}

export interface MemoryMap {
  readonly place: MemoryPlace;
  readonly reuse: boolean;
  readonly bars: readonly PlacedBuffer[];
  /** Height of the map. */
  readonly bytes: number;
  readonly steps: MemoryReport["steps"];
  /** Of the arena: what no plan can do without, and the step at which it is needed. */
  readonly lowerBound?: number;
  readonly peakStep?: number;
}

const scopesOf: Readonly<Record<MemoryPlace, readonly string[]>> = {
  arena: ["arena"],
  scratch: ["thread"],
  weights: ["packed", "weight"],
};

/** @param reuse false: what the arena would be if no buffer took the place of another */
export function memoryMap(summary: CompilationSummary, place: MemoryPlace, reuse: boolean): MemoryMap {
  const { memory } = summary;
  const own = summary.buffers.filter(({ scope }) => scopesOf[place].includes(scope));
  const byId = new Map(own.map((buffer) => [buffer.id, buffer]));
  const stacked = place === "weights" || !reuse;
  const [culprits, first] = [new Set(place === "arena" ? memory?.culprits : []), new Set(memory?.firstRunOnly)];
  const order = place === "weights" ? [...own].sort((a, b) => b.bytes - a.bytes || a.id - b.id) : own;
  let next = 0;
  const seams = stacked ? undefined : seamsOf(own, byId, first);
  const bars = order
    .filter(({ offset }) => place === "weights" || offset >= 0)
    .map((buffer): PlacedBuffer => {
      const at = stacked ? next : buffer.offset;
      next += aligned(buffer.bytes);
      const old = stacked ? undefined : latest(buffer.reuses.map((id) => byId.get(id)));
      return {
        buffer,
        at,
        firstStep: buffer.firstStep,
        lastStep: buffer.lastStep,
        from: buffer.firstStep + (seams?.begin.get(buffer.id) ?? 0),
        to: buffer.lastStep + (seams?.end.get(buffer.id) ?? 1),
        ...(old ? { tookFrom: old } : {}),
        inPlace: old !== undefined && !first.has(old.id) && old.lastStep >= buffer.firstStep,
        culprit: culprits.has(buffer.id),
        onlyFirst: first.has(buffer.id),
      };
    });
  const top = bars.reduce((most, { at, buffer }) => Math.max(most, at + buffer.bytes), 0);
  const planned = place === "arena" ? (reuse ? summary.arenaBytes : summary.arenaBytesWithoutReuse) : top;
  const steps = memory?.steps ?? unnamed(summary.buffers);
  return {
    place,
    reuse: !stacked,
    bars,
    bytes: Math.max(planned, top),
    steps,
    ...(place === "arena" && memory ? { lowerBound: memory.lowerBoundBytes, peakStep: memory.peakStep } : {}),
  };
}

const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/**
 * Parts of steps, from 0 to 1, at which buffers begin and end that share a step with the one whose place they take, or who takes theirs: each
 * one begins in the middle of what the one before it leaves.
 */
function seamsOf(
  buffers: readonly BufferInfo[],
  byId: ReadonlyMap<number, BufferInfo>,
  onlyFirst: ReadonlySet<number>,
): { readonly begin: ReadonlyMap<number, number>; readonly end: ReadonlyMap<number, number> } {
  const before = ({ reuses, firstStep }: BufferInfo): readonly BufferInfo[] =>
    reuses.flatMap((id) => {
      const old = onlyFirst.has(id) ? undefined : byId.get(id);
      return old !== undefined && old.lastStep >= firstStep ? [old] : [];
    });
  const begin = new Map<number, number>();
  const beginOf = (buffer: BufferInfo): number => {
    const known = begin.get(buffer.id);
    if (known !== undefined) return known;
    begin.set(buffer.id, 0); // a plan has no circles; one that has is drawn all the same
    const made = before(buffer).reduce((most, old) => Math.max(most, (1 + (old.firstStep === buffer.firstStep ? beginOf(old) : 0)) / 2), 0);
    begin.set(buffer.id, made);
    return made;
  };
  const end = new Map<number, number>();
  for (const buffer of buffers) for (const old of before(buffer)) end.set(old.id, Math.min(end.get(old.id) ?? 1, beginOf(buffer)));
  return { begin, end };
}

/** Older traces do not name their steps. */
function unnamed(buffers: readonly BufferInfo[]): MemoryReport["steps"] {
  const last = buffers.reduce((most, { lastStep }) => Math.max(most, lastStep), -1);
  return Array.from({ length: last + 1 }, (_, step) => ({
    name: "",
    aliveBytes: buffers
      .filter(({ scope, firstStep, lastStep }) => scope === "arena" && firstStep <= step && step <= lastStep)
      .reduce((sum, { bytes }) => sum + aligned(bytes), 0),
  }));
}

/** Of all buffers that were there before, the one that left last. */
function latest(old: readonly (BufferInfo | undefined)[]): BufferInfo | undefined {
  return old.reduce((best, buffer) => (buffer && (!best || buffer.lastStep > best.lastStep) ? buffer : best), undefined);
}

/** Steps from the first to the last, both included. */
export type StepRange = readonly [first: number, last: number];

export const isAlive = ({ firstStep, lastStep, onlyFirst }: PlacedBuffer, [first, last]: StepRange): boolean =>
  !onlyFirst && firstStep <= last && first <= lastStep;

/** Steps at which a group's nest runs; buffers name the groups that touch them. */
export function stepsOfGroups(steps: MemoryReport["steps"], groups: readonly number[]): readonly number[] {
  const wanted = new Set(groups);
  return steps.flatMap(({ group }, i) => (group !== undefined && wanted.has(group) ? [i] : []));
}

/**
 * Nodes of the last graph that are alive in a stretch of the schedule: those that run then, and those whose result is kept in the arena.
 * @param makers nodes by the value they make
 */
export function nodesAlive(
  map: MemoryMap,
  summary: CompilationSummary,
  range: StepRange,
  makers: ReadonlyMap<number, number>,
): readonly number[] {
  const [first, last] = range;
  const members = new Map(summary.groups.map((group) => [group.id, group.members.map(({ node }) => node)]));
  const nodes = new Set<number>();
  for (const { group } of map.steps.slice(first, last + 1)) for (const node of members.get(group ?? NaN) ?? []) nodes.add(node);
  for (const { scope, value, firstStep, lastStep } of summary.buffers) {
    const maker = scope === "arena" && firstStep <= last && first <= lastStep ? makers.get(value ?? NaN) : undefined;
    if (maker !== undefined) nodes.add(maker);
  }
  return [...nodes].sort((a, b) => a - b);
}

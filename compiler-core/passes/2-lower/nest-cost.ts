/**
 * Estimated cycles of a nest with rows between two products, for every way of walking through it: whole rows in blocks of few or many, or with
 * the columns in blocks, too (online). What differs is where scores stay between their uses, and how often the right operands are read again.
 */
import type { MachineProfile } from "../../machine.ts";
import { scratchPitch } from "../../templates/attention/operands.ts";

export interface NestSizes {
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Columns of the second product; 0: there is none. */
  readonly depth: number;
  /** Rows of a register tile, lanes of a vector. */
  readonly mr: number;
  readonly lanes: number;
  readonly threads: number;
  /** Of an element of the right operands; f32 when absent. */
  readonly bytes?: { readonly keys: number; readonly values: number };
  /** Right operands are packed for each stretch of rows. */
  readonly packs: boolean;
  /** The rows are a softmax, and nothing else. */
  readonly canBeOnline: boolean;
  /** Rows after which the pattern of a causal mask begins again; absent: every score is seen. */
  readonly causal?: number;
}

export interface NestPlan {
  readonly variant: "rows" | "online";
  readonly rows: number;
  readonly keys: number;
  /** Cycles per row of scores, of one thread. */
  readonly cost: number;
  /** Bytes of scratch that a block works on. */
  readonly footprint: number;
}

/** Bytes a cycle, where a profile has not measured them. */
const usual = { l1d: 64, l2: 32, l3: 10 } as const;

export function bytesPerCycle(machine: MachineProfile, level: keyof typeof usual): number {
  const [gbs, ghz] = [machine.bandwidths?.[level]?.core, machine.peaks?.ghz];
  return gbs === undefined || ghz === undefined || !(gbs > 0) || !(ghz > 0) ? usual[level] : gbs / ghz;
}

/** How often scores are written or read on their way: by the first product, for the largest, for the exponentials (both), by the second product. */
const scorePasses = 5;

/** All ways, cheapest first. */
export function nestPlans(s: NestSizes, machine: MachineProfile): readonly NestPlan[] {
  const blocks = [1, 2, 4, 8, 16].map((tiles) => Math.min(s.m, tiles * s.mr));
  const rows = [...new Set(blocks)].map((block) => wholeRows(s, block, machine));
  const online = s.canBeOnline
    ? [64, 128, 256, 512, 1024]
        .filter((keys) => keys < s.n)
        .flatMap((keys) => [...new Set(blocks)].map((block) => inColumnBlocks(s, block, keys, machine)))
    : [];
  return [...rows, ...online].sort((a, b) => a.cost - b.cost);
}

/** The right operands, read once for each block of rows from the nearest cache that holds both. */
function rightOperands(s: NestSizes, block: number, scratch: number, machine: MachineProfile): number {
  const bytes = s.n * (s.k * (s.bytes?.keys ?? 4) + s.depth * (s.bytes?.values ?? 4));
  const near = bytes + scratch <= machine.caches.l2 * 0.9;
  return bytes / block / bytesPerCycle(machine, near ? "l2" : "l3");
}

function wholeRows(s: NestSizes, block: number, machine: MachineProfile): NestPlan {
  const footprint = 4 * block * (scratchPitch(s.n) + s.k);
  const level = footprint <= machine.caches.l1d ? "l1d" : footprint <= machine.caches.l2 / 2 ? "l2" : "l3";
  const scores = (scorePasses * 4 * s.n) / bytesPerCycle(machine, level);
  return {
    variant: "rows",
    rows: block,
    keys: s.n,
    footprint,
    cost: scores + rightOperands(s, block, footprint, machine) + perRow(s, block) + hiddenScores(s, block),
  };
}

/** Multiply-adds of scores that a causal mask hides: a block has as many columns as its last row sees. */
const hiddenScores = (s: NestSizes, block: number): number =>
  s.causal === undefined ? 0 : ((s.n * (s.k + s.depth)) / s.lanes) * (Math.min(block, s.causal) / (2 * s.causal));

function inColumnBlocks(s: NestSizes, block: number, keys: number, machine: MachineProfile): NestPlan {
  const footprint = 4 * block * (scratchPitch(keys) + scratchPitch(s.depth) + s.k);
  const level = footprint <= machine.caches.l1d ? "l1d" : footprint <= machine.caches.l2 / 2 ? "l2" : "l3";
  const steps = Math.ceil(s.n / keys);
  const scores = (scorePasses * 4 * s.n) / bytesPerCycle(machine, level);
  // What was mixed so far is scaled (read and written), and read and written by the product; and each step has its own reductions.
  const scaling = steps * ((16 * s.depth) / bytesPerCycle(machine, level) + 60);
  return {
    variant: "online",
    rows: block,
    keys,
    footprint,
    cost: scores + scaling + rightOperands(s, block, footprint, machine) + perRow(s, block),
  };
}

/** A call of a kernel costs as much as some tiles' worth of work. */
const perRow = (_: NestSizes, block: number): number => 200 / block;

export interface Division {
  /** Rows of one parallel iteration. */
  readonly share: number;
  readonly pieces: number;
  readonly cost: number;
}

/** Ways to share the rows out, cheapest first: more pieces fill the threads, but each packs the right operands for itself. */
export function divisions(s: NestSizes, plan: NestPlan, machine: MachineProfile): readonly Division[] {
  const packing = s.packs ? (2 * 4 * s.n * (s.k + s.depth)) / bytesPerCycle(machine, "l3") : 0;
  const compute = (s.n * (s.k + s.depth)) / s.lanes + plan.cost;
  const most = Math.ceil(s.m / s.mr);
  const splits = [...new Set([1, 2, 4, s.threads, 2 * s.threads, 4 * s.threads, most])].filter((x) => x <= most || x === 1);
  const found = splits.map((count): Division => {
    const share = Math.min(s.m, Math.ceil(Math.ceil(s.m / count) / s.mr) * s.mr);
    const pieces = s.batches * Math.ceil(s.m / share);
    const waves = Math.ceil(pieces / s.threads);
    return { share, pieces, cost: waves * (share * compute + packing) };
  });
  return [...new Map(found.map((d) => [d.share, d])).values()].sort((a, b) => a.cost - b.cost || b.share - a.share);
}

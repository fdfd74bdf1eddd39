/** Equal consecutive blocks of a graph in its order: the same operators, wired the same way inside. */
import type { Imported } from "./imported.ts";

/** `times` blocks of `size` nodes each, from place `begin` of the order on. */
export interface Run {
  readonly begin: number;
  readonly size: number;
  readonly times: number;
  /** Also of equal shapes and attributes; else the operators and how they are wired are the same. */
  readonly equal: boolean;
}

/** Smaller blocks, and runs that gather fewer nodes, explain nothing. */
const smallestBlock = 4;
const smallestRun = 12;
/** So many later places of the same beginning are looked at, so many distances are tried. */
const lookAhead = 6;
const mostPeriods = 48;

/** Runs that do not overlap, in order; equal ones first, then alike ones in what is left, in both those that gather most nodes first. */
export function runsOf(graph: Imported): readonly Run[] {
  const live = liveAt(graph);
  const taken = new Uint8Array(graph.nodes.length);
  const runs: Run[] = [];
  for (const equal of [true, false]) {
    const kind = kindsOf(graph, equal);
    const candidates = stretches(kind, periodsOf(kind));
    candidates.sort((a, b) => b.covered - a.covered || a.period - b.period || a.begin - b.begin);
    for (const stretch of candidates) {
      for (const free of freeParts(stretch, taken)) {
        if (free.end - free.begin < 2 * stretch.period) continue;
        for (const run of equalBlocks(graph, kind, cut(free.begin, free.end, stretch.period, live), free.end, stretch.period)) {
          runs.push({ ...run, equal });
          taken.fill(1, run.begin, run.begin + run.size * run.times);
        }
      }
    }
  }
  return runs.sort((a, b) => a.begin - b.begin);
}

/** A number per node: the same for nodes that could take each other's place, as far as operator and, if `equal`, attributes and shapes say. */
function kindsOf({ nodes, producers, values }: Imported, equal: boolean): Int32Array {
  const numbers = new Map<string, number>();
  const numberOf = (text: string): number => {
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  };
  return Int32Array.from(nodes, (node, i) => {
    if (!equal) return numberOf(`${node.op}|${producers[i]?.length}`);
    const constants = Array.from(node.inputs, (value) => {
      const row = values.get(value);
      return row?.constant ? `${row.dtype}[${row.shape}]` : "";
    });
    const results = Array.from(node.outputs, (value) => `${values.get(value)?.dtype}[${values.get(value)?.shape}]`);
    return numberOf([node.op, node.hole ? "" : node.attrs, (producers[i] ?? []).length, ...constants, ...results].join("|"));
  });
}

/** Values that are still needed before each place: where few are, a block is cut off best. */
function liveAt({ nodes, producers }: Imported): Int32Array {
  const last = new Int32Array(nodes.length).fill(-1);
  producers.forEach((list, i) => {
    for (const producer of list) if (producer >= 0) last[producer] = i;
  });
  const change = new Int32Array(nodes.length + 2);
  last.forEach((end, begin) => {
    if (end <= begin) return;
    change[begin + 1]! += 1;
    change[end + 1]! -= 1;
  });
  for (let i = 1; i < change.length; i += 1) change[i]! += change[i - 1] as number;
  return change;
}

/** Distances between equal beginnings of three nodes, the commonest first. */
function periodsOf(kind: Int32Array): readonly number[] {
  const places = new Map<string, number[]>();
  const counts = new Map<number, number>();
  for (let i = kind.length - 3; i >= 0; i -= 1) {
    const key = `${kind[i]},${kind[i + 1]},${kind[i + 2]}`;
    const later = places.get(key) ?? [];
    for (const place of later) {
      const distance = place - i;
      if (distance >= smallestBlock) counts.set(distance, (counts.get(distance) ?? 0) + 1);
    }
    later.unshift(i);
    if (later.length > lookAhead) later.pop();
    places.set(key, later);
  }
  return [...counts]
    .sort(([a, x], [b, y]) => y - x || a - b)
    .slice(0, mostPeriods)
    .map(([distance]) => distance);
}

interface Stretch {
  readonly begin: number;
  readonly end: number;
  readonly period: number;
  readonly covered: number;
}

/** Longest stretches in which every node equals the one a period later. */
function stretches(kind: Int32Array, periods: readonly number[]): Stretch[] {
  const found: Stretch[] = [];
  for (const period of periods) {
    let begin = 0;
    for (let i = 0; i + period <= kind.length; i += 1) {
      if (i + period < kind.length && kind[i] === kind[i + period]) continue;
      const covered = Math.floor((i - begin + period) / period) * period;
      if (i - begin >= period && covered >= smallestRun) found.push({ begin, end: i + period, period, covered });
      begin = i + 1;
    }
  }
  return found;
}

function freeParts({ begin, end }: Stretch, taken: Uint8Array): { begin: number; end: number }[] {
  const parts: { begin: number; end: number }[] = [];
  let from = begin;
  for (let i = begin; i <= end; i += 1) {
    if (i < end && taken[i] === 0) continue;
    if (i > from) parts.push({ begin: from, end: i });
    from = i + 1;
  }
  return parts;
}

/** Where the first block of a stretch begins best: where the fewest values cross, then where no block is lost. */
function cut(begin: number, end: number, period: number, live: Int32Array): number {
  let best = begin;
  let least = Infinity;
  const whole = Math.floor((end - begin) / period);
  for (let at = begin; at < begin + period && at + period <= end; at += 1) {
    const lost = whole - Math.floor((end - at) / period);
    // The values that cross the cuts between blocks; the outermost cuts also have neighbours that belong to no block.
    const cost = (live[at + period] as number) + 0.5 * lost;
    if (cost >= least) continue;
    least = cost;
    best = at;
  }
  return best;
}

/** Runs of blocks whose nodes are also wired the same way. */
function equalBlocks(graph: Imported, kind: Int32Array, begin: number, end: number, size: number): Omit<Run, "equal">[] {
  const signature = (from: number): string => {
    const parts: string[] = [];
    for (let i = from; i < from + size; i += 1)
      parts.push(`${kind[i]}:${(graph.producers[i] ?? []).map((producer) => (producer >= from ? producer - from : "")).join(",")}`);
    return parts.join(";");
  };
  const runs: Omit<Run, "equal">[] = [];
  let [first, times, before] = [begin, 0, ""];
  const close = (): void => {
    if (times >= 2 && times * size >= smallestRun) runs.push({ begin: first, size, times });
  };
  for (let from = begin; from + size <= end; from += size) {
    const now = signature(from);
    if (now === before) times += 1;
    else {
      close();
      [first, times, before] = [from, 1, now];
    }
  }
  close();
  return runs;
}

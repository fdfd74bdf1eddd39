/** Finds chains: sets of possible nodes per step are narrowed along the edges both ways, then one example is spelled out per first node. */
import { links } from "../model/links.ts";
import type { NodeRow } from "../model/trace.ts";
import type { Pattern, PatternEdge } from "./query.ts";
import type { Space } from "./space.ts";

/** Edges that `->>` may stand for. */
export const farthest = 32;
/** Tries per first node, and in all: a pattern of many stars in a big graph ends with what was found until then. */
const mostTries = 2000;
const mostTriesInAll = 400_000;

/** Who feeds whom, by place in `Space.rows`, as compressed rows. */
interface Neighbours {
  readonly start: Int32Array;
  readonly items: Int32Array;
}

interface Wires {
  readonly feeds: Neighbours;
  readonly fedBy: Neighbours;
}

const wiresOf = new WeakMap<Space["rows"], Wires>();

/** For each node that can be the first step, in topological order: places of one node a step. */
export function findChains(pattern: Pattern, space: Space): readonly (readonly number[])[] {
  const wires = wiresOf.get(space.rows) ?? makeWires(space);
  wiresOf.set(space.rows, wires);
  const possible = pattern.steps.map(({ tests }) => {
    const set = new Uint8Array(space.rows.length).fill(1);
    for (const holds of tests.map((test) => test(space))) for (let i = 0; i < set.length; i += 1) if (set[i] !== 0 && !holds(i)) set[i] = 0;
    return set;
  });
  narrow(pattern.edges, possible, wires);
  const found: (readonly number[])[] = [];
  let left = mostTriesInAll;
  const heads = possible[0] as Uint8Array;
  for (let head = 0; head < heads.length && left > 0; head += 1) {
    if (heads[head] === 0) continue;
    const search = new Example(pattern, possible, wires, Math.min(left, mostTries));
    const example = search.from(head);
    left -= search.used;
    if (example) found.push(example);
  }
  return found;
}

function makeWires({ rows, snapshot }: Space): Wires {
  const { producer } = links(snapshot);
  const place = new Map<number, number>();
  for (let i = 0; i < rows.length; i += 1) place.set((rows[i] as NodeRow).id, i);
  const from: number[] = [];
  const to: number[] = [];
  for (let i = 0; i < rows.length; i += 1) {
    const makers: number[] = [];
    for (const value of (rows[i] as NodeRow).inputs) {
      const maker = value < 0 ? undefined : producer.get(value);
      const at = maker === undefined ? undefined : place.get(maker);
      if (at === undefined || makers.includes(at)) continue;
      makers.push(at);
      from.push(at);
      to.push(i);
    }
  }
  return { feeds: compressed(from, to, rows.length), fedBy: compressed(to, from, rows.length) };
}

function compressed(keys: readonly number[], items: readonly number[], count: number): Neighbours {
  const start = new Int32Array(count + 1);
  for (const key of keys) start[key + 1] = (start[key + 1] as number) + 1;
  for (let i = 0; i < count; i += 1) start[i + 1] = (start[i + 1] as number) + (start[i] as number);
  const next = start.slice();
  const sorted = new Int32Array(items.length);
  for (let e = 0; e < keys.length; e += 1) {
    const key = keys[e] as number;
    sorted[next[key] as number] = items[e] as number;
    next[key] = (next[key] as number) + 1;
  }
  return { start, items: sorted };
}

/** Takes out of each set what has no partner over an edge, until nothing more goes. */
function narrow(edges: readonly PatternEdge[], possible: readonly Uint8Array[], { feeds, fedBy }: Wires): void {
  for (let again = true; again;) {
    again = false;
    for (const { from, to, far } of edges) {
      const [a, b] = [possible[from] as Uint8Array, possible[to] as Uint8Array];
      if (keep(b, reached(a, feeds, far))) again = true;
      if (keep(a, reached(b, fedBy, far))) again = true;
    }
    if (edges.length <= 1) break;
  }
}

/** True when something was taken out. */
function keep(set: Uint8Array, wanted: Uint8Array): boolean {
  let changed = false;
  for (let i = 0; i < set.length; i += 1) {
    if (set[i] === 0 || wanted[i] !== 0) continue;
    set[i] = 0;
    changed = true;
  }
  return changed;
}

/** What lies one edge, or up to `farthest`, from any node of a set. */
function reached(set: Uint8Array, { start, items }: Neighbours, far: boolean): Uint8Array {
  const there = new Uint8Array(set.length);
  const queue = new Int32Array(far ? set.length : 0);
  let end = 0;
  const spread = (i: number): void => {
    for (let e = start[i] as number; e < (start[i + 1] as number); e += 1) {
      const neighbour = items[e] as number;
      if (there[neighbour] !== 0) continue;
      there[neighbour] = 1;
      if (far) queue[end++] = neighbour;
    }
  };
  for (let i = 0; i < set.length; i += 1) if (set[i] !== 0) spread(i);
  // The queue is in order of distance: each stretch of it is one edge further.
  for (let [next, distance] = [0, 1]; far && next < end && distance < farthest; distance += 1) {
    const last = end;
    for (; next < last; next += 1) spread(queue[next] as number);
  }
  return there;
}

/** Steps are given nodes one after the other, each from the neighbours of one that has its node; different steps get different nodes. */
class Example {
  used = 0;
  private readonly nodes: number[];
  private readonly plan: readonly Arrival[];

  constructor(
    { steps, edges }: Pattern,
    private readonly possible: readonly Uint8Array[],
    private readonly wires: Wires,
    private readonly limit: number,
  ) {
    this.nodes = steps.map(() => -1);
    this.plan = planOf(edges, steps.length);
  }

  from(head: number): readonly number[] | undefined {
    this.nodes[0] = head;
    return this.extend(0) ? [...this.nodes] : undefined;
  }

  private extend(at: number): boolean {
    const arrival = this.plan[at];
    if (!arrival) return true;
    const known = this.nodes[arrival.known] as number;
    for (const candidate of this.near(known, arrival.forwards ? this.wires.feeds : this.wires.fedBy, arrival.far)) {
      this.used += 1;
      if (this.used > this.limit) return false;
      if ((this.possible[arrival.step] as Uint8Array)[candidate] === 0 || this.nodes.includes(candidate)) continue;
      this.nodes[arrival.step] = candidate;
      if (arrival.checks.every((edge) => this.holds(edge)) && this.extend(at + 1)) return true;
      this.nodes[arrival.step] = -1;
    }
    return false;
  }

  private holds({ from, to, far }: PatternEdge): boolean {
    const target = this.nodes[to] as number;
    for (const node of this.near(this.nodes[from] as number, this.wires.feeds, far)) if (node === target) return true;
    return false;
  }

  /** Nearest first, each once. */
  private *near(node: number, { start, items }: Neighbours, far: boolean): Iterable<number> {
    let front = [node];
    const seen = new Set<number>();
    for (let distance = 0; front.length > 0 && distance < (far ? farthest : 1); distance += 1) {
      const next: number[] = [];
      for (const i of front) {
        for (let e = start[i] as number; e < (start[i + 1] as number); e += 1) {
          const neighbour = items[e] as number;
          if (seen.has(neighbour)) continue;
          seen.add(neighbour);
          next.push(neighbour);
          yield neighbour;
        }
      }
      front = next;
    }
  }
}

/** How a step gets its node: over which edge from a step that has one, and which other edges must hold then. */
interface Arrival {
  readonly step: number;
  readonly known: number;
  readonly forwards: boolean;
  readonly far: boolean;
  readonly checks: readonly PatternEdge[];
}

function planOf(edges: readonly PatternEdge[], steps: number): Arrival[] {
  const done = new Set([0]);
  const plan: Arrival[] = [];
  while (done.size < steps) {
    const edge = edges.find(({ from, to }) => done.has(from) !== done.has(to));
    if (!edge) break;
    const forwards = done.has(edge.from);
    const [known, step] = forwards ? [edge.from, edge.to] : [edge.to, edge.from];
    done.add(step);
    const checks = edges.filter(
      (other) => other !== edge && (other.from === step || other.to === step) && done.has(other.from) && done.has(other.to),
    );
    plan.push({ step, known, forwards, far: edge.far, checks });
  }
  return plan;
}

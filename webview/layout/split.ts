/** Splits a graph with frames into levels: what is directly in a frame, the frames in it as boxes, and ports where edges cross its border. */
import { Pin, type LevelInput, type LevelPlacement } from "./level.ts";
import { framePadding, frameTitle, tagGap, type LayoutInput } from "./types.ts";

/** Something of a level: a box (>= 0), a frame, or a port. */
export interface Item {
  readonly kind: "box" | "frame" | "entry" | "exit";
  /** Index of the box, the frame, or the signal of the port. */
  readonly index: number;
}

export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly signal: number;
}

export interface Level {
  /** Index of the frame; -1: the whole. */
  readonly frame: number;
  readonly parent: number;
  readonly items: Item[];
  readonly segments: Segment[];
  /** Items of ports by signal. */
  readonly entries: Map<number, number>;
  readonly exits: Map<number, number>;
  /** Items of boxes and frames. */
  readonly itemOf: Map<number, number>;
  /** Segments by signal and target. */
  readonly known: Map<number, number>;
  /** Size of the frame and its ports from its middle across the flow; set when what is in it is placed. */
  size: { readonly before: number; readonly after: number; readonly length: number; readonly shift: number; readonly lead: number };
}

const splits = new WeakMap<readonly Level[], { readonly start: Int32Array; readonly path: Int32Array }>();

/** Ways of edges through the levels: `path` has pairs of level index and segment. */
export const pathsOf = (levels: readonly Level[]): { readonly start: Int32Array; readonly path: Int32Array } =>
  splits.get(levels) as { readonly start: Int32Array; readonly path: Int32Array };

/** The levels of a graph: the whole first, frames in their order after it. */
export function splitLevels(input: LayoutInput): readonly Level[] {
  const parents = input.frameParent ?? new Int32Array();
  const levels: Level[] = [newLevel(-1, -1)];
  parents.forEach((parent, f) => levels.push(newLevel(f, parent + 1)));
  const levelOf = (box: number): number => (input.frameOf?.[box] ?? -1) + 1;
  for (let f = 0; f < parents.length; f += 1) addItem(levels[(parents[f] as number) + 1] as Level, { kind: "frame", index: f }, -1 - f);
  for (let i = 0; i < input.count; i += 1) addItem(levels[levelOf(i)] as Level, { kind: "box", index: i }, i);
  const depth = new Int32Array(levels.length);
  for (let l = 1; l < levels.length; l += 1) depth[l] = (depth[(levels[l] as Level).parent] as number) + 1;
  const signals = new Map<number, number>();
  const start = new Int32Array(input.from.length + 1);
  const path: number[] = [];
  const flat = levels.length === 1;
  for (let e = 0; e < input.from.length; e += 1) {
    const [u, v] = [input.from[e] as number, input.to[e] as number];
    if (flat) {
      const only = levels[0] as Level;
      path.push(0, only.segments.push({ from: u, to: v, signal: input.value[e] as number }) - 1);
    } else {
      const key = ((input.value[e] as number) + 1) * input.count + u;
      const signal = signals.get(key) ?? signals.size;
      signals.set(key, signal);
      follow(levels, depth, levelOf(u), levelOf(v), u, v, signal, path);
    }
    start[e + 1] = path.length / 2;
  }
  splits.set(levels, { start, path: Int32Array.from(path) });
  return levels;
}

function newLevel(frame: number, parent: number): Level {
  return {
    frame,
    parent,
    items: [],
    segments: [],
    entries: new Map(),
    exits: new Map(),
    itemOf: new Map(),
    known: new Map(),
    size: { before: 0, after: 0, length: 0, shift: 0, lead: 0 },
  };
}

function addItem(level: Level, item: Item, key: number): void {
  level.itemOf.set(key, level.items.push(item) - 1);
}

/** Adds the segments of an edge from a box in one level to a box in another: out to the level around both, and in again. */
function follow(
  levels: readonly Level[],
  depth: Int32Array,
  from: number,
  to: number,
  u: number,
  v: number,
  signal: number,
  path: number[],
): void {
  const inwards: number[] = [];
  let [a, b] = [from, to];
  let source = (levels[a] as Level).itemOf.get(u) as number;
  const join = (l: number, item: number, target: number): void => {
    const level = levels[l] as Level;
    const key = signal * 2 ** 21 + target;
    let segment = level.known.get(key);
    if (segment === undefined) {
      segment = level.segments.push({ from: item, to: target, signal }) - 1;
      level.known.set(key, segment);
    }
    path.push(l, segment);
  };
  const leave = (): void => {
    const level = levels[a] as Level;
    join(a, source, port(level, "exit", signal));
    source = (levels[level.parent] as Level).itemOf.get(-1 - level.frame) as number;
    a = level.parent;
  };
  const enter = (): void => {
    inwards.push(b);
    b = (levels[b] as Level).parent;
  };
  while ((depth[a] as number) > (depth[b] as number)) leave();
  while ((depth[b] as number) > (depth[a] as number)) enter();
  while (a !== b) {
    leave();
    enter();
  }
  for (let l: number | undefined = a, next = inwards.pop(); l !== undefined; next = inwards.pop()) {
    const level = levels[l] as Level;
    const target = next === undefined ? (level.itemOf.get(v) as number) : (level.itemOf.get(-1 - (levels[next] as Level).frame) as number);
    join(l, source, target);
    if (next !== undefined) source = port(levels[next] as Level, "entry", signal);
    l = next;
  }
}

function port(level: Level, kind: "entry" | "exit", signal: number): number {
  const ports = kind === "entry" ? level.entries : level.exits;
  const known = ports.get(signal);
  if (known !== undefined) return known;
  const item = level.items.push({ kind, index: signal }) - 1;
  ports.set(signal, item);
  return item;
}

const portRoom = 3;
/** Room of a tag along the flow, beside its own length, in the picture that flows to the right. */
const tagLead = 10;

/** A level as the layout takes it. Frames in it must have their size. */
export function levelInput(input: LayoutInput, level: Level, levels: readonly Level[]): LevelInput {
  const count = level.items.length;
  const right = input.direction === "right";
  const columns = {
    before: new Float64Array(count),
    after: new Float64Array(count),
    length: new Float64Array(count),
    exit: new Float64Array(count),
  };
  const pin = new Uint8Array(count);
  const put = (i: number, before: number, after: number, length: number, exit: number): void => {
    columns.before[i] = before;
    columns.after[i] = after;
    columns.length[i] = length;
    columns.exit[i] = exit;
  };
  level.items.forEach(({ kind, index }, i) => {
    if (kind === "box") {
      const [w, h] = [input.w[index] as number, input.h[index] as number];
      const [tagW, tagH] = [input.tagW?.[index] ?? 0, input.tagH?.[index] ?? 0];
      if (right) put(i, h / 2, Math.max(h / 2, tagH > 0 ? tagH + 4 : 0), w + (tagW > 0 ? tagW + tagLead : 0), w);
      else put(i, w / 2, Math.max(w / 2, tagW > 0 ? tagW + tagGap + 2 : 0), h + (tagH > 0 ? tagH + tagGap : 0), h);
    } else if (kind === "frame") {
      const { before, after, length } = (levels[index + 1] as Level).size;
      put(i, before, after, length, length);
    } else {
      put(i, portRoom, portRoom, 0, 0);
      pin[i] = kind === "entry" ? Pin.First : Pin.Last;
    }
  });
  const ends = (of: (segment: Segment) => number): Int32Array => Int32Array.from(level.segments, of);
  const at = (item: number, signal: number, side: "entries" | "exits"): number => {
    const { kind, index } = level.items[item] as Item;
    return kind === "frame" ? portAt(levels[index + 1] as Level, side, signal) : 0;
  };
  return {
    count,
    ...columns,
    pin,
    from: ends(({ from }) => from),
    to: ends(({ to }) => to),
    value: ends(({ signal }) => signal),
    fromAt: Float64Array.from(level.segments, ({ from, signal }) => at(from, signal, "exits")),
    toAt: Float64Array.from(level.segments, ({ to, signal }) => at(to, signal, "entries")),
    ...(level.frame < 0 && input.hint ? { hint: hintsOf(input, level) } : {}),
    firstGap: right ? framePadding + 8 : frameTitle + framePadding + 2,
    lastGap: framePadding + 4,
  };
}

/** Places of ports across the flow, by item; set with the size of a frame. */
const portsOf = new WeakMap<Level, Float64Array>();

const portAt = (level: Level, side: "entries" | "exits", signal: number): number =>
  portsOf.get(level)?.[level[side].get(signal) as number] ?? 0;

/** Wishes of the boxes; a frame wishes what the mean of its boxes does. */
function hintsOf(input: LayoutInput, level: Level): Float64Array {
  const sums = new Map<number, { sum: number; count: number }>();
  const parents = input.frameParent ?? new Int32Array();
  const hints = input.hint ?? new Float64Array();
  for (let i = 0; i < input.count; i += 1) {
    let frame = input.frameOf?.[i] ?? -1;
    if (frame < 0 || Number.isNaN(hints[i])) continue;
    while ((parents[frame] as number) >= 0) frame = parents[frame] as number;
    const sum = sums.get(frame) ?? { sum: 0, count: 0 };
    sum.sum += hints[i] as number;
    sum.count += 1;
    sums.set(frame, sum);
  }
  return Float64Array.from(level.items, ({ kind, index }) => {
    if (kind === "box") return hints[index] as number;
    const sum = sums.get(index);
    return sum ? sum.sum / sum.count : NaN;
  });
}

/** Sets the size of a frame and the places of its ports from the placement of what is in it. */
export function frameRoom(input: LayoutInput, level: Level, placement: LevelPlacement): void {
  const right = input.direction === "right";
  const titleW = input.frameTitleW?.[level.frame] ?? 0;
  // The title bar lies above: before the content along the flow, or across it.
  const lead = level.entries.size > 0 ? 0 : right ? framePadding : frameTitle + framePadding;
  const tail = level.exits.size > 0 ? 0 : framePadding;
  const length = Math.max(placement.length + lead + tail, right ? titleW : 0);
  const low = placement.least - framePadding - (right ? frameTitle : 0);
  const high = Math.max(placement.most + framePadding, low + (right ? 0 : titleW));
  const shift = (low + high) / 2;
  level.size = { before: shift - low, after: high - shift, length, shift, lead };
  portsOf.set(
    level,
    placement.across.map((across) => across - shift),
  );
}

/**
 * An independent check of a memory plan, written without the planner's code: it lists every access of both functions with the
 * barriers passed and who does it, and reports two buffers in one place unless all accesses of one are over before the other's begin.
 */
import { dtypeBytes } from "../../support/dtype.ts";
import type { Buffer, BufferId, Module, Stmt } from "../../tensor/ir.ts";
import { bodies, visitOwnExprs } from "../../tensor/rewrite.ts";
import { forAllThreads, sharedLets } from "../../tensor/team.ts";

interface Event {
  readonly buffer: BufferId;
  /** Barriers passed. */
  readonly epoch: number;
  /** Position in program order: of the whole statement of the team's, as what is inside of a loop comes again and again. */
  readonly at: number;
  /** Done by thread 0 alone, so that its order with other such events is that of the program. */
  readonly single: boolean;
}

function events(module: Module): readonly Event[] {
  const out: Event[] = [];
  let epoch = 0;
  let at = 0;
  const walk = (s: Stmt, single: boolean): void => {
    if (s.k === "barrier") epoch++;
    const event = (buffer: BufferId): void => void out.push({ buffer, epoch, at, single });
    visitOwnExprs(s, (e) => e.k === "load" && event(e.buffer));
    if (s.k === "store") event(s.buffer);
    if (s.k === "kernel") Object.values(s.refs).forEach((r) => event(r.buffer));
    if (s.k === "hole") [...s.inputs, ...s.outputs].forEach((o) => event(o.buffer));
    for (const b of bodies(s)) b.forEach((x) => walk(x, single));
  };
  for (const f of [module.init, module.run]) {
    const shared = sharedLets(f.body);
    const team = (body: readonly Stmt[]): void =>
      body.forEach((s) => {
        at++;
        if (s.k === "region") team(s.body);
        else walk(s, !forAllThreads(s, shared));
      });
    team(f.body);
    epoch++;
  }
  return out;
}

/** The accesses of one buffer that matter for order: those in its first and in its last epoch. */
interface Span {
  readonly firstEpoch: number;
  readonly lastEpoch: number;
  /** First position in the first epoch, last position in the last one. */
  readonly start: number;
  readonly end: number;
  /** Whether all accesses of that epoch are by thread 0 alone. */
  readonly startSingle: boolean;
  readonly endSingle: boolean;
}

function spanOf(list: readonly Event[]): Span {
  const firstEpoch = list.reduce((m, e) => Math.min(m, e.epoch), Infinity);
  const lastEpoch = list.reduce((m, e) => Math.max(m, e.epoch), -1);
  const [first, last] = [list.filter((e) => e.epoch === firstEpoch), list.filter((e) => e.epoch === lastEpoch)];
  return {
    firstEpoch,
    lastEpoch,
    start: first.reduce((m, e) => Math.min(m, e.at), Infinity),
    end: last.reduce((m, e) => Math.max(m, e.at), -1),
    startSingle: first.every((e) => e.single),
    endSingle: last.every((e) => e.single),
  };
}

/** Is every access of `x` over before any of `y` can begin? */
function precedes(x: Span, y: Span): boolean {
  if (x.lastEpoch !== y.firstEpoch) return x.lastEpoch < y.firstEpoch;
  return x.endSingle && y.startSingle && x.end < y.start;
}

const size = (b: Buffer): number =>
  dtypeBytes(
    b.dtype,
    b.shape.reduce((x, y) => x * y, 1),
  );
/** Buffers without elements lie nowhere. */
const collide = (a: Buffer, b: Buffer): boolean =>
  size(a) > 0 &&
  size(b) > 0 &&
  a.offset !== undefined &&
  b.offset !== undefined &&
  a.scope === b.scope &&
  a.offset < b.offset + size(b) &&
  b.offset < a.offset + size(a);

/** Begin and end of a span on one line: epochs, and places inside of them where thread 0 works alone. What overlaps there is alive together. */
const begin = (s: Span): readonly [number, number] => [s.firstEpoch, s.startSingle ? s.start : -1];
const end = (s: Span): readonly [number, number] => [s.lastEpoch, s.endSingle ? s.end : Infinity];
const before = (a: readonly [number, number], b: readonly [number, number]): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

/** What no plan can do with less than: the most bytes of the arena that are alive at one time, places rounded up to whole cache lines. */
export function arenaBound(module: Module): number {
  const byBuffer = eventsByBuffer(module);
  const spans = module.buffers.flatMap((b) => {
    const list = byBuffer.get(b.id);
    return b.scope !== "arena" || list === undefined ? [] : [{ bytes: Math.ceil(size(b) / 64) * 64, span: spanOf(list) }];
  });
  // Intervals that overlap in pairs have a point in common, and one of them begins there.
  return spans.reduce((most, { span: at }) => {
    const alive = spans.filter(({ span }) => !before(begin(at), begin(span)) && !before(end(span), begin(at)));
    return Math.max(
      most,
      alive.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }, 0);
}

function eventsByBuffer(module: Module): ReadonlyMap<BufferId, readonly Event[]> {
  const byBuffer = new Map<BufferId, Event[]>();
  for (const e of events(module)) {
    const known = byBuffer.get(e.buffer);
    if (known === undefined) byBuffer.set(e.buffer, [e]);
    else known.push(e);
  }
  return byBuffer;
}

/** One sentence per pair of buffers that hold values at one time in one place; empty for a sound plan. */
export function overlaps(module: Module): readonly string[] {
  const problems: string[] = [];
  const byBuffer = eventsByBuffer(module);
  const placed = module.buffers
    .flatMap((b) => {
      const list = byBuffer.get(b.id);
      return b.scope === "arena" && b.offset !== undefined && list !== undefined && size(b) > 0
        ? [{ b, at: b.offset, end: b.offset + size(b), span: spanOf(list) }]
        : [];
    })
    .sort((p, q) => p.at - q.at);
  placed.forEach((p, i) => {
    // Sorted by place: what begins at or past the end of `p` cannot touch it, nor can anything after that.
    for (let j = i + 1; j < placed.length; j++) {
      const q = placed[j];
      if (q === undefined || q.at >= p.end) break;
      if (!precedes(p.span, q.span) && !precedes(q.span, p.span))
        problems.push(`${p.b.name}#${p.b.id} and ${q.b.name}#${q.b.id} overlap while both are in use`);
    }
  });
  for (const b of module.buffers)
    if (b.offset !== undefined && b.offset % 64 !== 0) problems.push(`${b.name}#${b.id} is not aligned to 64 bytes`);
  return [...problems, ...scratchOverlaps(module)];
}

/** A thread's own buffers: while one is in its scope, no other one that lies there may be brought to life and used. */
function scratchOverlaps(module: Module): readonly string[] {
  const problems: string[] = [];
  const buffers = new Map(module.buffers.map((b) => [b.id, b]));
  const uses = (s: Stmt, id: BufferId): boolean => {
    let found = s.k === "store" && s.buffer === id;
    if (s.k === "kernel") found ||= Object.values(s.refs).some((r) => r.buffer === id);
    visitOwnExprs(s, (e) => {
      if (e.k === "load" && e.buffer === id) found = true;
    });
    return found || bodies(s).some((b) => b.some((x) => uses(x, id)));
  };
  const walk = (body: readonly Stmt[], alive: readonly Buffer[]): void => {
    const here: Buffer[] = [...alive];
    body.forEach((s, i) => {
      /** What an enclosing list holds, or a statement from here on uses. */
      const living = (): readonly Buffer[] => here.filter((o) => alive.includes(o) || body.slice(i).some((x) => uses(x, o.id)));
      const b = s.k === "alloc" ? buffers.get(s.buffer) : undefined;
      if (b?.scope === "thread") {
        for (const other of living())
          if (collide(other, b)) problems.push(`scratch buffers ${other.name}#${other.id} and ${b.name}#${b.id} overlap`);
        here.push(b);
      }
      const nested = bodies(s);
      if (nested.length === 0) return;
      const around = here.length === 0 ? here : living();
      for (const inner of nested) walk(inner, around);
    });
  };
  walk(module.init.body, []);
  walk(module.run.body, []);
  return problems;
}

/**
 * An independent check of a memory plan, written without the planner's code: it replays both functions and keeps, for every byte range, the
 * buffer that owns it. An access to a buffer whose memory was written as another one since is reported.
 */
import { findKernel } from "../../kernels/index.ts";
import { dtypeBytes } from "../../support/dtype.ts";
import type { Buffer, BufferId, Module, Stmt } from "../../tensor/ir.ts";
import { bodies, visitOwnExprs } from "../../tensor/rewrite.ts";

interface Event {
  readonly buffer: BufferId;
  readonly write: boolean;
  /** Barriers passed: events of one number may happen in any order. */
  readonly epoch: number;
}

function events(module: Module): readonly Event[] {
  const out: Event[] = [];
  let epoch = 0;
  const walk = (s: Stmt): void => {
    if (s.k === "barrier") epoch++;
    visitOwnExprs(s, (e) => {
      if (e.k === "load") out.push({ buffer: e.buffer, write: false, epoch });
    });
    if (s.k === "store") out.push({ buffer: s.buffer, write: true, epoch });
    if (s.k === "kernel") {
      for (const [name, r] of Object.entries(s.refs))
        out.push({ buffer: r.buffer, write: findKernel(s.kernel)?.operands[name]?.access !== "read", epoch });
    }
    for (const b of bodies(s)) b.forEach(walk);
  };
  module.init.body.forEach(walk);
  epoch++;
  module.run.body.forEach(walk);
  return out;
}

const size = (b: Buffer): number =>
  dtypeBytes(
    b.dtype,
    b.shape.reduce((x, y) => x * y, 1),
  );
const collide = (a: Buffer, b: Buffer): boolean =>
  a.offset !== undefined && b.offset !== undefined && a.scope === b.scope && a.offset < b.offset + size(b) && b.offset < a.offset + size(a);

/** One sentence per pair of buffers that hold values at one time in one place; empty for a sound plan. */
export function overlaps(module: Module): readonly string[] {
  const problems: string[] = [];
  const byBuffer = new Map<BufferId, { first: number; last: number }>();
  for (const e of events(module)) {
    const span = byBuffer.get(e.buffer);
    byBuffer.set(e.buffer, { first: span?.first ?? e.epoch, last: e.epoch });
  }
  const shared = module.buffers.filter((b) => b.scope === "arena");
  shared.forEach((a, i) => {
    const x = byBuffer.get(a.id);
    for (const b of shared.slice(i + 1)) {
      const y = byBuffer.get(b.id);
      if (x === undefined || y === undefined || !collide(a, b)) continue;
      if (x.first <= y.last && y.first <= x.last)
        problems.push(
          `${a.name}#${a.id} and ${b.name}#${b.id} overlap between barriers ${Math.max(x.first, y.first)} and ${Math.min(x.last, y.last)}`,
        );
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
      const b = s.k === "alloc" ? buffers.get(s.buffer) : undefined;
      if (b?.scope === "thread") {
        for (const other of here) {
          const later = body.slice(i).some((x) => uses(x, other.id)) || alive.includes(other);
          if (later && collide(other, b)) problems.push(`scratch buffers ${other.name}#${other.id} and ${b.name}#${b.id} overlap`);
        }
        here.push(b);
      }
      for (const inner of bodies(s)) walk(inner, here);
    });
  };
  walk(module.init.body, []);
  walk(module.run.body, []);
  return problems;
}

/** The buffers of a planned module as rows for the inspector and the command. */
import type { BufferInfo } from "../../protocol/trace.ts";
import type { BufferId, Module } from "../../tensor/ir.ts";
import { visitStmts } from "../../tensor/rewrite.ts";
import { ownAccesses } from "./accesses.ts";
import { sharedLifetimes, stepLifetimes, stepsOf } from "./lifetimes.ts";
import { bytesOf } from "./plan-memory.ts";
import { tookFrom, type Occupant } from "./took-from.ts";

/** One row per buffer; steps number the top-level nests of `run`. Constants and inputs live through all steps. Offset -1: no place of its own. */
export function bufferInfos(module: Module): readonly BufferInfo[] {
  const steps = stepsOf(module.run).length;
  const lives = stepLifetimes(module);
  const reuses = arenaReuses(module);
  const groups = groupsOf(module);
  return module.buffers.map((b): BufferInfo => {
    const life = lives.get(b.id);
    const whole = b.scope !== "arena" && b.scope !== "thread";
    return {
      id: b.id,
      name: b.name,
      scope: b.scope,
      dtype: b.dtype,
      shape: b.shape,
      bytes: bytesOf(b),
      offset: b.offset ?? -1,
      firstStep: b.scope === "output" || !whole ? (life?.first ?? 0) : 0,
      lastStep: whole ? Math.max(0, steps - 1) : (life?.last ?? 0),
      ...(b.value === undefined ? {} : { value: b.value }),
      groups: [...(groups.get(b.id) ?? [])].sort((x, y) => x - y),
      reuses: reuses.get(b.id) ?? [],
    };
  });
}

/** Whose memory each buffer of the arena takes over. */
function arenaReuses(module: Module): ReadonlyMap<BufferId, readonly BufferId[]> {
  const lives = sharedLifetimes(module);
  return tookFrom(
    module.buffers.flatMap((b): Occupant[] => {
      const life = lives.get(b.id);
      if (b.scope !== "arena" || b.offset === undefined || life === undefined) return [];
      return [{ id: b.id, first: life.first, at: b.offset, end: b.offset + bytesOf(b) }];
    }),
  );
}

/** The groups whose regions touch each buffer. */
function groupsOf(module: Module): ReadonlyMap<BufferId, ReadonlySet<number>> {
  const out = new Map<BufferId, Set<number>>();
  for (const f of [module.init, module.run]) {
    visitStmts(f.body, (r) => {
      if (r.k !== "region") return;
      visitStmts(r.body, (s) => {
        for (const { buffer } of ownAccesses(s)) out.set(buffer, (out.get(buffer) ?? new Set()).add(r.group));
      });
    });
  }
  return out;
}

/** Gives every temporary its place: shared ones in the arena, constants in the packed block, each thread's own in its scratch. */
import { dtypeBytes } from "../../support/dtype.ts";
import type { Buffer, BufferId, Module } from "../../tensor/ir.ts";
import { mapFuncs, mapStmts } from "../../tensor/rewrite.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { overlaps } from "./check-memory.ts";
import { bug } from "../../messages.ts";
import { sharedLifetimes, threadLifetimes, type Lifetime } from "./lifetimes.ts";
import { aligned, placeBuffers, type Placement, type Request } from "./place-buffers.ts";

export const planMemory = tensorPass({
  name: "plan-memory",
  why: "Places temporary buffers in one arena, where later ones take the memory of earlier ones, hottest first.",
  optional: false,
  run: (whole, ctx) => {
    const module = withoutUnused(whole);
    const shared = placeScope(module, "arena", sharedLifetimes(module));
    const thread = placeScope(module, "thread", threadLifetimes(module));
    const packed = placeOneAfterAnother(module.buffers.filter((b) => b.scope === "packed"));
    const buffers = module.buffers.map((b) => {
      const offset = (b.scope === "packed" ? packed : b.scope === "arena" ? shared : thread).offsets.get(b.id);
      return offset === undefined || offset === b.offset ? b : { ...b, offset };
    });
    const without = module.buffers.filter((b) => shared.offsets.has(b.id)).reduce((sum, b) => sum + aligned(bytesOf(b)), 0);
    const memory = { arena: shared.total, arenaWithoutReuse: without, packed: packed.total, scratch: thread.total };
    const planned: Module = { ...module, buffers, memory };
    const [overlap] = overlaps(planned);
    if (overlap !== undefined) bug(`memory plan: ${overlap}`);
    explain(planned, shared, ctx);
    return planned;
  },
});

/** Temporary buffers that nothing touches have no lifetime, and need no place: where dead stores are not looked for, their allocs are left. */
function withoutUnused(module: Module): Module {
  const lives = sharedLifetimes(module);
  const unused = new Set(module.buffers.filter((b) => b.scope === "arena" && !lives.has(b.id)).map((b) => b.id));
  if (unused.size === 0) return module;
  const body = mapFuncs(module, (list) => mapStmts(list, (s) => (s.k === "alloc" && unused.has(s.buffer) ? [] : s)));
  return { ...body, buffers: module.buffers.filter((b) => !unused.has(b.id)) };
}

export const bytesOf = (b: Buffer): number =>
  dtypeBytes(
    b.dtype,
    b.shape.reduce((x, y) => x * y, 1),
  );

function placeScope(module: Module, scope: "arena" | "thread", lives: ReadonlyMap<BufferId, Lifetime>): Placement {
  const requests = module.buffers.flatMap((b): Request[] => {
    const life = lives.get(b.id);
    return b.scope !== scope || life === undefined ? [] : [{ id: b.id, bytes: bytesOf(b), first: life.first, last: life.last }];
  });
  return placeBuffers(requests);
}

/** Constants live for ever. */
function placeOneAfterAnother(buffers: readonly Buffer[]): Placement {
  const offsets = new Map<BufferId, number>();
  let total = 0;
  for (const b of buffers) {
    offsets.set(b.id, total);
    total += aligned(bytesOf(b));
  }
  return { offsets, total, reuses: new Map() };
}

function explain(module: Module, shared: Placement, ctx: PassContext): void {
  const names = new Map(module.buffers.map((b) => [b.id, b.name]));
  const lives = sharedLifetimes(module);
  for (const b of module.buffers) {
    const life = lives.get(b.id);
    if (b.scope !== "arena" || b.offset === undefined || life === undefined) continue;
    const old = shared.reuses.get(b.id) ?? [];
    ctx.verdict({
      subject: "buffer",
      accepted: old.length > 0,
      rule: "plan-memory/place",
      because:
        old.length > 0
          ? `takes the memory of ${old.map((id) => names.get(id) ?? `#${id}`).join(", ")}, dead by then`
          : "has memory of its own: nothing that is dead by then lies there",
      facts: [
        { name: "bytes", value: bytesOf(b), unit: "B" },
        { name: "offset", value: b.offset, unit: "B" },
        { name: "alive from stretch", value: life.first },
        { name: "to", value: life.last },
      ],
      nodes: [],
      ...(b.value === undefined ? {} : { value: b.value }),
    });
  }
}

/** Stores to buffers that nobody reads go, and the buffers with them. */
import type { BufferId, Module, Stmt } from "../../tensor/ir.ts";
import { mapFuncs } from "../../tensor/rewrite.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { accessesOf } from "./accesses.ts";
import { filterStmts } from "./simplify-loops.ts";

export const eliminateDeadStores = tensorPass({
  name: "eliminate-dead-stores",
  why: "Drops writes to temporary buffers that nothing reads any more, and the buffers.",
  optional: true,
  run: (module, ctx) => {
    let now = module;
    for (let next = once(now, ctx); next !== now; next = once(now, ctx)) now = next;
    return now;
  },
});

function once(module: Module, ctx: PassContext): Module {
  const accesses = [...accessesOf(module.init.body), ...accessesOf(module.run.body)];
  const read = new Set<BufferId>(accesses.filter((a) => !a.write).map((a) => a.buffer));
  // A kernel writes its operands as a whole: its target stays, read or not.
  const byKernel = new Set<BufferId>(accesses.filter((a) => a.write && a.kernel).map((a) => a.buffer));
  const dead = new Set(
    module.buffers.filter((b) => (b.scope === "arena" || b.scope === "thread") && !read.has(b.id) && !byKernel.has(b.id)).map((b) => b.id),
  );
  if (dead.size === 0) return module;
  const gone = (s: Stmt): boolean => (s.k === "store" || s.k === "alloc") && dead.has(s.buffer);
  const storesTo = new Map<BufferId, number[]>([...dead].map((id) => [id, []]));
  for (const a of accesses) storesTo.get(a.buffer)?.push(a.stmt.id);
  for (const b of module.buffers) {
    if (!dead.has(b.id)) continue;
    ctx.hit({ rule: "eliminate-dead-stores/never-read", before: storesTo.get(b.id) ?? [], after: [], note: b.name });
    if (b.value !== undefined) {
      ctx.verdict({
        subject: "buffer",
        accepted: true,
        rule: "eliminate-dead-stores/never-read",
        because: `${b.shape.join("x")} ${b.dtype} never written: its values stay in registers`,
        facts: [{ name: "elements", value: b.shape.reduce((x, y) => x * y, 1) }],
        nodes: [],
        value: b.value,
      });
    }
  }
  return { ...mapFuncs(module, (body) => filterStmts(body, (s) => !gone(s))), buffers: module.buffers.filter((b) => !dead.has(b.id)) };
}

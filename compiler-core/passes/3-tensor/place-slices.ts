/**
 * Copies between a whole buffer and a part of another go where both can share the memory: what is joined by a concat is written into its part of the
 * result at once, and what is cut out by a slice is read where it lies.
 */
import type { Buffer, BufferId, Module, Stmt } from "../../tensor/ir.ts";
import { buffersById, mapExpr, mapOwnExprs, mapStmts, visitStmts } from "../../tensor/rewrite.ts";
import { tensorPass, type PassContext } from "../pass.ts";
import { ownAccesses } from "./accesses.ts";
import { copyOf, mappingOf, movedOperand, writtenForm, type Copy, type Mapping } from "./copy-nests.ts";
import { formsApart } from "./thread-conflicts.ts";

export const placeSlices = tensorPass({
  name: "place-slices",
  why: "Has producers write into their part of a joined buffer, and readers of a part read it where it lies, instead of copying.",
  optional: true,
  run: (module, ctx) => {
    let now = module;
    const known: Known = { refused: new Map(), joined: new Set(), apart: new Set() };
    for (let next = once(now, known, ctx); next !== now; next = once(now, known, ctx)) now = next;
    for (const { copy, because } of known.refused.values()) tell(now, copy, false, because, ctx);
    return now;
  },
});

interface Refusal {
  readonly copy: Copy;
  readonly because: string;
}

/** What is known of the module, however many copies have gone. */
interface Known {
  /** By statement of the copy. */
  readonly refused: Map<number, Refusal>;
  /** Results of which parts are written in place by now, so that others may write and read them, too. */
  readonly joined: Set<BufferId>;
  /** Regions no two of whose copies write one element; fewer of them do not, either. */
  readonly apart: Set<number>;
}

/** A copy at the top of a region, with its place in the order of the run. */
interface Candidate {
  readonly copy: Copy;
  readonly stmt: Stmt;
  readonly at: number;
}

/** The module without the first copy that can go; the module itself when there is none. */
function once(module: Module, known: Known, ctx: PassContext): Module {
  const { refused, joined } = known;
  const uses = usesOf(module);
  const buffers = buffersById(module);
  for (const c of candidates(module)) {
    if (refused.has(c.stmt.id)) continue;
    const [from, to] = [buffers.get(c.copy.from), buffers.get(c.copy.to)];
    if (from === undefined || to === undefined || from.dtype !== to.dtype) continue;
    const done = intoPart(module, uses, c, from, to, known) ?? outOfPart(module, uses, c, from, to);
    if (done === undefined) continue;
    if ("because" in done) {
      refused.set(c.stmt.id, { copy: c.copy, because: done.because });
      continue;
    }
    ctx.hit({ rule: `place-slices/${done.way}`, before: [c.stmt.id], after: [], note: `${from.name} in ${to.name}` });
    tell(module, c.copy, true, done.way, ctx);
    if (done.way === "into") joined.add(to.id);
    return done.module;
  }
  return module;
}

function candidates(module: Module): readonly Candidate[] {
  return module.run.body.flatMap((region, at) =>
    region.k !== "region"
      ? []
      : region.body.flatMap((stmt): Candidate[] => {
          const copy = copyOf(stmt);
          return copy === undefined ? [] : [{ copy, stmt, at }];
        }),
  );
}

interface Uses {
  /** Places in the order of the run where a buffer is read and written; -1: in the constant work. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** ONNX Runtime gets its memory. */
  readonly hole: boolean;
}

function usesOf(module: Module): ReadonlyMap<BufferId, Uses> {
  const found = new Map<BufferId, { reads: number[]; writes: number[]; hole: boolean }>();
  const note = (stmts: readonly Stmt[], at: number): void =>
    visitStmts(stmts, (s) => {
      for (const a of ownAccesses(s)) {
        const u = found.get(a.buffer) ?? { reads: [], writes: [], hole: false };
        (a.write ? u.writes : u.reads).push(at);
        u.hole ||= s.k === "hole";
        found.set(a.buffer, u);
      }
    });
  note(module.init.body, -1);
  module.run.body.forEach((s, at) => note([s], at));
  return found;
}

type Outcome = { readonly module: Module; readonly way: "into" | "out-of" } | { readonly because: string } | undefined;

/** Whoever writes `from` writes its part of `to` instead. Undefined where the copy is not of all of `from`. */
function intoPart(module: Module, uses: ReadonlyMap<BufferId, Uses>, c: Candidate, from: Buffer, to: Buffer, known: Known): Outcome {
  const mapping = mappingOf(c.copy, "from", from, to);
  if (mapping === undefined || (to.scope !== "arena" && to.scope !== "output")) return undefined;
  const [source, target] = [uses.get(from.id), uses.get(to.id)];
  if (source === undefined || target === undefined) return undefined;
  if (from.scope !== "arena")
    return { because: `copied: ${from.name || "its source"} is an ${from.scope} of the model, which stays where it is` };
  if (source.hole) return { because: "copied: ONNX Runtime makes or reads its source, in memory of its own" };
  const region = module.run.body[c.at];
  if (region?.k !== "region") return undefined;
  const copies = region.body.map(copyOf);
  const others = copies.filter((o) => o !== undefined);
  if (others.length < copies.length || others.some((o) => o.to !== to.id)) return undefined;
  if (others.filter((o) => o.from === from.id).length > 1) return { because: "copied: it goes to more than one place" };
  if (!known.joined.has(to.id) && (target.writes.some((at) => at !== c.at) || target.reads.some((at) => at <= c.at))) return undefined;
  if (source.writes.some((at) => at >= c.at || at < 0)) return { because: "copied: its source is written again" };
  if (!known.apart.has(region.id) && !apart(others, to)) return { because: "copied: parts of the result overlap" };
  known.apart.add(region.id);
  if (bothWays(source, target, c.at))
    return { because: "copied: a nest would read one part of the result and write another, and could not be made of vectors" };
  return moved(module, c, from.id, to.id, mapping, "into");
}

/** Whoever reads `to` reads the part of `from` instead. Undefined where the copy is not all of `to`. */
function outOfPart(module: Module, uses: ReadonlyMap<BufferId, Uses>, c: Candidate, from: Buffer, to: Buffer): Outcome {
  const mapping = mappingOf(c.copy, "to", to, from);
  if (mapping === undefined || to.scope !== "arena" || from.scope === "thread" || from.scope === "host") return undefined;
  const [source, target] = [uses.get(from.id), uses.get(to.id)];
  if (source === undefined || target === undefined || target.hole) return undefined;
  if (target.writes.length !== 1 || target.reads.some((at) => at <= c.at)) return undefined;
  if (source.writes.some((at) => at >= c.at)) return { because: "copied: its source is written again" };
  if (bothWays(target, source, c.at)) return undefined;
  const last = mapping.strides.at(-1);
  if (last !== undefined && last.extent > 1 && last.great !== 1) return undefined;
  return moved(module, c, to.id, from.id, mapping, "out-of");
}

/** Would a nest, other than the copy, read and write the same buffer? */
const bothWays = (small: Uses, great: Uses, copy: number): boolean =>
  small.writes.some((at) => at !== copy && great.reads.includes(at)) || small.reads.some((at) => at !== copy && great.writes.includes(at));

/** Do no two of these copies write one element? */
function apart(copies: readonly Copy[], to: Buffer): boolean {
  const forms = copies.map((c) => writtenForm(c, to));
  return forms.every((a, i) => forms.every((b, j) => i >= j || (a !== undefined && b !== undefined && formsApart(a, b))));
}

/** The module with all accesses of `small` at its part of `great`, and without the copy. */
function moved(module: Module, c: Candidate, small: BufferId, great: BufferId, mapping: Mapping, way: "into" | "out-of"): Outcome {
  let stuck: string | undefined;
  const one = (s: Stmt): Stmt | readonly Stmt[] => {
    if (s.k === "alloc" && s.buffer === small) return [];
    let own = mapOwnExprs(s, (whole) =>
      mapExpr(whole, (e) => (e.k === "load" && e.buffer === small ? { ...e, buffer: great, index: mapping.index(e.index) } : e)),
    );
    if (own.k === "store" && own.buffer === small) own = { ...own, buffer: great, index: mapping.index(own.index) };
    if (own.k !== "kernel") return own;
    for (const name of Object.keys(own.refs)) {
      if (own.refs[name]?.buffer !== small) continue;
      const call = movedOperand(own, name, mapping, great);
      if (call === undefined) stuck = own.kernel;
      else own = call;
    }
    return own;
  };
  const without = module.run.body.flatMap((s, at): readonly Stmt[] => {
    if (at !== c.at || s.k !== "region") return [s];
    const body = s.body.filter((x) => x !== c.stmt);
    return body.length === 0 ? [] : [{ ...s, body }];
  });
  const body = mapStmts(without, one);
  if (stuck !== undefined) return { because: `copied: ${stuck} wants its elements without gaps` };
  return { module: { ...module, run: { ...module.run, body }, buffers: module.buffers.filter((b) => b.id !== small) }, way };
}

function tell(module: Module, { from, to }: Copy, accepted: boolean, why: string, ctx: PassContext): void {
  const buffers = buffersById(module);
  const [a, b] = [buffers.get(from), buffers.get(to)];
  if (a === undefined || b === undefined) return;
  const part = why === "out-of" ? b : a;
  const because = !accepted
    ? why
    : why === "into"
      ? `not copied: whoever makes ${a.name || "it"} writes it into its part of ${b.name || "the result"}`
      : `not copied: whoever reads ${b.name || "it"} reads its part of ${a.name || "the source"}`;
  ctx.verdict({
    subject: "buffer",
    accepted,
    rule: accepted ? `place-slices/${why}` : "place-slices/copied",
    because,
    facts: [{ name: accepted ? "not copied" : "copied", value: part.shape.reduce((n, d) => n * d, 1), unit: "elements" }],
    nodes: [],
    ...(part.value === undefined ? {} : { value: part.value }),
  });
}

/**
 * TopK: the k best elements so far stand in the result. Few of them are kept in order, and a better one is inserted; many are a heap with the
 * worst on top, sorted at the end. An element that is not better than the worst costs one comparison; for random data that is nearly all.
 */
import { boolAttr, intAttr } from "../../graph/ops/op.ts";
import { bug } from "../../messages.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { plus, times } from "../module-builder.ts";
import { onlyNode } from "../movement.ts";
import { nest, withAxis } from "../nest.ts";
import { operand, type Template } from "../template.ts";
import type { ModuleBuilder } from "../module-builder.ts";

/** More elements than this are kept as a heap. */
const maxInserted = 16;

/** An element and its position in the operand. */
interface Entry {
  readonly value: Expr;
  readonly position: Expr;
}

/** One line of the operand and of the results. */
interface Line {
  readonly builder: ModuleBuilder;
  readonly origin: readonly number[];
  readonly n: number;
  readonly k: number;
  readonly read: (i: Expr) => Expr;
  readonly kept: (at: Expr) => Entry;
  readonly keep: (at: Expr, e: Entry) => Stmt[];
  /** Is the value better, positions aside? */
  readonly beats: (a: Expr, b: Expr) => Expr;
}

/** A total order: of equal elements the earlier one is better. */
const better = (line: Line, a: Entry, b: Entry): Expr =>
  x.binary("or", line.beats(a.value, b.value), x.binary("and", x.binary("eq", a.value, b.value), x.binary("lt", a.position, b.position)));

function named({ builder, origin }: Line, name: string, e: Entry): { readonly stmts: Stmt[]; readonly ref: Entry } {
  const value = builder.let(name, e.value, origin);
  const position = builder.let(`${name}_at`, e.position, origin);
  return { stmts: [value.stmt, position.stmt], ref: { value: value.ref, position: position.ref } };
}

/** Element `i` takes its place among the first `count`; the one that falls out at the end is left. */
function insert(line: Line, i: Expr, count: Expr): { readonly stmts: Stmt[]; readonly rest: Entry } {
  const { builder, origin } = line;
  const value = builder.register("value", line.read(i), origin);
  const position = builder.register("position", i, origin);
  const carried: Entry = { value: value.ref, position: position.ref };
  const loop = builder.loop("serial", "t", 0, count, origin, (t) => {
    const there = named(line, "there", line.kept(t));
    const wins = builder.let("wins", better(line, carried, there.ref), origin);
    const pick = (a: Entry, b: Entry): Entry => ({
      value: x.select(wins.ref, a.value, b.value),
      position: x.select(wins.ref, a.position, b.position),
    });
    const [stays, goes] = [pick(carried, there.ref), pick(there.ref, carried)];
    return [
      ...there.stmts,
      wins.stmt,
      ...line.keep(t, stays),
      builder.assign(value.ref.id, goes.value, origin),
      builder.assign(position.ref.id, goes.position, origin),
    ];
  });
  return { stmts: [value.stmt, position.stmt, loop], rest: carried };
}

function inserted(line: Line): Stmt[] {
  const { builder, origin, k, n } = line;
  const filled = builder.loop("serial", "i", 0, k, origin, (i) => {
    const one = insert(line, i, i);
    return [...one.stmts, ...line.keep(i, one.rest)];
  });
  const rest = builder.loop("serial", "i", k, n, origin, (i) => [
    builder.when(line.beats(line.read(i), line.kept(x.index(k - 1)).value), origin, insert(line, i, x.index(k)).stmts),
  ]);
  return [filled, rest];
}

/** `e` sinks from place `start` of a heap of `size` elements until no child is worse. */
function sink(line: Line, e: Entry, start: Expr, size: Expr): Stmt[] {
  const { builder, origin, k } = line;
  const place = builder.register("place", start, origin);
  const sinking = builder.register("sinking", x.constant(true, "bool"), origin);
  const stop = (): Stmt => builder.assign(sinking.ref.id, x.constant(false, "bool"), origin);
  const levels = Math.ceil(Math.log2(k + 1));
  const step = (): Stmt[] => {
    const left = builder.let("left", plus(times(place.ref, 2), 1), origin);
    const right = builder.let("right", x.binary("min", plus(left.ref, 1), plus(size, -1)), origin);
    const [a, b] = [named(line, "a", line.kept(left.ref)), named(line, "b", line.kept(right.ref))];
    const second = builder.let("second", better(line, a.ref, b.ref), origin);
    const worse: Entry = {
      value: x.select(second.ref, b.ref.value, a.ref.value),
      position: x.select(second.ref, b.ref.position, a.ref.position),
    };
    const child = named(line, "child", worse);
    const up = [...line.keep(place.ref, child.ref), builder.assign(place.ref.id, x.select(second.ref, right.ref, left.ref), origin)];
    const compare = [
      right.stmt,
      ...a.stmts,
      ...b.stmts,
      second.stmt,
      ...child.stmts,
      builder.when(better(line, e, child.ref), origin, up, [stop()]),
    ];
    return [left.stmt, builder.when(x.binary("lt", left.ref, size), origin, compare, [stop()])];
  };
  const loop = builder.loop("serial", "level", 0, levels, origin, () => [builder.when(sinking.ref, origin, step())]);
  return [place.stmt, sinking.stmt, loop, ...line.keep(place.ref, e)];
}

function heaped(line: Line): Stmt[] {
  const { builder, origin, k, n } = line;
  const zero = x.index(0);
  const filled = builder.loop("serial", "i", 0, k, origin, (i) => line.keep(i, { value: line.read(i), position: i }));
  const ordered = builder.loop("serial", "i", 0, Math.floor(k / 2), origin, (i) => {
    const at = builder.let("at", x.sub(x.index(Math.floor(k / 2) - 1), i), origin);
    const e = named(line, "e", line.kept(at.ref));
    return [at.stmt, ...e.stmts, ...sink(line, e.ref, at.ref, x.index(k))];
  });
  const rest = builder.loop("serial", "i", k, n, origin, (i) => {
    const e = named(line, "e", { value: line.read(i), position: i });
    return [builder.when(line.beats(line.read(i), line.kept(zero).value), origin, [...e.stmts, ...sink(line, e.ref, zero, x.index(k))])];
  });
  // The worst that is left goes to the end, again and again.
  const sorted = builder.loop("serial", "i", 1, k, origin, (i) => {
    const last = builder.let("last", x.sub(x.index(k), i), origin);
    const [top, e] = [named(line, "top", line.kept(zero)), named(line, "e", line.kept(last.ref))];
    return [last.stmt, ...top.stmts, ...e.stmts, ...line.keep(last.ref, top.ref), ...sink(line, e.ref, zero, last.ref)];
  });
  return [filled, ordered, rest, sorted];
}

export const topK: Template = (call) => {
  const { storage, builder } = call;
  const node = onlyNode(call);
  const source = operand(node, 0);
  const [values, positions] = node.outputs;
  if (values === undefined || positions === undefined) return bug("a top-k without results", { node: node.name });
  const axis = intAttr(node.attrs, "axis");
  const [n, k] = [storage.shape(source)[axis] ?? 1, storage.shape(values)[axis] ?? 0];
  const compare = boolAttr(node.attrs, "largest") ? "gt" : "lt";
  const others = storage.shape(source).map((d, a) => (a === axis ? 1 : d));
  return nest(call, others, {}, (outer) => {
    const index = (at: Expr): Expr[] => withAxis(outer, axis, at);
    const line: Line = {
      builder,
      origin: [node.id],
      n,
      k,
      read: (i) => storage.literal(source) ?? storage.readAt(source, { index: index(i) }),
      kept: (at) => ({ value: storage.readAt(values, { index: index(at) }), position: storage.readAt(positions, { index: index(at) }) }),
      keep: (at, e) => [
        builder.store(storage.ref(values, { index: index(at) }), e.value, [node.id]),
        builder.store(storage.ref(positions, { index: index(at) }), e.position, [node.id]),
      ],
      beats: (a, b) => x.binary(compare, a, b),
    };
    return k <= maxInserted ? inserted(line) : heaped(line);
  });
};

/**
 * Sequences and optional values whose structure is known when the model is read: their elements are followed one by one, so that what is
 * taken out of a sequence is the tensor that was put in. The nodes that make sequences stay as they are, for those who need the whole.
 */
import type { ValueId } from "../../graph/ir.ts";
import { normalAxis } from "../../graph/dims.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

export type Elements = readonly ValueId[];

const known = (c: BuildCall, i: number): Elements =>
  c.elements(i) ?? notCompiled("the elements of the sequence are not known when the model is read");

/** A position in a sequence, known when the model is read; absent: `otherwise`. */
function position(c: BuildCall, operand: number, length: number, otherwise: number): number {
  if (!c.has(operand)) return otherwise;
  const [given] = c.known(operand) ?? notCompiled("the position in the sequence is computed at run time");
  const at = given! < 0 ? given! + length : given!;
  return at >= 0 && at <= length ? at : notCompiled(`position ${given} is outside of the sequence`);
}

function at(c: BuildCall): ValueId {
  const list = known(c, 0);
  return c.add("identity", [list[position(c, 1, list.length, 0)] ?? notCompiled("the position is outside of the sequence")]);
}

function concatenated(c: BuildCall): ValueId {
  const list = known(c, 0);
  if (list.length === 0) notCompiled("the sequence is empty");
  const rank = c.shapeOf(list[0]!)?.length ?? notCompiled("the rank of its elements is not known");
  const fresh = c.flag("new_axis");
  const axis = c.int("axis", 0);
  const place = normalAxis(axis, rank + (fresh ? 1 : 0)) ?? notCompiled(`axis ${axis} is out of range`);
  return c.add("concat", fresh ? list.map((id) => inserted(c, id, rank, place)) : list, { axis: place });
}

/** `id` with an axis of extent 1 at `axis`. */
const inserted = (c: BuildCall, id: ValueId, rank: number, axis: number): ValueId =>
  c.reshape(
    id,
    Array.from({ length: rank + 1 }, (_, i) => (i === axis ? 1 : { axis: i < axis ? i : i - 1 })),
  );

/** A tensor is an optional value that is there. */
const isTensor = (c: BuildCall, i: number): boolean => c.elements(i) === undefined && c.shape(i) !== undefined;

function element(c: BuildCall): ValueId {
  if (isTensor(c, 0)) return c.add("identity", [c.input(0)]);
  return c.add("identity", [known(c, 0)[0] ?? notCompiled("the optional value is empty")]);
}

function hasElement(c: BuildCall): ValueId {
  const there = c.has(0) && (isTensor(c, 0) || known(c, 0).length > 0);
  return c.add("identity", [c.scalar("bool", there ? 1 : 0)]);
}

/** What is taken out of sequences and optional values. */
export const sequenceBuilders: Readonly<Record<string, Builder>> = {
  SequenceAt: at,
  SequenceLength: (c) => c.add("identity", [c.scalar("i64", BigInt(known(c, 0).length))]),
  ConcatFromSequence: concatenated,
  OptionalGetElement: element,
  OptionalHasElement: hasElement,
};

function parts(c: BuildCall): Elements {
  const shape = c.shape(0) ?? notCompiled("the rank of its operand is not known");
  const axis = normalAxis(c.int("axis", 0), shape.length) ?? notCompiled("its axis is out of range");
  const extent = shape[axis];
  if (typeof extent !== "number") return notCompiled("the extent it splits is not known");
  const given = c.has(1) ? (c.known(1) ?? notCompiled("split is computed at run time")) : [1];
  const single = !c.has(1) || c.shape(1)?.length === 0;
  const each = given[0] ?? 1;
  const sizes = single ? Array.from({ length: Math.ceil(extent / each) }, (_, i) => Math.min(each, extent - i * each)) : given;
  let from = 0;
  const drop = !c.has(1) && !c.flag("keepdims", true);
  return sizes.map((size) => {
    const cut = c.add("slice", [c.input(0)], { starts: [from], ends: [(from += size)], axes: [axis], steps: [1] });
    return drop
      ? c.reshape(
          cut,
          shape.flatMap((_, i) => (i === axis ? [] : [{ axis: i }])),
        )
      : cut;
  });
}

/** The elements of a sequence (or the value of an optional one) that a node makes. */
export const sequenceMakers: Readonly<Record<string, (c: BuildCall) => Elements>> = {
  SequenceConstruct: (c) => Array.from({ length: c.inputCount }, (_, i) => c.input(i)),
  SequenceEmpty: () => [],
  SplitToSequence: parts,
  Optional: (c) => (c.inputCount === 0 ? [] : isTensor(c, 0) ? [c.input(0)] : notCompiled("an optional sequence")),
  Identity: (c) => known(c, 0),
  SequenceInsert: (c) => {
    const list = known(c, 0);
    const place = position(c, 2, list.length, list.length);
    return [...list.slice(0, place), c.input(1), ...list.slice(place)];
  },
  SequenceErase: (c) => {
    const list = known(c, 0);
    const place = position(c, 1, list.length, list.length - 1);
    return list.filter((_, i) => i !== place);
  },
};

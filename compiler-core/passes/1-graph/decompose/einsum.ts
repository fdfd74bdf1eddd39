/**
 * Einsum as products of two operands at a time, from left to right: what no one needs any more is summed at once, shared labels that stay are
 * the batch of a matrix product, shared labels that go are its inner axis.
 */
import { parseEinsum, type Label } from "../../../graph/einsum.ts";
import type { GraphEditor } from "../../../graph/edit.ts";
import { elements, type Node, type ValueId } from "../../../graph/ir.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Rule } from "../../../graph/rules.ts";

/** A value and the label of each of its axes. */
interface Term {
  readonly value: ValueId;
  readonly labels: readonly Label[];
}

class Contraction {
  constructor(
    private readonly p: PatchBuilder,
    private readonly extents: ReadonlyMap<Label, number>,
  ) {}

  private shape(t: Term): readonly number[] {
    return this.p.value(t.value).shape as readonly number[];
  }
  private reshape(value: ValueId, shape: readonly number[]): ValueId {
    return String(this.p.value(value).shape) === String(shape) ? value : this.p.add("reshape", [value], { shape, allowZero: true });
  }
  private extentIn(t: Term, l: Label): number {
    return this.shape(t)[t.labels.indexOf(l)] ?? 1;
  }

  /** The axes in this order. */
  ordered(t: Term, labels: readonly Label[]): Term {
    const perm = labels.map((l) => t.labels.indexOf(l));
    if (perm.every((from, to) => from === to)) return t;
    return { labels, value: this.p.add("transpose", [t.value], { perm }) };
  }

  /** Two axes of one label become their diagonal: the last two axes as one, every (n + 1)th element of it. */
  diagonal(t: Term): Term {
    const twice = t.labels.find((l, i) => t.labels.indexOf(l) !== i);
    if (twice === undefined) return t;
    const [first, second] = [t.labels.indexOf(twice), t.labels.lastIndexOf(twice)];
    const rest = [...t.labels.keys()].filter((i) => i !== first && i !== second);
    const moved = this.p.add("transpose", [t.value], { perm: [...rest, first, second] });
    const shape = rest.map((i) => this.shape(t)[i]!);
    const n = this.shape(t)[first]!;
    const flat = this.reshape(moved, [...shape, n * n]);
    const value = this.p.add("slice", [flat], { starts: [0], ends: [n * n], axes: [rest.length], steps: [n + 1] });
    return this.diagonal({ value, labels: [...rest.map((i) => t.labels[i]!), twice] });
  }

  /** Sums the axes that are not needed any more. An axis of extent 1 that stands for n equal ones counts n times: it is expanded first. */
  summed(t: Term, needed: ReadonlySet<Label>): Term {
    const axes = [...t.labels.keys()].filter((i) => !needed.has(t.labels[i]!));
    if (axes.length === 0) return t;
    const value = this.p.add("reduce-sum", [this.expanded(t, axes).value], { axes, keepdims: false });
    return { value, labels: t.labels.filter((l) => needed.has(l)) };
  }
  private expanded(t: Term, axes: readonly number[]): Term {
    const shape = this.shape(t).map((d, i) => (axes.includes(i) ? this.extents.get(t.labels[i]!)! : d));
    return String(shape) === String(this.shape(t)) ? t : { ...t, value: this.p.add("expand", [t.value], { shape }) };
  }

  product(a: Term, b: Term, needed: ReadonlySet<Label>): Term {
    const shared = a.labels.filter((l) => b.labels.includes(l));
    const batch = shared.filter((l) => needed.has(l));
    const inner = shared.filter((l) => !needed.has(l));
    const onlyA = a.labels.filter((l) => !shared.includes(l));
    const onlyB = b.labels.filter((l) => !shared.includes(l));
    const labels = [...batch, ...onlyA, ...onlyB];
    const along = (t: Term, list: readonly Label[]): number[] => list.map((l) => this.extentIn(t, l));
    const wide = (t: Term): Term =>
      this.expanded(
        t,
        inner.map((l) => t.labels.indexOf(l)),
      );
    const [left, right] = [
      this.ordered(wide(a), [...batch, ...onlyA, ...inner]),
      this.ordered(wide(b), [...batch, ...(inner.length === 0 ? onlyB : [...inner, ...onlyB])]),
    ];
    const extents = [...batch.map((l) => Math.max(this.extentIn(a, l), this.extentIn(b, l))), ...along(a, onlyA), ...along(b, onlyB)];
    if (inner.length === 0) {
      const spread = this.reshape(left.value, [...along(a, batch), ...along(a, onlyA), ...onlyB.map(() => 1)]);
      const other = this.reshape(right.value, [...along(b, batch), ...onlyA.map(() => 1), ...along(b, onlyB)]);
      return { labels, value: this.p.add("mul", [spread, other]) };
    }
    const k = elements(inner.map((l) => this.extents.get(l)!));
    const rows = this.reshape(left.value, [...along(a, batch), elements(along(a, onlyA)), k]);
    const columns = this.reshape(right.value, [...along(b, batch), k, elements(along(b, onlyB))]);
    return { labels, value: this.reshape(this.p.add("matmul", [rows, columns]), extents) };
  }

  /** In the order of the result, with every axis at its full extent. */
  finished(t: Term, output: readonly Label[]): ValueId {
    const ordered = this.ordered(t, output);
    return this.expanded(ordered, [...output.keys()]).value;
  }
}

function einsum(node: Node, e: GraphEditor): Patch | undefined {
  const inputs = node.inputs as readonly ValueId[];
  const shapes = inputs.map((id) => e.staticShape(id));
  if (shapes.includes(undefined) || shapes.some((s) => s!.includes(0))) return undefined;
  const parsed = parseEinsum(String(node.attrs["equation"]), shapes as readonly (readonly number[])[]);
  if (typeof parsed === "string") return undefined;
  const p = e.patch(node);
  const c = new Contraction(p, parsed.extents as ReadonlyMap<Label, number>);
  const neededAfter = (i: number): ReadonlySet<Label> => new Set([...parsed.output, ...parsed.operands.slice(i + 1).flat()]);
  const terms = inputs.map((value, i) => c.diagonal({ value, labels: parsed.operands[i]! }));
  const own = (i: number): ReadonlySet<Label> => new Set([...parsed.output, ...parsed.operands.flatMap((o, j) => (j === i ? [] : o))]);
  const reduced = terms.map((t, i) => c.summed(t, own(i)));
  const all = reduced
    .slice(1)
    .reduce((left, right, i) => c.summed(c.product(left, right, neededAfter(i + 1)), neededAfter(i + 1)), reduced[0]!);
  const y = c.finished(all, parsed.output);
  return p.done(inputs.includes(y) && e.isOutput(node.outputs[0]!) ? p.add("identity", [y]) : y);
}

export const einsumRules: readonly Rule[] = [{ name: "decompose/einsum", ops: ["einsum"], rewrite: einsum }];

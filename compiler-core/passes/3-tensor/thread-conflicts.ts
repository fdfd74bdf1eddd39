/**
 * Can two pieces of work meet in one element while different threads do them? Positions in a buffer are taken apart into digits (row, column ...): two
 * positions are equal when all digits are. It is enough that one digit tells the pieces, or their iterations, apart.
 */
import type { BufferId } from "../../tensor/ir.ts";
import type { Footprint, Form, Space, Term } from "./footprints.ts";

/** Who does a piece: the threads of a parallel loop, thread 0 alone, or every thread all of it. */
export type Doer = { readonly k: "loop"; readonly space: Space | undefined } | { readonly k: "first" } | { readonly k: "all" };

export interface Work {
  readonly doer: Doer;
  readonly footprints: readonly Footprint[];
}

/** One digit of a position: `perIteration * u` and something from `lo` to `hi`. */
interface Digit {
  readonly perIteration: number;
  readonly lo: number;
  readonly hi: number;
}

/** Does iteration `u` of both belong to one thread, whatever the size of the team? */
function sameShares(a: Doer, b: Doer): boolean {
  if (a.k !== "loop" || b.k !== "loop" || a.space === undefined || b.space === undefined) return false;
  return a.space.count === b.space.count && a.space.threads === b.space.threads && a.space.first === b.space.first;
}

/** A buffer in which different threads can meet, one of them writing; undefined when there is none. */
export function meetingPlace(a: Work, b: Work): BufferId | undefined {
  if (a.doer.k === "first" && b.doer.k === "first") return undefined;
  const same = sameShares(a.doer, b.doer);
  for (const x of a.footprints)
    for (const y of b.footprints)
      if (x.buffer === y.buffer && (x.write || y.write) && !(apart(x, y, a.doer, b.doer) || (same && byIteration(x, y, a.doer, b.doer))))
        return x.buffer;
  return undefined;
}

/** A buffer that both touch and one writes, in elements that are not known to be apart: whoever does them. */
export function sharedElements(a: Work, b: Work): BufferId | undefined {
  for (const x of a.footprints)
    for (const y of b.footprints) if (x.buffer === y.buffer && (x.write || y.write) && !apart(x, y, a.doer, b.doer)) return x.buffer;
  return undefined;
}

const iterations = (d: Doer): number => (d.k === "loop" ? (d.space?.count ?? 1) : 1);

/** No element is touched by both, whichever iterations are looked at. */
function apart(x: Footprint, y: Footprint, a: Doer, b: Doer): boolean {
  if (x.form === undefined || y.form === undefined) return false;
  const all = (d: Digit, doer: Doer): readonly [number, number] => {
    const reach = d.perIteration * Math.max(0, iterations(doer) - 1);
    return [d.lo + Math.min(0, reach), d.hi + Math.max(0, reach)];
  };
  return digits(x.form, y.form, iterations(a), iterations(b)).some(([p, q]) => {
    const [[pLo, pHi], [qLo, qHi]] = [all(p, a), all(q, b)];
    return pHi < qLo || qHi < pLo;
  });
}

/** Do two forms outside of parallel loops have no position in common? */
export const formsApart = (x: Form, y: Form): boolean => digits(x, y, 1, 1).some(([p, q]) => p.hi < q.lo || q.hi < p.lo);

/** An element touched by both is touched in iterations of the same number. */
function byIteration(x: Footprint, y: Footprint, a: Doer, b: Doer): boolean {
  if (x.form === undefined || y.form === undefined) return false;
  return digits(x.form, y.form, iterations(a), iterations(b)).some(([p, q]) => {
    const step = Math.abs(p.perIteration);
    return p.perIteration === q.perIteration && step > 0 && p.hi - q.lo < step && q.hi - p.lo < step;
  });
}

/** Both forms in the same digits, the highest first: as many as both can be taken apart into. */
function digits(x: Form, y: Form, countX: number, countY: number): readonly (readonly [Digit, Digit])[] {
  const factors = [x, y].flatMap((f) => [f.perIteration, ...f.terms.map((t) => t.factor)].map(Math.abs));
  const bases = [...new Set(factors)].filter((s) => s > 1).sort((p, q) => q - p);
  const out: (readonly [Digit, Digit])[] = [];
  let [lowX, lowY] = [x, y];
  for (const base of bases) {
    const [p, q] = [split(lowX, base, countX), split(lowY, base, countY)];
    if (p === undefined || q === undefined) continue;
    out.push([digit(p.high), digit(q.high)]);
    [lowX, lowY] = [p.low, q.low];
  }
  return [...out, [digit(lowX), digit(lowY)]];
}

function digit({ constant, perIteration, terms }: Form): Digit {
  const [lo, hi] = bounds(terms);
  return { perIteration, lo: constant + lo, hi: constant + hi };
}

function bounds(terms: readonly Term[]): readonly [number, number] {
  return terms.reduce<readonly [number, number]>(
    ([lo, hi], { factor, range }) => {
      const ends = [factor * range.lo, factor * range.hi];
      return [lo + Math.min(...ends), hi + Math.max(...ends)];
    },
    [0, 0],
  );
}

/** `form` as `base * high + low` with `low` in [0, base) in every iteration; undefined where that is not known. */
function split(form: Form, base: number, count: number): { readonly high: Form; readonly low: Form } | undefined {
  const whole = form.perIteration % base === 0;
  const [above, below] = [true, false].map((up) => form.terms.filter((t) => (t.factor % base === 0) === up));
  if (above === undefined || below === undefined) return undefined;
  const [lo, hi] = bounds([...below, { factor: whole ? 0 : form.perIteration, range: { lo: 0, hi: Math.max(0, count - 1) } }]);
  const carry = Math.floor((form.constant + lo) / base);
  if (Math.floor((form.constant + hi) / base) !== carry) return undefined;
  return {
    high: {
      constant: carry,
      perIteration: whole ? form.perIteration / base : 0,
      terms: above.map((t) => ({ ...t, factor: t.factor / base })),
    },
    low: { constant: form.constant - carry * base, perIteration: whole ? 0 : form.perIteration, terms: below },
  };
}

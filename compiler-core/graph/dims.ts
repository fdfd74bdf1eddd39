/** Arithmetic of shapes whose extents may be symbolic: a name, or a sum or product of names and numbers such as `batch*12`. */
import type { Dim, Shape } from "./ir.ts";

export const isStatic = (shape: Shape | undefined): shape is readonly number[] =>
  shape !== undefined && shape.every((d) => typeof d === "number");

/** The product of extents; symbolic factors are written out. */
export function productDim(dims: Shape): Dim {
  let number = 1;
  const names: string[] = [];
  for (const d of dims) {
    if (typeof d === "number") number *= d;
    else names.push(d.includes("+") ? `(${d})` : d);
  }
  if (names.length === 0 || number === 0) return number;
  return [...names, ...(number === 1 ? [] : [String(number)])].join("*");
}

export function sumDim(dims: Shape): Dim {
  let number = 0;
  const names: string[] = [];
  for (const d of dims) {
    if (typeof d === "number") number += d;
    else names.push(d);
  }
  if (names.length === 0) return number;
  return [...names, ...(number === 0 ? [] : [String(number)])].join("+");
}

/** The extent with names replaced by values; names that are not in `values` stay. A whole text that is itself a name comes first. */
export function substituteDim(dim: Dim, values: ReadonlyMap<string, number>): Dim {
  if (typeof dim === "number") return dim;
  const known = values.get(dim);
  if (known !== undefined) return known;
  const terms = splitOutside(dim, "+");
  if (terms.length > 1) return withValues(dim, terms, values, (a, b) => a + b);
  const factors = splitOutside(dim, "*");
  if (factors.length > 1) return withValues(dim, factors, values, (a, b) => a * b);
  if (dim.startsWith("(") && dim.endsWith(")")) return substituteDim(dim.slice(1, -1), values);
  return /^\d+$/.test(dim) ? Number(dim) : dim;
}

function withValues(
  whole: string,
  parts: readonly string[],
  values: ReadonlyMap<string, number>,
  join: (a: number, b: number) => number,
): Dim {
  const known = parts.map((p) => substituteDim(p.trim(), values));
  return known.every((d) => typeof d === "number") ? (known as number[]).reduce(join) : whole;
}

function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "(") depth++;
    else if (c === ")") depth--;
    else if (c === separator && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)];
}

/** The symbolic names in a dimension: a whole unknown text counts as one name unless it is a sum or product. */
export function dimNames(dim: Dim): readonly string[] {
  if (typeof dim === "number") return [];
  const parts = splitOutside(dim, "+").flatMap((t) => splitOutside(t, "*"));
  if (parts.length === 1 && parts[0] === dim)
    return /^\d+$/.test(dim) ? [] : dim.startsWith("(") && dim.endsWith(")") ? dimNames(dim.slice(1, -1)) : [dim];
  return parts.flatMap((p) => dimNames(p.trim()));
}

/**
 * Two extents under broadcasting, or undefined when they contradict. A name against an extent above 1 is taken to be that
 * extent (or 1); two different names give the first, as the second may only be 1 or equal.
 */
export function broadcastDim(a: Dim, b: Dim): Dim | undefined {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === "number") return typeof b === "number" ? undefined : a;
  return typeof b === "number" ? b : a;
}

/** Shape of an elementwise result (ONNX multidirectional broadcasting), or undefined when the shapes contradict. */
export function broadcastShapes(shapes: readonly Shape[]): Shape | undefined {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out: Dim[] = new Array<Dim>(rank).fill(1);
  for (const s of shapes) {
    const shift = rank - s.length;
    for (let i = 0; i < s.length; i++) {
      const d = broadcastDim(out[shift + i]!, s[i]!);
      if (d === undefined) return undefined;
      out[shift + i] = d;
    }
  }
  return out;
}

/** May the extents be equal? Symbolic ones may be anything. */
export const agrees = (a: Dim, b: Dim): boolean => typeof a !== "number" || typeof b !== "number" || a === b;

/** May a value of this shape have these extents? Nothing is known of a shape that is undefined. */
export const shapeAgrees = (shape: Shape | undefined, extents: Shape): boolean =>
  shape === undefined || (shape.length === extents.length && shape.every((d, i) => agrees(d, extents[i]!)));

/** `32x256`, `Nx128`, `scalar`, `?` when the rank is unknown. */
export const shapeText = (shape: Shape | undefined): string =>
  shape === undefined ? "?" : shape.length === 0 ? "scalar" : shape.join("x");

/** An axis counted from the front; undefined when out of range. */
export function normalAxis(axis: number, rank: number): number | undefined {
  const a = axis < 0 ? axis + rank : axis;
  return Number.isInteger(a) && a >= 0 && a < rank ? a : undefined;
}

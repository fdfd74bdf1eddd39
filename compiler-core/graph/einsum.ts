/**
 * Equations of Einsum. Every axis of every operand gets a label; axes under an ellipsis are labelled from the right (`.0` is the last one), so
 * that they broadcast as in numpy.
 */
import { broadcastDim } from "./dims.ts";
import type { Dim, Shape } from "./ir.ts";

export type Label = string;

export interface Einsum {
  /** Labels of each operand's axes; one may appear twice, for a diagonal. */
  readonly operands: readonly (readonly Label[])[];
  readonly output: readonly Label[];
  /** The extent of each label; one of several operands may broadcast. */
  readonly extents: ReadonlyMap<Label, Dim>;
}

/** Letters and ellipses of one side of a comma; undefined when it has anything else. */
function letters(term: string): readonly string[] | undefined {
  const parts = term.replace(/\s/g, "").match(/\.\.\.|./g) ?? [];
  return parts.every((p) => p === "..." || /^[A-Za-z]$/.test(p)) && parts.filter((p) => p === "...").length <= 1 ? parts : undefined;
}

/** The labels of an operand of this rank; undefined when they do not fit. */
function label(parts: readonly string[], rank: number): readonly Label[] | undefined {
  const hidden = rank - parts.filter((p) => p !== "...").length;
  if (hidden < 0 || (hidden > 0 && !parts.includes("..."))) return undefined;
  return parts.flatMap((p) => (p === "..." ? Array.from({ length: hidden }, (_, i) => `.${hidden - 1 - i}`) : [p]));
}

const hiddenLabels = (operands: readonly (readonly Label[])[]): readonly Label[] => {
  const most = Math.max(0, ...operands.map((o) => o.filter((l) => l.startsWith(".")).length));
  return Array.from({ length: most }, (_, i) => `.${most - 1 - i}`);
};

/** Without an arrow: what the ellipses hide, then the letters that appear once, in alphabetical order. */
function implicitOutput(operands: readonly (readonly Label[])[]): readonly Label[] {
  const all = operands.flat().filter((l) => !l.startsWith("."));
  return [...hiddenLabels(operands), ...[...new Set(all)].filter((l) => all.indexOf(l) === all.lastIndexOf(l)).sort()];
}

/** The equation for operands of these shapes; or a sentence about what is wrong with it. */
export function parseEinsum(equation: string, shapes: readonly Shape[]): Einsum | string {
  const [left, right, ...more] = equation.split("->");
  const terms = (left ?? "").split(",").map(letters);
  const result = right === undefined ? undefined : letters(right);
  if (more.length > 0 || terms.includes(undefined) || (right !== undefined && result === undefined))
    return `"${equation}" is not an equation`;
  if (terms.length !== shapes.length) return `"${equation}" has ${terms.length} operands, not ${shapes.length}`;
  const operands = terms.map((t, i) => label(t!, shapes[i]!.length));
  const misfit = operands.indexOf(undefined);
  if (misfit >= 0) return `operand ${misfit} of "${equation}" has rank ${shapes[misfit]!.length}`;
  const known = operands as readonly (readonly Label[])[];
  const output = result === undefined ? implicitOutput(known) : result.flatMap((p) => (p === "..." ? hiddenLabels(known) : [p]));
  const extents = new Map<Label, Dim>();
  for (const [i, labels] of known.entries()) {
    for (const [axis, l] of labels.entries()) {
      const joined = broadcastDim(extents.get(l) ?? 1, shapes[i]![axis]!);
      if (joined === undefined) return `"${l}" of "${equation}" is ${extents.get(l)} and ${shapes[i]![axis]}`;
      extents.set(l, joined);
    }
  }
  const unknown = output.find((l, i) => !extents.has(l) || output.indexOf(l) !== i);
  return unknown === undefined ? { operands: known, output, extents } : `"${unknown}" cannot stand in the result of "${equation}"`;
}

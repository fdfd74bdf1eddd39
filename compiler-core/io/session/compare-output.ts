/** One output of ours beside the reference's. */
import { valueOf, type Graph, type ValueId } from "../../graph/ir.ts";
import { bug, userError } from "../../messages.ts";
import { accuracy, directAccuracy, reductionMagnitude, spread, type Accuracy, type Spread } from "../accuracy.ts";
import { quantisationStep } from "../quantisation-step.ts";
import type { ExactValues } from "./exact-values.ts";
import { isNumbers, isSequence, typeText, type RunTensor, type RunValue } from "./run-value.ts";

export interface CheckedOutput extends Accuracy, Spread {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** `f64`: by the errors of both against an evaluation in f64. `direct`: by the difference to the reference. `none`: nobody else computes it. */
  readonly method: "f64" | "direct" | "none";
  /** Why it is compared directly, or why more is allowed than rounding. */
  readonly because?: string;
}

export interface Compared {
  readonly graph: Graph;
  readonly id: ValueId;
  readonly ours: RunValue | undefined;
  readonly reference: RunValue | undefined;
  readonly exact: ExactValues;
  readonly against: "ort" | "eval";
  /** bf16 products in a row before the output. */
  readonly bf16Products?: number;
}

/**
 * Units in the last place allowed beside twice the reference's own error. The evaluator rounds each sum once, so its error says little about
 * what many roundings in a row may cost: it grants more.
 */
const slack = { ort: 4, eval: 16 } as const;

export function compareOutput({ graph, id, ours, reference, exact, against, bf16Products = 0 }: Compared): CheckedOutput {
  const { name } = valueOf(graph, id);
  if (ours === undefined) return bug(`output ${name} is missing`);
  if (reference === undefined) return uncompared(name, ours, exact.missing.get(id) ?? "it was not evaluated");
  if (isSequence(ours) || isSequence(reference)) return compareSequences(name, ours, reference);
  sameType(name, ours, reference);
  const base = { name, dtype: ours.dtype, shape: ours.shape };
  if (!isNumbers(ours) || !isNumbers(reference))
    return { ...base, ...equality(ours, reference), method: "direct", because: "it holds no numbers" };
  const want = exact.values.get(id);
  if (want === undefined) {
    return {
      ...base,
      ...directAccuracy(ours, reference),
      ...spread(ours),
      method: "direct",
      because: exact.missing.get(id) ?? "it was not evaluated",
    };
  }
  const magnitude = reductionMagnitude(graph, id, exact.values);
  const step = quantisationStep(graph, id, magnitude);
  const found = accuracy(ours, reference, want, magnitude, { ulps: slack[against], step, bf16Products });
  const reasons = [
    ...(step === 0 ? [] : [`a step of quantised values before it, ${step.toPrecision(3)}, is allowed`]),
    ...(bf16Products === 0
      ? []
      : [`${bf16Products} products in bf16 in a row may each add 2^-8 of the sum of absolute products, ${magnitude.toPrecision(3)}`]),
  ];
  const because = reasons.length === 0 ? {} : { because: reasons.join("; ") };
  return { ...base, ...found, ...spread(ours), method: "f64", ...because };
}

/** What comes from a part on ONNX Runtime in a model that it does not run as a whole. */
function uncompared(name: string, ours: RunValue, why: string): CheckedOutput {
  const [dtype, shape] = isSequence(ours) ? [typeText(ours), []] : [ours.dtype, ours.shape];
  const because = `not compared: ${why}, which does not run the whole model`;
  return {
    name,
    dtype,
    shape,
    ...unmeasured,
    ...(!isSequence(ours) && isNumbers(ours) ? spread(ours) : {}),
    ok: true,
    method: "none",
    because,
  };
}

function sameType(name: string, ours: RunTensor, reference: RunTensor): void {
  if (reference.shape.join() === ours.shape.join() && reference.dtype === ours.dtype) return;
  userError("output-shape", {}, { name, ours: typeText(ours), reference: typeText(reference) });
}

const unmeasured = {
  maxAbs: 0,
  maxRel: 0,
  error: 0,
  referenceError: 0,
  limit: 0,
  magnitude: 0,
  nonZero: 1,
  saturated: 0,
  degenerate: false,
};

/** Strings and raw elements are equal or not. */
function equality(ours: RunTensor, reference: RunTensor): Accuracy & Spread {
  const list = (v: RunTensor): readonly unknown[] => ("strings" in v ? v.strings : "raw" in v ? [...v.raw] : [...v.data]);
  const [a, b] = [list(ours), list(reference)];
  const bad = a.findIndex((v, i) => v !== b[i]);
  if (bad < 0 && a.length === b.length) return { ...unmeasured, ok: true };
  return {
    ...unmeasured,
    maxAbs: Infinity,
    error: Infinity,
    ok: false,
    why: `element ${bad} is ${JSON.stringify(a[bad])}, the reference ${JSON.stringify(b[bad])}`,
  };
}

function compareSequences(name: string, ours: RunValue, reference: RunValue): CheckedOutput {
  const base = { name, dtype: typeText(ours), shape: [], method: "direct" as const, because: "it is a sequence" };
  const wrong = sequenceDifference(ours, reference);
  return wrong === undefined
    ? { ...base, ...unmeasured, ok: true }
    : { ...base, ...unmeasured, maxAbs: Infinity, error: Infinity, ok: false, why: wrong };
}

/** What differs; undefined when all items are equal, floats within the tolerance of direct comparison. */
function sequenceDifference(ours: RunValue, reference: RunValue): string | undefined {
  if (isSequence(ours) && isSequence(reference)) {
    if (ours.items.length !== reference.items.length) return `it is a ${typeText(ours)}, the reference a ${typeText(reference)}`;
    for (const [i, item] of ours.items.entries()) {
      const wrong = sequenceDifference(item, reference.items[i] ?? item);
      if (wrong !== undefined) return `item ${i}: ${wrong}`;
    }
    return undefined;
  }
  if (isSequence(ours) || isSequence(reference) || typeText(ours) !== typeText(reference))
    return `it is ${typeText(ours)}, the reference ${typeText(reference)}`;
  const found = isNumbers(ours) && isNumbers(reference) ? directAccuracy(ours, reference) : equality(ours, reference);
  return found.ok ? undefined : (found.why ?? "values differ");
}

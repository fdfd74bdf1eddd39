/** Evaluates a compilation after every pass and names the first pass that changes the result beyond rounding. */
import { isModule, type Compilation, type Snapshot } from "../../compile.ts";
import { evaluateGraph } from "../../graph/eval.ts";
import { type Graph, type ValueId } from "../../graph/ir.ts";
import { decode, toNumbers, type NdArray } from "../../graph/ndarray.ts";
import { asUserError, bug, userError } from "../../messages.ts";
import { evalModule, type Module } from "../../tensor/index.ts";
import { difference, maxDifference } from "../accuracy.ts";
import { exactValues } from "./exact-values.ts";
import { inputsById, referenceGraph } from "./check.ts";

export interface PassCheck {
  readonly index: number;
  readonly pass: string;
  readonly ok: boolean;
  /** Greatest difference to the evaluation of the imported graph. */
  readonly maxAbs: number;
  /** Why it is not ok, or why it was not evaluated. */
  readonly why?: string;
}

/**
 * In f64, so that reordered sums agree and what differs is a change of meaning. Constants that a pass folded are rounded to their type,
 * so a few roundings of f32, relative to the greatest value of an output, are no change.
 */
const tolerance = 2 ** -17;

/**
 * One row per pass that changed something, in order; snapshots that are the same object are not evaluated again. Of a model with holes: the outputs
 * that do not depend on any, and graph passes only. Throws `not-evaluable` when nothing is left.
 */
export function checkEachPass(
  compilation: Compilation,
  inputs: readonly NdArray[],
  onPass: (row: PassCheck) => void = () => undefined,
): PassCheck[] {
  const reference = referenceGraph(compilation);
  const given = inputsById(reference, inputs);
  const exact = exactValues(reference, given);
  const places = reference.outputs.flatMap((id, i) => (exact.values.has(id) ? [i] : []));
  if (places.length === 0 && reference.outputs.length > 0)
    userError("not-evaluable", {}, { what: [...exact.missing.values()][0] ?? "no output can be" });
  const wanted = places.map((i) => exact.values.get(reference.outputs[i]!)!);
  const first = compilation.snapshots.indexOf(reference);
  const rows: PassCheck[] = [];
  compilation.passes.forEach((pass, index) => {
    const snapshot = compilation.snapshots[index];
    if (snapshot === undefined || index <= first || snapshot === compilation.snapshots[index - 1]) return;
    if (isModule(snapshot) && (compilation.source?.plan.holes.length ?? 0) > 0) return;
    const row = { index, pass: pass.name, ...compare(compilation.graph, snapshot, inputs, places, wanted) };
    rows.push(row);
    onPass(row);
  });
  return rows;
}

function compare(
  graph: Graph,
  snapshot: Snapshot,
  inputs: readonly NdArray[],
  places: readonly number[],
  wanted: readonly NdArray[],
): Omit<PassCheck, "index" | "pass"> {
  let outputs: readonly NdArray[];
  try {
    outputs = isModule(snapshot)
      ? at(places, moduleOutputs(graph, snapshot, inputs))
      : outputsOf(
          snapshot,
          places,
          evaluateGraph(snapshot, inputsById(snapshot, inputs), { mode: "f64", want: places.map((i) => snapshot.outputs[i]!) }),
        );
  } catch (e) {
    return { ok: false, maxAbs: NaN, why: asUserError(e).message };
  }
  let maxAbs = 0;
  let ok = true;
  wanted.forEach((want, i) => {
    const [a, b] = [toNumbers(outputs[i] ?? bug(`output ${i} is missing`)), toNumbers(want)];
    const scale = b.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 0);
    maxAbs = Math.max(maxAbs, maxDifference(a, b).maxAbs);
    if (a.length !== b.length || a.some((v, j) => difference(v, b[j] ?? NaN) > tolerance * Math.max(scale, 1e-30))) ok = false;
  });
  return { ok, maxAbs };
}

const at = (places: readonly number[], outputs: readonly NdArray[]): NdArray[] =>
  places.map((i) => outputs[i] ?? bug(`output ${i} is missing`));
const outputsOf = (graph: Graph, places: readonly number[], values: ReadonlyMap<ValueId, NdArray>): NdArray[] =>
  places.map((i) => values.get(graph.outputs[i]!) ?? bug(`output ${i} was not evaluated`));

/** Interprets a module; its weights are the constants of the last graph. */
function moduleOutputs(graph: Graph, module: Module, inputs: readonly NdArray[]): readonly NdArray[] {
  const weights: NdArray[] = [];
  for (const b of module.buffers) {
    if (b.scope !== "weight") continue;
    const constant = b.value === undefined ? undefined : graph.values[b.value]?.constant;
    const { dtype, shape, bytes } = constant === undefined ? bug(`weight ${b.name} has no data`) : graph.constants.get(constant);
    weights[b.slot ?? bug(`weight ${b.name} has no slot`)] = decode(dtype, shape, bytes(), "f64");
  }
  const wide = inputs.map((x) => (x.data instanceof Float32Array ? { ...x, data: Float64Array.from(x.data) } : x));
  return evalModule(module, { inputs: wide, weights }, "f64");
}

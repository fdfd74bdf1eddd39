/**
 * Evaluates a compilation after every pass and names the first pass that changes the result beyond rounding. What a pass left as it was is not
 * evaluated again: nodes and nests that are the same object as before, and what depends only on those that gave the same values.
 */
import { isModule, type Compilation, type Snapshot } from "../../compile.ts";
import { type Graph } from "../../graph/ir.ts";
import { decode, type Elements, type NdArray } from "../../graph/ndarray.ts";
import { asUserError, bug, userError } from "../../messages.ts";
import type { Module, ModuleData } from "../../tensor/index.ts";
import { maxDifference } from "../accuracy.ts";
import { ChangedNests } from "./changed-nests.ts";
import { ChangedNodes } from "./changed-nodes.ts";
import { blockedValues } from "./exact-values.ts";
import { inputsById, referenceGraph } from "./check.ts";

export interface PassCheck {
  readonly index: number;
  readonly pass: string;
  readonly ok: boolean;
  /** Greatest difference to the evaluation of the imported graph. */
  readonly maxAbs: number;
  /** Why it is not ok, or why it was not evaluated. */
  readonly why?: string;
  /** Nodes of a graph, or nests of a module, that were evaluated again, of all that the outputs depend on. */
  readonly evaluated: number;
  readonly of: number;
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
  const blocked = blockedValues(reference, given);
  const places = reference.outputs.flatMap((id, i) => (blocked.has(id) ? [] : [i]));
  if (places.length === 0 && reference.outputs.length > 0)
    userError("not-evaluable", {}, { what: [...blocked.values()][0] ?? "no output can be" });
  const nodes = new ChangedNodes(given);
  const outputsOf = (graph: Graph): NdArray[] => places.map((i) => nodes.value(graph, graph.outputs[i]!));
  nodes.follow(
    reference,
    places.map((i) => reference.outputs[i]!),
  );
  const wanted = outputsOf(reference);
  let nests: ChangedNests | undefined;
  const one = (snapshot: Snapshot): Omit<PassCheck, "index" | "pass"> => {
    try {
      if (!isModule(snapshot)) {
        const work = nodes.follow(
          snapshot,
          places.map((i) => snapshot.outputs[i]!),
        );
        return { ...compare(outputsOf(snapshot), wanted), ...work };
      }
      nests ??= new ChangedNests(dataOf(compilation.graph, snapshot, inputs), sameElements);
      const found = nests.follow(snapshot);
      if (!("outputs" in found)) {
        const { wrong, ...work } = found;
        return { ok: wrong === undefined, ...work, ...(wrong === undefined ? {} : { why: wrong }) };
      }
      const count = nestCount(snapshot);
      return {
        ...compare(
          places.map((i) => found.outputs[i] ?? bug(`output ${i} is missing`)),
          wanted,
        ),
        evaluated: count,
        of: count,
      };
    } catch (e) {
      return { ok: false, maxAbs: NaN, why: asUserError(e).message, evaluated: 0, of: 0 };
    }
  };
  const first = compilation.snapshots.indexOf(reference);
  const rows: PassCheck[] = [];
  compilation.passes.forEach((pass, index) => {
    const snapshot = compilation.snapshots[index];
    if (snapshot === undefined || index <= first || snapshot === compilation.snapshots[index - 1]) return;
    if (isModule(snapshot) && (compilation.source?.plan.holes.length ?? 0) > 0) return;
    const row = { index, pass: pass.name, ...one(snapshot) };
    rows.push(row);
    onPass(row);
  });
  return rows;
}

const nestCount = (module: Module): number => [...module.init.body, ...module.run.body].filter((s) => s.k === "region").length;

function compare(outputs: readonly NdArray[], wanted: readonly NdArray[]): { readonly ok: boolean; readonly maxAbs: number } {
  const each = wanted.map((want, i) => sameElements((outputs[i] ?? bug(`output ${i} is missing`)).data, want.data));
  return { ok: each.every((e) => e.ok), maxAbs: each.reduce((m, e) => Math.max(m, e.maxAbs), 0) };
}

/** Within the tolerance of the greatest element that was wanted. */
function sameElements(now: Elements, before: Elements): { readonly ok: boolean; readonly maxAbs: number } {
  const [a, b] = [numbersOf(now), numbersOf(before)];
  let scale = 0;
  for (let i = 0; i < b.length; i++) if (Number.isFinite(b[i])) scale = Math.max(scale, Math.abs(b[i]!));
  const { maxAbs } = maxDifference(a, b);
  return { ok: a.length === b.length && maxAbs <= tolerance * Math.max(scale, 1e-30), maxAbs };
}

const numbersOf = (x: Elements): ArrayLike<number> =>
  x instanceof BigInt64Array || x instanceof BigUint64Array ? Array.from(x, Number) : x;

/** What a module works on; its weights are the constants of the last graph. */
function dataOf(graph: Graph, module: Module, inputs: readonly NdArray[]): ModuleData {
  const weights: NdArray[] = [];
  for (const b of module.buffers) {
    if (b.scope !== "weight") continue;
    const constant = b.value === undefined ? undefined : graph.values[b.value]?.constant;
    const { dtype, shape, bytes } = constant === undefined ? bug(`weight ${b.name} has no data`) : graph.constants.get(constant);
    weights[b.slot ?? bug(`weight ${b.name} has no slot`)] = decode(dtype, shape, bytes(), "f64");
  }
  return { inputs: inputs.map((x) => (x.data instanceof Float32Array ? { ...x, data: Float64Array.from(x.data) } : x)), weights };
}

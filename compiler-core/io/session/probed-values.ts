/** Values of a run on the user's data, kept for one compilation: they are read like constants from then on. */
import type { Compilation } from "../../compile.ts";
import { ConstantStore } from "../../graph/constants.ts";
import type { Graph } from "../../graph/ir.ts";
import { bug, userError } from "../../messages.ts";
import type { Divergence, ErrorReport, ProbeData, ProbedTensor } from "../../protocol/probe.ts";
import { dimsOfGiven, inputsOf, readGiven } from "./given-inputs.ts";
import type { SessionModel } from "./model.ts";
import { firstDivergence, probeValues, type Probed } from "./probe.ts";
import { lowPrecisionErrors } from "./probe-errors.ts";
import type { ProbeSettings } from "./probe-values.ts";
import { fileBytes, isSequence, typeText, type RunTensor } from "./run-value.ts";

/** Values that are kept; the oldest go first. */
const mostKept = 16;

/** Who is told what is going on, and may call it off. */
export interface ProbeContext {
  readonly signal: AbortSignal;
  readonly event: (progress: { text: string; done: null }) => void;
}

function settingsFor(model: SessionModel, compilation: Compilation, data: ProbeData, { signal, event }: ProbeContext): ProbeSettings {
  const given = readGiven(model.graph, data);
  const { dims } = compilation.options;
  for (const [name, size] of Object.entries(dimsOfGiven(model.graph, given)))
    if (dims[name] !== undefined && dims[name] !== size)
      userError("input-mismatch", {}, { name, what: `the data has an extent of ${size}, the options set ${dims[name]}` });
  const inputs = inputsOf(model, compilation, given, 1).values;
  return { inputs, signal, onStep: (text) => event({ text, done: null }) };
}

/** Every tensor in memory beside ONNX Runtime, on data of the user. Throws the errors of building and running, and of data that does not fit. */
export const divergenceOn = (model: SessionModel, compilation: Compilation, data: ProbeData, context: ProbeContext): Promise<Divergence> =>
  firstDivergence(model, compilation, settingsFor(model, compilation, data, context));

/** What low precision costs on data of the user. Throws `nothing-low` for a model without any, and what `divergenceOn` throws. */
export const errorsOn = (model: SessionModel, compilation: Compilation, data: ProbeData, context: ProbeContext): Promise<ErrorReport> =>
  lowPrecisionErrors(model, compilation, settingsFor(model, compilation, data, context));

export class ProbedValues {
  private of: Compilation | undefined;
  private readonly kept = new Map<number, RunTensor>();

  /** Runs the model and keeps the value. Throws `input-mismatch`, `input-unknown`, `tensor-unknown` and the errors of building and running. */
  async probe(model: SessionModel, compilation: Compilation, value: number, data: ProbeData, context: ProbeContext): Promise<ProbedTensor> {
    const [found] = await probeValues(model, compilation, [value], settingsFor(model, compilation, data, context));
    if (found === undefined) return bug(`value %${value} was not probed`);
    this.keep(compilation, value, found);
    const { value: _, ...tensor } = found;
    return tensor;
  }

  private keep(compilation: Compilation, id: number, { value }: Probed): void {
    if (isSequence(value)) userError("tensor-not-constant", {}, { name: typeText(value) });
    if (this.of !== compilation) this.kept.clear();
    this.of = compilation;
    this.kept.delete(id);
    this.kept.set(id, value);
    const [oldest] = this.kept.keys();
    if (this.kept.size > mostKept && oldest !== undefined) this.kept.delete(oldest);
  }

  /** The graph with the value as a constant, where it was probed in this compilation. */
  asConstant(compilation: Compilation, graph: Graph, id: number): Graph {
    const kept = this.of === compilation ? this.kept.get(id) : undefined;
    const known = graph.values[id];
    if (kept === undefined || known === undefined || known.constant !== undefined) return graph;
    const constants = new ConstantStore();
    const constant =
      "strings" in kept ? constants.addStrings(kept.shape, () => kept.strings) : constants.add(kept.dtype, kept.shape, fileBytes(kept));
    const values = [...graph.values];
    values[id] = { ...known, dtype: kept.dtype, shape: kept.shape, constant };
    return { ...graph, values, constants };
  }
}

/**
 * What low precision costs, tensor by tensor: values of bf16 and quantised code against those of the float model on the same inputs. The float model
 * of a quantised one is the same graph without rounding to codes: each dequantisation of a quantisation gives what was quantised. Quantised weights
 * stay the numbers that they are.
 */
import { compile, type Compilation } from "../../compile.ts";
import { evaluateNode } from "../../graph/eval.ts";
import { valueOf, type Graph, type Node, type ValueId } from "../../graph/ir.ts";
import { decode, evaluable, type NdArray } from "../../graph/ndarray.ts";
import { bug, userError } from "../../messages.ts";
import type { ErrorReport, TensorError } from "../../protocol/probe.ts";
import { isFloat } from "../../support/dtype.ts";
import { distance } from "../tensor-figures.ts";
import { buildCode } from "./build.ts";
import { inputsById, referenceGraph } from "./check.ts";
import { exactValues } from "./exact-values.ts";
import type { SessionModel } from "./model.ts";
import { NativeHost } from "./native-host.ts";
import { observableValues } from "./observe.ts";
import { makerOf } from "./probe.ts";
import { madeNames, observedValues, type ProbeSettings } from "./probe-values.ts";
import { isNumbers } from "./run-value.ts";

/** A value that the code has in memory, and how it becomes the float tensor that the report is about. */
interface Measured {
  readonly id: ValueId;
  /** The float tensor in the float model. */
  readonly float: ValueId;
  /** Set for codes: the dequantisation that reads them. */
  readonly decode?: Node;
}

/** Errors of every tensor in memory. Throws `nothing-low` when the model has neither bf16 products nor quantised tensors. */
export async function lowPrecisionErrors(model: SessionModel, compilation: Compilation, settings: ProbeSettings): Promise<ErrorReport> {
  const graph = referenceGraph(compilation);
  const quantised = graph.nodes.some((n) => n.op === "quantize-linear");
  const bf16 = compilation.graph.nodes.some((n) => n.op === "matmul-bf16");
  if (!quantised && !bf16) userError("nothing-low", {}, { model: model.name });
  const float = quantised ? withoutCodes(graph) : graph;
  const measured = measurable(model, compilation, graph);
  const given = inputsById(graph, settings.inputs);
  const host = await NativeHost.start(settings);
  try {
    const ours = await observedValues(compilation, [...new Set(measured.map((m) => m.id))], host, settings);
    const wanted = [...new Set(measured.map((m) => m.float))];
    settings.onStep?.("evaluating the float model in f64");
    const exact = exactValues({ ...float, outputs: wanted }, given);
    const because = [...exact.missing.values()][0];
    const heavy = exact.values.size === 0;
    const values = heavy ? await floatRun(float, compilation, wanted, host, settings) : exact.values;
    const rows = measured.flatMap((m): (TensorError & { readonly id: ValueId })[] => {
      const [mine, want] = [ours.get(m.id), values.get(m.float)];
      if (mine === undefined || want === undefined || !isNumbers(mine)) return [];
      const maker = makerOf(compilation, m.id);
      return [
        {
          id: m.id,
          name: valueOf(graph, m.float).name,
          dtype: mine.dtype,
          shape: mine.shape,
          ...distance(m.decode === undefined ? mine : decoded(graph, m.decode, mine), want),
          ...(maker === undefined ? {} : { maker }),
        },
      ];
    });
    const outputs = graph.outputs.flatMap((id) => rows.find((r) => r.id === id) ?? []);
    const plain = ({ id: _, ...row }: (typeof rows)[number]): TensorError => row;
    return {
      precision: quantised ? "quantised" : "bf16",
      reference: heavy ? "f32" : "f64",
      ...(heavy && because !== undefined ? { because } : {}),
      tensors: [...rows].sort((a, b) => a.sqnrDb - b.sqnrDb || b.maxRel - a.maxRel).map(plain),
      outputs: outputs.map(plain),
    };
  } finally {
    await host.close();
  }
}

/** The graph in which a dequantisation of a quantisation gives what was quantised. */
function withoutCodes(graph: Graph): Graph {
  const quantiser = new Map(graph.nodes.flatMap((n) => (n.op === "quantize-linear" ? [[n.outputs[0]!, n] as const] : [])));
  const nodes = graph.nodes.map((n): Node => {
    const from = n.op === "dequantize-linear" ? quantiser.get(n.inputs[0]!) : undefined;
    const source = from?.inputs[0];
    const same = source !== undefined && source !== null && valueOf(graph, source).dtype === valueOf(graph, n.outputs[0]!).dtype;
    return same ? { ...n, op: "identity", inputs: [source], attrs: {} } : n;
  });
  return { ...graph, nodes };
}

/** What is in memory: floats as they are, codes through the dequantisation that reads them. */
function measurable(model: SessionModel, compilation: Compilation, graph: Graph): Measured[] {
  const names = new Set(madeNames(model.file.model));
  const observable = observableValues(compilation);
  const last = compilation.graph;
  const inMemory = (id: ValueId): boolean => {
    const [then, now] = [valueOf(graph, id), last.values[id]];
    if (now === undefined || now.constant !== undefined || then.dtype !== now.dtype || then.shape?.join() !== now.shape?.join())
      return false;
    return (observable.has(id) || last.outputs.includes(id)) && names.has(then.name);
  };
  return graph.nodes.flatMap((n): Measured[] => {
    const [id] = n.outputs;
    if (id === undefined || !inMemory(id)) return [];
    if (isFloat(valueOf(graph, id).dtype)) return [{ id, float: id }];
    if (n.op !== "quantize-linear") return [];
    const reader = graph.nodes.find((m) => m.op === "dequantize-linear" && m.inputs[0] === id);
    const decode = reader ?? backwards(graph, n);
    const known = decode?.inputs.slice(1).every((v) => v === null || valueOf(graph, v).constant !== undefined) === true;
    return decode === undefined || !known ? [] : [{ id, float: decode.outputs[0]!, decode }];
  });
}

/** Codes that nobody reads as floats are an output of the model: what was quantised is what they stand for. */
function backwards(graph: Graph, quantise: Node): Node | undefined {
  const [source] = quantise.inputs;
  if (source === undefined || source === null) return undefined;
  const inputs = [quantise.outputs[0]!, ...quantise.inputs.slice(1)];
  return {
    ...quantise,
    op: "dequantize-linear",
    inputs,
    outputs: [source],
    attrs: { ...quantise.attrs, to: valueOf(graph, source).dtype },
  };
}

function decoded(graph: Graph, node: Node, codes: NdArray): NdArray {
  const parameters = node.inputs.slice(1).map((id): NdArray | null => {
    if (id === null) return null;
    const value = valueOf(graph, id);
    const constant = value.constant === undefined ? undefined : graph.constants.get(value.constant);
    if (constant === undefined || !evaluable(constant.dtype)) return bug(`the scale of ${node.name} is not known`);
    return decode(constant.dtype, constant.shape, constant.bytes(), "f64");
  });
  return evaluateNode(graph, node, [codes, ...parameters], "f64")[0] ?? bug("a dequantisation without result");
}

/** The float model as our own code computes it in f32, where an evaluation would take minutes. */
async function floatRun(
  float: Graph,
  { options, machine }: Compilation,
  wanted: readonly ValueId[],
  host: NativeHost,
  settings: ProbeSettings,
): Promise<ReadonlyMap<ValueId, NdArray>> {
  const graph = { ...float, outputs: [...new Set([...float.outputs, ...wanted])] };
  const made = compile(graph, { ...options, precision: "f32", force: [], forbid: [] }, machine, { now: () => performance.now() });
  if (made.error !== undefined) throw made.error;
  const source = made.source ?? bug("the float model has no code");
  settings.onStep?.("building the float model");
  const loaded = await host.load(await buildCode(source, settings), "float");
  const files = host.inputFiles(
    source.plan.inputs.map((i) => i.name),
    settings.inputs,
  );
  const outputs = await host.runValues(loaded, files);
  return new Map(graph.outputs.flatMap((id, i) => (isNumbers(outputs[i]!) ? [[id, outputs[i]] as const] : [])));
}

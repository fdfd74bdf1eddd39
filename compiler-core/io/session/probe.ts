/** Looks at the tensors of a model in one run on the user's own data: any of them, and the first that diverges from ONNX Runtime. */
import type { Compilation } from "../../compile.ts";
import { evaluateGraph } from "../../graph/eval.ts";
import { valueOf, type Graph, type ValueId } from "../../graph/ir.ts";
import { decode, evaluable } from "../../graph/ndarray.ts";
import { bug, userError } from "../../messages.ts";
import type { ProbedTensor, Divergence, TensorMaker } from "../../protocol/probe.ts";
import { didYouMean } from "../nearest-name.ts";
import { tensorFigures } from "../tensor-figures.ts";
import { bf16ProductsInARow } from "./bf16-depth.ts";
import { inputsById, referenceGraph } from "./check.ts";
import { compareOutput, type CheckedOutput } from "./compare-output.ts";
import { blockedValues, exactValues } from "./exact-values.ts";
import { introductionOf } from "./explain.ts";
import type { SessionModel } from "./model.ts";
import { NativeHost } from "./native-host.ts";
import { observableValues } from "./observe.ts";
import { madeNames, observedValues, ortValues, valuesByName, writtenOutValues, type ProbeSettings } from "./probe-values.ts";
import { isNumbers, isSequence, typeText, type RunValue } from "./run-value.ts";

/** A tensor with its value, for writing it to a file. */
export interface Probed extends ProbedTensor {
  readonly value: RunValue;
}

/** Elements that are shown. */
const shown = 8;

/** The tensors with these names, as the compiled code makes them, beside ONNX Runtime. Throws `tensor-unknown` and the errors of building and running. */
export function probeTensors(
  model: SessionModel,
  compilation: Compilation,
  names: readonly string[],
  settings: ProbeSettings,
): Promise<readonly Probed[]> {
  const byName = valuesByName(referenceGraph(compilation));
  const ids = names.map((name) => byName.get(name) ?? unknownTensor(model, name, byName));
  return probeValues(model, compilation, ids, settings);
}

/** The same for values by id. Those that a pass made have no name in the file: they are seen where the code has them in memory, else `tensor-unknown`. */
export async function probeValues(
  model: SessionModel,
  compilation: Compilation,
  ids: readonly ValueId[],
  settings: ProbeSettings,
): Promise<readonly Probed[]> {
  const graph = referenceGraph(compilation);
  const host = await NativeHost.start(settings);
  try {
    const own = await ownValues(model, compilation, graph, ids, host, settings);
    const inFile = new Set(madeNames(model.file.model));
    const nameOf = (id: ValueId): string => (graph.values[id] ?? compilation.graph.values[id])?.name ?? `%${id}`;
    const comparable = (id: ValueId): boolean => graph.values[id] !== undefined && inFile.has(nameOf(id)) && isComputed(own.get(id)?.how);
    const names = ids.filter(comparable).map(nameOf);
    const theirs = names.length === 0 ? undefined : await ortValues(model, compilation, names, host, settings);
    return ids.map((id): Probed => {
      const { value, how } = own.get(id) ?? bug(`value %${id} was not probed`);
      const other = theirs !== undefined && comparable(id) && "values" in theirs ? theirs.values.get(nameOf(id)) : undefined;
      const maker = makerOf(compilation, id);
      return {
        name: nameOf(id),
        type: typeText(value),
        dtype: isSequence(value) ? value.kind : value.dtype,
        shape: isSequence(value) ? [] : value.shape,
        how,
        ...(maker === undefined ? {} : { maker }),
        ...(isNumbers(value) ? { figures: tensorFigures(value), first: Array.from(value.data.slice(0, shown), Number) } : {}),
        ...(other === undefined ? {} : { against: comparison(compilation, graph, id, value, other) }),
        ...(theirs !== undefined && "because" in theirs && comparable(id) ? { notCompared: theirs.because } : {}),
        value,
      };
    });
  } finally {
    await host.close();
  }
}

const isComputed = (how: ProbedTensor["how"] | undefined): boolean => how === "in place" || how === "written out";

function unknownTensor(model: SessionModel, name: string, byName: ReadonlyMap<string, ValueId>): never {
  const names = [...madeNames(model.file.model), ...byName.keys()];
  return userError("tensor-unknown", {}, { name: JSON.stringify(name), hint: didYouMean(name, names) });
}

interface OwnValue {
  readonly value: RunValue;
  readonly how: ProbedTensor["how"];
}

async function ownValues(
  model: SessionModel,
  compilation: Compilation,
  graph: Graph,
  ids: readonly ValueId[],
  host: NativeHost,
  settings: ProbeSettings,
): Promise<ReadonlyMap<ValueId, OwnValue>> {
  const found = new Map<ValueId, OwnValue>();
  for (const id of ids) {
    const given = graph.inputs.indexOf(id);
    const known = (graph.values[id] ?? compilation.graph.values[id])?.constant;
    const constant = known === undefined ? undefined : graph.constants.get(known);
    if (given >= 0) found.set(id, { value: settings.inputs[given]!, how: "input" });
    else if (constant !== undefined) {
      const { dtype, shape } = constant;
      const raw = constant.bytes();
      found.set(id, { value: evaluable(dtype) ? decode(dtype, shape, raw) : { dtype, shape, raw }, how: "constant" });
    }
  }
  const observable = observableValues(compilation);
  const open = [...new Set(ids)].filter((id) => !found.has(id));
  const inPlace = open.filter((id) => observable.has(id) || compilation.graph.outputs.includes(id));
  const rest = open.filter((id) => !inPlace.includes(id));
  const nowhere = rest.find((id) => model.graph.values[id] === undefined);
  if (nowhere !== undefined)
    userError("tensor-unknown", {}, { name: JSON.stringify(compilation.graph.values[nowhere]?.name ?? `%${nowhere}`), hint: "" });
  if (inPlace.length > 0)
    for (const [id, value] of await observedValues(compilation, inPlace, host, settings)) found.set(id, { value, how: "in place" });
  if (rest.length > 0)
    for (const [id, value] of await writtenOutValues(model.graph, compilation, rest, host, settings))
      found.set(id, { value, how: "written out" });
  return found;
}

function comparison(compilation: Compilation, graph: Graph, id: ValueId, ours: RunValue, reference: RunValue): CheckedOutput {
  const exact = { values: new Map(), missing: new Map([[id, "only ONNX Runtime was asked"]]) };
  return compareOutput({ graph, id, ours, reference, exact, against: "ort", bf16Products: bf16ProductsInARow(compilation.graph, id) });
}

/** Which nest makes a value, from which nodes of the file, and which pass put the operator there. */
export function makerOf(compilation: Compilation, id: ValueId): TensorMaker | undefined {
  const { graph } = compilation;
  const node = graph.nodes.find((n) => n.outputs.includes(id));
  if (node === undefined) return undefined;
  const group = graph.groups.find((g) => g.members.some((m) => m.node === node.id));
  const { pass, rule } = introductionOf(compilation, node);
  return {
    node: node.id,
    op: node.op,
    sources: node.origin.map((s) => graph.sources[s]?.path ?? `#${s}`),
    pass,
    ...(rule === undefined ? {} : { rule }),
    ...(group === undefined ? {} : { group: group.id, groupName: group.name }),
  };
}

/**
 * Holds every tensor that the compiled code has in memory against ONNX Runtime (the evaluator, where it is not installed), in the order of the
 * graph. The bound is that of `check`, for each tensor by itself.
 */
export async function firstDivergence(model: SessionModel, compilation: Compilation, settings: ProbeSettings): Promise<Divergence> {
  const graph = referenceGraph(compilation);
  const candidates = comparable(model, compilation, graph);
  const given = inputsById(graph, settings.inputs);
  const host = await NativeHost.start(settings);
  try {
    const ours = await observedValues(compilation, candidates, host, settings);
    const ids = candidates.filter((id) => ours.has(id));
    const names = ids.map((id) => valueOf(graph, id).name);
    const theirs = await ortValues(model, compilation, names, host, settings);
    settings.onStep?.("evaluating in f64");
    const exact = exactValues({ ...graph, outputs: ids }, given);
    const blocked = blockedValues(graph, given);
    const evaluated = "values" in theirs ? undefined : evaluateGraph(graph, given, { want: ids.filter((id) => !blocked.has(id)) });
    const tensors = ids.flatMap((id, i) => {
      const reference = "values" in theirs ? theirs.values.get(names[i]!) : evaluated?.get(id);
      if (reference === undefined) return [];
      const bf16Products = bf16ProductsInARow(compilation.graph, id);
      const against = evaluated === undefined ? "ort" : "eval";
      const compared = compareOutput({ graph, id, ours: ours.get(id), reference, exact, against, bf16Products });
      const maker = makerOf(compilation, id);
      return [{ ...compared, ...(maker === undefined ? {} : { maker }) }];
    });
    const first = tensors.find((t) => !t.ok);
    return {
      ...("values" in theirs ? { against: "ort", version: theirs.version } : { against: "eval", note: theirs.because }),
      tensors,
      unseen: unseen(model, graph, ids),
      first: first ?? null,
      suspects: first === undefined ? [] : suspectsOf(compilation, first.maker),
      ok: first === undefined,
    };
  } finally {
    await host.close();
  }
}

/** Values in memory that mean the same as in the file: by id, of one type, in topological order. */
function comparable(model: SessionModel, compilation: Compilation, graph: Graph): ValueId[] {
  const names = new Set(madeNames(model.file.model));
  const observable = observableValues(compilation);
  const last = compilation.graph;
  return graph.nodes
    .flatMap((n) => n.outputs)
    .filter((id) => {
      const [then, now] = [valueOf(graph, id), last.values[id]];
      if (now === undefined || now.constant !== undefined || then.dtype !== now.dtype || then.shape?.join() !== now.shape?.join())
        return false;
      return (observable.has(id) || last.outputs.includes(id)) && names.has(then.name);
    });
}

/** How many tensors of the file are never in memory as they are: made and used up inside of a nest, or computed at compile time. */
function unseen(model: SessionModel, graph: Graph, ids: readonly ValueId[]): number {
  const seen = new Set(ids.map((id) => valueOf(graph, id).name));
  return madeNames(model.file.model).filter((name) => !seen.has(name)).length;
}

/** The nodes of the file that the nest of the first wrong tensor computes. */
function suspectsOf({ graph }: Compilation, maker: TensorMaker | undefined): readonly string[] {
  const group = graph.groups.find((g) => g.id === maker?.group);
  const members = new Set(group?.members.map((m) => m.node));
  const sources = new Set(graph.nodes.flatMap((n) => (members.has(n.id) ? n.origin : [])));
  return [...sources].sort((a, b) => a - b).map((s) => `${graph.sources[s]?.path ?? `#${s}`} ${graph.sources[s]?.opType ?? ""}`.trim());
}

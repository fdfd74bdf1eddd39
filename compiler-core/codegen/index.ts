/** The door to code generation: a scheduled module becomes one C++17 file, a line map and a plan for whoever runs it. */
import type { Graph } from "../graph/ir.ts";
import type { IsaName, MachineProfile } from "../machine.ts";
import { isaSets } from "../machine.ts";
import type { CompileOptions } from "../options.ts";
import type { LineOrigin } from "../protocol/trace.ts";
import type { Buffer, HoleCall, HoleOperand, Module, Stmt } from "../tensor/ir.ts";
import { bug } from "../messages.ts";
import { visitOwnExprs, visitStmts } from "../tensor/rewrite.ts";
import { holeModel } from "../onnx/hole-model.ts";
import { portsOf } from "../templates/ports.ts";
import type { RegionText } from "./kernel-units.ts";
import { bySlot, holesOf, moduleText, regionsOf } from "./module.ts";
import { hugePageBytes, type ArtifactPlan, type PlannedHole, type PlannedTensor, type PlannedWeight } from "./plan.ts";
import { bytesOf } from "./regions.ts";
import { targetIsa } from "./target.ts";

export type { ArtifactPlan, PlannedHole, PlannedTensor, PlannedWeight } from "./plan.ts";
export { targetIsa } from "./target.ts";
export type { RegionText } from "./kernel-units.ts";

export interface CppSource {
  readonly text: string;
  /** Statement and graph nodes behind each line; lines count from 1, lines of the frame are absent. */
  readonly lines: readonly LineOrigin[];
  /** The functions of regions, for builds that share them between models. */
  readonly functions?: readonly RegionText[];
  readonly plan: ArtifactPlan;
}

/** The code of a module whose memory is planned. Byte-identical for equal input. */
export function emitCpp(module: Module, graph: Graph | undefined, options: CompileOptions, machine: MachineProfile): CppSource {
  return emitFor(module, graph, targetIsa(options, machine));
}

/** As `emitCpp`, for a given instruction set; `graph` only adds names and weight data. */
export function emitFor(module: Module, graph: Graph | undefined, isa: IsaName): CppSource {
  const { out, functions } = moduleText(module, isa, graph);
  return { text: out.text, lines: out.origins, functions, plan: planOf(module, graph, isa) };
}

function planOf(module: Module, graph: Graph | undefined, isa: IsaName): ArtifactPlan {
  const memory = module.memory ?? { arena: 0, packed: 0, scratch: 0 };
  return {
    name: module.name,
    isa,
    features: isaSets[isa],
    threads: module.threads,
    inputs: portBuffers(module, graph, "input").map((b) => planned(b, graph)),
    outputs: portBuffers(module, graph, "output").map((b) => planned(b, graph)),
    weights: plannedWeights(module, graph),
    holes: graph === undefined ? [] : holesOf(module).map((call) => plannedHole(module, graph, call)),
    hostValues: bySlot(module, "host").length,
    arenaBytes: memory.arena,
    packedBytes: memory.packed,
    scratchBytes: memory.scratch,
    hugePages: (["arena", "packed"] as const).filter((place) => memory[place] >= hugePageBytes),
    regions: regionsOf(module),
  };
}

/** Inputs or outputs in the order of the model: buffers by slot, and values that the host keeps in between. */
function portBuffers(module: Module, graph: Graph | undefined, scope: "input" | "output"): readonly Buffer[] {
  const buffers = bySlot(module, scope);
  if (graph === undefined) return buffers;
  const ports = portsOf(graph);
  const host = bySlot(module, "host");
  const [values, slot] = scope === "input" ? [graph.inputs, ports.inputSlot] : [graph.outputs, ports.outputSlot];
  return values.map((v, i) => {
    const at = slot(i);
    const found = at === undefined ? host[ports.host.indexOf(v)] : buffers[at];
    // What is handed out unchanged lies in a buffer of its own, without the value's shape.
    return { ...(found ?? bug(`${scope} ${i} has no place`)), value: v };
  });
}

function plannedHole(module: Module, graph: Graph, call: HoleCall): PlannedHole {
  const members = new Set(call.origin);
  const nodes = graph.nodes.filter((n) => members.has(n.id));
  const operand = ({ buffer, value }: HoleOperand): PlannedTensor => {
    const b = module.buffers.find((x) => x.id === buffer) ?? bug(`no buffer #${buffer}`);
    // The memory may be that of the same elements under another shape.
    return b.value === value ? planned(b, graph) : planned({ ...b, value }, graph);
  };
  const ids = (list: readonly HoleOperand[]): number[] => list.map((o) => o.value);
  return {
    id: call.hole,
    nodes: nodes.map((n) => graph.sources[Number(n.attrs["source"])]?.path ?? n.name),
    inputs: call.inputs.map(operand),
    outputs: call.outputs.map(operand),
    model: (declared) => holeModel(graph, nodes, ids(call.inputs), ids(call.outputs), declared),
  };
}

/** Names as the model has them; the buffer's own where there is no graph. */
function planned(b: Buffer, graph: Graph | undefined): PlannedTensor {
  const value = b.value === undefined ? undefined : graph?.values[b.value];
  const shape =
    value?.shape !== undefined && value.shape.every((d) => typeof d === "number") ? (value.shape as readonly number[]) : b.shape;
  const tensor = { name: value?.name ?? b.name, dtype: b.dtype, shape, bytes: bytesOf(b) };
  return b.scope === "host" ? { ...tensor, shape: [], bytes: 0, host: b.slot ?? bug("a host value without slot") } : tensor;
}

/** Those that only the constant work reads say so: their memory need not stay. */
function plannedWeights(module: Module, graph: Graph | undefined): readonly PlannedWeight[] {
  const [first, always] = [touched(module.init.body), touched(module.run.body)];
  return bySlot(module, "weight").map((b) => ({
    ...weight(b, graph),
    ...(first.has(b.id) ? { packed: true as const } : {}),
    ...(first.has(b.id) && !always.has(b.id) ? { once: true as const } : {}),
  }));
}

/** Buffers that statements name. */
function touched(body: readonly Stmt[]): ReadonlySet<number> {
  const found = new Set<number>();
  visitStmts(body, (s) => {
    if (s.k === "kernel") for (const ref of Object.values(s.refs)) found.add(ref.buffer);
    if (s.k === "hole") for (const o of [...s.inputs, ...s.outputs]) found.add(o.buffer);
    visitOwnExprs(s, (x) => x.k === "load" && found.add(x.buffer));
  });
  return found;
}

function weight(b: Buffer, graph: Graph | undefined): PlannedWeight {
  const id = b.value === undefined ? undefined : graph?.values[b.value]?.constant;
  const constant = id === undefined ? undefined : graph?.constants.get(id);
  const tensor = planned(b, graph);
  if (constant === undefined) return tensor;
  return constant.range === undefined ? { ...tensor, inline: () => constant.bytes() } : { ...tensor, range: constant.range };
}

/** The door to code generation: a scheduled module becomes one C++17 file, a line map and a plan for whoever runs it. */
import type { Graph } from "../graph/ir.ts";
import type { IsaName, MachineProfile } from "../machine.ts";
import { isaSets } from "../machine.ts";
import type { CompileOptions } from "../options.ts";
import type { LineOrigin } from "../protocol/trace.ts";
import type { Buffer, Module } from "../tensor/ir.ts";
import { bySlot, bytesOf, moduleText, regionsOf } from "./module.ts";
import type { ArtifactPlan, PlannedTensor, PlannedWeight } from "./plan.ts";
import { targetIsa } from "./target.ts";

export type { ArtifactPlan, PlannedTensor, PlannedWeight } from "./plan.ts";
export { targetIsa } from "./target.ts";

export interface CppSource {
  readonly text: string;
  /** Statement and graph nodes behind each line; lines count from 1, lines of the frame are absent. */
  readonly lines: readonly LineOrigin[];
  readonly plan: ArtifactPlan;
}

/** The code of a module whose memory is planned. Byte-identical for equal input. */
export function emitCpp(module: Module, graph: Graph | undefined, options: CompileOptions, machine: MachineProfile): CppSource {
  return emitFor(module, graph, targetIsa(options, machine));
}

/** As `emitCpp`, for a given instruction set; `graph` only adds names and weight data. */
export function emitFor(module: Module, graph: Graph | undefined, isa: IsaName): CppSource {
  const out = moduleText(module, isa, graph);
  return { text: out.text, lines: out.origins, plan: planOf(module, graph, isa) };
}

function planOf(module: Module, graph: Graph | undefined, isa: IsaName): ArtifactPlan {
  const memory = module.memory ?? { arena: 0, packed: 0, scratch: 0 };
  return {
    name: module.name,
    isa,
    features: isaSets[isa],
    threads: module.threads,
    inputs: bySlot(module, "input").map((b) => planned(b, graph)),
    outputs: bySlot(module, "output").map((b) => planned(b, graph)),
    weights: bySlot(module, "weight").map((b) => weight(b, graph)),
    arenaBytes: memory.arena,
    packedBytes: memory.packed,
    scratchBytes: memory.scratch,
    regions: regionsOf(module),
  };
}

/** Names as the model has them; the buffer's own where there is no graph. */
function planned(b: Buffer, graph: Graph | undefined): PlannedTensor {
  const value = b.value === undefined ? undefined : graph?.values[b.value];
  const shape =
    value?.shape !== undefined && value.shape.every((d) => typeof d === "number") ? (value.shape as readonly number[]) : b.shape;
  return { name: value?.name ?? b.name, dtype: b.dtype, shape, bytes: bytesOf(b) };
}

function weight(b: Buffer, graph: Graph | undefined): PlannedWeight {
  const id = b.value === undefined ? undefined : graph?.values[b.value]?.constant;
  const constant = id === undefined ? undefined : graph?.constants.get(id);
  const tensor = planned(b, graph);
  if (constant === undefined) return tensor;
  return constant.range === undefined ? { ...tensor, inline: () => constant.bytes() } : { ...tensor, range: constant.range };
}

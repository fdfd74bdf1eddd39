/** Writes the models of a compilation's holes for the runner, and says how their operands lie. */
import path from "node:path";
import type { ArtifactPlan, PlannedHole, PlannedTensor } from "../../codegen/plan.ts";
import { userError } from "../../messages.ts";
import type { DeclaredInputs } from "../../onnx/hole-model.ts";
import { externalTarget, writeModel } from "../../onnx/writer.ts";
import type { HoleOperandSpec, HoleSpec, LoadParams } from "../../protocol/runner.ts";
import { createFileSink } from "../byte-source.ts";
import { findOrtLibrary } from "../ort-library.ts";
import type { Scratch } from "./scratch.ts";

/** Weights of this size and more go to a file of their own: a model file ends at 2 GiB. */
const externalBytes = 1 << 20;

/** What a load needs beside the module itself; nothing for a model that is compiled as a whole. Throws `ort-missing`. */
export function holeParams(plan: ArtifactPlan, scratch: Scratch, declared: DeclaredInputs = "known"): Partial<LoadParams> {
  if (plan.holes.length === 0) return {};
  const ortLibrary = findOrtLibrary();
  if (ortLibrary === undefined) {
    const nodes = plan.holes.flatMap((h) => h.nodes);
    userError(
      "ort-missing",
      {},
      {
        what: `${nodes.length === 1 ? "1 node of the model is not compiled and needs" : `${nodes.length} nodes of the model are not compiled and need`} it, the package onnxruntime-node is not installed`,
      },
    );
  }
  const port = (t: PlannedTensor): number => t.host ?? -1;
  return {
    ortLibrary,
    holes: plan.holes.map((h) => holeSpec(h, scratch, declared)),
    hostValues: plan.hostValues,
    inputPorts: plan.inputs.map(port),
    outputPorts: plan.outputs.map(port),
  };
}

function holeSpec(hole: PlannedHole, scratch: Scratch, declared: DeclaredInputs): HoleSpec {
  const { model, store, inputs, outputs } = hole.model(declared);
  const file = scratch.path(`hole${hole.id}.onnx`);
  const weights = `${path.basename(file)}.data`;
  const data = createFileSink(path.join(path.dirname(file), weights));
  const whole = createFileSink(file);
  try {
    writeModel(model, whole, { store, external: externalTarget(weights, data, externalBytes) });
  } finally {
    whole.close();
    data.close();
  }
  const operand =
    (names: readonly string[]) =>
    (t: PlannedTensor, i: number): HoleOperandSpec => ({
      name: names[i] ?? "",
      dtype: t.dtype,
      shape: t.shape,
      ...(t.host === undefined ? {} : { host: t.host }),
    });
  return { model: file, what: whatIsIn(hole), inputs: hole.inputs.map(operand(inputs)), outputs: hole.outputs.map(operand(outputs)) };
}

const listed = 4;
const whatIsIn = ({ nodes }: PlannedHole): string =>
  `node${nodes.length === 1 ? "" : "s"} ${nodes.slice(0, listed).join(", ")}${nodes.length > listed ? ` and ${nodes.length - listed} more` : ""}`;

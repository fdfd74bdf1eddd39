/** Checks options against the pipeline and the model, so that a misspelt name is an error and not silently without effect. */
import { findSource } from "../../graph/node-ref.ts";
import { missingFeatures, resolveIsa, type MachineProfile } from "../../machine.ts";
import { userError } from "../../messages.ts";
import type { CompileOptions } from "../../options.ts";
import { passInfos, pipeline } from "../../pipeline.ts";
import { didYouMean } from "../nearest-name.ts";
import type { SessionModel } from "./model.ts";

/** Throws `pass-unknown`, `pass-required`, `dim-unknown`, `no-such-node`, `ambiguous-node`, `node-reference` or `usage`. */
export function checkOptions(model: SessionModel, options: CompileOptions, machine: MachineProfile): void {
  resolveIsa(options.isa, machine);
  const names = passInfos.map((p) => p.name);
  for (const pass of [...options.without, ...(options.onlyUntil === undefined ? [] : [options.onlyUntil])]) {
    if (!names.includes(pass)) userError("pass-unknown", {}, { pass: JSON.stringify(pass), hint: didYouMean(pass, names) });
  }
  for (const pass of options.without) {
    if (pipeline.find((p) => p.name === pass)?.optional !== true) userError("pass-required", {}, { pass });
  }
  for (const name of Object.keys(options.dims)) {
    if (!model.dims.includes(name)) {
      userError(
        "dim-unknown",
        {},
        { name: JSON.stringify(name), hint: didYouMean(name, model.dims), dims: model.dims.join(", ") || "none" },
      );
    }
  }
  for (const reference of [...options.force, ...options.forbid].flat()) resolveNode(model, reference);
}

/** The index of the ONNX node that a reference names. */
export function resolveNode(model: SessionModel, reference: string): number {
  if (!/^(#|name:|out:)/.test(reference)) userError("node-reference", {}, { ref: JSON.stringify(reference) });
  return findSource(model.graph.sources, reference);
}

/** Throws `isa-missing` when this machine cannot run the code. */
export function requireRunnable(options: CompileOptions, target: MachineProfile, here: MachineProfile): void {
  const isa = resolveIsa(options.isa, target);
  const missing = missingFeatures(isa, here);
  if (missing.length > 0) userError("isa-missing", {}, { isa, features: missing.join(", ") });
}

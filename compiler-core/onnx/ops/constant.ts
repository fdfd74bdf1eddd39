/** The Constant operator: its value is data of the graph, not work. */
import { tensor } from "../builder.ts";
import type { OnnxNode, OnnxTensor } from "../model.ts";
import { standardDomain } from "./domain.ts";

/** The tensor a Constant node stands for; undefined for other nodes and for forms that stay opaque (sparse). */
export function constantTensor(node: OnnxNode): OnnxTensor | undefined {
  if (node.opType !== "Constant" || !standardDomain(node.domain)) return undefined;
  for (const a of node.attributes) {
    if (a.name === "value" && a.kind === "tensor") return a.value;
    if (a.name === "value_float" && a.kind === "float") return tensor("", "f32", [], [a.value]);
    if (a.name === "value_floats" && a.kind === "floats") return tensor("", "f32", [a.value.length], a.value);
    if (a.name === "value_int" && a.kind === "int") return tensor("", "i64", [], [a.value]);
    if (a.name === "value_ints" && a.kind === "ints") return tensor("", "i64", [a.value.length], a.value);
    if (a.name === "value_string" && a.kind === "string") return tensor("", "string", [], [a.value]);
    if (a.name === "value_strings" && a.kind === "strings") return tensor("", "string", [a.value.length], a.value);
  }
  return undefined;
}

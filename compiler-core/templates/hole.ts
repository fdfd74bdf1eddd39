/** A part of the model that ONNX Runtime computes: one call, on the memory of its operands and results. */
import { valueOf, type ValueId } from "../graph/ir.ts";
import * as x from "../tensor/build.ts";
import type { HoleOperand, Stmt } from "../tensor/ir.ts";
import type { Template } from "./template.ts";

export const hole: Template = ({ graph, nodes, builder, storage, escaping }): Stmt[] => {
  const made = new Set(nodes.flatMap((n) => n.outputs));
  const read = new Set(nodes.flatMap((n) => n.inputs).filter((v) => v !== null));
  // Constants are part of the model that ONNX Runtime gets. An operand that is another shape of a value is that value's memory: all values
  // that holes touch are dense and row-major.
  const operand = (value: ValueId): HoleOperand => ({
    value,
    buffer: storage.ports.isHost(value) ? storage.bufferOf(value) : storage.ref(value, { offset: x.index(0) }).buffer,
  });
  const inputs = [...read].filter((v) => !made.has(v) && valueOf(graph, v).constant === undefined).map(operand);
  const outputs = [...made].filter((v) => escaping.has(v)).map(operand);
  return [
    builder.hole(
      inputs,
      outputs,
      nodes.map((n) => n.id),
    ),
  ];
};

/** What the compiler does not know: the node keeps what the file says, opens, is shown with the reason, and ends a partition. */
import { noFlops, type Op } from "./op.ts";

export const opaque: Op = {
  what: "an operator that is not compiled, with the reason",
  arity: [0, Infinity],
  outputs: [0, Infinity],
  attrs: {
    domain: { kind: "string", default: "" },
    opType: { kind: "string" },
    reason: { kind: "string" },
    source: { kind: "int", optional: true, what: "the ONNX node it is, as it stands in the file; absent: it cannot be run by anybody" },
    made: { kind: "ints", optional: true, what: "which outputs of the ONNX node its results are; absent: all, in order" },
    flops: { kind: "float", optional: true, what: "operations, where they are known" },
    bodies: { kind: "ints", optional: true, what: "bodies of control flow, by number" },
    settings: { kind: "any", optional: true, what: "numbers that say how the bodies are run, by name" },
    attributes: { kind: "strings", default: [], what: "`name = value` of the ONNX attributes, shortened" },
  },
  traits: ["opaque"],
  // The types of its outputs are those the file declares: see `inferNode`.
  infer: () => [],
  flops: noFlops,
};

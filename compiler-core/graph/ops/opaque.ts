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
    attributes: { kind: "strings", default: [], what: "`name = value` of the ONNX attributes, shortened" },
  },
  traits: ["opaque"],
  // The types of its outputs are those the file declares: see `inferNode`.
  infer: () => [],
  flops: noFlops,
};

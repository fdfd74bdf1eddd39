/** How lowering sees an operator: which template can write it, or why none can. */
import { pendingLate } from "../../graph/late.ts";
import { usersOf } from "../../graph/users.ts";
import { staticShape, valueOf, type Graph, type Node, type Value, type ValueId } from "../../graph/ir.ts";
import { memoryType } from "../../codegen/literals.ts";
import { opOf } from "../../graph/ops/index.ts";
import { storedTypes } from "../../graph/ops/op.ts";
import type { DType } from "../../support/dtype.ts";
import { loopWriters } from "../../templates/loops/index.ts";
import { reductions } from "../../templates/reductions.ts";
import { viewMaps } from "../../templates/views.ts";
import { isResult } from "../../graph/find-node.ts";

export type NodeKind =
  | { readonly kind: "elementwise" | "reduce" | "matmul" | "conv" | "conv-last" | "view" | "copy" | "concat" | "gather" | "pack" | "loops" }
  /** Runs on ONNX Runtime. */
  | { readonly kind: "hole"; readonly reason: string }
  | { readonly kind: "unsupported"; readonly reason: string };

/** What generated code can store, move and cast; arithmetic in 16-bit floats has been widened by now. */
const computed: readonly DType[] = storedTypes.filter((t) => memoryType(t) !== undefined);

const refuse = (reason: string): NodeKind => ({ kind: "unsupported", reason });

/** Does the node stand for one of the file that ONNX Runtime can be asked to run as it is? */
export const isHole = (node: Node): boolean => node.op === "opaque" && node.attrs["source"] !== undefined;

/** Named rules in order; the first answer counts. */
export function nodeKind(graph: Graph, node: Node): NodeKind {
  const op = opOf(node.op);
  if (op.traits.includes("opaque")) {
    const reason = String(node.attrs["reason"] ?? "this operator is not compiled");
    return isHole(node) ? { kind: "hole", reason } : refuse(reason);
  }
  const values = [...node.inputs, ...node.outputs].filter((v) => v !== null).map((v) => valueOf(graph, v));
  const shapeless = values.find((v) => staticShape(v) === undefined);
  if (shapeless !== undefined) return refuse(`the shape of value "${shapeless.name}" is not known at compile time`);
  if (node.op === "reorder") return { kind: "pack" };
  const alien = values.find((v) => !computed.includes(v.dtype));
  if (alien !== undefined) return refuse(`elements of type ${alien.dtype} are not compiled`);
  if (node.op === "slice" && (node.attrs["starts"] === undefined || node.attrs["axes"] === undefined))
    return refuse("where the slice begins is not known at compile time");
  const [pending] = pendingLate(op, node.inputs);
  if (pending !== undefined) return refuse(`${pending} of ${node.op} is computed at run time`);
  if (node.op in viewMaps) return { kind: isDenseNeeded(graph, node) ? "copy" : "view" };
  if (node.op === "conv-gemm") return { kind: "conv" };
  if (["conv-last", "depthwise-last", "winograd-last"].includes(node.op)) return { kind: "conv-last" };
  if (node.op === "matmul-packed" || node.op === "matmul-bf16" || node.op === "matmul-i4") return { kind: "matmul" };
  if (node.op === "matmul") return matmulKind(node, values);
  if (node.op in loopWriters) return { kind: "loops" };
  if (node.op in reductions) return { kind: "reduce" };
  if (node.op === "concat" || node.op === "gather") return { kind: node.op };
  if (op.traits.includes("elementwise") && op.scalar !== undefined) return { kind: "elementwise" };
  return refuse(`no template writes ${node.op}`);
}

/** The kernels compute in f32; products of all other types are plain loops. */
function matmulKind(node: Node, [, b, out]: readonly Value[]): NodeKind {
  if (node.attrs["transA"] === true) return refuse("the left operand is transposed and no pass wrote it out");
  if ((b?.shape?.length ?? 0) < 2) return refuse("the right operand is a vector");
  return { kind: out?.dtype === "f32" ? "matmul" : "loops" };
}

/** A view is written out when it is a result of the graph, or when a GEMM or ONNX Runtime reads elements that do not lie as they are. */
function isDenseNeeded(graph: Graph, node: Node): boolean {
  const [out] = node.outputs;
  if (out === undefined) return false;
  return isResult(graph, out) || (viewMaps[node.op] !== "offset" && feedsKernel(graph, out));
}

const readingKernels: ReadonlySet<string> = new Set([
  "matmul",
  "matmul-packed",
  "matmul-bf16",
  "matmul-i4",
  "pack-integer",
  "pack-bf16",
  "conv-gemm",
  "conv-last",
  "depthwise-last",
  "winograd-last",
  "reorder",
  "opaque",
]);

/** Does a kernel or a hole read this value, as it is or under another shape? They need elements at fixed distances. */
function feedsKernel(graph: Graph, value: ValueId): boolean {
  return usersOf(graph, value).some((user) => {
    if (readingKernels.has(user.op)) return true;
    const [out] = user.outputs;
    return viewMaps[user.op] === "offset" && out !== undefined && feedsKernel(graph, out);
  });
}

export { usersOf };

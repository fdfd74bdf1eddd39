/** A fusion group while it is being formed: its template, its iteration space and its members. */
import { bug } from "../../messages.ts";
import { staticShape, valueOf, type Graph, type Group, type Node, type ValueId } from "../../graph/ir.ts";
import { nodeKind } from "./node-kind.ts";
import type { Admission } from "./admission.ts";

/**
 * Which template writes the nest of a group. `matmul`: tiles of a GEMM. `conv`: blocks of a convolution. `conv-last`: tiles of
 * one whose channels are the last axis. `rows`: outer loops over rows, whole rows inside.
 * `points`: every element on its own. `reduce`: reduction over axes that are not the last ones. `view`: no code, a way to read another
 * value. `copy`, `concat`, `gather`: data movement. `pack`: a constant put into a kernel's layout. `loops`: a nest that the operator's own
 * row of `templates/loops` writes. `hole`: a call of ONNX Runtime. `merge-nests` makes `attention` (two products and the rows between them) and
 * `matmul-rows` (a product and the rows behind it) of other groups, `chain-nests` makes `chain` (layers over the same rows).
 */
export type TemplateName =
  | "hole"
  | "matmul"
  | "attention"
  | "matmul-rows"
  | "chain"
  | "conv"
  | "conv-last"
  | "rows"
  | "points"
  | "reduce"
  | "view"
  | "copy"
  | "concat"
  | "gather"
  | "pack"
  | "loops";

export class Draft {
  readonly members: { node: number; anchor: string }[] = [];
  readonly produced = new Set<ValueId>();

  constructor(
    readonly id: number,
    readonly leader: Node,
    public template: TemplateName,
    /** Extents all members share. */ readonly space: readonly number[],
  ) {}

  add(node: Node, admission: Pick<Admission, "anchor" | "template">): void {
    this.members.push({ node: node.id, anchor: admission.anchor ?? "nest" });
    this.template = admission.template ?? this.template;
    for (const v of node.outputs) this.produced.add(v);
  }

  finish(): Group {
    const { id, template, leader, members } = this;
    const named = leader.op === "opaque" ? String(leader.attrs["opType"]) : leader.op;
    return { id, name: `${template}_${id}_${named}`, template, leader: leader.id, members, phase: leader.phase, params: {} };
  }
}

/** A group that consists of `node` alone. */
export function newDraft(id: number, graph: Graph, node: Node): Draft {
  const [template, anchor] = ownTemplate(graph, node);
  const draft = new Draft(id, node, template, iterationSpace(graph, node, template));
  draft.add(node, { anchor });
  return draft;
}

function ownTemplate(graph: Graph, node: Node): readonly [TemplateName, string] {
  const kind = nodeKind(graph, node);
  switch (kind.kind) {
    case "elementwise":
      return ["points", "point"];
    case "reduce":
      return reducesLastAxes(graph, node) ? ["rows", "row"] : ["reduce", "nest"];
    case "matmul":
      return ["matmul", "tile"];
    case "hole":
      return ["hole", "call"];
    case "unsupported":
      return bug("an operator that is not compiled has no template", { node: node.name });
    default:
      return [kind.kind, "nest"];
  }
}

/** The extents a nest runs over: for reductions those of the input, for all else those of the output. */
function iterationSpace(graph: Graph, node: Node, template: TemplateName): readonly number[] {
  const reducing = template === "rows" || template === "reduce";
  const value = reducing ? node.inputs[0] : node.outputs[0];
  return value === undefined || value === null ? [] : (staticShape(valueOf(graph, value)) ?? []);
}

/** True when a reduction is over the last axis only: then a row lies contiguous in memory. */
export function reducesLastAxes(graph: Graph, node: Node): boolean {
  const input = node.inputs[0] ?? bug("a reduction without input", { node: `%${node.id}` });
  const rank = staticShape(valueOf(graph, input))?.length ?? 0;
  const axes = reductionAxes(graph, node);
  return axes.length === 1 && axes[0] === rank - 1;
}

/** Axes of a reduction as non-negative numbers, sorted; all axes when none are given. */
export function reductionAxes(graph: Graph, node: Node): readonly number[] {
  const rank = staticShape(valueOf(graph, node.inputs[0] ?? 0))?.length ?? 0;
  const axes = node.attrs["axes"];
  if (!Array.isArray(axes) || axes.length === 0) return Array.from({ length: rank }, (_, i) => i);
  return (axes as readonly number[]).map((a) => (a < 0 ? a + rank : a)).sort((a, b) => a - b);
}

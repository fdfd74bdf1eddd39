/** What is computed on a row of scores, in the order of the graph: every member has a loop over the row of its own; merging them is for later. */
import { bug } from "../../messages.ts";
import { valueOf, type Node, type ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, Stmt } from "../../tensor/ir.ts";
import { reductions, startOf } from "../reductions.ts";
import { operand, resultOf, scalarOf, type TemplateCall } from "../template.ts";
import { leadOf, type NestShape } from "./shape.ts";
import type { RowValues } from "./values.ts";

export interface RowPart {
  readonly call: TemplateCall;
  readonly nest: NestShape;
  readonly values: RowValues;
  /** The rows of scores that the second product will read, and which value is put there. */
  readonly target: { readonly buffer: BufferId; readonly value: ValueId } | undefined;
  /** Members that are left for later. */
  readonly skip: ReadonlySet<Node>;
}

/** Statements for row `row` of the block; the scratch of single rows is brought to life here. */
export function rowMembers(part: RowPart, row: Expr, width: number): Stmt[] {
  return part.nest.rows.filter((n) => !part.skip.has(n)).flatMap((node) => member(part, node, row, width));
}

function member(part: RowPart, node: Node, row: Expr, width: number): Stmt[] {
  const { call, values } = part;
  const { graph, builder } = call;
  if (node.op in reductions) return reduction(part, node, row, width);
  const result = resultOf(node);
  const args = (col: Expr): Expr[] => node.inputs.filter((v) => v !== null).map((v) => values.read(node, v, row, col));
  const wide = width === 1 || (call.storage.shape(result).at(-1) ?? 1) !== 1;
  if (!wide) {
    const value = builder.let(node.op, scalarOf(graph, node, args(x.index(0))), [node.id]);
    values.set(result, { kind: "row", value: value.ref });
    return [value.stmt, ...escape(part, node, row, x.index(0), value.ref)];
  }
  const target = part.target?.value === result ? part.target.buffer : undefined;
  const { dtype } = valueOf(graph, result);
  // Where the product wants fewer bits, other members still read what was computed.
  const rounded = target !== undefined && builder.bufferOf(target).dtype !== dtype ? target : undefined;
  const shared = rounded === undefined ? target : undefined;
  const buffer = shared ?? builder.buffer({ name: node.op, dtype, shape: [width], scope: "thread" });
  const narrowed = (value: Expr, j: Expr): Stmt[] =>
    rounded === undefined
      ? []
      : [builder.store({ buffer: rounded, index: [row, j] }, x.cast(value, builder.bufferOf(rounded).dtype), [node.id])];
  const loop = builder.loop("vector", "j", 0, width, [node.id], (j) => {
    const value = builder.let(node.op, scalarOf(graph, node, args(j)), [node.id]);
    const kept = builder.store({ buffer, index: shared === undefined ? [j] : [row, j] }, value.ref, [node.id]);
    return [value.stmt, kept, ...narrowed(value.ref, j), ...escape(part, node, row, j, value.ref)];
  });
  values.inScratch(result, buffer, shared === undefined);
  return [...(shared === undefined ? [builder.alloc(buffer, [node.id])] : []), loop];
}

function reduction(part: RowPart, node: Node, row: Expr, width: number): Stmt[] {
  const { call, values } = part;
  const { builder, graph } = call;
  const input = operand(node, 0);
  const { dtype } = valueOf(graph, input);
  const r = reductions[node.op] ?? bug(`${node.op} is not a reduction`);
  const acc = builder.register("acc", startOf(r, dtype), [node.id]);
  const loop = builder.loop("vector", "j", 0, width, [node.id], (j) => {
    const e = values.read(node, input, row, j);
    return [builder.accum(acc.ref.id, r.op, r.map?.(e) ?? e, [node.id])];
  });
  const value = builder.let(node.op, r.finish?.(acc.ref, width, dtype) ?? acc.ref, [node.id]);
  values.set(resultOf(node), { kind: "row", value: value.ref });
  return [acc.stmt, loop, value.stmt, ...escape(part, node, row, x.index(0), value.ref)];
}

/** What others read goes to memory, too. */
function escape({ call, values }: RowPart, node: Node, row: Expr, col: Expr, value: Expr): Stmt[] {
  const result = resultOf(node);
  if (!call.escaping.has(result)) return [];
  const lead = values.lead(leadOf(call.graph, node), row);
  const whole = call.storage.shape(result).length > lead.length;
  return [call.builder.store(call.storage.ref(result, { index: whole ? [...lead, col] : lead }), value, [node.id])];
}

/** Epilogues of products: the members of a group after its leader, computed on the register tile, element by element. */
import { type Node, type ValueId } from "../graph/ir.ts";
import type { DType } from "../support/dtype.ts";
import type { Epilogue, Expr, Stmt } from "../tensor/ir.ts";
import { resultOf, scalarOf, type TemplateCall } from "./template.ts";

type Variable = Extract<Expr, { k: "var" }>;

export interface TileResult {
  /** Type of the sums in registers. */
  readonly acc: DType;
  /** The index of the element at a row and column of the block. */
  readonly index: (row: Expr, col: Expr) => readonly Expr[];
  /** What the leader's result is, given the sum; default: the sum. */
  readonly value?: (acc: Expr, row: Expr, col: Expr) => Expr;
  /** Every member has a name, also one that is only stored: the sums have its type already, nothing is narrowed on the way. */
  readonly named?: boolean;
}

/** Row, column and sum of an element: the variables of an epilogue. */
export const tileVars = ({ builder }: TemplateCall, acc: DType): readonly [Variable, Variable, Variable] => [
  builder.variable("row"),
  builder.variable("col"),
  builder.variable("acc", { dtype: acc, lanes: 1 }),
];

/** The leader's result and that of every other member; what something outside of the group reads is stored. */
export function postOps(call: TemplateCall, leader: Node, tile: TileResult): Epilogue {
  const { builder, storage, graph, nodes, escaping } = call;
  const [row, col, acc] = tileVars(call, tile.acc);
  const index = tile.index(row, col);
  const first = tile.value?.(acc, row, col) ?? acc;
  const known = new Map<ValueId, Expr>([[resultOf(leader), first]]);
  const body: Stmt[] = [];
  const others = nodes.filter((n) => n !== leader);
  const isRead = (v: ValueId): boolean => others.some((n) => n.inputs.includes(v));
  const keep = (node: Node, value: Expr): void => {
    if (escaping.has(resultOf(node))) body.push(builder.store(storage.ref(resultOf(node), { index }), value, [node.id]));
  };
  keep(leader, first);
  for (const node of others) {
    const args = node.inputs.filter((v) => v !== null).map((v) => known.get(v) ?? storage.read(v, index));
    const scalar = scalarOf(graph, node, args);
    if (tile.named !== true && !isRead(resultOf(node))) {
      // Stored as it is computed: a narrow type is not wrapped first.
      keep(node, scalar);
      continue;
    }
    const value = builder.let(node.op, scalar, [node.id]);
    body.push(value.stmt);
    known.set(resultOf(node), value.ref);
    keep(node, value.ref);
  }
  return { row: row.id, col: col.id, acc: acc.id, body };
}

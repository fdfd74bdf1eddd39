/** What a template is: it writes the loop nest of one fusion group. Templates are pure apart from the module builder they write through. */
import { bug } from "../messages.ts";
import { opOf } from "../graph/ops/index.ts";
import { valueOf, type Graph, type Group, type Node, type ValueId } from "../graph/ir.ts";
import type { MachineProfile } from "../machine.ts";
import type { Expr, Stmt } from "../tensor/ir.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import type { Storage } from "./storage.ts";

export interface TemplateCall {
  readonly graph: Graph;
  readonly group: Group;
  /** Members in execution order. */
  readonly nodes: readonly Node[];
  readonly builder: ModuleBuilder;
  readonly storage: Storage;
  readonly machine: MachineProfile;
  /** Values of this group that something outside of it reads. */
  readonly escaping: ReadonlySet<ValueId>;
}

export type Template = (call: TemplateCall) => Stmt[];

/** The only result of a node. */
export const resultOf = (node: Node): ValueId => node.outputs[0] ?? bug("an operator without result", { node: node.name });

/** Operand `i`, which must be there. */
export const operand = (node: Node, i: number): ValueId => node.inputs[i] ?? bug(`operand ${i} is missing`, { node: node.name });

/** The value of one element of an elementwise operator. */
export function scalarOf(graph: Graph, node: Node, args: readonly Expr[]): Expr {
  const scalar = opOf(node.op).scalar ?? bug(`${node.op} is not elementwise`, { node: node.name });
  return scalar(args, node.attrs, valueOf(graph, resultOf(node)).dtype);
}

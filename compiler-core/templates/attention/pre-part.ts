/** Operands that are computed element by element when they are brought to scratch (dequantised, scaled): they are never in memory as floats. */
import { bug } from "../../messages.ts";
import type { Node, ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, Stmt } from "../../tensor/ir.ts";
import { plus, times } from "../module-builder.ts";
import { resultOf, scalarOf, type TemplateCall } from "../template.ts";

/** The members that make `value`, in order; none: it is in memory. */
export function makersOf(pre: readonly Node[], value: ValueId): readonly Node[] {
  const wanted = new Set([value]);
  const found: Node[] = [];
  for (const node of [...pre].reverse()) {
    if (!wanted.has(resultOf(node))) continue;
    found.unshift(node);
    for (const v of node.inputs) if (v !== null) wanted.add(v);
  }
  return found;
}

/** An element of `value`: the statements that compute it, and its name. */
export function element(
  call: TemplateCall,
  pre: readonly Node[],
  value: ValueId,
  index: readonly Expr[],
): { readonly stmts: Stmt[]; readonly ref: Expr } {
  const { builder, storage, graph } = call;
  const makers = makersOf(pre, value);
  if (makers.length === 0) return { stmts: [], ref: storage.readAt(value, { index }) };
  const known = new Map<ValueId, Expr>();
  const stmts = makers.map((node) => {
    const args = node.inputs.filter((v) => v !== null).map((v) => known.get(v) ?? storage.read(v, index));
    const made = builder.let(node.op, scalarOf(graph, node, args), [node.id]);
    known.set(resultOf(node), made.ref);
    return made.stmt;
  });
  return { stmts, ref: known.get(value) ?? bug("an operand that nobody makes") };
}

/** Column panels of a k x n operand, filled where it is computed; `at` gives the operand's index of a step and a column. */
export function filledPanels(
  call: TemplateCall,
  pre: readonly Node[],
  value: ValueId,
  s: { readonly k: number; readonly n: number },
  nr: number,
  panels: BufferId,
  at: (k: Expr, col: Expr) => readonly Expr[],
): Stmt {
  const { builder } = call;
  const origin = makersOf(pre, value).map((n) => n.id);
  return builder.loop("serial", "panel", 0, Math.ceil(s.n / nr), origin, (panel) => {
    const from = times(panel, nr);
    const width = s.n % nr === 0 ? x.index(nr) : x.binary("min", x.index(nr), x.sub(x.index(s.n), from));
    const named = builder.let("width", width, origin);
    const known = width.k === "const";
    const rows = builder.loop("serial", "p", 0, s.k, origin, (p) => [
      builder.loop("vector", "j", 0, known ? width : named.ref, origin, (j) => {
        const e = element(call, pre, value, at(p, plus(from, j)));
        return [...e.stmts, builder.store({ buffer: panels, index: [panel, p, j] }, e.ref, origin)];
      }),
    ]);
    return known ? [rows] : [named.stmt, rows];
  });
}

/** A matrix in scratch, row by row, filled where it is computed. */
export function filledRows(
  call: TemplateCall,
  pre: readonly Node[],
  value: ValueId,
  size: { readonly rows: Expr; readonly width: number },
  target: BufferId,
  at: (row: Expr, col: Expr) => readonly Expr[],
  origin: readonly number[],
): Stmt {
  const { builder } = call;
  return builder.loop("serial", "i", 0, size.rows, origin, (i) => [
    builder.loop("vector", "p", 0, size.width, origin, (p) => {
      const e = element(call, pre, value, at(i, p));
      return [...e.stmts, builder.store({ buffer: target, index: [i, p] }, e.ref, origin)];
    }),
  ]);
}

/**
 * Nests over the same rows as one: each thread takes its rows through all of them, so nobody waits in between, and what goes from one to the next stays
 * in scratch of the thread.
 *
 *   for t in 0..ceil(m / rows) parallel
 *     part 0 on rows t*rows ...
 *     part 1 on rows t*rows ...
 */
import { bug } from "../messages.ts";
import { valueOf, type Group, type Node, type ValueId } from "../graph/ir.ts";
import { usersOf } from "../graph/users.ts";
import * as x from "../tensor/build.ts";
import type { Expr, Stmt } from "../tensor/ir.ts";
import { substitute } from "../tensor/rewrite.ts";
import { attention } from "./attention/index.ts";
import { partsOf } from "./chain-parts.ts";
import { matmul } from "./matmul.ts";
import { isPackedProduct, matmulPacked } from "./matmul-packed.ts";
import { plus, times, unlinear } from "./module-builder.ts";
import { elementStore } from "./points.ts";
import { reductions } from "./reductions.ts";
import { member, rowSpace } from "./rows.ts";
import { operand, resultOf, type Template, type TemplateCall } from "./template.ts";
import { dtypeBytes } from "../support/dtype.ts";
import { isResult } from "../graph/find-node.ts";

/** Rows at this many bytes from each other share a few sets of the nearest cache. */
const collidingBytes = 2048;

export const chain: Template = (call) => {
  const { builder, group, nodes } = call;
  const rows = numberParam(group.params, "rows");
  const parts = partsOf(group);
  const byId = new Map(nodes.map((n) => [n.id, n]));
  const nodesOf = (part: Group): Node[] => part.members.map((m) => byId.get(m.node) ?? bug("a part with a foreign member"));
  const total = rowsOf(call, parts[0] ?? bug("a chain of nothing"), nodesOf);
  const pieces = Math.ceil(total / rows);
  const origin = nodes.map((n) => n.id);
  const t = builder.variable("t");
  const first = pieces === 1 ? x.index(0) : times(t, rows);
  const kept = keptValues(call, parts, nodesOf);
  const allocs = kept.map((v) =>
    builder.alloc(call.storage.keepRows(v, first, Math.min(rows, total), pitchOf(call, v)), makersOf(nodes, v)),
  );
  const bodies = parts.map((part) => partBody(call, part, nodesOf(part), { t, first, rows, total, pieces }));
  const body = [...allocs, ...bodies.flat()];
  if (pieces === 1) return body;
  const loop = builder.loop("parallel", "t", 0, pieces, origin, () => body);
  return [{ ...loop, v: t.id }];
};

interface Share {
  readonly t: Extract<Expr, { k: "var" }>;
  readonly first: Expr;
  readonly rows: number;
  readonly total: number;
  readonly pieces: number;
}

/** One part on the rows of an iteration: the body of the loop that its own template writes, which goes over the same pieces. */
function partBody(call: TemplateCall, part: Group, nodes: readonly Node[], share: Share): readonly Stmt[] {
  const own: TemplateCall = { ...call, group: part, nodes, escaping: leaving(call, nodes) };
  if (part.template === "rows" || part.template === "points") return eachRow(own, share);
  const template: Template = part.template === "matmul-rows" ? attention : isPackedProduct(nodes[0]) ? matmulPacked : matmul;
  const stmts = template(own);
  if (share.pieces === 1) return stmts;
  const [loop] = stmts;
  if (loop?.k !== "for" || stmts.length !== 1 || loop.kind !== "parallel") return bug("a part of a chain that shares out something else");
  return substitute(loop.body, new Map([[loop.v, share.t]]));
}

/** Rows and elements, one row after the other. */
function eachRow(call: TemplateCall, { first, rows, total, pieces }: Share): readonly Stmt[] {
  const { builder, nodes } = call;
  const origin = nodes.map((n) => n.id);
  const space = spaceOf(call);
  const width = space.at(-1) ?? 1;
  const whole = total % rows === 0 || pieces === 1;
  const size = builder.let("rows", x.binary("min", x.index(rows), x.sub(x.index(total), first)), origin);
  const count = whole ? x.index(Math.min(rows, total)) : size.ref;
  const loop = builder.loop("serial", "r", 0, count, origin, (r) => {
    const row = unlinear(plus(first, r), space.slice(0, -1));
    return nodes.flatMap((node) =>
      nodes.some((n) => n.op in reductions)
        ? member(call, node, row, width)
        : [builder.loop("vector", "j", 0, width, [node.id], (j) => [elementStore(call, node, [...row, j])])],
    );
  });
  return whole ? [loop] : [size.stmt, loop];
}

function spaceOf(call: TemplateCall): readonly number[] {
  const [node] = call.nodes;
  if (call.nodes.some((n) => n.op in reductions)) return rowSpace(call);
  return call.storage.shape(resultOf(node ?? bug("an empty part")));
}

/** Rows that a part runs over, as one number. */
function rowsOf(call: TemplateCall, part: Group, nodesOf: (part: Group) => Node[]): number {
  const nodes = nodesOf(part);
  const [leader] = nodes;
  const lead =
    part.template === "rows" || part.template === "points"
      ? spaceOf({ ...call, nodes })
      : call.storage.shape(operand(leader ?? bug("an empty part"), 0));
  return lead.slice(0, -1).reduce((a, d) => a * d, 1);
}

/** What others than these nodes read. */
const leaving = ({ graph }: TemplateCall, nodes: readonly Node[]): ReadonlySet<ValueId> => {
  const inside = new Set(nodes.map((n) => n.id));
  const isRead = (v: ValueId): boolean => isResult(graph, v) || usersOf(graph, v).some((n) => !inside.has(n.id));
  return new Set(nodes.flatMap((n) => n.outputs).filter(isRead));
};

/** Values that go from one part to another, and nowhere else: only rows of them exist. */
function keptValues(call: TemplateCall, parts: readonly Group[], nodesOf: (part: Group) => Node[]): readonly ValueId[] {
  const inside = new Set(call.nodes.map((n) => n.id));
  return parts.flatMap((part) => [...leaving(call, nodesOf(part))].filter((v) => staysInside(call, v, inside)));
}

/** Nobody else reads it, as it is or by way of a view. */
function staysInside(call: TemplateCall, value: ValueId, inside: ReadonlySet<number>): boolean {
  const { graph, storage } = call;
  if (isResult(graph, value)) return false;
  return usersOf(graph, value).every((n) => {
    const [out] = n.outputs;
    return inside.has(n.id) || (out !== undefined && storage.plan.views.has(out) && staysInside(call, out, inside));
  });
}

const makersOf = (nodes: readonly Node[], value: ValueId): number[] => nodes.filter((n) => n.outputs.includes(value)).map((n) => n.id);

function pitchOf({ graph, storage }: TemplateCall, value: ValueId): number {
  const width = storage.shape(value).at(-1) ?? 1;
  const bytes = dtypeBytes(valueOf(graph, value).dtype, 1);
  return (width * bytes) % collidingBytes === 0 ? width + 64 / bytes : width;
}

const numberParam = (params: Group["params"], name: string): number => {
  const value = params[name];
  return typeof value === "number" ? value : bug(`the chain template lacks parameter ${name}`);
};

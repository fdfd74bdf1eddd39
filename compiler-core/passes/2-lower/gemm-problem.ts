/** Between a graph's matrix products and the search space of their parameters. */
import { elements, staticShape, valueOf, type Graph, type Node } from "../../graph/ir.ts";
import { resolveIsa, type MachineProfile } from "../../machine.ts";
import type { GemmShape } from "../../templates/gemm-shape.ts";
import { operand } from "../../templates/template.ts";
import { findTuned } from "../../tuned.ts";
import type { PassContext } from "../pass.ts";
import { gemmFamilies, isGemmKernel, usualTile } from "./gemm-families.ts";
import { gemmProblemKey, pointProblem, type GemmPoint, type GemmProblem } from "./gemm-space.ts";
import { isCollidingPitch } from "./storage-plan.ts";

/** Parameters of a template. */
export type Params = Readonly<Record<string, number | string>>;

/** The problem that a product of the graph is to the search space. */
export function gemmProblem(graph: Graph, node: Node, s: GemmShape, ctx: Pick<PassContext, "options" | "machine">): GemmProblem {
  const a = valueOf(graph, operand(node, 0));
  const { layout } = valueOf(graph, operand(node, 1));
  const batch = s.batch.reduce((x, d) => x * d, 1);
  const hasRows = !s.aIsVector && (staticShape(a)?.length ?? 0) >= 2;
  // Rows of values that are made inside are padded where they would collide.
  const outside = graph.inputs.includes(a.id) || a.constant !== undefined;
  return {
    kernel: "gemm_f32",
    m: s.m,
    n: s.n,
    k: s.k,
    batch,
    threads: batch === 1 ? ctx.options.threads : 1,
    isa: resolveIsa(ctx.options.isa, ctx.machine),
    b: s.bLayout === "panels" ? "panels" : "rows",
    ...(layout === "plain" || s.bLayout !== "panels" ? {} : { panel: layout.inner[0]?.size ?? 0 }),
    colliding: outside && hasRows && isCollidingPitch(s.k),
    mayCopy: hasRows,
  };
}

/** The problem that a product of packed bytes is; undefined: its kernel has no parameters. */
export function packedProblem(graph: Graph, node: Node, ctx: Pick<PassContext, "options" | "machine">): GemmProblem | undefined {
  const kernel = node.attrs["kernel"];
  if (node.op !== "matmul-packed" || !isGemmKernel(kernel)) return undefined;
  const shape = staticShape(valueOf(graph, operand(node, 0))) ?? [];
  const [m, k] = [elements(shape.slice(0, -1)), shape.at(-1) ?? 1];
  const { threads } = ctx.options;
  const panel = staticShape(valueOf(graph, operand(node, 1)))?.[2] ?? 0;
  return { kernel, m, n: Number(node.attrs["n"]), k, batch: 1, threads, isa: resolveIsa(ctx.options.isa, ctx.machine), b: "panels", panel };
}

/** What is as usual is left out, so that plain choices read plainly. */
export function templateParams(point: GemmPoint, { isa, kernel }: Pick<GemmProblem, "isa" | "kernel">): Params {
  const { rowsPerThread, colsPerThread, mr, nr, mc, nc, kc, order, copyA, parts } = point;
  const usual = usualTile(kernel, isa);
  const { divides } = gemmFamilies[kernel];
  return {
    kernel,
    rowsPerThread,
    colsPerThread,
    mc,
    ...(divides ? { kc, nr, copyA } : {}),
    ...(mr === usual.mr && nr === usual.nr ? {} : { mr }),
    ...(nc < colsPerThread ? { nc } : {}),
    ...(order === "rows" ? {} : { order }),
    ...(parts === undefined ? {} : { parts }),
  };
}

/** The point that parameters of the template stand for: what they leave out is as usual. */
export function pointOfParams(params: Params, p: Pick<GemmProblem, "isa" | "kernel" | "panel" | "k">): GemmPoint {
  const size = (name: string, otherwise: number): number => (typeof params[name] === "number" ? params[name] : otherwise);
  const usual = usualTile(p.kernel, p.isa);
  const colsPerThread = size("colsPerThread", 1);
  return {
    rowsPerThread: size("rowsPerThread", 1),
    colsPerThread,
    mr: size("mr", usual.mr),
    nr: size("nr", p.panel ?? usual.nr),
    mc: size("mc", 1),
    nc: size("nc", colsPerThread),
    kc: size("kc", p.k),
    order: params["order"] === "columns" ? "columns" : "rows",
    copyA: params["copyA"] === 1 ? 1 : 0,
    ...(typeof params["parts"] === "number" ? { parts: params["parts"] } : {}),
  };
}

/** Columns of the panels that a constant B is packed into, for a product of these sizes. */
export function panelWidth(machine: MachineProfile, p: Omit<GemmProblem, "panel" | "b">): number {
  const entry = findTuned(machine.tuned, gemmProblemKey({ ...p, b: "panels" }));
  const usable = entry !== undefined && pointProblem(entry.params, { ...p, b: "panels", mayCopy: true }) === undefined;
  return usable ? Number(entry.params["nr"]) : usualTile(p.kernel, p.isa).nr;
}

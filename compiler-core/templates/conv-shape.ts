/** The sizes of a convolution as its template sees them. */
import { bug } from "../messages.ts";
import { staticShape, valueOf, type Graph, type Node } from "../graph/ir.ts";
import { intsAttr } from "../graph/ops/op.ts";
import { threeAxes, windowOf, type WindowAxis } from "../graph/window.ts";
import { operand } from "./template.ts";

/** What a convolution is before its kernel matrix is packed. */
export type ConvGeometry = Omit<ConvShape, "tile">;

export interface ConvShape {
  readonly batch: number;
  readonly groups: number;
  /** Per group. */
  readonly channels: number;
  readonly rows: number;
  readonly k: number;
  readonly axes: readonly [WindowAxis, WindowAxis, WindowAxis];
  readonly plane: number;
  readonly columns: number;
  /** Rows of a tile: the panel height the kernel matrix was packed with. */
  readonly tile: number;
}

export function convShape(graph: Graph, node: Node): ConvShape {
  const { layout } = valueOf(graph, operand(node, 1));
  const tile = layout === "plain" ? undefined : layout.inner[0]?.size;
  return { ...convGeometry(graph, node), tile: tile ?? bug("a kernel matrix that was not packed", { node: node.name }) };
}

export function convGeometry(graph: Graph, node: Node): ConvGeometry {
  const input = staticShape(valueOf(graph, operand(node, 0))) ?? bug("a convolution of unknown shape", { node: node.name });
  const weights = valueOf(graph, operand(node, 1));
  const [groups, rows, k] = (staticShape(weights) ?? []) as readonly [number, number, number];
  const window = windowOf(node.attrs, input.slice(2), intsAttr(node.attrs, "kernel"));
  const axes = threeAxes(flattened(window)) ?? bug("more than three spatial axes", { node: node.name });
  const size = (of: "input" | "output"): number => axes.reduce((n, a) => n * a[of], 1);
  return {
    batch: input[0] ?? 1,
    groups,
    channels: (input[1] ?? 1) / groups,
    rows,
    k,
    axes,
    plane: size("input"),
    columns: size("output"),
  };
}

/** Without taps, strides and padding the spatial axes are one: longer rows to unfold. */
function flattened(axes: readonly WindowAxis[]): readonly WindowAxis[] {
  if (!axes.every((a) => a.kernel === 1 && a.stride === 1 && a.begin === 0 && a.end === 0)) return axes;
  const all = axes.reduce((n, a) => n * a.input, 1);
  return [{ input: all, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0, output: all }];
}

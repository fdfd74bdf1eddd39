/** The sizes of a convolution with channels last as its template sees them. */
import { bug } from "../messages.ts";
import { staticShape, valueOf, type Graph, type Node } from "../graph/ir.ts";
import { segmentsOf } from "../graph/ops/conv-last.ts";
import { intsAttr } from "../graph/ops/op.ts";
import { threeAxes, windowOf } from "../graph/window.ts";
import type { DType } from "../support/dtype.ts";
import { operand } from "./template.ts";

export interface LastShape {
  readonly batch: number;
  readonly outputs: number;
  readonly outRows: number;
  /** The window as the kernels' parameters: see windowParams. */
  readonly window: {
    readonly rows: number;
    readonly columns: number;
    readonly channels: number;
    readonly kh: number;
    readonly kw: number;
    readonly sy: number;
    readonly sx: number;
    readonly dy: number;
    readonly dx: number;
    readonly top: number;
    readonly left: number;
    readonly out_columns: number;
  };
  readonly dtype: DType;
  readonly depthwise: boolean;
  /** Is the kernel transformed? Tiles of 2 x 2 elements are computed then. */
  readonly winograd: boolean;
  /** Are rows copied, with their padding, before they are read? */
  readonly copy: boolean;
}

export function lastShape(graph: Graph, node: Node): LastShape {
  const image = valueOf(graph, operand(node, 0));
  const [batch, rows, columns, channels] = (staticShape(image) ?? bug("an image of unknown shape", { node: node.name })) as readonly [
    number,
    number,
    number,
    number,
  ];
  const kernel = intsAttr(node.attrs, "kernel");
  const [, y, x] = threeAxes(windowOf(node.attrs, [rows, columns], kernel)) ?? bug("more than three spatial axes");
  const inside = (a: typeof x): boolean => a.begin === 0 && (a.output - 1) * a.stride + (a.kernel - 1) * a.dilation < a.input;
  const segments = segmentsOf(kernel, [y.dilation, x.dilation], channels, image.dtype !== "f32");
  const [depthwise, winograd] = [node.op === "depthwise-last", node.op === "winograd-last"];
  return {
    batch,
    outputs: depthwise ? channels : Number(node.attrs["outputs"]),
    outRows: y.output,
    window: {
      rows,
      columns,
      channels,
      kh: y.kernel,
      kw: x.kernel,
      sy: y.stride,
      sx: x.stride,
      dy: y.dilation,
      dx: x.dilation,
      top: y.begin,
      left: x.begin,
      out_columns: x.output,
    },
    dtype: image.dtype,
    depthwise,
    winograd,
    copy: !depthwise && !winograd && !(inside(y) && inside(x) && segments.length === segments.padded),
  };
}

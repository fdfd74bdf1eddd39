/**
 * The windows of an image as columns of a matrix. A thread takes whole planes; where there is padding or a stride, it reads a copy of the plane
 * in which neighbouring windows read neighbouring elements, so that every row of the image is one plain copy for each tap.
 */
import { bug } from "../../messages.ts";
import { valueOf } from "../../graph/ir.ts";
import { intAttr, intsAttr } from "../../graph/ops/op.ts";
import { threeAxes, windowOf } from "../../graph/window.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { plus, times } from "../module-builder.ts";
import { operand, resultOf, type Template } from "../template.ts";
import { copyPlane, inPlane, planeIndex, planeShape, readsInPlace } from "./window-plane.ts";

export const unfoldLoops: Template = (call) => {
  const { builder, storage, graph } = call;
  const node = call.nodes[0] ?? bug("an empty group");
  const origin = [node.id];
  const source = operand(node, 0);
  const { dtype } = valueOf(graph, source);
  const shape = storage.shape(source);
  const axes =
    threeAxes(windowOf(node.attrs, shape.slice(2), intsAttr(node.attrs, "kernel"))) ??
    bug("more than three spatial axes", { node: node.name });
  const [batch, channels] = [shape[0] ?? 1, shape[1] ?? 1];
  const taps = axes.reduce((n, a) => n * a.kernel, 1);
  const positions = axes.reduce((n, a) => n * a.output, 1);
  const direct = readsInPlace(axes);
  const [kernelOf, outputOf] = [axes.map((a) => a.kernel), axes.map((a) => a.output)];
  const inOrder = ([a, b, c]: readonly Expr[], extents: readonly number[]): Expr =>
    plus(times(plus(times(a!, extents[1]!), b!), extents[2]!), c!);
  const loops = (
    names: readonly string[],
    extents: readonly number[],
    body: (at: readonly Expr[]) => Stmt[],
    at: readonly Expr[] = [],
  ): Stmt[] => {
    const [name] = names.slice(at.length);
    if (name === undefined) return body(at);
    const extent = extents[at.length] ?? 1;
    if (extent === 1) return loops(names, extents, body, [...at, x.index(0)]);
    return [builder.loop("serial", name, 0, extent, origin, (i) => loops(names, extents, body, [...at, i]))];
  };
  return [
    builder.loop("parallel", "plane", 0, batch * channels, origin, (plane) => {
      const copy = direct ? undefined : builder.buffer({ name: "padded", dtype, shape: planeShape(axes), scope: "thread" });
      const image = batch === 1 ? x.index(0) : x.div(plane, x.index(channels));
      const channel = batch === 1 ? plane : x.binary("mod", plane, x.index(channels));
      const copies = loops(["kz", "ky", "kx"], kernelOf, (tap) =>
        loops(["z", "y"], outputOf, ([oz, oy]) => [
          builder.loop("vector", "x", 0, axes[2].output, origin, (ox) => {
            const [, pz, py, px] = planeIndex(axes, [oz!, oy!, ox], [tap[0]!, tap[1]!, tap[2]!]);
            const value =
              copy === undefined
                ? (storage.literal(source) ?? storage.readAt(source, inPlane(shape, plane, [pz!, py!, px!])))
                : x.load(copy, planeIndex(axes, [oz!, oy!, ox], [tap[0]!, tap[1]!, tap[2]!]), dtype);
            const row = plus(times(channel, taps), inOrder(tap, kernelOf));
            const column = plus(times(image, positions), inOrder([oz!, oy!, ox], outputOf));
            return [builder.store(storage.ref(resultOf(node), { index: [row, column] }), value, origin)];
          }),
        ]),
      );
      if (copy === undefined) return copies;
      const fill = copyPlane(call, source, plane, axes, { buffer: copy, lead: [] }, intAttr(node.attrs, "fill"));
      return [builder.alloc(copy, origin), ...fill, ...copies];
    }),
  ];
};

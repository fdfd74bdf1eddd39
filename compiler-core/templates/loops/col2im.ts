/**
 * Folding of columns into images: a thread owns whole planes of the result.
 *
 *   for plane parallel
 *     plane = 0
 *     for taps: for block positions that put this tap inside: plane[position] += column
 */
import { bug } from "../../messages.ts";
import { valueOf } from "../../graph/ir.ts";
import { foldingAxes } from "../../graph/ops/conv-transpose.ts";
import { threeAxes, type WindowAxis } from "../../graph/window.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { plus, times } from "../module-builder.ts";
import { operand, resultOf, type Template } from "../template.ts";

/** Block positions for which a tap lies inside of the image: first, and one past the last. */
function insideRange(a: WindowAxis, tap: Expr): readonly [Expr, Expr] {
  const shift = times(tap, a.dilation);
  const per = (e: Expr): Expr => (a.stride === 1 ? e : x.div(e, x.index(a.stride)));
  const missing = x.binary("max", x.index(0), x.sub(x.index(a.begin), shift));
  const room = x.binary("max", x.index(0), x.sub(x.index(a.output - 1 + a.begin + a.stride), shift));
  return [a.begin === 0 ? x.index(0) : per(plus(missing, a.stride - 1)), x.binary("min", x.index(a.input), per(room))];
}

export const col2imLoops: Template = (call) => {
  const { builder, storage, graph, nodes } = call;
  const node = nodes[0] ?? bug("an empty group");
  const [input, output] = [operand(node, 0), resultOf(node)];
  const axes = threeAxes(foldingAxes(node.attrs)) ?? bug("more than three spatial axes", { node: node.name });
  const [z, y, h] = axes;
  const { dtype } = valueOf(graph, output);
  const [n, channels] = storage.shape(output) as [number, number];
  const origin = [node.id];
  const size = (of: "input" | "kernel" | "output"): number => axes.reduce((p, a) => p * a[of], 1);
  const [positions, taps, result] = [size("input"), size("kernel"), size("output")];
  const at = (a: WindowAxis, position: Expr, tap: Expr): Expr => plus(plus(times(position, a.stride), times(tap, a.dilation)), -a.begin);
  return [
    builder.loop("parallel", "plane", 0, n * channels, origin, (plane) => {
      const blank = builder.loop("vector", "i", 0, result, origin, (i) => [
        builder.store(storage.ref(output, { offset: plus(times(plane, result), i) }), x.constant(0, dtype), origin),
      ]);
      const add = (tap: readonly [Expr, Expr, Expr], position: readonly [Expr, Expr, Expr]): Stmt => {
        const [oz, oy, ox] = [at(z, position[0], tap[0]), at(y, position[1], tap[1]), at(h, position[2], tap[2])];
        const to = plus(times(plane, result), plus(times(plus(times(oz, y.output), oy), h.output), ox));
        const row = plus(times(plus(times(tap[0], y.kernel), tap[1]), h.kernel), tap[2]);
        const column = plus(times(plus(times(position[0], y.input), position[1]), h.input), position[2]);
        const from = plus(times(plus(times(plane, taps), row), positions), column);
        const value = storage.literal(input) ?? storage.readAt(input, { offset: from });
        return builder.store(storage.ref(output, { offset: to }), x.add(storage.readAt(output, { offset: to }), value), origin);
      };
      const overPositions = (tap: readonly [Expr, Expr, Expr]): Stmt =>
        builder.loop("serial", "z", ...insideRange(z, tap[0]), origin, (pz) => [
          builder.loop("serial", "y", ...insideRange(y, tap[1]), origin, (py) => [
            builder.loop("vector", "x", ...insideRange(h, tap[2]), origin, (px) => [add(tap, [pz, py, px])]),
          ]),
        ]);
      const sums = builder.loop("serial", "kz", 0, z.kernel, origin, (kz) => [
        builder.loop("serial", "ky", 0, y.kernel, origin, (ky) => [
          builder.loop("serial", "kx", 0, h.kernel, origin, (kx) => [overPositions([kz, ky, kx])]),
        ]),
      ]);
      return [blank, sums];
    }),
  ];
};

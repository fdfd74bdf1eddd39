/** Max pooling with the position of each largest element: one window after the other, the first of equals counts. */
import { valueOf, type Node } from "../../graph/ir.ts";
import { intAttr } from "../../graph/ops/op.ts";
import { poolAxes } from "../../graph/ops/pool.ts";
import type { WindowAxis } from "../../graph/window.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { reduceIdentity } from "../../tensor/semantics.ts";
import { plus, times } from "../module-builder.ts";
import { operand, type TemplateCall } from "../template.ts";

/** The first tap of an output position that is inside, and the one after the last. */
function tapRange(a: WindowAxis, o: Expr): readonly [Expr, Expr] {
  const inFront = x.binary("max", x.index(0), x.sub(x.index(a.begin), times(o, a.stride)));
  const left = x.sub(x.index(a.input + a.begin + a.dilation - 1), times(o, a.stride));
  const per = (e: Expr): Expr => (a.dilation === 1 ? e : x.div(e, x.index(a.dilation)));
  return [a.begin === 0 ? x.index(0) : per(plus(inFront, a.dilation - 1)), x.binary("min", x.index(a.kernel), per(left))];
}

export function maxPoolPositions(call: TemplateCall, node: Node): Stmt[] {
  const { builder, storage, graph } = call;
  const input = operand(node, 0);
  const [values, places] = node.outputs as readonly [number, number];
  const shape = storage.shape(input);
  const axes = poolAxes(node.attrs, shape);
  const [z, y, h] = axes;
  const { dtype } = valueOf(graph, input);
  const origin = [node.id];
  const [plane, result] = [z.input * y.input * h.input, z.output * y.output * h.output];
  const columnMajor = intAttr(node.attrs, "storageOrder") === 1;
  const at = (a: WindowAxis, o: Expr, t: Expr): Expr => plus(plus(times(o, a.stride), times(t, a.dilation)), -a.begin);
  return [
    builder.loop("parallel", "plane", 0, (shape[0] ?? 1) * (shape[1] ?? 1), origin, (p) => {
      const overOutputs = (body: (o: readonly [Expr, Expr, Expr]) => Stmt[]): Stmt =>
        builder.loop("serial", "z", 0, z.output, origin, (oz) => [
          builder.loop("serial", "y", 0, y.output, origin, (oy) => [
            builder.loop("serial", "x", 0, h.output, origin, (ox) => body([oz, oy, ox])),
          ]),
        ]);
      return [
        overOutputs(([oz, oy, ox]) => {
          const ranges = [tapRange(z, oz), tapRange(y, oy), tapRange(h, ox)] as const;
          const best = builder.register("best", x.constant(Number(reduceIdentity("max", dtype)), dtype), origin);
          const place = builder.register("place", x.index(-1), origin);
          const loops = builder.loop("serial", "kz", ...ranges[0], origin, (tz) => [
            builder.loop("serial", "ky", ...ranges[1], origin, (ty) => [
              builder.loop("serial", "kx", ...ranges[2], origin, (tx) => {
                const [iz, iy, ix] = [at(z, oz, tz), at(y, oy, ty), at(h, ox, tx)];
                const offset = plus(times(plus(times(iz, y.input), iy), h.input), ix);
                const where = columnMajor ? plus(iz, plus(times(iy, z.input), times(ix, z.input * y.input))) : offset;
                const value = builder.let(
                  "value",
                  storage.literal(input) ?? storage.readAt(input, { offset: plus(times(p, plane), offset) }),
                  origin,
                );
                const better = x.binary("or", x.binary("gt", value.ref, best.ref), x.binary("lt", place.ref, x.index(0)));
                const isBetter = builder.let("better", better, origin);
                return [
                  value.stmt,
                  isBetter.stmt,
                  builder.assign(place.ref.id, x.select(isBetter.ref, where, place.ref), origin),
                  builder.assign(best.ref.id, x.select(isBetter.ref, value.ref, best.ref), origin),
                ];
              }),
            ]),
          ]);
          const to = plus(times(p, result), plus(times(plus(times(oz, y.output), oy), h.output), ox));
          return [
            best.stmt,
            place.stmt,
            loops,
            builder.store(storage.ref(values, { offset: to }), best.ref, origin),
            builder.store(storage.ref(places, { offset: to }), plus(times(p, plane), place.ref), origin),
          ];
        }),
      ];
    }),
  ];
}

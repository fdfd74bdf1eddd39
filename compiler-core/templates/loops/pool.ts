/**
 * Pooling: a thread takes whole planes, puts each into a padded copy of its own, and computes rows of windows side by side.
 *
 *   for plane parallel
 *     copy the plane with its padding
 *     for oz, oy: for ox vector: combine the taps
 */
import { bug } from "../../messages.ts";
import { valueOf, type Node } from "../../graph/ir.ts";
import { boolAttr, intAttr } from "../../graph/ops/op.ts";
import { poolAxes } from "../../graph/ops/pool.ts";
import type { WindowAxis } from "../../graph/window.ts";
import type { DType } from "../../support/dtype.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, ReduceOp, Stmt } from "../../tensor/ir.ts";
import { reduceIdentity } from "../../tensor/semantics.ts";
import { plus, times } from "../module-builder.ts";
import { operand, resultOf, type Template, type TemplateCall } from "../template.ts";
import { maxPoolPositions } from "./max-pool-positions.ts";
import { copyPlane, inPlane, planeIndex, planeShape, readsInPlace, type Axes } from "./window-plane.ts";

interface Pooling {
  readonly op: ReduceOp;
  readonly term: (e: Expr) => Expr;
  readonly finish: (e: Expr, divisor: Expr | undefined) => Expr;
  /** Is the sum divided by the number of elements? */
  readonly mean?: boolean;
}

const same = (e: Expr): Expr => e;
const like = (v: number, e: Expr): Expr => x.constant(v, e.type.dtype);

function poolingOf(node: Node): Pooling {
  if (node.op === "max-pool") return { op: "max", term: same, finish: same };
  if (node.op === "average-pool") return { op: "add", term: same, finish: (e, n) => (n === undefined ? e : x.div(e, n)), mean: true };
  const p = intAttr(node.attrs, "p");
  if (p === 1) return { op: "add", term: (e) => x.unary("abs", e), finish: same };
  if (p === 2) return { op: "add", term: (e) => x.mul(e, e), finish: (e) => x.unary("sqrt", e) };
  return {
    op: "add",
    term: (e) => x.binary("pow", x.unary("abs", e), like(p, e)),
    finish: (e) => x.binary("pow", e, like(1 / p, e)),
  };
}

/** More taps than this are a loop in the code. */
const writtenOut = 16;

export const poolLoops: Template = (call) => {
  const { builder, storage, graph, nodes } = call;
  const node = nodes[0] ?? bug("an empty group");
  if (node.outputs.length > 1) return maxPoolPositions(call, node);
  const input = operand(node, 0);
  const shape = storage.shape(input);
  const axes = poolAxes(node.attrs, shape);
  const { dtype } = valueOf(graph, input);
  const pooling = poolingOf(node);
  const origin = [node.id];
  const result = axes.reduce((n, a) => n * a.output, 1);
  const direct = readsInPlace(axes);
  const counts = pooling.mean === true ? countRow(call, node, axes[2], dtype) : undefined;
  return [
    builder.loop("parallel", "plane", 0, (shape[0] ?? 1) * (shape[1] ?? 1), origin, (at) => {
      const copy = direct ? undefined : builder.buffer({ name: "padded", dtype, shape: planeShape(axes), scope: "thread" });
      const fill = Number(pooling.op === "max" ? reduceIdentity("max", dtype) : 0);
      const allocs = [copy, counts?.buffer].flatMap((b) => (b === undefined ? [] : [builder.alloc(b, origin)]));
      const before = copy === undefined ? [] : copyPlane(call, input, at, axes, { buffer: copy, lead: [] }, fill);
      const element = (output: Place, tap: Place): Expr => {
        const [, iz, iy, ix] = planeIndex(axes, output, tap);
        if (copy !== undefined) return x.load(copy, planeIndex(axes, output, tap), dtype);
        return storage.literal(input) ?? storage.readAt(input, inPlane(shape, at, [iz!, iy!, ix!]));
      };
      const rows = builder.loop("serial", "z", 0, axes[0].output, origin, (z) => [
        builder.loop("serial", "y", 0, axes[1].output, origin, (y) => {
          const near = counts === undefined ? undefined : builder.let("near", rowCount(node, axes, z, y, dtype), origin);
          const row = builder.loop("vector", "x", 0, axes[2].output, origin, (h) => {
            const [stmts, value] = combine(call, node, axes, pooling, (tap) => element([z, y, h], tap), dtype);
            const divisor = near === undefined ? undefined : x.mul(near.ref, x.load(counts!.buffer, [h], dtype));
            const to = plus(times(at, result), plus(times(plus(times(z, axes[1].output), y), axes[2].output), h));
            return [...stmts, builder.store(storage.ref(resultOf(node), { offset: to }), pooling.finish(value, divisor), origin)];
          });
          return near === undefined ? [row] : [near.stmt, row];
        }),
      ]);
      return [...allocs, ...(counts === undefined ? [] : [counts.fill]), ...before, rows];
    }),
  ];
};

type Place = readonly [Expr, Expr, Expr];

/** The taps of one window combined: written out when they are few. */
function combine(
  call: TemplateCall,
  node: Node,
  axes: Axes,
  pooling: Pooling,
  element: (tap: Place) => Expr,
  dtype: DType,
): readonly [Stmt[], Expr] {
  const { builder } = call;
  const origin = [node.id];
  const [kz, ky, kx] = axes.map((a) => a.kernel) as [number, number, number];
  if (kz * ky * kx <= writtenOut) {
    let sum: Expr | undefined;
    for (let a = 0; a < kz; a++)
      for (let b = 0; b < ky; b++)
        for (let c = 0; c < kx; c++) {
          const term = pooling.term(element([x.index(a), x.index(b), x.index(c)]));
          sum = sum === undefined ? term : x.binary(pooling.op, sum, term);
        }
    return [[], sum ?? x.constant(0, dtype)];
  }
  const acc = builder.register("acc", x.constant(Number(reduceIdentity(pooling.op, dtype)), dtype), origin);
  const loops = builder.loop("serial", "kz", 0, kz, origin, (a) => [
    builder.loop("serial", "ky", 0, ky, origin, (b) => [
      builder.loop("serial", "kx", 0, kx, origin, (c) => [builder.accum(acc.ref.id, pooling.op, pooling.term(element([a, b, c])), origin)]),
    ]),
  ]);
  return [[acc.stmt, loops], acc.ref];
}

/** Taps of an output position that count: those inside, or (padding included) those in front of the end of the padding. */
function tapCount(a: WindowAxis, o: Expr, includePad: boolean): Expr {
  const end = a.input + a.begin + (includePad ? a.end : 0);
  const whole = (a.output - 1) * a.stride + (a.kernel - 1) * a.dilation < end && (includePad || a.begin === 0);
  if (whole) return x.index(a.kernel);
  const at = times(o, a.stride);
  const per = (e: Expr, d: number): Expr => (d === 1 ? e : x.div(e, x.index(d)));
  const last = x.binary("min", x.index(a.kernel - 1), per(x.sub(x.index(end - 1), at), a.dilation));
  if (includePad) return plus(last, 1);
  const short = x.binary("max", x.index(0), x.sub(x.index(a.begin), at));
  return x.sub(plus(last, 1), per(plus(short, a.dilation - 1), a.dilation));
}

const rowCount = (node: Node, [z, y]: Axes, oz: Expr, oy: Expr, dtype: DType): Expr => {
  const include = boolAttr(node.attrs, "includePad");
  return x.cast(x.mul(tapCount(z, oz, include), tapCount(y, oy, include)), dtype);
};

/** The counts along the last axis, as a row of numbers. */
function countRow(call: TemplateCall, node: Node, a: WindowAxis, dtype: DType): { readonly buffer: BufferId; readonly fill: Stmt } {
  const { builder } = call;
  const buffer = builder.buffer({ name: "counts", dtype, shape: [a.output], scope: "thread" });
  const count = (o: Expr): Expr => x.cast(tapCount(a, o, boolAttr(node.attrs, "includePad")), dtype);
  return {
    buffer,
    fill: builder.loop("serial", "o", 0, a.output, [node.id], (o) => [builder.store({ buffer, index: [o] }, count(o), [node.id])]),
  };
}

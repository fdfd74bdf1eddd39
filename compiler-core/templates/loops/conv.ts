/**
 * Convolutions that are not matrix products of 32-bit floats: few products per element (depthwise ones), integers, doubles.
 * Every tap reads a padded copy of its plane, so rows of the result are lanes without any edge.
 *
 * Depthwise: a thread takes whole planes and copies one at a time. Otherwise the padded copy of the whole operand is made first, and blocks
 * of output channels share what they read of it:
 *
 *   for image, channel parallel: copy the plane with its padding
 *   for image, block of channels parallel
 *     for oz, oy: for ox vector: for c, taps: sum_r += w[r, c, tap] * copy[c, tap]
 */
import { bug } from "../../messages.ts";
import { valueOf, type Node } from "../../graph/ir.ts";
import { intAttr } from "../../graph/ops/op.ts";
import { threeAxes, windowOf } from "../../graph/window.ts";
import { isFloat, type DType } from "../../support/dtype.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, Stmt } from "../../tensor/ir.ts";
import { plus, times } from "../module-builder.ts";
import { operand, resultOf, type Template, type TemplateCall } from "../template.ts";
import { copyPlane, planeIndex, planeShape, type Axes } from "./window-plane.ts";

interface Sizes {
  readonly node: Node;
  readonly dtype: DType;
  readonly batch: number;
  readonly channels: number;
  readonly outputs: number;
  readonly groups: number;
  /** Rank of the spatial part as the model has it. */
  readonly spatial: number;
  readonly axes: Axes;
  readonly result: number;
}

export const convLoops: Template = (call) => {
  const { storage, graph, nodes } = call;
  const node = nodes[0] ?? bug("an empty group");
  const [xs, ws] = [storage.shape(operand(node, 0)), storage.shape(operand(node, 1))];
  const axes = threeAxes(windowOf(node.attrs, xs.slice(2), ws.slice(2))) ?? bug("more than three spatial axes", { node: node.name });
  const s: Sizes = {
    node,
    dtype: valueOf(graph, resultOf(node)).dtype,
    batch: xs[0] ?? 1,
    channels: xs[1] ?? 1,
    outputs: ws[0] ?? 1,
    groups: intAttr(node.attrs, "group"),
    spatial: xs.length - 2,
    axes,
    result: axes.reduce((n, a) => n * a.output, 1),
  };
  return s.channels === s.groups ? depthwise(call, s) : general(call, s);
};

/** More taps than this are a loop in the code. */
const writtenOut = 32;
/** Output channels that share one reading of the operand. */
const blockRows = 4;

function depthwise(call: TemplateCall, s: Sizes): Stmt[] {
  const { builder } = call;
  const { node, axes } = s;
  const perChannel = s.outputs / s.groups;
  return [
    builder.loop("parallel", "plane", 0, s.batch * s.channels, [node.id], (at) => {
      const copy = builder.buffer({ name: "padded", dtype: s.dtype, shape: planeShape(axes), scope: "thread" });
      const image = s.batch === 1 ? x.index(0) : x.div(at, x.index(s.channels));
      const channel = s.batch === 1 ? at : x.binary("mod", at, x.index(s.channels));
      const outputs = Array.from({ length: perChannel }, (_, i) => plus(times(channel, perChannel), i));
      return [
        builder.alloc(copy, [node.id]),
        ...copyPlane(call, operand(node, 0), at, axes, { buffer: copy, lead: [] }, 0),
        ...outputs.map((m) => rows(call, s, image, [m], { buffer: copy, lead: () => [] }, 1)),
      ];
    }),
  ];
}

function general(call: TemplateCall, s: Sizes): Stmt[] {
  const { builder } = call;
  const { node, axes } = s;
  const copy = builder.buffer({ name: "padded", dtype: s.dtype, shape: [s.batch * s.channels, ...planeShape(axes)], scope: "arena" });
  const [inputs, perGroup] = [s.channels / s.groups, s.outputs / s.groups];
  const fill = builder.loop("parallel", "plane", 0, s.batch * s.channels, [node.id], (at) =>
    copyPlane(call, operand(node, 0), at, axes, { buffer: copy, lead: [at] }, 0),
  );
  const nest = (first: number, count: number, blocks: number): Stmt =>
    builder.loop("parallel", "t", 0, s.batch * s.groups * blocks, [node.id], (t) => {
      const pair = blocks === 1 ? t : x.div(t, x.index(blocks));
      const block = blocks === 1 ? x.index(0) : x.binary("mod", t, x.index(blocks));
      const image = s.groups === 1 ? pair : x.div(pair, x.index(s.groups));
      const group = s.groups === 1 ? x.index(0) : x.binary("mod", pair, x.index(s.groups));
      const from = plus(plus(times(group, perGroup), times(block, count)), first);
      const planes = plus(times(image, s.channels), times(group, inputs));
      const outputs = Array.from({ length: count }, (_, i) => plus(from, i));
      return [rows(call, s, image, outputs, { buffer: copy, lead: (c) => [plus(planes, c)] }, inputs)];
    });
  const whole = Math.floor(perGroup / blockRows);
  const rest = perGroup % blockRows;
  return [fill, ...(whole === 0 ? [] : [nest(0, blockRows, whole)]), ...(rest === 0 ? [] : [nest(whole * blockRows, rest, 1)])];
}

interface Copy {
  readonly buffer: BufferId;
  /** Leading indices of input channel `c` of the group. */
  readonly lead: (c: Expr) => readonly Expr[];
}

/** All positions of some output channels of an image. */
function rows(call: TemplateCall, s: Sizes, image: Expr, outputs: readonly Expr[], copy: Copy, inputs: number): Stmt {
  const { builder, storage } = call;
  const { node, axes, dtype } = s;
  const origin = [node.id];
  const [w, bias] = [operand(node, 1), node.inputs[2]];
  const weight = (m: Expr, c: Expr, tap: Place): Expr =>
    storage.literal(w) ?? storage.readAt(w, { index: [m, c, ...tap.slice(3 - s.spatial)] });
  const start = (m: Expr): Expr => (bias == null ? x.constant(0, dtype) : (storage.literal(bias) ?? storage.readAt(bias, { index: [m] })));
  return builder.loop("serial", "z", 0, axes[0].output, origin, (z) => [
    builder.loop("serial", "y", 0, axes[1].output, origin, (y) => [
      builder.loop("vector", "x", 0, axes[2].output, origin, (h) => {
        const read = (c: Expr, tap: Place): Expr => x.load(copy.buffer, [...copy.lead(c), ...planeIndex(axes, [z, y, h], tap)], dtype);
        const store = (m: Expr, value: Expr): Stmt => {
          const at = plus(
            times(plus(times(image, s.outputs), m), s.result),
            plus(times(plus(times(z, axes[1].output), y), axes[2].output), h),
          );
          return builder.store(storage.ref(resultOf(node), { offset: at }), value, origin);
        };
        const taps = axes[0].kernel * axes[1].kernel * axes[2].kernel;
        if (inputs * taps <= writtenOut && outputs.length === 1) {
          const m = outputs[0]!;
          let sum = start(m);
          overTaps(inputs, axes, (c, tap) => (sum = multiplyAdd(read(c, tap), weight(m, c, tap), sum)));
          return [store(m, sum)];
        }
        const sums = outputs.map((m, r) => builder.register(`sum${r}`, start(m), origin));
        const loops = builder.loop("serial", "c", 0, inputs, origin, (c) => [
          builder.loop("serial", "kz", 0, axes[0].kernel, origin, (kz) => [
            builder.loop("serial", "ky", 0, axes[1].kernel, origin, (ky) => [
              builder.loop("serial", "kx", 0, axes[2].kernel, origin, (kx) => {
                const right = builder.let("right", read(c, [kz, ky, kx]), origin);
                const adds = sums.map((sum, r) =>
                  builder.accum(sum.ref.id, "add", x.mul(weight(outputs[r]!, c, [kz, ky, kx]), right.ref), origin),
                );
                return [right.stmt, ...adds];
              }),
            ]),
          ]),
        ]);
        return [...sums.map((sum) => sum.stmt), loops, ...sums.map((sum, r) => store(outputs[r]!, sum.ref))];
      }),
    ]),
  ]);
}

type Place = readonly [Expr, Expr, Expr];

const multiplyAdd = (a: Expr, b: Expr, c: Expr): Expr => (isFloat(c.type.dtype) ? x.fma(a, b, c) : x.add(c, x.mul(a, b)));

/** All taps of all channels, as constants. */
function overTaps(inputs: number, axes: Axes, visit: (c: Expr, tap: Place) => void): void {
  const [kz, ky, kx] = axes.map((a) => a.kernel) as [number, number, number];
  for (let c = 0; c < inputs; c++)
    for (let a = 0; a < kz; a++)
      for (let b = 0; b < ky; b++) for (let d = 0; d < kx; d++) visit(x.index(c), [x.index(a), x.index(b), x.index(d)]);
}

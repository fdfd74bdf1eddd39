/**
 * A copy of an image plane as windows read it best: with its padding written out, so that no tap has to ask where it is, and with columns
 * that lie a stride apart side by side, so that neighbouring windows read neighbouring elements.
 */
import type { ValueId } from "../../graph/ir.ts";
import { reach, type WindowAxis } from "../../graph/window.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, Stmt } from "../../tensor/ir.ts";
import { plus, times } from "../module-builder.ts";
import type { TemplateCall } from "../template.ts";
import { valueOf } from "../../graph/ir.ts";

export type Axes = readonly [WindowAxis, WindowAxis, WindowAxis];

/** Positions that all windows of an axis reach together. */
const covered = (a: WindowAxis): number => (a.output - 1) * a.stride + reach(a.kernel, a.dilation);

/** Extents of the copy: column phases, planes, rows, columns of a phase. */
export const planeShape = ([z, y, h]: Axes): readonly [number, number, number, number] => [
  h.stride,
  covered(z),
  covered(y),
  Math.ceil(covered(h) / h.stride),
];

/** Do windows read the operand as it lies? */
export const readsInPlace = (axes: Axes): boolean => axes[2].stride === 1 && axes.every((a) => a.begin === 0 && covered(a) <= a.input);

/** Where the element of a window lies in the copy: after the `lead` indices, phase, plane, row, column. */
export function planeIndex([z, y, h]: Axes, output: readonly [Expr, Expr, Expr], tap: readonly [Expr, Expr, Expr]): Expr[] {
  const [kz, ky, kx] = [times(tap[0], z.dilation), times(tap[1], y.dilation), times(tap[2], h.dilation)];
  const phase = h.stride === 1 ? x.index(0) : fold(x.binary("mod", kx, x.index(h.stride)));
  const shift = h.stride === 1 ? kx : fold(x.div(kx, x.index(h.stride)));
  return [phase, plus(times(output[0], z.stride), kz), plus(times(output[1], y.stride), ky), plus(output[2], shift)];
}

/** Index arithmetic on two constants. */
function fold(e: Expr): Expr {
  if (e.k !== "binary" || e.a.k !== "const" || e.b.k !== "const") return e;
  const [a, b] = [Number(e.a.value), Number(e.b.value)];
  return x.index(e.op === "mod" ? a % b : Math.floor(a / b));
}

/**
 * The place of an element of plane number `plane` (image times channels plus channel) of an image of this shape. By indices, because an
 * offset would have to be taken apart with divisions wherever its range is not plain.
 */
export function inPlane(shape: readonly number[], plane: Expr, place: readonly [Expr, Expr, Expr]): { readonly index: readonly Expr[] } {
  const channels = shape[1] ?? 1;
  const single = shape[0] === 1;
  const image = single ? x.index(0) : channels === 1 ? plane : x.div(plane, x.index(channels));
  const channel = single ? plane : channels === 1 ? x.index(0) : x.binary("mod", plane, x.index(channels));
  return { index: [image, channel, ...place.slice(3 - (shape.length - 2))] };
}

/** Fills the copy `to` (after its `lead` indices) from plane number `plane` of `value`, with `fill` as padding. */
export function copyPlane(
  call: TemplateCall,
  value: ValueId,
  plane: Expr,
  axes: Axes,
  to: { readonly buffer: BufferId; readonly lead: readonly Expr[] },
  fill: number,
): Stmt[] {
  const { builder, storage, graph } = call;
  const origin = call.nodes.map((n) => n.id);
  const { dtype } = valueOf(graph, value);
  const [z, y, h] = axes;
  const shape = planeShape(axes);
  const [phases, , , width] = shape;
  const loop = (name: string, lo: number, hi: number, body: (i: Expr) => Stmt[]): Stmt =>
    builder.loop("serial", name, lo, hi, origin, body);
  const padded = axes.some((a) => a.begin > 0 || covered(a) > a.input) || phases * width > covered(h);
  const blank = loop("f", 0, phases, (f) => [
    loop("z", 0, shape[1], (i) => [
      loop("y", 0, shape[2], (j) => [
        builder.loop("vector", "p", 0, width, origin, (p) => [
          builder.store({ buffer: to.buffer, index: [...to.lead, f, i, j, p] }, x.constant(fill, dtype), origin),
        ]),
      ]),
    ]),
  ]);
  /** Positions of the input that the copy has room for. */
  const rows = (a: WindowAxis, extent: number): number => Math.max(0, Math.min(a.input, extent - a.begin));
  const literal = storage.literal(value);
  const copies = Array.from({ length: phases }, (_, phase) => {
    const lo = Math.max(0, Math.ceil((h.begin - phase) / h.stride));
    const hi = Math.min(width, Math.floor((h.input - 1 + h.begin - phase) / h.stride) + 1);
    if (hi <= lo) return [];
    return [
      loop("z", 0, rows(z, shape[1]), (i) => [
        loop("y", 0, rows(y, shape[2]), (j) => [
          builder.loop("vector", "p", lo, hi, origin, (p) => {
            const column = plus(times(p, h.stride), phase - h.begin);
            const from = inPlane(storage.shape(value), plane, [i, j, column]);
            const index = [...to.lead, x.index(phase), plus(i, z.begin), plus(j, y.begin), p];
            return [builder.store({ buffer: to.buffer, index }, literal ?? storage.readAt(value, from), origin)];
          }),
        ]),
      ]),
    ];
  }).flat();
  return padded ? [blank, ...copies] : copies;
}

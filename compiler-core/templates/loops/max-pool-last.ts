/**
 * Largest elements of windows over an image with channels last: vectors run along the channels. Taps in the padding read the nearest element inside
 * instead, which belongs to the same window, so that no edge needs a case of its own.
 *
 *   for image and row parallel: for column: for channel vector: largest of the taps
 */
import { bug } from "../../messages.ts";
import { valueOf } from "../../graph/ir.ts";
import { intsAttr } from "../../graph/ops/op.ts";
import { windowOf, type WindowAxis } from "../../graph/window.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { plus, times } from "../module-builder.ts";
import { operand, resultOf, type Template } from "../template.ts";

/** Where tap `k` of position `o` is read. */
function inside(a: WindowAxis, o: Expr, k: number): Expr {
  const at = plus(times(o, a.stride), k * a.dilation - a.begin);
  const low = k * a.dilation >= a.begin ? at : x.binary("max", x.index(0), at);
  const most = (a.output - 1) * a.stride + k * a.dilation - a.begin;
  return most < a.input ? low : x.binary("min", x.index(a.input - 1), low);
}

export const maxPoolLastLoops: Template = (call) => {
  const { builder, storage, graph } = call;
  const node = call.nodes[0] ?? bug("an empty group");
  const source = operand(node, 0);
  const { dtype } = valueOf(graph, source);
  const [batch, rows, columns, channels] = storage.shape(source) as readonly [number, number, number, number];
  const [y, z] = windowOf(node.attrs, [rows, columns], intsAttr(node.attrs, "kernel")) as readonly [WindowAxis, WindowAxis];
  const origin = [node.id];
  return [
    builder.loop("parallel", "line", 0, batch * y.output, origin, (line) => {
      const image = batch === 1 ? x.index(0) : x.div(line, x.index(y.output));
      const row = batch === 1 ? line : x.binary("mod", line, x.index(y.output));
      const named = (name: string, e: Expr, into: Stmt[]): Expr => {
        const made = builder.let(name, e, origin);
        into.push(made.stmt);
        return made.ref;
      };
      const begin: Stmt[] = [];
      const from = Array.from({ length: y.kernel }, (_, k) =>
        named(`from${k}`, times(plus(times(image, rows), inside(y, row, k)), columns), begin),
      );
      const body = builder.loop("serial", "column", 0, z.output, origin, (column) => {
        const places: Stmt[] = [];
        const taps = Array.from({ length: z.kernel }, (_, k) => named(`tap${k}`, inside(z, column, k), places));
        const at = from.flatMap((f) => taps.map((t) => times(plus(f, t), channels)));
        const vector = builder.loop("vector", "c", 0, channels, origin, (c) => {
          const read = (base: Expr): Expr => storage.readAt(source, { offset: plus(base, c) });
          const largest = at.slice(1).reduce<Expr>((most, base) => x.binary("max", most, read(base)), read(at[0] ?? x.index(0)));
          const to = plus(times(plus(times(line, z.output), column), channels), c);
          return [builder.store(storage.ref(resultOf(node), { offset: to }), x.cast(largest, dtype), origin)];
        });
        return [...places, vector];
      });
      return [...begin, body];
    }),
  ];
};

/** Max unpooling: zeros, then every element at its position. Positions outside of the result are left out. */
import { bug } from "../../messages.ts";
import { elements, valueOf } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import { operand, resultOf, type Template } from "../template.ts";

export const maxUnpoolLoops: Template = (call) => {
  const { builder, storage, graph, nodes } = call;
  const node = nodes[0] ?? bug("an empty group");
  const [input, positions, output] = [operand(node, 0), operand(node, 1), resultOf(node)];
  const { dtype } = valueOf(graph, output);
  const origin = [node.id];
  const total = elements(storage.shape(output));
  const zero = x.constant(dtype === "bool" ? false : 0, dtype);
  return [
    builder.loop("vector", "i", 0, total, origin, (i) => [builder.store(storage.ref(output, { offset: i }), zero, origin)]),
    // Serial: where positions repeat, the last one counts.
    builder.loop("serial", "i", 0, elements(storage.shape(input)), origin, (i) => {
      const place = builder.let("place", storage.literal(positions) ?? storage.readAt(positions, { offset: i }), origin);
      const inside = x.binary("and", x.binary("ge", place.ref, x.index(0)), x.binary("lt", place.ref, x.index(total)));
      const value = storage.literal(input) ?? storage.readAt(input, { offset: i });
      return [place.stmt, builder.when(inside, origin, [builder.store(storage.ref(output, { offset: place.ref }), value, origin)])];
    }),
  ];
};

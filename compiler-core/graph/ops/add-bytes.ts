/**
 * A sum with a summand that is read as bytes: what a residual of a quantised network is. Made by `low-precision`, so that the bytes, which are in
 * memory anyhow, are all that goes from one product's nest to the other's.
 */
import { binary, cast, constant, fma } from "../../tensor/build.ts";
import { elementwise } from "./elementwise.ts";
import { intAttr, type Op } from "./op.ts";

export const addBytes: Op = elementwise({
  what: "x + (bytes - zero point) * scale, in f32",
  arity: [3, 3],
  accepts: ["f32", "u8", "i8"],
  attrs: { zero: { kind: "int", default: 0, what: "zero point of the bytes" } },
  cost: 4,
  asIs: true,
  result: ([x, bytes, scale]) => (x === "f32" && scale === "f32" && bytes !== "f32" ? "f32" : "x and scale must be f32, the summand bytes"),
  body: ([x, bytes, scale], attrs) => {
    const zero = intAttr(attrs, "zero");
    const wide = cast(bytes!, "i32");
    const centred = zero === 0 ? wide : binary("sub", wide, constant(zero, "i32", wide.type.lanes));
    return fma(cast(centred, "f32"), scale!, x!);
  },
});
